-- A code makes a device once. Its request may be repeated for some minutes by whoever knows the secret that came with it.
ALTER TABLE enrolment_codes ADD COLUMN used_at bigint;
ALTER TABLE enrolment_codes ADD COLUMN secret_hash bytea;
