-- Writes of a device that had no answer yet when it made a later one to the same record, which has been judged since. One
-- that arrives after that changes nothing any more.
CREATE TABLE followed (
    tenant      INTEGER NOT NULL,
    write_id    BLOB NOT NULL,
    followed_by BLOB NOT NULL,               -- the later write
    PRIMARY KEY (tenant, write_id)
) WITHOUT ROWID;
