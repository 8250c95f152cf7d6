//! Reading rows.

use gatebook_sync::wire::Departure;
use gatebook_sync::{Content, Epoch, VersionId};
use serde_json::value::RawValue;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use super::text;
use crate::error::ServerError;
use crate::storage::model::{attribution, audit_outcome, state_named, timestamp, verdict_of, wall_time};
use crate::storage::{
    Ancestor, Attribution, Code, Device, FeedRow, FoundDevice, Held, LedgerEntry, Merged, StoredWrite, Tenant, Used,
};

/// Place of the body among the columns of `held.sql` and `feed.sql`.
const BODY: usize = 15;

/// The column at `at`.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> Result<T, ServerError> {
    row.try_get(at).map_err(|error| ServerError::unreadable("value", error))
}

/// A number that is never negative.
pub(super) fn unsigned(row: &Row, at: usize) -> Result<u64, ServerError> {
    u64::try_from(get::<i64>(row, at)?).map_err(|error| ServerError::unreadable("number", error))
}

fn plain(row: &Row, at: usize) -> Result<String, ServerError> {
    text::plain(get(row, at)?).map_err(|error| ServerError::unreadable("text", error))
}

/// Key and id of a tenant from `at` on.
pub(super) fn tenant(row: &Row, at: usize) -> Result<Tenant, ServerError> {
    Ok(Tenant { key: get(row, at)?, id: get(row, at + 1)? })
}

/// A row of `of_token.sql` or `of_id.sql`.
pub(super) fn device(row: &Row) -> Result<Device, ServerError> {
    Ok(Device {
        id: get(row, 0)?,
        tenant: tenant(row, 1)?,
        name: get(row, 3)?,
        revoked: get(row, 4)?,
        last_seen_at: get(row, 5)?,
        yards: get(row, 6)?,
    })
}

/// A row of `find.sql`.
pub(super) fn found_device(row: &Row) -> Result<FoundDevice, ServerError> {
    Ok(FoundDevice {
        id: get(row, 0)?,
        tenant: tenant(row, 1)?,
        name: get(row, 3)?,
        is_revoked: get(row, 4)?,
        joined_at: timestamp(get(row, 5)?)?,
        last_seen_at: get::<Option<i64>>(row, 6)?.map(timestamp).transpose()?,
    })
}

/// A row of `claim.sql`.
pub(super) fn code(row: &Row) -> Result<Code, ServerError> {
    let used_by: Option<Uuid> = get(row, 5)?;
    let (used_at, secret_hash) = (get(row, 6)?, get(row, 7)?);
    Ok(Code {
        tenant: tenant(row, 0)?,
        tenant_name: get(row, 2)?,
        yards: get(row, 3)?,
        expires_at: timestamp(get(row, 4)?)?,
        used: used_by.map(|device| Used::stored(device, used_at, secret_hash)).transpose()?,
    })
}

fn version(row: &Row, at: usize) -> Result<VersionId, ServerError> {
    Ok(VersionId { epoch: Epoch(unsigned(row, at)?), version: unsigned(row, at + 1)? })
}

/// A row of `held.sql` or `feed.sql`.
pub(super) fn held(row: &Row) -> Result<Held, ServerError> {
    Ok(Held {
        record_id: get(row, 0)?,
        write_id: get(row, 1)?,
        device_id: get(row, 2)?,
        version: version(row, 3)?,
        seq: unsigned(row, 5)?,
        received_at: timestamp(get(row, 6)?)?,
        content: content(row, 7)?,
        put_back_from: get::<Option<i64>>(row, 16)?.map(|_| version(row, 16)).transpose()?,
        filed: wall_time(get(row, 18)?, get(row, 19)?)?,
        is_draft: get(row, 20)?,
    })
}

/// A row of `feed.sql`.
pub(super) struct Fed<'a>(pub &'a Row);

impl FeedRow for Fed<'_> {
    fn record_id(&self) -> Result<Uuid, ServerError> {
        get(self.0, 0)
    }

    fn version(&self) -> Result<VersionId, ServerError> {
        version(self.0, 3)
    }

    fn received(&self) -> u64 {
        unsigned(self.0, 6).unwrap_or_default()
    }

    fn seq(&self) -> Result<u64, ServerError> {
        unsigned(self.0, 5)
    }

    fn body_bytes(&self) -> Result<usize, ServerError> {
        Ok(get::<&str>(self.0, BODY)?.len())
    }

    fn held(&self) -> Result<Held, ServerError> {
        held(self.0)
    }
}

/// A row of `ledger.sql`.
pub(super) fn entry(row: &Row) -> Result<LedgerEntry, ServerError> {
    Ok(LedgerEntry {
        write_id: get(row, 0)?,
        record_id: get(row, 1)?,
        verdict: verdict_of(get(row, 2)?)?,
        content: content(row, 3)?,
        merged: merged(row, 12)?,
    })
}

/// A row of `lineage.sql`.
pub(super) fn ancestor(row: &Row) -> Result<Ancestor, ServerError> {
    Ok(Ancestor {
        record_id: get(row, 0)?,
        version: VersionId { epoch: Epoch(unsigned(row, 1)?), version: unsigned(row, 2)? },
        write_id: get(row, 3)?,
        base: base(row, 4)?,
    })
}

/// What a version was made on, from `at` on, if anything.
fn base(row: &Row, at: usize) -> Result<Option<VersionId>, ServerError> {
    match get::<Option<i64>>(row, at)?.zip(get::<Option<i64>>(row, at + 1)?) {
        Some(_) => version(row, at).map(Some),
        None => Ok(None),
    }
}

/// The three columns that are left of a version without a body, from `at` on.
fn merged(row: &Row, at: usize) -> Result<Option<Merged>, ServerError> {
    Merged::stored(get(row, at)?, get(row, at + 1)?, get(row, at + 2)?)
}

/// A row of `departures.sql`.
pub(super) fn departure(row: &Row) -> Result<(u64, Departure), ServerError> {
    let version = VersionId { epoch: Epoch(unsigned(row, 2)?), version: unsigned(row, 3)? };
    Ok((unsigned(row, 1)?, Departure { id: get(row, 0)?, version }))
}

/// A row of `of_record.sql`, `of_versions.sql` or `by_write.sql`.
pub(super) fn write(row: &Row) -> Result<StoredWrite, ServerError> {
    let version = get::<Option<i64>>(row, 6)?.map(|_| unsigned(row, 6)).transpose()?;
    Ok(StoredWrite {
        write_id: get(row, 0)?,
        record_id: get(row, 1)?,
        device_id: get(row, 2)?,
        attribution: attribution_from(row, 21)?,
        outcome: audit_outcome(get(row, 4)?, get(row, 5)?, verdict_of(get(row, 3)?)?),
        version,
        restores: get(row, 7)?,
        reason: plain(row, 8)?,
        received_at: timestamp(get(row, 9)?)?,
        content: content(row, 10)?,
        filed: wall_time(get(row, 19)?, get(row, 20)?)?,
        base: base(row, 24)?,
        merged: merged(row, 26)?,
    })
}

/// A row of `attribution.sql`; `None` of what was filed before names were.
pub(super) fn attributed(row: &Row) -> Result<Option<(Uuid, Attribution)>, ServerError> {
    let write_id = get(row, 0)?;
    Ok(attribution_from(row, 1)?.map(|attribution| (write_id, attribution)))
}

/// The three columns that say whose a write is, from `at` on.
fn attribution_from(row: &Row, at: usize) -> Result<Option<Attribution>, ServerError> {
    let named = |at: usize| get::<Option<String>>(row, at)?.map(|_| plain(row, at)).transpose();
    Ok(attribution(named(at)?, named(at + 1)?, get(row, at + 2)?))
}

/// The nine columns of a content from `at` on.
fn content(row: &Row, at: usize) -> Result<Content, ServerError> {
    let schema: i64 = get(row, at + 2)?;
    let captured_at: &str = get(row, at + 5)?;
    Ok(Content {
        kind: plain(row, at)?,
        yard_id: get(row, at + 1)?,
        schema: schema.try_into().map_err(|error| ServerError::unreadable("schema", error))?,
        state: state_named(get(row, at + 3)?),
        state_reason: plain(row, at + 4)?,
        captured_at: captured_at.parse().map_err(|error: jiff::Error| ServerError::unreadable("time", error))?,
        zone: plain(row, at + 6)?,
        operator_id: get(row, at + 7)?,
        body: RawValue::from_string(get(row, at + 8)?).map_err(|error| ServerError::unreadable("body", error))?,
    })
}
