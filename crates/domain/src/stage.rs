//! How far a record is, derived from what it says and never stored.

use serde::{Deserialize, Serialize};

use crate::Body;
use crate::problem::{Problem, ProblemCode};
use crate::reference::Template;
use crate::validate::missing;

/// How far a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Something is still to be filled in or corrected.
    Open,
    /// Everything is filled in; signatures are missing. Of a gate event: ready to be handed in.
    Filled,
    /// Everything is there; it only has to be handed in.
    Signed,
    /// Handed in.
    Submitted,
}

/// How far that body is. `template` is that of an inspection, where it is at hand.
///
/// What the field does not write has no stages and counts as submitted.
#[must_use]
pub fn stage(body: &Body, template: Option<&Template>) -> Stage {
    stage_with(body, || missing(body, template))
}

/// The same for who has asked what is missing, or will only if it matters.
#[must_use]
pub fn stage_with(body: &Body, missing: impl FnOnce() -> Vec<Problem>) -> Stage {
    let (is_submitted, is_signed_for) = match body {
        Body::Inspection(inspection) => (inspection.submitted.is_some(), true),
        Body::Interchange(interchange) => (interchange.submitted.is_some(), true),
        Body::GateEvent(event) => (event.submitted.is_some(), false),
        Body::Attachment(_)
        | Body::Assignment(_)
        | Body::Template(_)
        | Body::Equipment(_)
        | Body::Carrier(_)
        | Body::Yard(_)
        | Body::Operator(_)
        | Body::Notice(_) => (true, false),
    };
    if is_submitted {
        return Stage::Submitted;
    }
    let missing: Vec<ProblemCode> = missing().into_iter().map(|problem| problem.code).collect();
    if missing.iter().any(|code| !code.is_about_signing()) {
        Stage::Open
    } else if missing.is_empty() && is_signed_for {
        Stage::Signed
    } else {
        Stage::Filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate_event::{Direction, GateEvent};
    use crate::inspection::Inspection;
    use crate::interchange::Interchange;
    use crate::samples;

    fn inspection(change: impl FnOnce(&mut Inspection)) -> Stage {
        let mut inspection = samples::inspection();
        inspection.submitted = None;
        change(&mut inspection);
        stage(&Body::Inspection(inspection), None)
    }

    fn interchange(change: impl FnOnce(&mut Interchange)) -> Stage {
        let mut interchange = samples::interchange();
        interchange.submitted = None;
        change(&mut interchange);
        stage(&Body::Interchange(interchange), None)
    }

    #[test]
    fn an_inspection_goes_from_open_over_filled_and_signed_to_submitted() {
        assert_eq!(inspection(|body| body.items[0].result = None), Stage::Open);
        assert_eq!(inspection(|body| body.items[1].note.clear()), Stage::Open);
        assert_eq!(inspection(|body| body.signatures.clear()), Stage::Filled);
        assert_eq!(inspection(|_| {}), Stage::Signed);
        assert_eq!(stage(&Body::Inspection(samples::inspection()), None), Stage::Submitted);
    }

    #[test]
    fn an_empty_drawing_does_not_count_as_signed() {
        assert_eq!(inspection(|body| body.signatures[0].strokes.clear()), Stage::Filled);
    }

    #[test]
    fn an_interchange_is_signed_when_both_have_signed_or_one_refused_and_said_why() {
        assert_eq!(interchange(|body| body.driver.name.clear()), Stage::Open);
        assert_eq!(interchange(|body| body.refusal = None), Stage::Filled);
        assert_eq!(interchange(|body| body.refusal.as_mut().unwrap().reason.clear()), Stage::Filled);
        assert_eq!(interchange(|_| {}), Stage::Signed);
    }

    #[test]
    fn a_gate_event_is_never_signed() {
        let mut event = samples::gate_event();
        assert_eq!(stage(&Body::GateEvent(event.clone()), None), Stage::Submitted);
        event.submitted = None;
        assert_eq!(stage(&Body::GateEvent(event), None), Stage::Filled);
        assert_eq!(stage(&Body::GateEvent(GateEvent::new(Direction::In)), None), Stage::Open);
    }

    #[test]
    fn what_the_console_writes_counts_as_submitted() {
        let body = Body::Template(crate::us_dvir());
        assert_eq!(stage(&body, None), Stage::Submitted);
    }
}
