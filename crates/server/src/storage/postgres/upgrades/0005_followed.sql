-- Writes of a device that had no answer yet when it made a later one to the same record, which has been judged since. One
-- that arrives after that changes nothing any more.
CREATE TABLE followed (
    tenant      bigint NOT NULL,
    write_id    uuid NOT NULL,
    followed_by uuid NOT NULL,               -- the later write
    PRIMARY KEY (write_id, tenant)
);
