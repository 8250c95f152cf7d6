-- The canonical state this device knows of a record (what the row equals or, while pending, its shadow copy): the yard it
-- counts to, and its fingerprint. Null while it knows none.
ALTER TABLE records ADD COLUMN known_yard BLOB;
ALTER TABLE records ADD COLUMN fingerprint INTEGER;
CREATE INDEX records_known ON records (known_yard, id, fingerprint) WHERE fingerprint IS NOT NULL;

-- Records whose canonical state is held here, and of which the server has not shown, since its epoch changed, that it
-- holds the same. They are offered again once everything has been pulled.
CREATE TABLE unconfirmed (
    id BLOB NOT NULL PRIMARY KEY
) WITHOUT ROWID;

-- Canonical states that gave way to others before the server had shown that it holds them.
CREATE TABLE displaced (
    write_id  BLOB NOT NULL PRIMARY KEY,
    record_id BLOB NOT NULL,
    state     TEXT NOT NULL,                 -- JSON, with its receipt
    refused   TEXT                           -- the server does not believe it; kept, not offered again
) WITHOUT ROWID;

-- Finished records older than the history kept here: what is left of them is what consistency checks need.
CREATE TABLE let_go (
    id          BLOB NOT NULL PRIMARY KEY,
    yard_id     BLOB,
    fingerprint INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX let_go_of_yard ON let_go (yard_id, id, fingerprint);

-- Pending writes that the server could not handle even alone. They are tried again, each alone, after all others.
CREATE TABLE stuck (
    write_id  BLOB NOT NULL PRIMARY KEY,
    record_id BLOB NOT NULL,
    rounds    INTEGER NOT NULL,
    reason    TEXT NOT NULL
) WITHOUT ROWID;

-- What was read is noted by time of receipt from here on: a version changes when a server is restored, a time does not.
UPDATE inbox_read SET version = coalesce(
    (SELECT (unixepoch(records.received_at) + 1) * 1000000 FROM records WHERE records.id = inbox_read.id AND rejection IS NULL),
    version);
