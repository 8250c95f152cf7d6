//! Rules for what the console and the server write. They keep mistakes from reaching every device at once.

use std::collections::HashSet;

use super::findings::Findings;
use super::{parts, times};
use crate::notice::Notice;
use crate::problem::ProblemCode;
use crate::reference::{Assignment, Carrier, Equipment, Operator, Template, Yard};
use crate::words::class_word;
use crate::zone;

const ITEMS: usize = 300;
const SIGNATURES: usize = 8;
const DIFFERENCES: usize = 40;

pub(super) fn assignment(found: &mut Findings, assignment: &Assignment) {
    // The number may be left open: "whatever trailer stands in lane 4".
    parts::equipment(found, "/equipment", &assignment.equipment);
    times::due_at(found, assignment.due_at);
}

pub(super) fn template(found: &mut Findings, template: &Template) {
    found.require("/name", &template.name, "Give the template a name.");
    found.require("/code", &template.code, "Give the template a code.");
    if template.items.is_empty() {
        found.lacking("/items", ProblemCode::Required, "Add at least one item.");
    }
    found.at_most(ITEMS, template.items.len(), "/items", "items");
    found.at_most(SIGNATURES, template.signatures.len(), "/signatures", "signatures");
    let mut keys = HashSet::new();
    for (place, item) in template.items.iter().enumerate() {
        let path = format!("/items/{place}");
        found.require(format!("{path}/key"), &item.key, "Give the item a key.");
        found.require(format!("{path}/label"), &item.label, "Give the item a label.");
        if !keys.insert(item.key.as_str()) {
            let message = format!("Change the key: another item is called \"{}\", too.", item.key);
            found.error(format!("{path}/key"), ProblemCode::DuplicateKey, message);
        }
    }
}

pub(super) fn equipment(found: &mut Findings, equipment: &Equipment) {
    let message = format!("Type the {}'s number.", class_word(equipment.class));
    found.require("/number", &equipment.number, &message);
    // A misnumbered container can be in service; whoever inspects it gives the reason then.
    parts::number(found, "/number", equipment.class, &equipment.number, true);
    if let Some(plate) = &equipment.plate {
        parts::licence_plate(found, "/plate", plate);
    }
    if let Some(size_type) = &equipment.size_type {
        parts::size_type(found, "/size_type", size_type);
    }
}

pub(super) fn carrier(found: &mut Findings, carrier: &Carrier) {
    found.require("/name", &carrier.name, "Type the carrier's name.");
    parts::carrier_codes(found, "", carrier.scac.as_deref(), carrier.usdot.as_deref());
}

pub(super) fn yard(found: &mut Findings, yard: &Yard) {
    found.require("/name", &yard.name, "Give the yard a name.");
    found.require("/code", &yard.code, "Give the yard a code.");
    if zone::find(&yard.time_zone).is_none() {
        let message = "Choose the yard's time zone by its place, such as America/Chicago.";
        found.error("/time_zone", ProblemCode::UnknownTimeZone, message);
    }
}

pub(super) fn operator(found: &mut Findings, operator: &Operator) {
    found.require("/name", &operator.name, "Type the person's name.");
}

pub(super) fn notice(found: &mut Findings, notice: &Notice) {
    found.require("/record_title", &notice.record_title, "Name the record the notice is about.");
    found.at_most(DIFFERENCES, notice.differences.len(), "/differences", "differences");
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::problem::ProblemCode;
    use crate::{Body, Kind, Problem, samples, us_dvir, validate};

    fn errors(kind: Kind, change: impl FnOnce(&mut Value)) -> Vec<(String, ProblemCode)> {
        let mut value = samples::full(kind);
        change(&mut value);
        let body = Body::from_json(kind, &value.to_string()).unwrap();
        validate(&body, None).into_iter().filter(Problem::is_error).map(|p| (p.path, p.code)).collect()
    }

    fn one(path: &str, code: ProblemCode) -> Vec<(String, ProblemCode)> {
        vec![(path.to_owned(), code)]
    }

    #[test]
    fn the_samples_have_no_problem() {
        for body in samples::bodies() {
            assert_eq!(validate(&body, None), [], "{:?}", body.kind());
        }
    }

    #[test]
    fn a_yard_has_a_time_zone_that_exists() {
        let unknown = one("/time_zone", ProblemCode::UnknownTimeZone);
        assert_eq!(errors(Kind::Yard, |yard| yard["time_zone"] = json!("America/Springfield")), unknown);
        assert_eq!(errors(Kind::Yard, |yard| yard["time_zone"] = json!("")), unknown);
    }

    #[test]
    fn a_template_has_a_name_and_items_of_different_keys() {
        let mut template = us_dvir();
        template.name.clear();
        template.items[1].key = template.items[0].key.clone();
        let problems = validate(&Body::Template(template), None);
        let told: Vec<_> = problems.iter().map(|problem| (problem.path.as_str(), problem.code)).collect();
        assert_eq!(told, [("/name", ProblemCode::Required), ("/items/1/key", ProblemCode::DuplicateKey)]);
        assert_eq!(errors(Kind::Template, |body| body["items"] = json!([])), one("/items", ProblemCode::Required));
    }

    #[test]
    fn people_carriers_and_equipment_are_named() {
        assert_eq!(errors(Kind::Operator, |body| body["name"] = json!("")), one("/name", ProblemCode::Required));
        assert_eq!(errors(Kind::Carrier, |body| body["name"] = json!("")), one("/name", ProblemCode::Required));
        assert_eq!(errors(Kind::Equipment, |body| body["number"] = json!("")), one("/number", ProblemCode::Required));
    }

    #[test]
    fn identifiers_of_reference_data_are_well_formed() {
        let wrong = |path: &str| one(path, ProblemCode::BadFormat);
        assert_eq!(errors(Kind::Carrier, |body| body["scac"] = json!("S1")), wrong("/scac"));
        assert_eq!(errors(Kind::Carrier, |body| body["usdot"] = json!("x")), wrong("/usdot"));
        assert_eq!(errors(Kind::Equipment, |body| body["number"] = json!("CSQX3054383")), wrong("/number"));
    }

    #[test]
    fn a_misnumbered_container_can_be_known() {
        assert_eq!(errors(Kind::Equipment, |body| body["number"] = json!("CSQU3054384")), []);
    }

    #[test]
    fn an_assignment_may_leave_the_unit_open() {
        assert_eq!(errors(Kind::Assignment, |body| body["equipment"]["number"] = json!("")), []);
    }
}
