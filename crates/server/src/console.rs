//! What the console writes: each act is a version like any other, syncs everywhere, and can itself be reverted.

use std::collections::HashMap;

use gatebook_domain::record::Writer;
use gatebook_domain::unknown::put_back;
use gatebook_domain::{Problem, settle, validate};
use gatebook_sync::wire::ApiErrorCode;
use gatebook_sync::{Content, VersionId};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::config::{Bounds, Environment};
use crate::error::{ServerError, refuse};
use crate::photos;
use crate::reconcile::{self, OfficeAct, References, stamp};
use crate::storage::{Attribution, Filing, Held, Outcome, Tenant, Writing};

/// By whom and why a version is made.
#[derive(Debug, Default)]
pub(crate) struct Because {
    /// The name of whoever at the office does it; empty if their token has none.
    pub user: String,
    /// The write it brings back.
    pub restores: Option<Uuid>,
    /// What the operator of that write was called when it was filed; `None` where it was not kept.
    pub operator_name: Option<String>,
    /// In the admin's words.
    pub reason: String,
}

/// Refuses what devices could not show; identifiers of the rest get the spelling in which devices keep them, so that every
/// app finds what it is asked for.
pub(crate) fn check(content: &mut Content, bounds: &Bounds) -> Result<(), ServerError> {
    let body = reconcile::read(content, bounds).map_err(|rejection| refused(rejection.message))?;
    if body.kind().in_yard() != content.yard_id.is_some() {
        return Err(refused("Records of this kind belong to a yard, or to the whole organisation; this one does not."));
    }
    match validate(&body, None).into_iter().find(Problem::is_error) {
        Some(problem) => return Err(refused(problem.message)),
        None if body.kind().writer() == Writer::Console => {}
        None => return Ok(()),
    }
    let spelled = settle(None, body.clone());
    if spelled != body {
        let text = put_back(content.body.get(), spelled.kind(), &spelled.to_json());
        let text = text.map_err(|error| ServerError::unreadable("body", error))?;
        content.body = RawValue::from_string(text).expect("a body with its unknown fields is JSON");
    }
    Ok(())
}

/// Refuses a reason in the admin's words that could not be kept.
pub(crate) fn check_reason(reason: &str) -> Result<(), ServerError> {
    reconcile::check_reason(reason).map_err(|rejection| refused(rejection.message))
}

fn refused(message: impl Into<String>) -> ServerError {
    refuse(ApiErrorCode::Malformed, message).into()
}

/// Writes a record, unless it says the same already.
pub(crate) fn put(
    writing: &dyn Writing,
    tenant: Tenant,
    environment: &dyn Environment,
    id: Uuid,
    content: &Content,
) -> Result<(), ServerError> {
    let held = writing.claim_one(tenant, id)?;
    if held.as_ref().is_some_and(|held| held.content.says_the_same_as(content)) {
        return Ok(());
    }
    supersede(writing, tenant, environment, id, held.as_ref(), content.clone(), Because::default()).map(drop)
}

/// Makes `content` the next version of a claimed record. Returns the write and the version.
pub(crate) fn supersede(
    writing: &dyn Writing,
    tenant: Tenant,
    environment: &dyn Environment,
    record_id: Uuid,
    held: Option<&Held>,
    content: Content,
    because: Because,
) -> Result<(Uuid, u64), ServerError> {
    let (write_id, version) = (environment.new_id(), held.map_or(0, |held| held.version.version) + 1);
    let version_id = VersionId { epoch: writing.epoch()?, version };
    let Because { user, restores, operator_name, reason } = because;
    let operator_name = match operator_name {
        Some(filed) => filed,
        None => References::load(writing, tenant, content.operator_id)?.operator_name(content.operator_id),
    };
    let (base, attribution) = (held.map(|held| held.version), Attribution::of_office(&user, operator_name));
    // Whoever wrote what is brought back did not bring it back: the office did.
    let content = Content { operator_id: None, ..content };
    let own = Filing::own(record_id, write_id, version_id, content);
    let mut filings = [Filing { attribution, base, restores, reason, ..own }];
    let displaced: HashMap<_, _> = held.map(|held| (held.write_id, Outcome::Superseded)).into_iter().collect();
    let act = OfficeAct::claim(writing, tenant, held, &filings[0])?;
    let desk = act.desk(writing, tenant)?;
    photos::refer(writing, tenant, &filings)?;
    let mut counter = writing.take_counter(tenant)?;
    let now = environment.wall_time();
    stamp(&mut filings, &mut counter, now)?;
    let mut notices = desk.notices(environment, now.at, &filings, counter.received_at);
    stamp(&mut notices, &mut counter, now)?;
    let (mut marks, marked) = photos::follow(writing, tenant, environment, &filings)?;
    stamp(&mut marks, &mut counter, now)?;
    writing.store(tenant, &displaced, &filings)?;
    writing.store(tenant, &desk.superseded(), &notices)?;
    writing.store(tenant, &marked, &marks)?;
    writing.set_counter(tenant, counter)?;
    Ok((write_id, version))
}

#[cfg(test)]
mod tests {
    use gatebook_domain::RecordState;
    use gatebook_domain::record::SCHEMA;
    use jiff::Timestamp;

    use super::*;

    fn written(kind: &str, body: &str) -> String {
        let mut content = Content {
            kind: kind.to_owned(),
            yard_id: None,
            schema: SCHEMA,
            state: RecordState::Live,
            state_reason: String::new(),
            captured_at: Timestamp::UNIX_EPOCH,
            zone: "UTC".to_owned(),
            operator_id: None,
            body: RawValue::from_string(body.to_owned()).unwrap(),
        };
        check(&mut content, &Bounds::default()).unwrap();
        content.body.get().to_owned()
    }

    #[test]
    fn identifiers_of_the_office_get_the_spelling_of_devices_and_what_has_it_stays_as_it_is() {
        let pasted = "{\"class\":\"trailer\",\"number\":\"px–\u{200b}20931\"}";
        assert_eq!(written("equipment", pasted), r#"{"class":"trailer","number":"PX-20931"}"#);
        let with_new_fields = r#"{ "number":"PX-20931","class":"trailer", "newer":1e2}"#;
        assert_eq!(written("equipment", with_new_fields), with_new_fields);
        let pasted_with_new_fields = r#"{"class":"trailer","number":"px-20931","newer":1e2}"#;
        assert_eq!(
            written("equipment", pasted_with_new_fields),
            r#"{"class":"trailer","number":"PX-20931","newer":1e2}"#
        );
    }
}
