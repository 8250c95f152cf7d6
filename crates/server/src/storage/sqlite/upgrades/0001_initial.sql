-- The server's own life. One row.
CREATE TABLE server (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    epoch INTEGER NOT NULL
);

CREATE TABLE tenants (
    key  INTEGER PRIMARY KEY,                -- short, because every index row carries it
    id   BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL
);

-- Where each tenant's feed stands. In a table of its own, because every write takes this row last and alone.
CREATE TABLE tenant_counters (
    tenant      INTEGER PRIMARY KEY REFERENCES tenants,
    seq         INTEGER NOT NULL,
    received_at INTEGER NOT NULL             -- Unix time in microseconds
);

CREATE TABLE devices (
    id            BLOB NOT NULL PRIMARY KEY,
    tenant        INTEGER NOT NULL REFERENCES tenants,
    name          TEXT NOT NULL,
    token_hash    BLOB NOT NULL UNIQUE,
    enrolled_with BLOB NOT NULL,             -- hash of the one-time code
    created_at    INTEGER NOT NULL,          -- Unix time in microseconds, as all times here
    revoked_at    INTEGER,
    last_seen_at  INTEGER,
    app           TEXT NOT NULL DEFAULT ''
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
    expires_at INTEGER NOT NULL,
    used_by    BLOB                          -- device
) WITHOUT ROWID;

CREATE TABLE admin_tokens (
    token_hash BLOB NOT NULL PRIMARY KEY,
    tenant     INTEGER NOT NULL REFERENCES tenants
) WITHOUT ROWID;

-- Every write the server has judged, for ever: audit table and ledger in one.
CREATE TABLE versions (
    key          INTEGER PRIMARY KEY,
    tenant       INTEGER NOT NULL REFERENCES tenants,
    write_id     BLOB NOT NULL,
    record_id    BLOB NOT NULL,
    -- Content, byte for byte as received.
    kind         TEXT NOT NULL,
    yard_id      BLOB,                       -- with `org` for null, the scope
    schema       INTEGER NOT NULL,
    state        TEXT NOT NULL,              -- live | closed | voided
    state_reason TEXT NOT NULL,
    captured_at  TEXT NOT NULL,              -- RFC 3339: a device's clock may show any time
    zone         TEXT NOT NULL,
    operator_id  BLOB,
    body         TEXT NOT NULL,
    -- On what ground it was offered, and by whom.
    device_id    BLOB,                       -- null: the server or the console
    base_epoch   INTEGER,
    base_version INTEGER,
    restores     BLOB,                       -- the write it brings back
    reason       TEXT NOT NULL,              -- why it was brought back
    -- What became of it.
    verdict      TEXT NOT NULL,              -- JSON, as it was answered
    outcome      TEXT NOT NULL CHECK (outcome IN ('canonical', 'superseded', 'set_aside', 'unchanged', 'rejected')),
    set_aside_to BLOB CHECK ((set_aside_to IS NOT NULL) = (outcome = 'set_aside')),
    epoch        INTEGER,                    -- null: it became no version
    version      INTEGER,
    seq          INTEGER,
    received_at  INTEGER NOT NULL,
    CHECK ((epoch IS NULL) = (seq IS NULL) AND (version IS NULL) = (seq IS NULL))
);
-- The ledger. Write ids are unique to a tenant: another tenant's are neither looked at nor given away.
CREATE UNIQUE INDEX versions_ledger ON versions (tenant, write_id);
CREATE INDEX versions_of_record ON versions (tenant, record_id);

-- Each record's canonical version. The feed is this table by seq: state, not a log.
CREATE TABLE records (
    tenant  INTEGER NOT NULL REFERENCES tenants,
    id      BLOB NOT NULL,
    yard_id BLOB,
    seq     INTEGER NOT NULL,
    version INTEGER NOT NULL REFERENCES versions (key),
    PRIMARY KEY (tenant, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX records_feed ON records (tenant, yard_id, seq);
