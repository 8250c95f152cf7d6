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
-- No index begins with the tenant. To the planner a tenant is as good as one row while it knows nothing of the tables, so
-- that it would take any such index for any look-up, and read all the tenant has for each of thousands of ids.
-- The ledger. Write ids are unique to a tenant: another tenant's are neither looked at nor given away.
CREATE UNIQUE INDEX versions_ledger ON versions (write_id, tenant);
CREATE INDEX versions_of_record ON versions (record_id, tenant);
-- What stands at each place of the feed.
CREATE UNIQUE INDEX versions_by_seq ON versions (seq, tenant) WHERE seq IS NOT NULL;

-- Each record's canonical version, by its place in the feed. The feed is this table by seq: state, not a log.
CREATE TABLE records (
    tenant      bigint NOT NULL,
    id          uuid NOT NULL,
    scope       uuid NOT NULL,               -- the yard; the nil id for the organisation
    seq         bigint NOT NULL,
    fingerprint bigint NOT NULL,             -- stands for the state in tallies (gatebook_sync::Fingerprint)
    PRIMARY KEY (id, tenant)
);
CREATE UNIQUE INDEX records_feed ON records (scope, tenant, seq);

-- What each scope holds: how many records, and the sums of the halves of their fingerprints. Kept by the triggers below,
-- in the transaction that changes records; who does that has the tenant's counter, so nobody waits here.
CREATE TABLE tallies (
    tenant  bigint NOT NULL,
    scope   uuid NOT NULL,
    records bigint NOT NULL,
    lower   bigint NOT NULL,
    upper   bigint NOT NULL,
    PRIMARY KEY (tenant, scope)
) WITH (fillfactor = 10);

-- Records that were in a yard and are now in another: the feed of the yard tells them by seq, beside what it holds.
CREATE TABLE departures (
    tenant bigint NOT NULL,
    scope  uuid NOT NULL,
    record uuid NOT NULL,
    seq    bigint NOT NULL,
    PRIMARY KEY (record, scope, tenant)
);
CREATE INDEX departures_feed ON departures (scope, tenant, seq);

-- Once a statement, whatever the number of its rows.
CREATE FUNCTION records_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tallies
    SELECT tenant, scope, count(*), sum(fingerprint & 4294967295), sum((fingerprint >> 32) & 4294967295)
    FROM added GROUP BY tenant, scope
    ON CONFLICT (tenant, scope) DO UPDATE SET
        records = tallies.records + excluded.records,
        lower = tallies.lower + excluded.lower,
        upper = tallies.upper + excluded.upper;
    RETURN NULL;
END $$;

CREATE FUNCTION records_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tallies
    SELECT tenant, scope, sum(one), sum(one * (fingerprint & 4294967295)), sum(one * ((fingerprint >> 32) & 4294967295))
    FROM (
        SELECT tenant, scope, fingerprint, 1 AS one FROM after
        UNION ALL SELECT tenant, scope, fingerprint, -1 FROM before
    ) AS change GROUP BY tenant, scope
    ON CONFLICT (tenant, scope) DO UPDATE SET
        records = tallies.records + excluded.records,
        lower = tallies.lower + excluded.lower,
        upper = tallies.upper + excluded.upper;
    INSERT INTO departures
    SELECT before.tenant, before.scope, before.id, after.seq
    FROM before JOIN after ON after.tenant = before.tenant AND after.id = before.id
    WHERE before.scope <> after.scope AND before.scope <> '00000000-0000-0000-0000-000000000000'
    ON CONFLICT (record, scope, tenant) DO UPDATE SET seq = excluded.seq;
    DELETE FROM departures USING after JOIN before ON before.tenant = after.tenant AND before.id = after.id
    WHERE before.scope <> after.scope
        AND departures.tenant = after.tenant AND departures.scope = after.scope AND departures.record = after.id;
    RETURN NULL;
END $$;

CREATE TRIGGER records_added AFTER INSERT ON records
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION records_added();
CREATE TRIGGER records_changed AFTER UPDATE ON records
REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION records_changed();
