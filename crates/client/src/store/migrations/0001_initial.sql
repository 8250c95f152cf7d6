-- Every record this device holds. What waits for the server is a query over this table, never a queue beside it.
CREATE TABLE records (
    id               BLOB NOT NULL PRIMARY KEY,  -- UUIDv7
    kind             TEXT NOT NULL,
    yard_id          BLOB,
    schema           INTEGER NOT NULL,
    state            TEXT NOT NULL,              -- live | closed | voided
    state_reason     TEXT NOT NULL,
    captured_at      TEXT NOT NULL,              -- RFC 3339, this or another device's clock
    zone             TEXT NOT NULL,
    operator_id      BLOB,
    body             TEXT NOT NULL,              -- JSON, byte for byte as received when it is canonical
    write_id         BLOB NOT NULL,              -- the write that made the row say this
    device_id        BLOB,                       -- who made that write
    -- Receipt of the canonical state that the row equals or, while pending, was made on.
    epoch            INTEGER,
    version          INTEGER,
    seq              INTEGER,
    received_at      TEXT,
    mac              TEXT,
    pending_sync     INTEGER NOT NULL CHECK (pending_sync IN (0, 1)),
    rejection        TEXT,                       -- JSON; the server would not take this write
    shadow           TEXT,                       -- JSON; newest canonical state seen while pending
    shadow_epoch     INTEGER,
    shadow_version   INTEGER,
    -- Read from the body when it is written, for lists.
    title            TEXT NOT NULL,
    stage            TEXT NOT NULL,              -- open | filled | signed | submitted
    changed_at       TEXT NOT NULL,
    CHECK ((epoch IS NULL) = (mac IS NULL)),
    CHECK (pending_sync = 1 OR (epoch IS NOT NULL AND rejection IS NULL AND shadow IS NULL))
) WITHOUT ROWID;

-- The next page to send: by write, so that a round sends each write at most once.
CREATE INDEX records_pending ON records (write_id) WHERE pending_sync = 1 AND rejection IS NULL;
CREATE INDEX records_rejected ON records (id) WHERE rejection IS NOT NULL;
CREATE INDEX records_listed ON records (kind, yard_id, stage, changed_at DESC);

-- Up to where the device has everything, by scope.
CREATE TABLE cursors (
    scope  TEXT NOT NULL PRIMARY KEY,
    cursor INTEGER NOT NULL
) WITHOUT ROWID;

-- Inbox items the operator has opened, in which version; a notice brought up to date is unread again.
CREATE TABLE inbox_read (
    id      BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL
) WITHOUT ROWID;

-- Enrolment, who is working, where the operator was, how sync stands. One row a fact, JSON values.
CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
