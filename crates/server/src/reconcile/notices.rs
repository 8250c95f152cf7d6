//! Notices: both operators of a conflict are told, in the transaction that decided it. There is one notice per record
//! and operator; a further conflict brings it up to date.

use gatebook_domain::notice::{Notice, NoticeSide};
use gatebook_domain::record::SCHEMA;
use gatebook_domain::{Body, Extra, Kind, RecordState};
use gatebook_sync::{Content, differences};
use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Page;
use crate::error::ServerError;
use crate::storage::sql;

/// Differences listed in a notice.
const LISTED: usize = 40;

/// One side of the conflict.
pub(super) struct Side<'a> {
    pub write_id: Uuid,
    pub device_id: Option<Uuid>,
    pub received_at: Timestamp,
    pub content: &'a Content,
}

impl Page<'_> {
    /// Tells the operators of both sides; an operator who is on both sides once.
    pub(super) fn tell_both(
        &mut self,
        record_id: Uuid,
        title: &str,
        kept: &Side<'_>,
        set_aside: &Side<'_>,
    ) -> Result<(), ServerError> {
        let mut addressees = vec![kept.content.operator_id, set_aside.content.operator_id];
        addressees.dedup();
        for addressee in addressees.into_iter().flatten() {
            self.tell(addressee, record_id, title, kept, set_aside)?;
        }
        Ok(())
    }

    fn tell(
        &mut self,
        addressee_id: Uuid,
        record_id: Uuid,
        title: &str,
        kept: &Side<'_>,
        set_aside: &Side<'_>,
    ) -> Result<(), ServerError> {
        // One for each record and operator, under an id that follows from both.
        let id = Uuid::new_v5(&record_id, addressee_id.as_bytes());
        let before = sql::held(self.connection, self.device.tenant, id)?
            .and_then(|held| Body::from_json(Kind::Notice, held.content.body.get()).ok());
        let count = if let Some(Body::Notice(notice)) = before { notice.count + 1 } else { 1 };
        let parse = |content: &Content| serde_json::from_str::<Value>(content.body.get()).unwrap_or_default();
        let found = differences(&parse(kept.content), &parse(set_aside.content), LISTED);
        let notice = Body::Notice(Notice {
            addressee_id,
            record_id,
            record_kind: kept.content.known_kind().unwrap_or(Kind::Inspection),
            record_title: title.to_owned(),
            kept: self.side(kept)?,
            set_aside: self.side(set_aside)?,
            differences: found.listed,
            more_differences: found.more,
            count,
            extra: Extra::new(),
        });
        let content = Content {
            kind: Kind::Notice.as_str().to_owned(),
            yard_id: kept.content.yard_id,
            schema: SCHEMA,
            state: RecordState::Live,
            state_reason: String::new(),
            captured_at: self.now,
            zone: kept.content.zone.clone(),
            operator_id: None,
            body: RawValue::from_string(notice.to_json()).expect("a serialised body is JSON"),
        };
        // The write follows from the notice and the writes it tells of, so that the same page judged again after a
        // rollback makes the same one.
        let told = [kept.write_id.as_bytes().as_slice(), set_aside.write_id.as_bytes()].concat();
        self.file_own(id, Uuid::new_v5(&id, &told), &content)
    }

    fn side(&mut self, side: &Side<'_>) -> Result<NoticeSide, ServerError> {
        let operator_name = match side.content.operator_id {
            Some(id) => self.operator(id)?.map(|operator| operator.name.clone()).unwrap_or_default(),
            None => String::new(),
        };
        Ok(NoticeSide {
            write_id: side.write_id,
            operator_id: side.content.operator_id,
            operator_name,
            device_name: sql::device_name(self.connection, side.device_id)?,
            received_at: side.received_at,
            captured_at: side.content.captured_at,
        })
    }
}
