//! What was rejected for a reason outside itself goes again by itself when that reason may be gone: the device works for
//! the yard now, the person works there, the template is another one. It goes as a new write that says the same and is
//! judged anew; nobody has to find it and press a button.

use std::collections::HashSet;

use gatebook_domain::{Body, Kind, RecordState};
use gatebook_sync::{RejectionCode, Scope};
use rusqlite::Connection;
use uuid::Uuid;

use super::Settling;
use crate::error::StoreError;
use crate::store::records::is_correction;
use crate::store::row::RecordRow;
use crate::store::{reference, settings, unanswered};

/// What an answer brought that rejections may have been about.
#[derive(Debug, Default)]
pub(super) struct Lifted {
    yards: HashSet<Uuid>,
    people: HashSet<Uuid>,
    templates: HashSet<Uuid>,
}

impl Lifted {
    /// The device works for that scope from now on.
    pub(super) fn entered(&mut self, scope: Scope) {
        self.yards.extend(scope.yard_id());
    }

    /// A state was news.
    pub(super) fn brought(&mut self, id: Uuid, kind: Option<Kind>) {
        match kind {
            Some(Kind::Operator) => drop(self.people.insert(id)),
            Some(Kind::Template) => drop(self.templates.insert(id)),
            Some(
                Kind::Inspection
                | Kind::GateEvent
                | Kind::Interchange
                | Kind::Attachment
                | Kind::Assignment
                | Kind::Equipment
                | Kind::Carrier
                | Kind::Yard
                | Kind::Notice,
            )
            | None => {}
        }
    }

    fn is_nothing(&self) -> bool {
        self.yards.is_empty() && self.people.is_empty() && self.templates.is_empty()
    }

    /// Whether what stood in the row's way may be gone.
    fn concerns(&self, connection: &Connection, row: &RecordRow) -> Result<bool, StoreError> {
        let Some(rejection) = &row.rejection else { return Ok(false) };
        let content = &row.content;
        Ok(match rejection.code {
            RejectionCode::UnknownScope => content.yard_id.is_some_and(|yard| self.yards.contains(&yard)),
            RejectionCode::NotPermitted => {
                let is_open = row.is_fields() && content.state != RecordState::Closed;
                match (content.operator_id, content.yard_id) {
                    (Some(person), Some(yard)) if is_open && self.people.contains(&person) => {
                        reference::works_at(connection, person, yard)?
                    }
                    _ => false,
                }
            }
            RejectionCode::Invalid => match row.body() {
                Some(Body::Inspection(inspection)) => self.templates.contains(&inspection.template.template_id),
                _ => false,
            },
            RejectionCode::UnknownKind
            | RejectionCode::TooLarge
            | RejectionCode::Final
            | RejectionCode::ForgedReceipt
            | RejectionCode::Unknown => false,
        })
    }
}

impl Settling<'_> {
    /// Sends again what waits for one of those.
    pub(super) fn send_lifted(&self, lifted: &Lifted) -> Result<(), StoreError> {
        if lifted.is_nothing() {
            return Ok(());
        }
        let connection = self.connection;
        let rejected = "pending_sync = 1 AND parked = 0 AND rejection IS NOT NULL";
        for row in RecordRow::select(connection, rejected, [])? {
            // Sent as it is, what would take a submitted report back wants somebody's decision.
            let takes_report_back = row.shadow.is_some() && is_correction(&row, &row.content, &row.content);
            if takes_report_back || !lifted.concerns(connection, &row)? {
                continue;
            }
            let device_id = settings::get(connection, &settings::DEVICE_ID)?.or(row.device_id);
            RecordRow {
                write_id: again(row.write_id),
                device_id,
                rejection: None,
                requests_before: unanswered::requests_before(connection)?,
                ..row
            }
            .put(connection)?;
        }
        Ok(())
    }
}

/// The write that says once more what a rejected one said. The same for the same, so that an answer that is settled twice
/// makes one write.
fn again(rejected: Uuid) -> Uuid {
    Uuid::new_v5(&rejected, b"again")
}
