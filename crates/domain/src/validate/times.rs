//! Rules for times. A year that was typed in part or a clock that was never set is no time at which anything was done here;
//! a time to come, or one of days ago, can be right and is worth a second look.

use jiff::{SignedDuration, Timestamp};

use super::findings::{Completeness, Findings};
use crate::Body;
use crate::problem::{Problem, ProblemCode};
use crate::signature::Signature;

/// 2000-01-01T00:00:00Z.
pub(crate) const FIRST: i64 = 946_684_800;
/// 2101-01-01T00:00:00Z.
pub(crate) const END: i64 = 4_133_980_800;
/// Clocks of devices, and what is typed to the minute, may be this far ahead.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// What is written down later than this is looked at again.
const LATE: SignedDuration = SignedDuration::from_hours(48);

/// Whether it can be a time of anything that is recorded: one of the years 2000 to 2100.
#[must_use]
pub fn is_plausible(at: Timestamp) -> bool {
    (FIRST..END).contains(&at.as_second())
}

/// What to look at again about the times of a body at `now`. What was handed in is judged as of then: it may be read years
/// later.
#[must_use]
pub fn doubtful_times(body: &Body, now: Timestamp) -> Vec<Problem> {
    let mut found = Findings::new(Completeness::Draft);
    match body {
        Body::Inspection(inspection) => signed_ahead(&mut found, &inspection.signatures, now),
        Body::Interchange(interchange) => signed_ahead(&mut found, &interchange.signatures, now),
        Body::GateEvent(event) => {
            if let Some(at) = event.occurred_at {
                let written = event.submitted.as_ref().map_or(now, |submitted| submitted.at);
                occurred(&mut found, at, written);
            }
        }
        Body::Attachment(_)
        | Body::Assignment(_)
        | Body::Template(_)
        | Body::Equipment(_)
        | Body::Carrier(_)
        | Body::Yard(_)
        | Body::Operator(_)
        | Body::Notice(_) => {}
    }
    found.into_problems()
}

/// When something passed the gate, as far as that can be told without knowing what time it is.
pub(super) fn occurred_at(found: &mut Findings, at: Option<Timestamp>) {
    if at.is_some_and(|at| !is_plausible(at)) {
        let message = "Correct when it happened: the year must be one of 2000 to 2100.";
        found.slip("/occurred_at", ProblemCode::TimeOutOfRange, message);
    }
}

/// When somebody signed.
pub(super) fn signed_at(found: &mut Findings, path: &str, at: Timestamp) {
    if !is_plausible(at) {
        found.slip(
            format!("{path}/signed_at"),
            ProblemCode::TimeOutOfRange,
            "Set the date and time of this device, then clear the signature and sign again.",
        );
    }
}

/// By when work is to be done.
pub(super) fn due_at(found: &mut Findings, at: Option<Timestamp>) {
    if at.is_some_and(|at| !is_plausible(at)) {
        let message = "Correct the due time: the year must be one of 2000 to 2100.";
        found.error("/due_at", ProblemCode::TimeOutOfRange, message);
    }
}

/// When a photo was taken. Nobody can mend that, and a photo without a time is worth as much: it only warns.
pub(super) fn taken_at(found: &mut Findings, at: Option<Timestamp>) {
    if at.is_some_and(|at| !is_plausible(at)) {
        let message = "Do not rely on the time of this photo: the camera's clock was not set.";
        found.warning("/taken_at", ProblemCode::TimeOutOfRange, message);
    }
}

fn occurred(found: &mut Findings, at: Timestamp, written: Timestamp) {
    // A year that no record can be of is told of as that.
    if !is_plausible(at) {
        return;
    }
    let since = written.duration_since(at);
    if since < -AHEAD {
        let message = "Look at the time again: it is later than now.";
        found.warning("/occurred_at", ProblemCode::TimeDoubtful, message);
    } else if since >= LATE {
        let message = format!("Look at the date again: this was {} days ago.", since.as_hours() / 24);
        found.warning("/occurred_at", ProblemCode::TimeDoubtful, message);
    }
}

fn signed_ahead(found: &mut Findings, signatures: &[Signature], now: Timestamp) {
    for (place, signature) in signatures.iter().enumerate() {
        if is_plausible(signature.signed_at) && signature.signed_at.duration_since(now) > AHEAD {
            found.warning(
                format!("/signatures/{place}/signed_at"),
                ProblemCode::TimeDoubtful,
                "Look at the date and time of this device: the signature is later than now.",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::problem::Severity::{self, Error, Warning};
    use crate::{Kind, missing, samples, validate};

    const NOW: &str = "2026-03-04T17:30:00Z";

    /// That body with another time in that place, handed in or a draft.
    fn body(kind: Kind, pointer: &str, at: &str, submitted: bool) -> Body {
        let mut value = samples::full(kind);
        *value.pointer_mut(pointer).unwrap() = json!(at);
        if !submitted {
            value.as_object_mut().unwrap().remove("submitted");
        }
        Body::from_json(kind, &value.to_string()).unwrap()
    }

    fn told(problems: Vec<Problem>) -> Vec<(String, ProblemCode, Severity)> {
        problems.into_iter().map(|problem| (problem.path, problem.code, problem.severity)).collect()
    }

    const OUTSIDE: [&str; 5] = [
        "0026-03-04T17:30:00Z",
        "1926-03-04T17:30:00Z",
        "1999-12-31T23:59:59Z",
        "2101-01-01T00:00:00Z",
        "9999-01-01T00:00:00Z",
    ];
    const INSIDE: [&str; 3] = ["2000-01-01T00:00:00Z", "2026-03-04T17:30:00Z", "2100-12-31T23:59:59Z"];

    #[test]
    fn what_is_handed_in_happened_and_was_signed_between_2000_and_2100() {
        for (kind, pointer) in [
            (Kind::GateEvent, "/occurred_at"),
            (Kind::Inspection, "/signatures/1/signed_at"),
            (Kind::Interchange, "/signatures/0/signed_at"),
        ] {
            for at in OUTSIDE {
                let one = |severity| vec![(pointer.to_owned(), ProblemCode::TimeOutOfRange, severity)];
                assert_eq!(told(validate(&body(kind, pointer, at, true), None)), one(Error), "{kind:?} {at}");
                // The year may still be half typed.
                let draft = body(kind, pointer, at, false);
                assert_eq!(told(validate(&draft, None)), one(Warning), "{kind:?} {at}");
                assert_eq!(told(missing(&draft, None)), one(Error), "{kind:?} {at}");
                assert_eq!(doubtful_times(&draft, NOW.parse().unwrap()), [], "said once");
            }
            for at in INSIDE {
                assert_eq!(validate(&body(kind, pointer, at, true), None), [], "{kind:?} {at}");
            }
        }
    }

    #[test]
    fn the_office_gives_no_due_time_outside_and_a_photo_is_taken_whatever_its_clock() {
        for at in OUTSIDE {
            let due = body(Kind::Assignment, "/due_at", at, true);
            assert_eq!(told(validate(&due, None)), [("/due_at".to_owned(), ProblemCode::TimeOutOfRange, Error)]);
            let photo = body(Kind::Attachment, "/taken_at", at, true);
            assert_eq!(told(validate(&photo, None)), [("/taken_at".to_owned(), ProblemCode::TimeOutOfRange, Warning)]);
        }
    }

    #[test]
    fn a_gate_event_to_come_or_of_days_ago_is_looked_at_again() {
        let doubts = |at: &str, submitted: bool, now: &str| {
            doubtful_times(&body(Kind::GateEvent, "/occurred_at", at, submitted), now.parse().unwrap())
        };
        let message = |at: &str| doubts(at, false, NOW).pop().map(|problem| problem.message);
        for fine in ["2026-03-04T17:35:00Z", NOW, "2026-03-02T17:30:01Z"] {
            assert_eq!(message(fine), None, "{fine}");
        }
        for later in ["2026-03-04T17:35:01Z", "2062-03-04T17:30:00Z"] {
            assert!(message(later).unwrap().contains("later than now"), "{later}");
        }
        assert!(message("2026-03-02T17:30:00Z").unwrap().contains("2 days ago"));
        assert!(message("2025-03-04T17:30:00Z").unwrap().contains("365 days ago"));
        // What was handed in the same day is read without a doubt for ever.
        assert_eq!(doubts(NOW, true, "2031-01-01T00:00:00Z"), []);
        assert_eq!(doubts("2026-03-05T17:30:00Z", true, "2031-01-01T00:00:00Z").len(), 1);
    }

    #[test]
    fn a_signature_of_a_clock_that_is_ahead_is_told_at_the_signature() {
        for (kind, place) in [(Kind::Inspection, 1), (Kind::Interchange, 0)] {
            let pointer = format!("/signatures/{place}/signed_at");
            let doubts = |at| told(doubtful_times(&body(kind, &pointer, at, true), NOW.parse().unwrap()));
            assert_eq!(doubts("2026-03-04T18:00:00Z"), [(pointer.clone(), ProblemCode::TimeDoubtful, Warning)]);
            assert_eq!(doubts("2026-03-04T17:34:00Z"), []);
        }
    }
}
