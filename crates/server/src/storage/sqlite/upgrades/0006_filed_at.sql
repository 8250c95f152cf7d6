-- What the server's clock showed when a version was filed, which is what people read: received_at orders, and goes on from
-- wherever a clock that was once wrong has brought it. Null: filed before this was kept.
ALTER TABLE versions ADD COLUMN filed_at INTEGER; -- Unix time in microseconds
ALTER TABLE versions ADD COLUMN time_doubtful INTEGER NOT NULL DEFAULT 0 CHECK (time_doubtful IN (0, 1));
