//! Rules for gate events.

use super::findings::Findings;
use super::{parts, times};
use crate::gate_event::GateEvent;
use crate::problem::ProblemCode;

pub(super) fn check(found: &mut Findings, event: &GateEvent) {
    parts::all_equipment(found, &event.equipment);
    if event.equipment.iter().all(|unit| parts::is_blank(&unit.number)) {
        found.lacking("/equipment", ProblemCode::Required, "Type the number of what passes the gate.");
    }
    if event.load.is_none() {
        found.lacking("/load", ProblemCode::Required, "Say whether it is loaded, empty or bobtail.");
    }
    found.require("/driver/name", &event.driver.name, "Type the driver's name.");
    parts::carrier(found, "/carrier", &event.carrier);
    if !parts::names_a_carrier(&event.carrier) {
        found.lacking("/carrier/name", ProblemCode::Required, "Type the carrier's name or SCAC.");
    }
    times::occurred_at(found, event.occurred_at);
    parts::seals(found, &event.seals, event.load, &event.equipment);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equipment::{Load, SealCondition};
    use crate::gate_event::Direction;
    use crate::problem::Severity;
    use crate::{Body, missing, samples, validate};

    fn submitted(change: impl FnOnce(&mut GateEvent)) -> Vec<(String, ProblemCode, Severity)> {
        let mut event = samples::gate_event();
        change(&mut event);
        validate(&Body::GateEvent(event), None).into_iter().map(|p| (p.path, p.code, p.severity)).collect()
    }

    fn one(path: &str, code: ProblemCode, severity: Severity) -> Vec<(String, ProblemCode, Severity)> {
        vec![(path.to_owned(), code, severity)]
    }

    #[test]
    fn a_complete_event_has_no_problem_and_an_empty_draft_neither() {
        assert_eq!(submitted(|_| {}), []);
        assert_eq!(submitted(|event| *event = GateEvent::new(Direction::In)), []);
    }

    #[test]
    fn handing_in_asks_for_unit_load_driver_and_carrier() {
        let paths: Vec<_> =
            missing(&Body::GateEvent(GateEvent::new(Direction::Out)), None).into_iter().map(|p| p.path).collect();
        assert_eq!(paths, ["/equipment", "/load", "/driver/name", "/carrier/name"]);
    }

    #[test]
    fn a_scac_is_enough_to_name_the_carrier_unless_it_stands_for_unknown() {
        let by_code = |code: &str| {
            submitted(|event| {
                event.carrier.name.clear();
                event.carrier.scac = Some(code.to_owned());
            })
        };
        assert_eq!(by_code("SCNN"), []);
        assert_eq!(by_code("UNKN"), one("/carrier/name", ProblemCode::Required, Severity::Error));
    }

    #[test]
    fn a_loaded_unit_has_an_intact_seal_or_the_clerk_is_warned() {
        assert_eq!(submitted(|event| event.seals.clear()), one("/seals", ProblemCode::SealMissing, Severity::Warning));
        assert_eq!(
            submitted(|event| event.seals[0].condition = SealCondition::Broken),
            one("/seals/0/condition", ProblemCode::SealNotIntact, Severity::Warning)
        );
        let is_empty = |event: &mut GateEvent| {
            event.load = Some(Load::Empty);
            event.seals[0].condition = SealCondition::Broken;
        };
        assert_eq!(submitted(is_empty), []);
    }

    #[test]
    fn no_more_than_eight_units_and_five_seals() {
        assert_eq!(
            submitted(|event| event.equipment = vec![event.equipment[1].clone(); 9]),
            [("/equipment".to_owned(), ProblemCode::TooMany, Severity::Error)]
        );
        assert_eq!(
            submitted(|event| event.seals = vec![event.seals[0].clone(); 6]),
            one("/seals", ProblemCode::TooMany, Severity::Error)
        );
    }
}
