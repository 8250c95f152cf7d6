-- Which version each place in the feed was given to: tells whether a device's mark is of this history.
CREATE UNIQUE INDEX versions_by_seq ON versions (tenant, seq) WHERE seq IS NOT NULL;

-- Stands for the canonical state in tallies (gatebook_sync::Fingerprint). Null only until the upgrade has filled it in.
ALTER TABLE records ADD COLUMN fingerprint INTEGER;

-- The triggers use no OR IGNORE and no OR REPLACE: the policy of the statement that fires them would be used instead.

-- What each scope holds: how many records, and the sums of the halves of their fingerprints. Kept by the triggers below,
-- in the transaction that changes a record.
CREATE TABLE tallies (
    tenant  INTEGER NOT NULL REFERENCES tenants,
    scope   BLOB NOT NULL,                   -- the yard; empty for the organisation
    records INTEGER NOT NULL,
    lower   INTEGER NOT NULL,
    upper   INTEGER NOT NULL,
    PRIMARY KEY (tenant, scope)
) WITHOUT ROWID;

-- Records that were in a yard and are now in another: the feed of the yard tells them by seq, beside what it holds.
CREATE TABLE departures (
    tenant  INTEGER NOT NULL REFERENCES tenants,
    yard_id BLOB NOT NULL,
    record  BLOB NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (tenant, yard_id, record)
) WITHOUT ROWID;
CREATE INDEX departures_feed ON departures (tenant, yard_id, seq);

CREATE TRIGGER records_tally_new AFTER INSERT ON records BEGIN
    INSERT INTO tallies SELECT new.tenant, ifnull(new.yard_id, x''), 0, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM tallies WHERE tenant = new.tenant AND scope = ifnull(new.yard_id, x''));
    UPDATE tallies
    SET records = records + 1,
        lower = lower + (new.fingerprint & 0xffffffff),
        upper = upper + ((new.fingerprint >> 32) & 0xffffffff)
    WHERE tenant = new.tenant AND scope = ifnull(new.yard_id, x'');
END;

CREATE TRIGGER records_tally_changed AFTER UPDATE OF yard_id, fingerprint ON records BEGIN
    UPDATE tallies
    SET records = records - 1,
        lower = lower - (old.fingerprint & 0xffffffff),
        upper = upper - ((old.fingerprint >> 32) & 0xffffffff)
    WHERE tenant = old.tenant AND scope = ifnull(old.yard_id, x'') AND old.fingerprint IS NOT NULL;
    INSERT INTO tallies SELECT new.tenant, ifnull(new.yard_id, x''), 0, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM tallies WHERE tenant = new.tenant AND scope = ifnull(new.yard_id, x''));
    UPDATE tallies
    SET records = records + 1,
        lower = lower + (new.fingerprint & 0xffffffff),
        upper = upper + ((new.fingerprint >> 32) & 0xffffffff)
    WHERE tenant = new.tenant AND scope = ifnull(new.yard_id, x'');
END;

CREATE TRIGGER records_moved AFTER UPDATE OF yard_id ON records
WHEN old.yard_id IS NOT new.yard_id BEGIN
    DELETE FROM departures WHERE tenant = old.tenant AND yard_id = old.yard_id AND record = old.id;
    INSERT INTO departures (tenant, yard_id, record, seq)
    SELECT old.tenant, old.yard_id, old.id, new.seq WHERE old.yard_id IS NOT NULL;
    DELETE FROM departures WHERE tenant = new.tenant AND yard_id = new.yard_id AND record = new.id;
END;
