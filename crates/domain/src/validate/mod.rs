//! The rules a body must keep, all told at once.
//!
//! A draft must only be storable: texts and lists within their limits. Slips of typing are warned of. A body that is
//! handed in must be complete as well, and what was a slip then keeps it from being taken. [`missing`] asks before
//! handing in what [`validate`] would ask after.

mod attachment;
mod findings;
mod gate_event;
mod inspection;
mod interchange;
mod parts;
mod reference;
mod text;
mod times;

pub use attachment::MEDIA_TYPES;
use findings::{Completeness, Findings};
pub use text::text_limit;
pub(crate) use times::{END, FIRST};
pub use times::{doubtful_times, is_plausible};

use crate::Body;
use crate::problem::Problem;
use crate::reference::Template;

/// Every problem of a body. `template` is that of an inspection, where it is at hand.
#[must_use]
pub fn validate(body: &Body, template: Option<&Template>) -> Vec<Problem> {
    let completeness = if is_draft(body) { Completeness::Draft } else { Completeness::Complete };
    run(body, template, completeness)
}

/// What would keep a body from being taken if it were handed in as it is.
#[must_use]
pub fn missing(body: &Body, template: Option<&Template>) -> Vec<Problem> {
    let mut problems = run(body, template, Completeness::Complete);
    problems.retain(Problem::is_error);
    problems
}

/// Only what the field writes is ever a draft; reference data is complete or wrong.
fn is_draft(body: &Body) -> bool {
    match body {
        Body::Inspection(inspection) => inspection.submitted.is_none(),
        Body::GateEvent(event) => event.submitted.is_none(),
        Body::Interchange(interchange) => interchange.submitted.is_none(),
        Body::Attachment(_)
        | Body::Assignment(_)
        | Body::Template(_)
        | Body::Equipment(_)
        | Body::Carrier(_)
        | Body::Yard(_)
        | Body::Operator(_)
        | Body::Notice(_) => false,
    }
}

fn run(body: &Body, template: Option<&Template>, completeness: Completeness) -> Vec<Problem> {
    let mut found = Findings::new(completeness);
    text::check(&mut found, body);
    match body {
        Body::Inspection(inspection) => inspection::check(&mut found, inspection, template),
        Body::GateEvent(event) => gate_event::check(&mut found, event),
        Body::Interchange(interchange) => interchange::check(&mut found, interchange),
        Body::Attachment(attachment) => attachment::check(&mut found, attachment),
        Body::Assignment(assignment) => reference::assignment(&mut found, assignment),
        Body::Template(template) => reference::template(&mut found, template),
        Body::Equipment(equipment) => reference::equipment(&mut found, equipment),
        Body::Carrier(carrier) => reference::carrier(&mut found, carrier),
        Body::Yard(yard) => reference::yard(&mut found, yard),
        Body::Operator(operator) => reference::operator(&mut found, operator),
        Body::Notice(notice) => reference::notice(&mut found, notice),
    }
    found.into_problems()
}
