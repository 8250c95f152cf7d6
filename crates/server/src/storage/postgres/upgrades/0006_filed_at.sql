-- What the server's clock showed when a version was filed, which is what people read: received_at orders, and goes on from
-- wherever a clock that was once wrong has brought it. Null: filed before this was kept.
ALTER TABLE versions ADD COLUMN filed_at bigint; -- Unix time in microseconds
ALTER TABLE versions ADD COLUMN time_doubtful boolean NOT NULL DEFAULT false;
