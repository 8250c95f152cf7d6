-- Bytes that are held and verified, by content. Within a tenant only: nobody learns what another tenant holds.
CREATE TABLE blobs (
    tenant     bigint NOT NULL REFERENCES tenants,
    sha256     bytea NOT NULL,
    size       bigint NOT NULL,
    media_type text NOT NULL,
    name       text NOT NULL UNIQUE,         -- where they lie; never used for anything else again
    stored_at  bigint NOT NULL,             -- Unix time in microseconds, as all times here
    wanted_at  bigint NOT NULL,             -- when somebody last asked for them, or brought them
    PRIMARY KEY (sha256, tenant)
);

-- Which records ever named which bytes. A version that lost can be brought back, so these rows stay.
CREATE TABLE blob_references (
    tenant    bigint NOT NULL REFERENCES tenants,
    sha256    bytea NOT NULL,
    record_id uuid NOT NULL,
    PRIMARY KEY (sha256, record_id, tenant)
);

-- Uploads under way, and for a while what became of them.
CREATE TABLE uploads (
    id         uuid PRIMARY KEY,
    tenant     bigint NOT NULL REFERENCES tenants,
    device     uuid NOT NULL REFERENCES devices,
    sha256     bytea NOT NULL,
    size       bigint NOT NULL,
    media_type text NOT NULL,
    record_id  uuid NOT NULL,
    metadata   text NOT NULL,                -- as the device gave it
    received   bigint NOT NULL,             -- bytes that are on the disk, from the first on
    state      text NOT NULL CHECK (state IN ('open', 'stored', 'expired')),
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX uploads_of_device ON uploads (device, state);
CREATE INDEX uploads_by_expiry ON uploads (state, expires_at);

-- What they consist of so far: parts that follow each other without gaps.
CREATE TABLE upload_parts (
    upload uuid NOT NULL REFERENCES uploads,
    start  bigint NOT NULL,
    length bigint NOT NULL,
    name   text NOT NULL,
    PRIMARY KEY (upload, start)
);
