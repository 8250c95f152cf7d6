//! The work list and the view of one record.

use std::collections::{HashMap, HashSet};

use gatebook_domain::reference::{Assignment, Template};
use gatebook_domain::{Body, Kind, RecordState, missing, stage, stage_with, title, validate};
use gatebook_sync::Canonical;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::corrections::{self, Correction};
use super::reference::{self, Names};
use super::row::RecordRow;
use super::{Store, forms, history, known, unsigned};
use crate::error::StoreError;
use crate::view::{AlsoOpen, Counts, Met, RecordView, RejectionView, WorkItem, WorkList};
use crate::words;

/// Lines a section of the work list shows at most.
const SECTION: u32 = 200;
const RECENT: u32 = 50;

impl Store {
    /// The start page of a yard, for an operator.
    pub(crate) fn work_list(&self, yard_id: Uuid, operator_id: Option<Uuid>) -> Result<WorkList, StoreError> {
        self.read(|connection| {
            let names = Names::load(connection)?;
            let section = |condition: &str, limit: u32| {
                RecordRow::select(
                    connection,
                    &format!(
                        "kind IN ({}) AND yard_id = ?1 AND {condition} ORDER BY changed_at DESC LIMIT ?2",
                        Kind::forms_in_sql()
                    ),
                    params![yard_id, limit],
                )
            };
            let corrections: HashMap<_, _> = corrections::all(connection)?.into_iter().collect();
            let list = |rows: Vec<RecordRow>| {
                rows.iter().filter_map(|row| item(row, corrections.get(&row.id), operator_id, &names)).collect()
            };
            Ok(WorkList {
                assigned: assigned(connection, yard_id, operator_id)?,
                in_progress: list(section(
                    "(stage <> 'submitted' AND state = 'live' OR rejection IS NOT NULL \
                     OR id IN (SELECT record_id FROM corrections))",
                    SECTION,
                )?),
                recent: list(section(
                    "(stage = 'submitted' OR state <> 'live') AND rejection IS NULL \
                     AND id NOT IN (SELECT record_id FROM corrections)",
                    RECENT,
                )?),
            })
        })
    }

    /// One record as the operator sees it.
    pub(crate) fn record(&self, id: Uuid, operator_id: Option<Uuid>) -> Result<RecordView, StoreError> {
        self.read(|connection| view(connection, id, operator_id))
    }

    /// The same, just after it was saved.
    pub(crate) fn record_as_saved(&self, id: Uuid, operator_id: Option<Uuid>) -> Result<RecordView, StoreError> {
        self.read_beside_write(|connection| view(connection, id, operator_id))
    }

    /// The assignment, if it is here.
    pub(crate) fn assignment(&self, id: Uuid) -> Result<(Assignment, Option<Template>, Option<Uuid>), StoreError> {
        self.read(|connection| {
            let row = RecordRow::find(connection, id)?.ok_or(StoreError::NotFound(id))?;
            let Some(Body::Assignment(assignment)) = row.body() else {
                return Err(StoreError::WrongKind { id, kind: Kind::Assignment.as_str() });
            };
            let template = reference::template(connection, assignment.template_id)?;
            Ok((assignment, template, row.content.yard_id))
        })
    }

    /// The template, if it is here.
    pub(crate) fn template(&self, id: Uuid) -> Result<Template, StoreError> {
        self.read(|connection| reference::template(connection, id))?.ok_or(StoreError::NotFound(id))
    }

    /// Numbers for badges.
    pub(crate) fn counts(&self, yard_id: Option<Uuid>, operator_id: Option<Uuid>) -> Result<Counts, StoreError> {
        let assigned = match yard_id {
            Some(yard_id) => self.read(|connection| assigned(connection, yard_id, operator_id))?.len(),
            None => 0,
        };
        let unread = self.inbox(operator_id)?.iter().filter(|item| item.unread).count();
        Ok(Counts {
            pending: self.pending_count()?,
            unread: u32::try_from(unread).unwrap_or(u32::MAX),
            assigned: u32::try_from(assigned).unwrap_or(u32::MAX),
        })
    }
}

fn view(connection: &Connection, id: Uuid, operator_id: Option<Uuid>) -> Result<RecordView, StoreError> {
    let row = RecordRow::find(connection, id)?.ok_or(StoreError::NotFound(id))?;
    let correction = corrections::find(connection, id)?;
    let (write_id, content) = correction
        .as_ref()
        .map_or((row.write_id, &row.content), |correction| (correction.write_id, &correction.content));
    let body = row
        .kind()
        .and_then(|kind| Body::from_json(kind, content.body.get()).ok())
        .ok_or(StoreError::WrongKind { id, kind: "record this version of the app can read" })?;
    let met = match forms::meanwhile(connection, id)? {
        Some(meanwhile) => Some(Met {
            operator_name: reference::operator_name(connection, meanwhile.theirs.content.operator_id)?,
            at: meanwhile.theirs.receipt.received_at,
            voided: meanwhile.theirs.content.state == RecordState::Voided,
        }),
        None => None,
    };
    let template = template_of(connection, &body)?;
    let also_open = also_open(&row, operator_id);
    let missing = missing(&body, template.as_ref());
    let mut problems = validate(&body, template.as_ref());
    problems.extend(known::warnings(connection, id, row.content.captured_at, &body)?);
    Ok(RecordView {
        id,
        write_id,
        yard_id: row.content.yard_id,
        title: title(&body),
        stage: stage_with(&body, || missing.clone()),
        state: row.content.state,
        state_reason: row.content.state_reason.clone(),
        problems,
        // What the server says of a change by nobody is told by asking who it was.
        rejection: row
            .rejection
            .clone()
            .filter(|_| !unsigned::is_unsigned(&row))
            .map(|it| RejectionView { path: it.path, message: it.message }),
        unsigned: unsigned::concerns(connection, &row)?,
        can_discard: correction.is_some()
            || row.parked
            || row.pending && !row.withdraws && (row.base.is_some() || row.shadow.is_some()),
        operator_name: written_by(&row, reference::operator_name(connection, content.operator_id)?),
        changed_at: correction.as_ref().map_or(row.changed_at, |correction| correction.content.captured_at),
        zone: row.content.zone.clone(),
        also_open: match also_open {
            Some((who, since)) => {
                Some(AlsoOpen { operator_name: reference::operator_name(connection, Some(who))?, since })
            }
            None => None,
        },
        correcting: row.parked || correction.is_some(),
        met,
        missing,
        template,
        picked: known::picked(connection, &body)?,
        body,
    })
}

fn template_of(connection: &Connection, body: &Body) -> Result<Option<Template>, StoreError> {
    match body {
        Body::Inspection(inspection) => Ok(reference::template(connection, inspection.template.template_id)?
            // What is open follows the list as it was when it was opened.
            .filter(|template| template.revision == inspection.template.revision)),
        Body::GateEvent(_)
        | Body::Interchange(_)
        | Body::Attachment(_)
        | Body::Assignment(_)
        | Body::Template(_)
        | Body::Equipment(_)
        | Body::Carrier(_)
        | Body::Yard(_)
        | Body::Operator(_)
        | Body::Notice(_) => Ok(None),
    }
}

/// Assignments of the yard that this operator or nobody in particular is to do, and nobody has begun.
fn assigned(connection: &Connection, yard_id: Uuid, operator_id: Option<Uuid>) -> Result<Vec<WorkItem>, StoreError> {
    let templates: HashMap<Uuid, Template> = reference::all(connection, Kind::Template)?.into_iter().collect();
    let mut begun: HashSet<Uuid> = history::all(connection)?;
    {
        let mut statement =
            connection.prepare_cached("SELECT id FROM records WHERE kind = 'inspection' AND yard_id = ?1")?;
        for id in statement.query_map([yard_id], |row| row.get(0))? {
            begun.insert(id?);
        }
    }
    let rows = RecordRow::select(
        connection,
        "kind = 'assignment' AND yard_id = ?1 AND state = 'live' ORDER BY changed_at DESC",
        [yard_id],
    )?;
    let mut items: Vec<WorkItem> = rows
        .into_iter()
        .filter_map(|row| match row.body() {
            Some(Body::Assignment(assignment)) => Some((row, assignment)),
            _ => None,
        })
        .filter(|(_, assignment)| !begun.contains(&assignment.inspection_id))
        .filter(|(_, assignment)| {
            assignment.operator_id.is_none() || operator_id.is_none() || assignment.operator_id == operator_id
        })
        .map(|(row, assignment)| WorkItem {
            record_id: assignment.inspection_id,
            kind: Kind::Inspection,
            title: words::assignment_title(&assignment, templates.get(&assignment.template_id)),
            detail: assignment.note,
            stage: None,
            assignment_id: Some(row.id),
            due_at: assignment.due_at,
            changed_at: row.changed_at,
            operator_name: String::new(),
            rejected: false,
            unsigned: false,
            voided: false,
            also_open: None,
            correcting: false,
        })
        .collect();
    items.sort_by_key(|item| (item.due_at.is_none(), item.due_at, item.record_id));
    Ok(items)
}

fn item(
    row: &RecordRow,
    correction: Option<&Correction>,
    operator_id: Option<Uuid>,
    names: &Names,
) -> Option<WorkItem> {
    let content = correction.map_or(&row.content, |correction| &correction.content);
    let body = Body::from_json(row.kind()?, content.body.get()).ok()?;
    Some(WorkItem {
        record_id: row.id,
        kind: body.kind(),
        title: title(&body),
        detail: words::detail(&body),
        stage: Some(stage(&body, None)),
        assignment_id: if let Body::Inspection(inspection) = &body { inspection.assignment_id } else { None },
        due_at: None,
        changed_at: row.changed_at,
        operator_name: written_by(row, names.of(content.operator_id)),
        rejected: row.rejection.is_some() && !unsigned::is_unsigned(row),
        unsigned: unsigned::is_unsigned(row),
        voided: row.content.state == RecordState::Voided,
        also_open: also_open(row, operator_id)
            .map(|(who, since)| AlsoOpen { operator_name: names.of(Some(who)), since }),
        correcting: row.parked || correction.is_some(),
    })
}

/// Who is named as the one who changed it last: the office is nobody's operator.
fn written_by(row: &RecordRow, operator: String) -> String {
    let is_office = row.device_id.is_none() && row.content.operator_id.is_none() && !row.pending;
    if is_office { words::OFFICE.to_owned() } else { operator }
}

/// Whose unfinished version of the record there is beside the operator's, and since when: the canonical one while nothing of ours is pending, otherwise the
/// one that came in since our change was begun.
fn also_open(row: &RecordRow, operator_id: Option<Uuid>) -> Option<(Uuid, Timestamp)> {
    let theirs = match &row.shadow {
        Some(shadow) if row.base.as_ref().is_none_or(|base| shadow.receipt.version_id() > base.version_id()) => {
            shadow.clone()
        }
        _ => row.as_canonical()?,
    };
    let Canonical { content, receipt, .. } = theirs;
    let unfinished = content.state == RecordState::Live && super::row::listed_as(&content).1 != "submitted";
    let who = content.operator_id.filter(|who| unfinished && Some(*who) != operator_id)?;
    Some((who, receipt.filed_at()))
}
