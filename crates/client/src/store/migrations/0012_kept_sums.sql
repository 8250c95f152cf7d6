-- What each sync and each look at the start page needs is kept as it changes, so that neither takes longer the more history
-- was let go.

-- Count and sum of the fingerprints of what is known here of a scope: the records' known states and what was let go. The
-- sum is kept in halves, which do not overflow. A row must be changed, never replaced: SQLite does not tell a trigger what
-- REPLACE removes.
CREATE TABLE tallies (
    scope   BLOB NOT NULL PRIMARY KEY,           -- the yard; empty for what belongs to none
    records INTEGER NOT NULL,
    lower   INTEGER NOT NULL,
    upper   INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO tallies
SELECT scope, sum(records), sum(lower), sum(upper)
FROM (
    SELECT ifnull(known_yard, x'') AS scope, count(*) AS records,
           sum(fingerprint & 0xffffffff) AS lower, sum((fingerprint >> 32) & 0xffffffff) AS upper
    FROM records WHERE fingerprint IS NOT NULL GROUP BY known_yard
    UNION ALL
    SELECT ifnull(yard_id, x''), count(*), sum(fingerprint & 0xffffffff), sum((fingerprint >> 32) & 0xffffffff)
    FROM let_go GROUP BY yard_id
)
GROUP BY scope;

CREATE TRIGGER records_counted AFTER INSERT ON records WHEN new.fingerprint IS NOT NULL BEGIN
    INSERT INTO tallies SELECT ifnull(new.known_yard, x''), 0, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM tallies WHERE scope = ifnull(new.known_yard, x''));
    UPDATE tallies
    SET records = records + 1,
        lower = lower + (new.fingerprint & 0xffffffff),
        upper = upper + ((new.fingerprint >> 32) & 0xffffffff)
    WHERE scope = ifnull(new.known_yard, x'');
END;

CREATE TRIGGER records_uncounted AFTER DELETE ON records WHEN old.fingerprint IS NOT NULL BEGIN
    UPDATE tallies
    SET records = records - 1,
        lower = lower - (old.fingerprint & 0xffffffff),
        upper = upper - ((old.fingerprint >> 32) & 0xffffffff)
    WHERE scope = ifnull(old.known_yard, x'');
END;

CREATE TRIGGER records_recounted AFTER UPDATE OF known_yard, fingerprint ON records
WHEN old.fingerprint IS NOT new.fingerprint OR old.known_yard IS NOT new.known_yard BEGIN
    UPDATE tallies
    SET records = records - 1,
        lower = lower - (old.fingerprint & 0xffffffff),
        upper = upper - ((old.fingerprint >> 32) & 0xffffffff)
    WHERE scope = ifnull(old.known_yard, x'') AND old.fingerprint IS NOT NULL;
    INSERT INTO tallies SELECT ifnull(new.known_yard, x''), 0, 0, 0
    WHERE new.fingerprint IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM tallies WHERE scope = ifnull(new.known_yard, x''));
    UPDATE tallies
    SET records = records + 1,
        lower = lower + (new.fingerprint & 0xffffffff),
        upper = upper + ((new.fingerprint >> 32) & 0xffffffff)
    WHERE scope = ifnull(new.known_yard, x'') AND new.fingerprint IS NOT NULL;
END;

CREATE TRIGGER let_go_counted AFTER INSERT ON let_go BEGIN
    INSERT INTO tallies SELECT ifnull(new.yard_id, x''), 0, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM tallies WHERE scope = ifnull(new.yard_id, x''));
    UPDATE tallies
    SET records = records + 1,
        lower = lower + (new.fingerprint & 0xffffffff),
        upper = upper + ((new.fingerprint >> 32) & 0xffffffff)
    WHERE scope = ifnull(new.yard_id, x'');
END;

CREATE TRIGGER let_go_uncounted AFTER DELETE ON let_go BEGIN
    UPDATE tallies
    SET records = records - 1,
        lower = lower - (old.fingerprint & 0xffffffff),
        upper = upper - ((old.fingerprint >> 32) & 0xffffffff)
    WHERE scope = ifnull(old.yard_id, x'');
END;

CREATE TRIGGER let_go_recounted AFTER UPDATE OF yard_id, fingerprint ON let_go
WHEN old.fingerprint IS NOT new.fingerprint OR old.yard_id IS NOT new.yard_id BEGIN
    UPDATE tallies
    SET records = records - 1,
        lower = lower - (old.fingerprint & 0xffffffff),
        upper = upper - ((old.fingerprint >> 32) & 0xffffffff)
    WHERE scope = ifnull(old.yard_id, x'');
    INSERT INTO tallies SELECT ifnull(new.yard_id, x''), 0, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM tallies WHERE scope = ifnull(new.yard_id, x''));
    UPDATE tallies
    SET records = records + 1,
        lower = lower + (new.fingerprint & 0xffffffff),
        upper = upper + ((new.fingerprint >> 32) & 0xffffffff)
    WHERE scope = ifnull(new.yard_id, x'');
END;

-- Reference data that was let go because the office struck it out and nothing here named it.
ALTER TABLE let_go ADD COLUMN is_reference INTEGER NOT NULL DEFAULT 0;
CREATE INDEX let_go_references ON let_go (id) WHERE is_reference = 1;

-- What was let go and is asked for: attachments whose record is here, and reference data that something here names.
CREATE TABLE wanted (
    id BLOB NOT NULL PRIMARY KEY
) WITHOUT ROWID;

INSERT INTO wanted
SELECT id FROM let_go WHERE parent_id IS NOT NULL AND EXISTS (SELECT 1 FROM records WHERE id = let_go.parent_id);

CREATE TRIGGER wanted_with_its_record AFTER INSERT ON records BEGIN
    INSERT INTO wanted
    SELECT id FROM let_go WHERE parent_id = new.id AND NOT EXISTS (SELECT 1 FROM wanted WHERE id = let_go.id);
END;

CREATE TRIGGER unwanted_without_its_record AFTER DELETE ON records BEGIN
    DELETE FROM wanted WHERE id IN (SELECT id FROM let_go WHERE parent_id = old.id);
END;

CREATE TRIGGER wanted_when_let_go AFTER INSERT ON let_go WHEN new.parent_id IS NOT NULL BEGIN
    INSERT INTO wanted SELECT new.id WHERE EXISTS (SELECT 1 FROM records WHERE id = new.parent_id);
END;

CREATE TRIGGER wanted_of_another_record AFTER UPDATE OF parent_id ON let_go
WHEN old.parent_id IS NOT new.parent_id BEGIN
    DELETE FROM wanted WHERE id = old.id;
    INSERT INTO wanted SELECT new.id WHERE EXISTS (SELECT 1 FROM records WHERE id = new.parent_id);
END;

CREATE TRIGGER unwanted_when_back AFTER DELETE ON let_go
WHEN old.parent_id IS NOT NULL OR old.is_reference = 1 BEGIN
    DELETE FROM wanted WHERE id = old.id;
END;

-- Counts up with each change of a kind of reference data: what was read of it stands until then.
CREATE TABLE reference_changes (
    kind    TEXT NOT NULL PRIMARY KEY,
    changes INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO reference_changes VALUES ('yard', 0), ('operator', 0), ('carrier', 0), ('equipment', 0), ('template', 0);

CREATE TRIGGER reference_added AFTER INSERT ON records
WHEN new.kind IN ('yard', 'operator', 'carrier', 'equipment', 'template') BEGIN
    UPDATE reference_changes SET changes = changes + 1 WHERE kind = new.kind;
END;

CREATE TRIGGER reference_changed AFTER UPDATE ON records
WHEN new.kind IN ('yard', 'operator', 'carrier', 'equipment', 'template') BEGIN
    UPDATE reference_changes SET changes = changes + 1 WHERE kind = new.kind;
END;

CREATE TRIGGER reference_removed AFTER DELETE ON records
WHEN old.kind IN ('yard', 'operator', 'carrier', 'equipment', 'template') BEGIN
    UPDATE reference_changes SET changes = changes + 1 WHERE kind = old.kind;
END;

-- Everything pending, also what the server would not take.
CREATE INDEX records_waiting ON records (id) WHERE pending_sync = 1;
-- The photos whose bytes are here: what the lane sends and what may go.
CREATE INDEX photos_held ON photos (sha256, record_id, confirmed_ms) WHERE held = 1;
