//! What a record is called in lists, notices and the audit trail.

use crate::Body;
use crate::attachment::AttachmentRole;
use crate::check::display_number;
use crate::equipment::EquipmentRef;
use crate::gate_event::Direction;
use crate::spelling::is_blank;
use crate::words::one_line;

const LONGEST: usize = 120;
/// Numbers named in a title before the rest is only counted.
const NUMBERS: usize = 2;

/// A short title on one line, such as "Gate in · CSQU 305438 3, CH-12".
#[must_use]
pub fn title(body: &Body) -> String {
    let text = match body {
        Body::Inspection(inspection) => {
            let name = or(&inspection.template.name, "Inspection");
            format!("{name} · {}", numbers(std::slice::from_ref(&inspection.equipment)))
        }
        Body::GateEvent(event) => {
            let way = match event.direction {
                Direction::In => "Gate in",
                Direction::Out => "Gate out",
            };
            format!("{way} · {}", numbers(&event.equipment))
        }
        Body::Interchange(interchange) => format!("Interchange · {}", numbers(&interchange.equipment)),
        Body::Attachment(attachment) => match attachment.role {
            AttachmentRole::Photo => "Photo",
            AttachmentRole::Signature => "Signature",
            AttachmentRole::Document => "Document",
        }
        .to_owned(),
        Body::Assignment(assignment) => {
            format!("Assignment · {}", numbers(std::slice::from_ref(&assignment.equipment)))
        }
        Body::Template(template) => or(&template.name, "Template").to_owned(),
        Body::Equipment(equipment) => {
            or(&display_number(equipment.class, &equipment.number), "Equipment without a number").to_owned()
        }
        Body::Carrier(carrier) => or(&carrier.name, "Carrier").to_owned(),
        Body::Yard(yard) => or(&yard.name, "Yard").to_owned(),
        Body::Operator(operator) => or(&operator.name, "Operator").to_owned(),
        Body::Notice(notice) => or(&notice.record_title, "Notice").to_owned(),
    };
    one_line(&text, LONGEST)
}

fn numbers(units: &[EquipmentRef]) -> String {
    let known: Vec<String> =
        units.iter().map(|unit| display_number(unit.class, &unit.number)).filter(|number| !is_blank(number)).collect();
    match known.len() {
        0 => "no unit yet".to_owned(),
        count if count > NUMBERS => format!("{} + {}", known[..NUMBERS].join(", "), count - NUMBERS),
        _ => known.join(", "),
    }
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if is_blank(text) { otherwise } else { text }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::equipment::EquipmentClass;
    use crate::gate_event::GateEvent;
    use crate::interchange::{Interchange, Movement};
    use crate::{samples, start_inspection, us_dvir};

    fn unit(class: EquipmentClass, number: &str) -> EquipmentRef {
        EquipmentRef::new(class, number)
    }

    #[test]
    fn an_inspection_is_called_by_its_template_and_unit() {
        let on = |number| {
            let unit = unit(EquipmentClass::IsoContainer, number);
            title(&Body::Inspection(start_inspection(Uuid::nil(), &us_dvir(), unit, None)))
        };
        assert_eq!(on("CSQU3054383"), "Driver report (post-trip) · CSQU 305438 3");
        assert_eq!(on(" "), "Driver report (post-trip) · no unit yet");
    }

    #[test]
    fn a_gate_event_names_two_units_and_counts_the_rest() {
        let mut event = GateEvent::new(Direction::In);
        assert_eq!(title(&Body::GateEvent(event.clone())), "Gate in · no unit yet");
        event.equipment = vec![
            unit(EquipmentClass::Tractor, "T-9"),
            unit(EquipmentClass::Chassis, ""),
            unit(EquipmentClass::IsoContainer, "CSQU3054383"),
        ];
        assert_eq!(title(&Body::GateEvent(event.clone())), "Gate in · T-9, CSQU 305438 3");
        event.equipment.push(unit(EquipmentClass::Genset, "G1"));
        event.direction = Direction::Out;
        assert_eq!(title(&Body::GateEvent(event)), "Gate out · T-9, CSQU 305438 3 + 1");
    }

    #[test]
    fn an_interchange_names_what_is_handed_over() {
        let mut interchange = Interchange::new(Movement::Street);
        interchange.equipment = vec![unit(EquipmentClass::DomesticContainer, "EMHU270791")];
        assert_eq!(title(&Body::Interchange(interchange)), "Interchange · EMHU 270791");
    }

    #[test]
    fn every_kind_has_a_title_on_one_line_of_bounded_length() {
        for body in samples::bodies() {
            let title = title(&body);
            assert!(!title.is_empty() && !title.contains('\n'), "{title:?}");
        }
        let mut event = GateEvent::new(Direction::In);
        event.equipment = vec![unit(EquipmentClass::Trailer, &"x\n".repeat(500))];
        assert_eq!(title(&Body::GateEvent(event)).chars().count(), LONGEST);
    }
}
