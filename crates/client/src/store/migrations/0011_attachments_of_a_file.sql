-- Files that were on the disk before their records look for these when they come.
CREATE INDEX IF NOT EXISTS attachments_of_hash ON records (body ->> '$.sha256') WHERE kind = 'attachment';
