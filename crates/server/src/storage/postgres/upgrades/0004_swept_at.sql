-- When photos were last swept: what passes between two sweeps that are far apart, nobody has seen.
ALTER TABLE server ADD COLUMN swept_at bigint;
