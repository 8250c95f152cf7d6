-- Bytes that are held and verified, by content. Within a tenant only: nobody learns what another tenant holds.
CREATE TABLE blobs (
    tenant     INTEGER NOT NULL REFERENCES tenants,
    sha256     BLOB NOT NULL,
    size       INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    name       TEXT NOT NULL UNIQUE,         -- where they lie; never used for anything else again
    stored_at  INTEGER NOT NULL,             -- Unix time in microseconds, as all times here
    wanted_at  INTEGER NOT NULL,             -- when somebody last asked for them, or brought them
    PRIMARY KEY (tenant, sha256)
);

-- Which records ever named which bytes. A version that lost can be brought back, so these rows stay.
CREATE TABLE blob_references (
    tenant    INTEGER NOT NULL REFERENCES tenants,
    sha256    BLOB NOT NULL,
    record_id BLOB NOT NULL,
    PRIMARY KEY (tenant, sha256, record_id)
);

-- Uploads under way, and for a while what became of them.
CREATE TABLE uploads (
    id         BLOB NOT NULL PRIMARY KEY,
    tenant     INTEGER NOT NULL REFERENCES tenants,
    device     BLOB NOT NULL REFERENCES devices,
    sha256     BLOB NOT NULL,
    size       INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    record_id  BLOB NOT NULL,
    metadata   TEXT NOT NULL,                -- as the device gave it
    received   INTEGER NOT NULL,             -- bytes that are on the disk, from the first on
    state      TEXT NOT NULL CHECK (state IN ('open', 'stored', 'expired')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX uploads_of_device ON uploads (device, state);
CREATE INDEX uploads_by_expiry ON uploads (state, expires_at);

-- What they consist of so far: parts that follow each other without gaps.
CREATE TABLE upload_parts (
    upload BLOB NOT NULL REFERENCES uploads,
    start  INTEGER NOT NULL,
    length INTEGER NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (upload, start)
);
