//! What is changed: a whole page by a handful of statements, its rows as arrays.

use std::borrow::Cow;
use std::collections::HashMap;

use gatebook_sync::{Authorship, Epoch};
use jiff::Timestamp;
use tokio_postgres::Statement;
use uuid::Uuid;

use super::connect::block_on;
use super::reading::{EPOCH, counter, scope_id};
use super::row::{self, get, unsigned};
use super::session::{Arguments, Session};
use super::text;
use crate::error::ServerError;
use crate::photos::wanted_until;
use crate::storage::model::{state_name, storable};
use crate::storage::{BodyRoom, Code, Counter, Filing, Held, NewDevice, Outcome, Reading as _, Tenant, Writing};

/// In their order, so that two who take them all never wait for each other.
pub(super) const EVERY_COUNTER: &str = "SELECT tenant FROM tenant_counters ORDER BY tenant FOR UPDATE";
pub(super) const WANT_ALL: &str = include_str!("../photos/want_all.sql");

impl Writing for Session {
    fn read_into(&self, room: &BodyRoom) {
        self.room.replace(Some(room.clone()));
    }

    fn put_tenant(&self, id: Uuid, name: &str) -> Result<Tenant, ServerError> {
        self.run("INSERT INTO tenants (id, name) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING", &[&id, &name])?;
        let key = get(&self.one("SELECT key FROM tenants WHERE id = $1", &[&id])?, 0)?;
        self.run("INSERT INTO tenant_counters VALUES ($1, 0, 0) ON CONFLICT (tenant) DO NOTHING", &[&key])?;
        Ok(Tenant { key, id })
    }

    fn put_admin_token(&self, tenant: Tenant, token_hash: &[u8; 32], name: &str) -> Result<(), ServerError> {
        let sql = "INSERT INTO admin_tokens (token_hash, tenant, name) VALUES ($1, $2, $3)";
        self.run(sql, &[&token_hash.as_slice(), &tenant.key, &name]).map(drop)
    }

    fn put_code(&self, tenant: Tenant, hash: &[u8; 32], yards: &[Uuid], expires: Timestamp) -> Result<(), ServerError> {
        let sql = "INSERT INTO enrolment_codes (code_hash, tenant, yards, expires_at) VALUES ($1, $2, $3, $4)";
        self.run(sql, &[&hash.as_slice(), &tenant.key, &yards, &expires.as_microsecond()]).map(drop)
    }

    fn claim_code(&self, code_hash: &[u8; 32]) -> Result<Option<Code>, ServerError> {
        let found = self.first(include_str!("codes/claim.sql"), &[&code_hash.as_slice()])?;
        found.as_ref().map(row::code).transpose()
    }

    fn use_code(
        &self,
        code_hash: &[u8; 32],
        device: Uuid,
        secret_hash: Option<[u8; 32]>,
        now: Timestamp,
    ) -> Result<(), ServerError> {
        let sql = "UPDATE enrolment_codes SET used_by = $2, secret_hash = $3, used_at = $4 WHERE code_hash = $1";
        let secret_hash = secret_hash.as_ref().map(<[u8; 32]>::as_slice);
        self.run(sql, &[&code_hash.as_slice(), &device, &secret_hash, &now.as_microsecond()]).map(drop)
    }

    fn put_device(&self, new: &NewDevice<'_>) -> Result<(), ServerError> {
        let (token_hash, code_hash) = (new.token_hash.as_slice(), new.code_hash.as_slice());
        let now = new.now.as_microsecond();
        let put = self.run(
            include_str!("devices/put.sql"),
            &[&new.id, &new.tenant.key, &new.name, &token_hash, &code_hash, &now],
        )?;
        if put == 0 { Ok(()) } else { self.set_device_yards(new.id, new.yards) }
    }

    fn hand_over_uploads(&self, from: Uuid, to: Uuid) -> Result<(), ServerError> {
        self.run("UPDATE uploads SET device = $2 WHERE device = $1", &[&from, &to]).map(drop)
    }

    fn set_device_yards(&self, device: Uuid, yards: &[Uuid]) -> Result<(), ServerError> {
        self.run(include_str!("devices/put_yards.sql"), &[&device, &yards]).map(drop)
    }

    fn device_seen(&self, device: Uuid, app: &str, now: Timestamp) -> Result<(), ServerError> {
        let sql = "UPDATE devices SET last_seen_at = $2, app = $3 WHERE id = $1";
        self.run(sql, &[&device, &now.as_microsecond(), &app]).map(drop)
    }

    fn revoke(&self, device: Uuid, now: Timestamp) -> Result<(), ServerError> {
        self.run("DELETE FROM enrolment_codes WHERE used_by = $1", &[&device])?;
        let sql = "UPDATE devices SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1";
        self.run(sql, &[&device, &now.as_microsecond()]).map(drop)
    }

    fn claim(&self, tenant: Tenant, ids: &[Uuid]) -> Result<Vec<Held>, ServerError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        // Two statements: what the first one had to wait for is seen only by the second. A record that somebody makes
        // between this and our making it is in the way then, and the page is judged anew.
        let locked = self.all(include_str!("records/lock.sql"), &[&tenant.key, &ids])?;
        if locked.is_empty() {
            return Ok(Vec::new());
        }
        let locked: Vec<Uuid> = locked.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
        let held = self.held(tenant, &locked)?;
        self.claimed.borrow_mut().extend(held.iter().map(|held| held.record_id));
        Ok(held)
    }

    fn take_counter(&self, tenant: Tenant) -> Result<Counter, ServerError> {
        let take = self.prepare("SELECT seq, received_at FROM tenant_counters WHERE tenant = $1 FOR UPDATE")?;
        let epoch = self.prepare(EPOCH)?;
        let arguments: Arguments<'_> = &[&tenant.key];
        let (taken, epoch) =
            block_on(async { tokio::try_join!(biased; self.query(&take, arguments), self.query(&epoch, &[])) })?;
        let (Some(taken), Some(epoch)) = (taken.first(), epoch.first()) else {
            return self.counter(tenant);
        };
        let epoch = Epoch(unsigned(epoch, 0)?);
        if self.epoch.get().is_some_and(|mine| mine != epoch) {
            return Err(ServerError::Contended("a new epoch has begun".into()));
        }
        counter(taken)
    }

    fn store(&self, tenant: Tenant, displaced: &HashMap<Uuid, Outcome>, filings: &[Filing]) -> Result<(), ServerError> {
        if filings.is_empty() {
            return Ok(());
        }
        let filed = Filed::of(filings);
        let (moved, added): (Vec<_>, Vec<_>) = filings
            .iter()
            .filter_map(|filing| {
                let (seq, fingerprint) = filing.canonical_place()?;
                let scope = scope_id(filing.content.yard_id);
                Some((filing.record_id, scope, storable(seq)?, fingerprint.to_sql()))
            })
            .partition(|(id, ..)| self.claimed.borrow().contains(id));
        self.claimed.borrow_mut().extend(added.iter().map(|(id, ..)| *id));
        let displace = self.prepare(include_str!("versions/displace.sql"))?;
        let file = self.prepare(include_str!("versions/file.sql"))?;
        let moving = self.prepare(include_str!("records/move.sql"))?;
        let add = self.prepare(include_str!("records/add.sql"))?;
        block_on(async {
            tokio::try_join!(
                biased;
                self.displace(&displace, tenant, displaced),
                filed.insert(self, &file, tenant),
                self.point(&moving, tenant, moved),
                self.point(&add, tenant, added),
            )
        })
        .map(drop)
    }

    fn follow(&self, tenant: Tenant, followed: &[(Uuid, Uuid)]) -> Result<(), ServerError> {
        if followed.is_empty() {
            return Ok(());
        }
        let (write_ids, by): (Vec<Uuid>, Vec<Uuid>) = followed.iter().copied().unzip();
        let sql = "INSERT INTO followed (tenant, write_id, followed_by) SELECT $1, * FROM unnest($2::uuid[], $3::uuid[]) \
                   ON CONFLICT DO NOTHING";
        self.run(sql, &[&tenant.key, &write_ids, &by]).map(drop)
    }

    fn take_every_counter(&self) -> Result<(), ServerError> {
        self.all(EVERY_COUNTER, &[]).map(drop)
    }

    fn begin_epoch(&self, epoch: Epoch, now: Timestamp) -> Result<Epoch, ServerError> {
        self.run(WANT_ALL, &[&wanted_until(now).as_microsecond()])?;
        let sql = "UPDATE server SET epoch = greatest(epoch, $1) RETURNING epoch";
        let epoch = Epoch(unsigned(&self.one(sql, &[&storable(epoch.0)])?, 0)?);
        self.epoch.set(Some(epoch));
        Ok(epoch)
    }

    fn set_counter(&self, tenant: Tenant, Counter { seq, received_at }: Counter) -> Result<(), ServerError> {
        let sql = "UPDATE tenant_counters SET seq = $2, received_at = $3 WHERE tenant = $1";
        self.run(sql, &[&tenant.key, &storable(seq), &received_at.as_microsecond()]).map(drop)
    }
}

impl Session {
    async fn displace(
        &self,
        sql: &Statement,
        tenant: Tenant,
        displaced: &HashMap<Uuid, Outcome>,
    ) -> Result<(), ServerError> {
        if displaced.is_empty() {
            return Ok(());
        }
        let write_ids: Vec<Uuid> = displaced.keys().copied().collect();
        let outcomes: Vec<&str> = displaced.values().map(|outcome| outcome.name()).collect();
        let set_aside_to: Vec<Option<Uuid>> = displaced.values().map(|outcome| outcome.set_aside_to()).collect();
        let merged = Left::of(displaced.values());
        let arguments: Arguments<'_> =
            &[&tenant.key, &write_ids, &outcomes, &set_aside_to, &merged.into, &merged.body_digest, &merged.mark];
        self.execute(sql, arguments).await.map(drop)
    }

    async fn point(
        &self,
        sql: &Statement,
        tenant: Tenant,
        rows: Vec<(Uuid, Uuid, i64, i64)>,
    ) -> Result<(), ServerError> {
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = rows.iter().map(|row| row.0).collect();
        let scopes: Vec<Uuid> = rows.iter().map(|row| row.1).collect();
        let seqs: Vec<i64> = rows.iter().map(|row| row.2).collect();
        let fingerprints: Vec<i64> = rows.iter().map(|row| row.3).collect();
        self.execute(sql, &[&tenant.key, &ids, &scopes, &seqs, &fingerprints]).await.map(drop)
    }
}

/// What is left of versions without a body; nulls for those that keep theirs.
#[derive(Default)]
struct Left<'a> {
    into: Vec<Option<Uuid>>,
    body_digest: Vec<Option<&'a [u8]>>,
    mark: Vec<Option<&'a [u8]>>,
}

impl<'a> Left<'a> {
    fn of(outcomes: impl Iterator<Item = &'a Outcome>) -> Self {
        let mut left = Self::default();
        for outcome in outcomes {
            left.push(outcome);
        }
        left
    }

    fn push(&mut self, outcome: &'a Outcome) {
        let merged = outcome.merged();
        self.into.push(merged.map(|merged| merged.into));
        self.body_digest.push(merged.map(|merged| merged.body_digest.as_slice()));
        self.mark.push(merged.map(|merged| merged.mark.as_slice()));
    }
}

/// The columns of `file.sql`.
#[derive(Default)]
#[allow(clippy::struct_field_names, reason = "they are named as the columns are")]
struct Filed<'a> {
    write_id: Vec<Uuid>,
    record_id: Vec<Uuid>,
    kind: Vec<Cow<'a, str>>,
    yard_id: Vec<Option<Uuid>>,
    schema: Vec<i64>,
    state: Vec<&'a str>,
    state_reason: Vec<Cow<'a, str>>,
    captured_at: Vec<String>,
    zone: Vec<Cow<'a, str>>,
    operator_id: Vec<Option<Uuid>>,
    body: Vec<&'a str>,
    device_id: Vec<Option<Uuid>>,
    base_epoch: Vec<Option<i64>>,
    base_version: Vec<Option<i64>>,
    restores: Vec<Option<Uuid>>,
    reason: Vec<Cow<'a, str>>,
    verdict: Vec<String>,
    outcome: Vec<&'a str>,
    set_aside_to: Vec<Option<Uuid>>,
    epoch: Vec<Option<i64>>,
    version: Vec<Option<i64>>,
    seq: Vec<Option<i64>>,
    received_at: Vec<i64>,
    filed_at: Vec<Option<i64>>,
    time_doubtful: Vec<bool>,
    operator_name: Vec<Cow<'a, str>>,
    device_name: Vec<Cow<'a, str>>,
    authorship: Vec<Option<&'a str>>,
    draft: Vec<bool>,
    left: Left<'a>,
}

impl<'a> Filed<'a> {
    fn of(filings: &'a [Filing]) -> Self {
        let mut filed = Self::default();
        for filing in filings {
            filed.push(filing);
        }
        filed
    }

    fn push(&mut self, filing: &'a Filing) {
        let content = &filing.content;
        self.write_id.push(filing.write_id);
        self.record_id.push(filing.record_id);
        self.kind.push(text::stored(&content.kind));
        self.yard_id.push(content.yard_id);
        self.schema.push(content.schema.into());
        self.state.push(state_name(content.state));
        self.state_reason.push(text::stored(&content.state_reason));
        self.captured_at.push(content.captured_at.to_string());
        self.zone.push(text::stored(&content.zone));
        self.operator_id.push(content.operator_id);
        self.body.push(filing.kept_body());
        self.device_id.push(filing.device_id);
        self.base_epoch.push(filing.base.and_then(|base| storable(base.epoch.0)));
        self.base_version.push(filing.base.and_then(|base| storable(base.version)));
        self.restores.push(filing.restores);
        self.reason.push(text::stored(&filing.reason));
        self.verdict.push(filing.verdict_json());
        self.outcome.push(filing.outcome.name());
        self.set_aside_to.push(filing.outcome.set_aside_to());
        self.epoch.push(filing.version.and_then(|version| storable(version.epoch.0)));
        self.version.push(filing.version.and_then(|version| storable(version.version)));
        self.seq.push(filing.seq.and_then(storable));
        self.received_at.push(filing.received_microsecond());
        let (filed_at, time_doubtful) = filing.filed_microsecond();
        self.filed_at.push(filed_at);
        self.time_doubtful.push(time_doubtful);
        self.operator_name.push(text::stored(&filing.attribution.operator_name));
        self.device_name.push(text::stored(&filing.attribution.device_name));
        self.authorship.push(filing.attribution.authorship.map(Authorship::name));
        self.draft.push(filing.is_draft);
        self.left.push(&filing.outcome);
    }

    async fn insert(&self, session: &Session, sql: &Statement, tenant: Tenant) -> Result<(), ServerError> {
        session
            .execute(
                sql,
                &[
                    &tenant.key,
                    &self.write_id,
                    &self.record_id,
                    &self.kind,
                    &self.yard_id,
                    &self.schema,
                    &self.state,
                    &self.state_reason,
                    &self.captured_at,
                    &self.zone,
                    &self.operator_id,
                    &self.body,
                    &self.device_id,
                    &self.base_epoch,
                    &self.base_version,
                    &self.restores,
                    &self.reason,
                    &self.verdict,
                    &self.outcome,
                    &self.set_aside_to,
                    &self.epoch,
                    &self.version,
                    &self.seq,
                    &self.received_at,
                    &self.filed_at,
                    &self.time_doubtful,
                    &self.operator_name,
                    &self.device_name,
                    &self.authorship,
                    &self.draft,
                    &self.left.into,
                    &self.left.body_digest,
                    &self.left.mark,
                ],
            )
            .await
            .map(drop)
    }
}
