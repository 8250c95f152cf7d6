-- One server at a time: 0x47617465 is "Gate" in ASCII.
SELECT pg_advisory_xact_lock(x'47617465'::bigint);
CREATE TABLE IF NOT EXISTS upgrades (
    number   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    checksum bytea NOT NULL
);
