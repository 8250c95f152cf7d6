//! Rules for interchanges.

use std::collections::HashSet;

use super::findings::Findings;
use super::parts;
use crate::check::scac;
use crate::equipment::EquipmentClass;
use crate::interchange::Interchange;
use crate::party::CarrierRef;
use crate::problem::ProblemCode;
use crate::signature::SignatureRole;
use crate::spelling::cleaned;
use crate::words::{grouped, role_words};

const DAMAGE: usize = 100;
const TIRES: usize = 8;
/// Kilograms that no combination on a road weighs.
const HEAVIEST: u32 = 100_000;

pub(super) fn check(found: &mut Findings, interchange: &Interchange) {
    equipment(found, interchange);
    carriers(found, interchange);
    found.require("/driver/name", &interchange.driver.name, "Type the driver's name.");
    if interchange.load.is_none() {
        found.lacking("/load", ProblemCode::Required, "Say whether it is loaded or empty.");
    }
    parts::seals(found, &interchange.seals, interchange.load, &interchange.equipment);
    weight(found, interchange.gross_weight_kg);
    condition(found, interchange);
    signatures(found, interchange);
}

fn equipment(found: &mut Findings, interchange: &Interchange) {
    if let Some(tractor) = &interchange.tractor {
        parts::equipment(found, "/tractor", tractor);
    }
    parts::all_equipment(found, &interchange.equipment);
    let names_a_unit = interchange
        .equipment
        .iter()
        .any(|unit| unit.class != EquipmentClass::Tractor && !parts::is_blank(&unit.number));
    if !names_a_unit {
        let message = "Type the number of the container, chassis or trailer that is handed over.";
        found.lacking("/equipment", ProblemCode::Required, message);
    }
}

fn carriers(found: &mut Findings, interchange: &Interchange) {
    for (path, carrier, message) in [
        ("/releasing", &interchange.releasing, "Type the name or SCAC of the carrier that hands over."),
        ("/receiving", &interchange.receiving, "Type the name or SCAC of the carrier that takes over."),
    ] {
        parts::carrier(found, path, carrier);
        if !parts::names_a_carrier(carrier) {
            found.lacking(format!("{path}/name"), ProblemCode::Required, message);
        }
    }
    if let Some(provider) = &interchange.equipment_provider {
        parts::carrier(found, "/equipment_provider", provider);
    }
    if are_the_same(&interchange.releasing, &interchange.receiving) {
        let message = "Change one of the carriers: nobody can hand equipment over to themselves.";
        found.slip("/receiving", ProblemCode::SameCarrier, message);
    }
}

/// By SCAC where both are known, else by name.
fn are_the_same(one: &CarrierRef, other: &CarrierRef) -> bool {
    let code = |carrier: &CarrierRef| {
        carrier.scac.as_deref().map(scac::normalize).filter(|code| !code.is_empty() && code != scac::UNKNOWN)
    };
    match (code(one), code(other)) {
        (Some(one), Some(other)) => one == other,
        _ => !parts::is_blank(&one.name) && cleaned(&one.name).to_lowercase() == cleaned(&other.name).to_lowercase(),
    }
}

fn weight(found: &mut Findings, kilograms: Option<u32>) {
    if let Some(kilograms) = kilograms.filter(|kilograms| *kilograms > HEAVIEST) {
        let message = format!("Read the gross weight again: {} kg is more than 100 t.", grouped(kilograms));
        found.warning("/gross_weight_kg", ProblemCode::Unlikely, message);
    }
}

fn condition(found: &mut Findings, interchange: &Interchange) {
    found.at_most(DAMAGE, interchange.damage.len(), "/damage", "damage");
    found.at_most(TIRES, interchange.tires.len(), "/tires", "tires");
    let mut positions = HashSet::new();
    for (place, tire) in interchange.tires.iter().enumerate() {
        if !positions.insert(tire.position) {
            let message = "Change the position or remove this line: another line is about the same tire.";
            found.slip(format!("/tires/{place}/position"), ProblemCode::DuplicateKey, message);
        }
    }
}

/// Both carriers sign, or it is told why one of them would not.
fn signatures(found: &mut Findings, interchange: &Interchange) {
    parts::signatures(found, &interchange.signatures);
    for role in [SignatureRole::Releasing, SignatureRole::Receiving] {
        if parts::is_signed_by(&interchange.signatures, role) {
            continue;
        }
        match &interchange.refusal {
            Some(refusal) if refusal.role == role => {
                let message = format!("Type why the {} does not sign.", role_words(role));
                if parts::is_blank(&refusal.reason) {
                    found.lacking("/refusal/reason", ProblemCode::SignatureMissing, message);
                }
            }
            _ => {
                let message = format!("Have the {} sign, or note why it is refused.", role_words(role));
                found.lacking("/signatures", ProblemCode::SignatureMissing, message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange::Movement;
    use crate::{Body, missing, samples, validate};

    fn submitted(change: impl FnOnce(&mut Interchange)) -> Vec<(String, ProblemCode)> {
        let mut interchange = samples::interchange();
        change(&mut interchange);
        let problems = validate(&Body::Interchange(interchange), None);
        problems.into_iter().filter(crate::Problem::is_error).map(|problem| (problem.path, problem.code)).collect()
    }

    fn one(path: &str, code: ProblemCode) -> Vec<(String, ProblemCode)> {
        vec![(path.to_owned(), code)]
    }

    #[test]
    fn a_complete_interchange_has_no_problem() {
        assert_eq!(submitted(|_| {}), []);
    }

    #[test]
    fn handing_in_asks_for_unit_carriers_driver_load_and_both_signatures() {
        let body = Body::Interchange(Interchange::new(Movement::InGate));
        assert_eq!(validate(&body, None), []);
        let paths: Vec<_> = missing(&body, None).into_iter().map(|problem| problem.path).collect();
        assert_eq!(
            paths,
            ["/equipment", "/releasing/name", "/receiving/name", "/driver/name", "/load", "/signatures", "/signatures"]
        );
    }

    #[test]
    fn more_than_a_hundred_tons_warns_and_is_taken() {
        let warned = |kilograms| {
            let mut interchange = samples::interchange();
            interchange.gross_weight_kg = Some(kilograms);
            let problems = validate(&Body::Interchange(interchange), None);
            let weight = problems.into_iter().find(|problem| problem.path == "/gross_weight_kg");
            weight.map(|problem| (problem.severity, problem.message))
        };
        assert_eq!(warned(100_000), None);
        let message = "Read the gross weight again: 362,875 kg is more than 100 t.".to_owned();
        assert_eq!(warned(362_875), Some((crate::Severity::Warning, message)));
    }

    #[test]
    fn a_tractor_alone_is_nothing_to_hand_over() {
        assert_eq!(
            submitted(|body| {
                body.equipment.truncate(1);
                body.equipment[0].class = EquipmentClass::Tractor;
            }),
            one("/equipment", ProblemCode::Required)
        );
    }

    #[test]
    fn a_carrier_hands_nothing_over_to_itself() {
        let same = one("/receiving", ProblemCode::SameCarrier);
        assert_eq!(submitted(|body| body.receiving.scac = Some("scnn".to_owned())), same);
        assert_eq!(
            submitted(|body| {
                body.receiving.scac = None;
                "SIERRA NORTE ".clone_into(&mut body.receiving.name);
            }),
            same
        );
    }

    #[test]
    fn both_sign_or_it_is_told_why_one_would_not() {
        assert_eq!(submitted(|body| body.refusal = None), one("/signatures", ProblemCode::SignatureMissing));
        assert_eq!(
            submitted(|body| body.refusal.as_mut().unwrap().reason.clear()),
            one("/refusal/reason", ProblemCode::SignatureMissing)
        );
        assert_eq!(
            submitted(|body| body.refusal.as_mut().unwrap().role = SignatureRole::Releasing),
            one("/signatures", ProblemCode::SignatureMissing)
        );
    }

    #[test]
    fn damage_and_tires_are_bounded_and_each_tire_is_told_once() {
        let damage = |body: &mut Interchange| body.damage = vec![body.damage[0].clone(); 101];
        assert_eq!(submitted(damage), one("/damage", ProblemCode::TooMany));
        let twice = |body: &mut Interchange| body.tires.push(body.tires[0].clone());
        assert_eq!(submitted(twice), one("/tires/1/position", ProblemCode::DuplicateKey));
        let many = |body: &mut Interchange| body.tires = vec![body.tires[0].clone(); 9];
        assert_eq!(submitted(many)[0], ("/tires".to_owned(), ProblemCode::TooMany));
    }
}
