-- The server's own life. One row.
CREATE TABLE server (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    epoch INTEGER NOT NULL
);

CREATE TABLE tenants (
    id          INTEGER PRIMARY KEY,
    uuid        BLOB NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    -- The counter: seq and received_at of the newest version.
    seq         INTEGER NOT NULL DEFAULT 0,
    received_at INTEGER NOT NULL DEFAULT 0   -- Unix time in microseconds
);

CREATE TABLE devices (
    id         BLOB NOT NULL PRIMARY KEY,
    tenant     INTEGER NOT NULL REFERENCES tenants,
    name       TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    enrolled_with BLOB NOT NULL,
    revoked    INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE device_yards (
    device BLOB NOT NULL REFERENCES devices,
    yard   BLOB NOT NULL,
    PRIMARY KEY (device, yard)
) WITHOUT ROWID;

CREATE TABLE enrolment_codes (
    code_hash  BLOB NOT NULL PRIMARY KEY,
    tenant     INTEGER NOT NULL REFERENCES tenants,
    yards      TEXT NOT NULL,                -- JSON list of ids
    expires_at INTEGER NOT NULL,             -- Unix time in microseconds
    used_by    BLOB                          -- device
) WITHOUT ROWID;

CREATE TABLE admin_tokens (
    token_hash BLOB NOT NULL PRIMARY KEY,
    tenant     INTEGER NOT NULL REFERENCES tenants
) WITHOUT ROWID;

-- Every write the server has judged, for ever: audit table and ledger in one.
CREATE TABLE versions (
    rowid        INTEGER PRIMARY KEY,
    tenant       INTEGER NOT NULL REFERENCES tenants,
    write_id     BLOB NOT NULL,
    record_id    BLOB NOT NULL,
    -- Content, byte for byte as received.
    kind         TEXT NOT NULL,
    yard_id      BLOB,
    schema       INTEGER NOT NULL,
    state        TEXT NOT NULL,
    state_reason TEXT NOT NULL,
    captured_at  TEXT NOT NULL,
    zone         TEXT NOT NULL,
    operator_id  BLOB,
    body         TEXT NOT NULL,
    device_id    BLOB,
    -- What became of it.
    verdict      TEXT NOT NULL,              -- JSON, as it was answered
    outcome      TEXT NOT NULL,              -- canonical | superseded | set_aside | unchanged | rejected
    set_aside_to BLOB,                       -- the write that was kept instead
    restores     BLOB,                       -- the write it brings back
    epoch        INTEGER,
    version      INTEGER,                    -- null: it became no version
    seq          INTEGER,
    received_at  INTEGER NOT NULL            -- Unix time in microseconds
);
CREATE UNIQUE INDEX versions_ledger ON versions (tenant, write_id);
CREATE INDEX versions_of_record ON versions (tenant, record_id);

-- Each record's canonical version. The feed is this table by seq: state, not a log.
CREATE TABLE records (
    tenant  INTEGER NOT NULL REFERENCES tenants,
    id      BLOB NOT NULL,
    yard_id BLOB,
    seq     INTEGER NOT NULL,
    version INTEGER NOT NULL REFERENCES versions (rowid),
    PRIMARY KEY (tenant, id)
) WITHOUT ROWID;
CREATE INDEX records_feed ON records (tenant, yard_id, seq, version);
