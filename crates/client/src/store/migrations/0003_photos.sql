-- The bytes behind attachments made on this device. The file's name is the hash; what is sent and what may go are queries
-- over this table and the records.
CREATE TABLE photos (
    record_id    BLOB NOT NULL PRIMARY KEY,      -- the attachment
    sha256       TEXT NOT NULL,
    size         INTEGER NOT NULL,
    held         INTEGER NOT NULL CHECK (held IN (0, 1)),  -- the bytes are here; the thumbnail always is
    arrived      INTEGER NOT NULL DEFAULT 0,     -- bytes of it that the server has said it has
    confirmed_ms INTEGER                         -- kept time at which the server was first seen to hold it, verified
) WITHOUT ROWID;
CREATE INDEX photos_of_hash ON photos (sha256);
