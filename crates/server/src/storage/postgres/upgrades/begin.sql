-- An upgrade takes as long as it takes, and so does waiting for another server's.
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
-- One server at a time: 0x47617465 is "Gate" in ASCII.
SELECT pg_advisory_xact_lock(x'47617465'::bigint);
CREATE TABLE IF NOT EXISTS upgrades (
    number   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    checksum bytea NOT NULL
);
