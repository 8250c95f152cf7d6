//! Rules for inspections.

use std::collections::HashSet;

use super::findings::Findings;
use super::parts;
use crate::inspection::{Inspection, InspectionItem, ItemResult};
use crate::party::CarrierRef;
use crate::problem::ProblemCode;
use crate::reference::Template;
use crate::signature::SignatureRole;
use crate::words::{class_word, humanize};

const ITEMS: usize = 300;

pub(super) fn check(found: &mut Findings, inspection: &Inspection, template: Option<&Template>) {
    let unit = &inspection.equipment;
    parts::equipment(found, "/equipment", unit);
    found.require("/equipment/number", &unit.number, &format!("Type the {}'s number.", class_word(unit.class)));
    items(found, inspection, template);
    parties(found, inspection, template.is_some_and(|template| template.asks_parties));
    signatures(found, inspection, template);
}

fn items(found: &mut Findings, inspection: &Inspection, template: Option<&Template>) {
    found.at_most(ITEMS, inspection.items.len(), "/items", "items");
    let mut keys = HashSet::new();
    for (place, item) in inspection.items.iter().enumerate() {
        let path = format!("/items/{place}");
        if !keys.insert(item.key.as_str()) {
            let message = format!("Keep only one of the lines \"{}\".", label(item, template));
            found.error(format!("{path}/key"), ProblemCode::DuplicateKey, message);
        }
        match item.result {
            None => {
                let message = format!("Answer \"{}\".", label(item, template));
                found.lacking(format!("{path}/result"), ProblemCode::Unanswered, message);
            }
            Some(ItemResult::FailMinor | ItemResult::FailMajor) if parts::is_blank(&item.note) => {
                let message = format!("Describe the defect at \"{}\".", label(item, template));
                found.lacking(format!("{path}/note"), ProblemCode::NoteMissing, message);
            }
            Some(_) => {}
        }
    }
    for wanted in template.iter().flat_map(|template| &template.items) {
        if !keys.contains(wanted.key.as_str()) {
            let message = format!("Add and answer \"{}\".", wanted.label);
            found.lacking("/items", ProblemCode::Unanswered, message);
        }
    }
    let has_major = inspection.items.iter().any(|item| item.result == Some(ItemResult::FailMajor));
    if has_major && !parts::is_signed_by(&inspection.signatures, SignatureRole::RepairCertifier) {
        found.hint(
            "/items",
            ProblemCode::RepairNotCertified,
            "Keep the vehicle in the yard until somebody has certified the repairs (49 CFR 396.11).",
        );
    }
}

fn label(item: &InspectionItem, template: Option<&Template>) -> String {
    template
        .and_then(|template| template.items.iter().find(|wanted| wanted.key == item.key))
        .map_or_else(|| humanize(&item.key), |wanted| wanted.label.clone())
}

/// 49 CFR 396.12: the motor carrier's name and USDOT number, and the provider's USDOT number.
fn parties(found: &mut Findings, inspection: &Inspection, are_asked: bool) {
    for (path, party) in
        [("/motor_carrier", &inspection.motor_carrier), ("/equipment_provider", &inspection.equipment_provider)]
    {
        if let Some(party) = party {
            parts::carrier(found, path, party);
        }
    }
    if are_asked {
        let name = inspection.motor_carrier.as_ref().map_or("", |carrier| &carrier.name);
        found.require("/motor_carrier/name", name, "Type the motor carrier's name.");
        let usdot = usdot_of(inspection.motor_carrier.as_ref());
        found.require("/motor_carrier/usdot", usdot, "Type the motor carrier's USDOT number.");
        let usdot = usdot_of(inspection.equipment_provider.as_ref());
        found.require("/equipment_provider/usdot", usdot, "Type the equipment provider's USDOT number.");
    }
}

fn usdot_of(party: Option<&CarrierRef>) -> &str {
    party.and_then(|party| party.usdot.as_deref()).unwrap_or_default()
}

fn signatures(found: &mut Findings, inspection: &Inspection, template: Option<&Template>) {
    parts::signatures(found, &inspection.signatures);
    let required = template.map_or(&[SignatureRole::AuthorDriver][..], |template| &template.signatures);
    for &role in required {
        parts::require_signature(found, &inspection.signatures, role);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Severity;
    use crate::{Body, missing, samples, us_dvir, us_intermodal, validate};

    type Told = Vec<(String, ProblemCode)>;

    fn told(problems: Vec<crate::Problem>) -> Told {
        problems.into_iter().map(|problem| (problem.path, problem.code)).collect()
    }

    /// Problems of the handed-in sample after a change.
    fn submitted(change: impl FnOnce(&mut Inspection)) -> Told {
        let mut inspection = samples::inspection();
        change(&mut inspection);
        told(validate(&Body::Inspection(inspection), None))
    }

    /// Problems of the same sample as a draft.
    fn draft(change: impl FnOnce(&mut Inspection)) -> Told {
        submitted(|inspection| {
            inspection.submitted = None;
            change(inspection);
        })
    }

    fn one(path: &str, code: ProblemCode) -> Told {
        vec![(path.to_owned(), code)]
    }

    #[test]
    fn a_complete_inspection_has_no_problem() {
        assert_eq!(submitted(|_| {}), []);
    }

    #[test]
    fn a_draft_may_lack_everything() {
        let is_empty = |body: &mut Inspection| {
            body.equipment.number.clear();
            body.items[0].result = None;
            body.items[1].note.clear();
            body.signatures.clear();
        };
        assert_eq!(draft(is_empty), []);
    }

    #[test]
    fn the_unit_has_a_number() {
        assert_eq!(
            submitted(|body| " ".clone_into(&mut body.equipment.number)),
            one("/equipment/number", ProblemCode::Required)
        );
    }

    #[test]
    fn every_item_is_answered_and_every_failed_one_described() {
        assert_eq!(submitted(|body| body.items[0].result = None), one("/items/0/result", ProblemCode::Unanswered));
        assert_eq!(submitted(|body| body.items[1].note.clear()), one("/items/1/note", ProblemCode::NoteMissing));
        assert_eq!(submitted(|body| body.items[0].note.clear()), []);
    }

    #[test]
    fn items_are_told_apart_by_their_key_even_in_a_draft() {
        assert_eq!(
            draft(|body| body.items[1].key = body.items[0].key.clone()),
            one("/items/1/key", ProblemCode::DuplicateKey)
        );
    }

    #[test]
    fn lists_are_bounded_even_in_a_draft() {
        let many = (0..=ITEMS).map(|key| InspectionItem::unanswered(format!("k{key}"))).collect();
        assert_eq!(draft(|body| body.items = many), one("/items", ProblemCode::TooMany));
        assert_eq!(
            draft(|body| body.signatures = vec![body.signatures[0].clone(); 9]),
            one("/signatures", ProblemCode::TooMany)
        );
        let strokes = one("/signatures/0/strokes", ProblemCode::TooMany);
        assert_eq!(draft(|body| body.signatures[0].strokes = vec![vec![1, 2]; 201]), strokes);
        assert_eq!(draft(|body| body.signatures[0].strokes = vec![vec![1; 8002]]), strokes);
    }

    #[test]
    fn no_item_of_the_template_is_left_out() {
        let body = Body::Inspection(samples::inspection());
        let problems = missing(&body, Some(&us_dvir()));
        assert_eq!(problems.len(), 9, "two of eleven are there");
        assert_eq!(problems[0].message, "Add and answer \"Service brakes\".");
    }

    #[test]
    fn the_driver_signs_with_name_and_drawing() {
        assert_eq!(submitted(|body| body.signatures.clear()), one("/signatures", ProblemCode::SignatureMissing));
        assert_eq!(
            submitted(|body| body.signatures[0].name.clear()),
            one("/signatures/0/name", ProblemCode::SignatureIncomplete)
        );
        assert_eq!(
            submitted(|body| body.signatures[0].strokes = vec![vec![1, 2], vec![3, 4]]),
            one("/signatures/0/strokes", ProblemCode::SignatureIncomplete)
        );
    }

    #[test]
    fn the_template_says_who_signs() {
        let mut template = us_dvir();
        template.items.clear();
        template.signatures = vec![SignatureRole::ReviewingDriver];
        let body = Body::Inspection(samples::inspection());
        assert_eq!(told(missing(&body, Some(&template))), one("/signatures", ProblemCode::SignatureMissing));
    }

    #[test]
    fn intermodal_reports_name_the_parties() {
        let mut template = us_intermodal();
        template.items.clear();
        let mut inspection = samples::inspection();
        assert_eq!(told(missing(&Body::Inspection(inspection.clone()), Some(&template))), []);
        inspection.motor_carrier = None;
        inspection.equipment_provider.as_mut().unwrap().usdot = None;
        let paths: Vec<_> =
            told(missing(&Body::Inspection(inspection), Some(&template))).into_iter().map(|p| p.0).collect();
        assert_eq!(paths, ["/motor_carrier/name", "/motor_carrier/usdot", "/equipment_provider/usdot"]);
    }

    #[test]
    fn a_major_defect_warns_until_its_repair_is_certified() {
        let major = |body: &mut Inspection| body.items[1].result = Some(ItemResult::FailMajor);
        assert_eq!(submitted(major), []);
        let uncertified = |body: &mut Inspection| {
            major(body);
            body.signatures.retain(|signature| signature.role != SignatureRole::RepairCertifier);
        };
        assert_eq!(submitted(uncertified), one("/items", ProblemCode::RepairNotCertified));
        let mut inspection = samples::inspection();
        uncertified(&mut inspection);
        let body = Body::Inspection(inspection);
        assert_eq!(validate(&body, None)[0].severity, Severity::Warning);
        assert_eq!(missing(&body, None), []);
    }
}
