//! Step 1, before the transaction: what can be said of an offered record without knowing what the server holds of it.
//! Each is checked for itself; a bad one spoils no other.

use gatebook_domain::record::Writer;
use gatebook_domain::{Body, Kind, Problem, RecordState, validate};
use gatebook_sync::{Content, Rejection, RejectionCode, deliberate};

use super::references::References;
use super::{Ground, Offered};
use crate::config::Bounds;
use crate::error::short;
use crate::json;
use crate::storage::Device;

/// Longest name of a kind or zone, in bytes.
pub(crate) const NAME: usize = 64;
/// Longest reason for closing or voiding, in characters.
pub(crate) const REASON: usize = 2_000;

/// Reads the body, if it can be read at all; otherwise the reason why it is not taken.
pub(crate) fn read(content: &Content, bounds: &Bounds) -> Result<Body, Rejection> {
    let json = content.body.get();
    let most = bounds.limits.record_bytes as usize;
    if json.len() > most {
        let message = format!(
            "This record is too large: {} KB, and at most {} KB fit. Shorten its notes, or split it into two records.",
            json.len().div_ceil(1024),
            most / 1024
        );
        return Err(Rejection::new(RejectionCode::TooLarge, message));
    }
    check_reason(&content.state_reason)?;
    if content.kind.len() > NAME || content.zone.len() > NAME {
        return Err(invalid("Something about this record is too long. Update the app, then save the record again."));
    }
    if [&content.kind, &content.zone].iter().any(|text| text.contains('\0')) {
        return Err(invalid("This record holds a character that cannot be stored. Type the text again."));
    }
    let kind = content.known_kind().ok_or_else(|| {
        let message = "The server does not know this kind of record yet. It stays on this device; ask the office to \
                       update the server.";
        Rejection::new(RejectionCode::UnknownKind, message)
    })?;
    let shape = json::shape(json);
    if shape.depth > bounds.nesting {
        return Err(invalid("This record is built in a way the server cannot read. Update the app and send it again."));
    }
    if shape.values > bounds.values {
        let message = format!(
            "This record holds too many single values: {}, and at most {} fit. Split it into two records.",
            shape.values, bounds.values
        );
        return Err(Rejection::new(RejectionCode::TooLarge, message));
    }
    if let Some(at) = shape.unstorable_at {
        return Err(
            invalid("Type this text again: it holds a character that cannot be stored.").at(json::pointer_at(json, at))
        );
    }
    Body::from_json(kind, json).map_err(|error| {
        invalid(format!("The server cannot read this record: {error}. Update the app, then save the record again."))
            .at(json::pointer_at(json, json::offset_of(json, &error)))
    })
}

/// Refuses a reason for closing, voiding or restoring that could not be stored, or that devices could not offer again.
pub(crate) fn check_reason(reason: &str) -> Result<(), Rejection> {
    if reason.chars().count() > REASON {
        return Err(invalid("The reason is too long: at most 2,000 characters fit. Shorten it."));
    }
    if reason.contains('\0') {
        return Err(invalid("The reason holds a character that cannot be stored. Type it again."));
    }
    Ok(())
}

/// Why an offered record is not taken, as far as its content tells.
pub(super) fn check(offered: &Offered, device: &Device, references: &References) -> Option<Rejection> {
    if offered.refusal.is_some() {
        return offered.refusal.clone();
    }
    let (content, body) = (&offered.content, &offered.body()?);
    match offered.ground {
        // It was the canonical state once; its receipt is all it needs.
        Ground::Reoffer { .. } => None,
        Ground::Write { .. } if !device.sees(content.yard_id) => Some(elsewhere()),
        Ground::Write { .. } => may_write(content, body, references).or_else(|| keeps_rules(content, body, references)),
    }
}

/// That the device does not work where the record belongs.
pub(super) fn elsewhere() -> Rejection {
    Rejection::new(
        RejectionCode::UnknownScope,
        "This device does not work for the yard of this record. Ask the office to add the yard to the device.",
    )
}

fn may_write(content: &Content, body: &Body, references: &References) -> Option<Rejection> {
    let not_permitted = |message: &str| Some(Rejection::new(RejectionCode::NotPermitted, message));
    if body.kind().writer() != Writer::Field {
        return not_permitted("This can only be changed at the office. Ask them to correct it.");
    }
    let Some(yard_id) = content.yard_id else {
        return Some(invalid("This record names no yard. Choose the yard, then save the record again."));
    };
    let Some(operator_id) = content.operator_id else {
        // An app that knows this asks who it was. One that does not names whoever is chosen at the next change.
        return not_permitted(
            "This record does not say who entered it. Choose who is working, then say who it was, or change something \
             and send it again.",
        );
    };
    let works_here = references.operator(operator_id).is_some_and(|operator| operator.yard_ids.contains(&yard_id));
    if !works_here {
        return not_permitted(
            "The person who entered this does not work at this yard. Choose who is working, then send it again.",
        );
    }
    if content.state == RecordState::Closed
        && !(deliberate!(BelieveNamedOperator) && references.is_supervisor(content.operator_id))
    {
        return not_permitted("Only the office closes a record. Ask them to do it.");
    }
    None
}

fn keeps_rules(content: &Content, body: &Body, references: &References) -> Option<Rejection> {
    if content.schema == 0 {
        return Some(invalid("This record does not say how it is written. Update the app, then send it again."));
    }
    let template = match body {
        Body::Inspection(inspection) => references.template(&inspection.template),
        _ => None,
    };
    let mut errors = validate(body, template).into_iter().filter(Problem::is_error);
    let first = errors.next()?;
    let message = match errors.count() {
        0 => first.message,
        more => format!("{} (and {more} more)", first.message),
    };
    Some(invalid(message).at(first.path))
}

/// The kind's name must be known to get here.
pub(super) fn another_kind(held: &Content, offered: &Content) -> Option<Rejection> {
    (held.kind != offered.kind).then(|| {
        let held = Kind::parse(&held.kind).map_or("record", Kind::as_str).replace('_', " ");
        invalid(format!("There is a {held} under this number already. Start a new record and enter it again."))
    })
}

fn invalid(message: impl Into<String>) -> Rejection {
    Rejection::new(RejectionCode::Invalid, short(message.into()))
}
