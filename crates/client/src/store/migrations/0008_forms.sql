-- What a form shows is what its saves are made on, however many newer states have come meanwhile.

-- It says only what starting it made: nobody has entered anything yet, and it is not sent.
ALTER TABLE records ADD COLUMN untouched INTEGER NOT NULL DEFAULT 0;
-- The row's write only takes back those before it that may have been sent: the operator gave them up.
ALTER TABLE records ADD COLUMN withdraws INTEGER NOT NULL DEFAULT 0;
-- How many requests with records had been begun when the row's write was made; -1: nobody knows. A write was certainly
-- never sent if none has been begun since that may have arrived.
ALTER TABLE records ADD COLUMN requests_before INTEGER NOT NULL DEFAULT -1;

-- Records whose form is on the screen. None is when the app starts.
CREATE TABLE forms (
    record_id BLOB NOT NULL PRIMARY KEY
) WITHOUT ROWID;

-- States that gave way while a form or a correction that was begun on them was open: what is saved there is made on them.
CREATE TABLE replaced (
    record_id BLOB NOT NULL,
    write_id  BLOB NOT NULL,                     -- the write that had made the row say so
    base      TEXT,                              -- JSON; receipt of the state, or of the one it was made on
    content   TEXT NOT NULL,                     -- JSON
    PRIMARY KEY (record_id, write_id)
) WITHOUT ROWID;

-- Somebody else's state that met what was entered here while the form was open, until the person says what is to be kept.
CREATE TABLE meanwhile (
    record_id BLOB NOT NULL PRIMARY KEY,
    before    TEXT,                              -- JSON; the content from which both went on, if it is known
    theirs    TEXT NOT NULL                      -- JSON; their canonical state
) WITHOUT ROWID;

-- Corrections of submitted reports that are not submitted yet. The report itself stays as it is until then.
CREATE TABLE corrections (
    record_id BLOB NOT NULL PRIMARY KEY,
    write_id  BLOB NOT NULL,                     -- names what it says now, as a form shows it
    begun_on  BLOB NOT NULL,                     -- the write of the state that is corrected
    content   TEXT NOT NULL                      -- JSON
) WITHOUT ROWID;

-- Writes of a record that has been changed here since, which may have been sent and have no verdict yet, oldest first.
CREATE TABLE unanswered (
    place     INTEGER PRIMARY KEY,
    record_id BLOB NOT NULL,
    write_id  BLOB NOT NULL
);
CREATE INDEX unanswered_of_record ON unanswered (record_id);
