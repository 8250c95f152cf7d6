-- The server's own life. One row.
CREATE TABLE server (
    single    boolean PRIMARY KEY DEFAULT true CHECK (single),
    epoch     bigint NOT NULL,
    key_check bytea                          -- tells the servers' key, without telling what it is
);

CREATE TABLE tenants (
    key  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- short, because every index row carries it
    id   uuid NOT NULL UNIQUE,
    name text NOT NULL
);

-- Where each tenant's feed stands. In a table of its own, because every write takes this row last and alone. Each page
-- leaves room for the row's next versions, so that updating it touches no index.
CREATE TABLE tenant_counters (
    tenant      bigint PRIMARY KEY REFERENCES tenants,
    seq         bigint NOT NULL,
    received_at bigint NOT NULL              -- Unix time in microseconds
) WITH (fillfactor = 10);

CREATE TABLE devices (
    id            uuid PRIMARY KEY,
    tenant        bigint NOT NULL REFERENCES tenants,
    name          text NOT NULL,
    token_hash    bytea NOT NULL UNIQUE,
    enrolled_with bytea NOT NULL,            -- hash of the one-time code
    created_at    bigint NOT NULL,           -- Unix time in microseconds, as all times here
    revoked_at    bigint,
    last_seen_at  bigint,
    app           text NOT NULL DEFAULT ''
) WITH (fillfactor = 70);

CREATE TABLE device_yards (
    device uuid NOT NULL REFERENCES devices,
    yard   uuid NOT NULL,
    PRIMARY KEY (device, yard)
);

CREATE TABLE enrolment_codes (
    code_hash  bytea PRIMARY KEY,
    tenant     bigint NOT NULL REFERENCES tenants,
    yards      uuid[] NOT NULL,
    expires_at bigint NOT NULL,
    used_by    uuid                          -- device
);

CREATE TABLE admin_tokens (
    token_hash bytea PRIMARY KEY,
    tenant     bigint NOT NULL REFERENCES tenants
);

-- Every write the server has judged, for ever: audit table and ledger in one. This table and the next refer to nothing
-- by foreign key: rows come by the thousand and are written together, and a check for each would cost as much again.
CREATE TABLE versions (
    key          bigint GENERATED ALWAYS AS IDENTITY, -- the order in which a tenant's writes were judged
    tenant       bigint NOT NULL,
    write_id     uuid NOT NULL,
    record_id    uuid NOT NULL,
    -- Content, byte for byte as received (see text.rs for the one character that PostgreSQL does not take).
    kind         text NOT NULL,
    yard_id      uuid,                       -- with `org` for null, the scope
    schema       bigint NOT NULL,
    state        text NOT NULL,              -- live | closed | voided
    state_reason text NOT NULL,
    captured_at  text NOT NULL,              -- RFC 3339: a device's clock may show any time
    zone         text NOT NULL,
    operator_id  uuid,
    body         text NOT NULL,
    -- On what ground it was offered, and by whom.
    device_id    uuid,                       -- null: the server or the console
    base_epoch   bigint,
    base_version bigint,
    restores     uuid,                       -- the write it brings back
    reason       text NOT NULL,              -- why it was brought back
    -- What became of it.
    verdict      text NOT NULL,              -- JSON, as it was answered
    outcome      text NOT NULL CHECK (outcome IN ('canonical', 'superseded', 'set_aside', 'unchanged', 'rejected')),
    set_aside_to uuid CHECK ((set_aside_to IS NOT NULL) = (outcome = 'set_aside')),
    epoch        bigint,                     -- null: it became no version
    version      bigint,
    seq          bigint,
    received_at  bigint NOT NULL,
    CHECK ((epoch IS NULL) = (seq IS NULL) AND (version IS NULL) = (seq IS NULL))
);
-- The ledger. Write ids are unique to a tenant: another tenant's are neither looked at nor given away.
CREATE UNIQUE INDEX versions_ledger ON versions (tenant, write_id);
CREATE INDEX versions_of_record ON versions (tenant, record_id);
-- What stands at each place of the feed.
CREATE UNIQUE INDEX versions_by_seq ON versions (tenant, seq) WHERE seq IS NOT NULL;

-- Each record's canonical version, by its place in the feed. The feed is this table by seq: state, not a log.
CREATE TABLE records (
    tenant bigint NOT NULL,
    id     uuid NOT NULL,
    scope  uuid NOT NULL,                    -- the yard; the nil id for the organisation
    seq    bigint NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX records_feed ON records (tenant, scope, seq);
