//! The templates that ship with the product, and how an inspection is begun from one.

use uuid::Uuid;

use crate::equipment::{EquipmentClass, EquipmentRef};
use crate::inspection::{Inspection, InspectionItem, TemplateRef};
use crate::reference::{Template, TemplateItem};
use crate::signature::SignatureRole;

/// The driver's report at the end of the day: the eleven items of 49 CFR 396.11(a).
#[must_use]
pub fn us_dvir() -> Template {
    Template {
        code: "us_dvir".to_owned(),
        name: "Driver report (post-trip)".to_owned(),
        source: "49 CFR 396.11(a)".to_owned(),
        revision: 1,
        equipment_classes: vec![EquipmentClass::Tractor, EquipmentClass::Trailer],
        items: items(&[
            (
                "service_brakes",
                "Service brakes",
                "Press the pedal and listen for leaks; look at the trailer's hoses and glad hands.",
            ),
            ("parking_brake", "Parking brake", "Set it and pull gently against it: the vehicle stays where it is."),
            (
                "steering",
                "Steering",
                "Little free play in the wheel; no leaks, nothing loose from the column to the wheels.",
            ),
            ("lights", "Lights and reflectors", "All lamps work and are clean; reflectors and tape are in place."),
            (
                "tires",
                "Tires",
                "Pressure, tread and sidewalls; no cuts, bulges or exposed cord; nothing between duals.",
            ),
            ("horn", "Horn", "It sounds when pressed."),
            ("wipers", "Windshield wipers", "They clear the glass; blades are whole and washer fluid comes."),
            ("mirrors", "Rear vision mirrors", "Whole, clean, tight and set."),
            (
                "coupling",
                "Coupling devices",
                "Fifth wheel, kingpin or pintle locked; no cracks, no gap, safety devices on.",
            ),
            ("wheels", "Wheels and rims", "No cracks or bends; every lug nut is there and tight; no oil at the hubs."),
            (
                "emergency_equipment",
                "Emergency equipment",
                "Fire extinguisher charged and fixed, warning triangles, spare fuses.",
            ),
        ]),
        signatures: vec![SignatureRole::AuthorDriver],
        asks_parties: false,
    }
}

/// The report on intermodal equipment when it is returned: the nine items of 49 CFR 390.42(b), with the parties that
/// 396.12 asks for.
#[must_use]
pub fn us_intermodal() -> Template {
    Template {
        code: "us_intermodal".to_owned(),
        name: "Intermodal equipment report".to_owned(),
        source: "49 CFR 390.42, 392.7(b), 396.11(b)".to_owned(),
        revision: 1,
        equipment_classes: vec![EquipmentClass::Chassis, EquipmentClass::Trailer, EquipmentClass::IsoContainer],
        items: items(&[
            (
                "brakes",
                "Brakes",
                "Visible brake parts and the trailer's brake connections: nothing missing, loose or leaking.",
            ),
            ("lights", "Lights and markers", "Lamps work; markers and reflective tape are in place and clean."),
            (
                "wheels_tires",
                "Wheels, rims, lugs and tires",
                "Tread, pressure and sidewalls; no cracked rims, no missing lugs.",
            ),
            (
                "air_lines",
                "Air lines, hoses and couplers",
                "No chafing or leaks; couplers seal and hang clear of the ground.",
            ),
            ("kingpin", "Kingpin and upper coupler", "No cracks or bends; not worn thin; the plate is flat."),
            ("frame", "Rails and support frames", "No cracks, bends or broken welds; no holes from rust."),
            ("bolsters", "Tie-down bolsters", "Straight, firmly welded; they carry the container at every corner."),
            (
                "locks",
                "Locking pins, clevises, clamps and hooks",
                "All there, whole, and locked where they hold a load.",
            ),
            ("slider", "Sliders and sliding frame lock", "Pins go all the way in; the frame does not move."),
        ]),
        signatures: vec![SignatureRole::AuthorDriver],
        asks_parties: true,
    }
}

fn items(rows: &[(&str, &str, &str)]) -> Vec<TemplateItem> {
    rows.iter()
        .map(|&(key, label, hint)| TemplateItem { key: key.to_owned(), label: label.to_owned(), hint: hint.to_owned() })
        .collect()
}

/// An inspection as it stands before anybody has looked at anything.
#[must_use]
pub fn start_inspection(
    template_id: Uuid,
    template: &Template,
    equipment: EquipmentRef,
    assignment_id: Option<Uuid>,
) -> Inspection {
    Inspection {
        template: TemplateRef {
            template_id,
            code: template.code.clone(),
            revision: template.revision,
            name: template.name.clone(),
        },
        assignment_id,
        equipment,
        motor_carrier: None,
        equipment_provider: None,
        odometer: None,
        items: template.items.iter().map(|item| InspectionItem::unanswered(&item.key)).collect(),
        remarks: String::new(),
        signatures: Vec::new(),
        submitted: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, Stage, stage, validate};

    #[test]
    fn the_driver_report_has_the_eleven_items_in_the_order_of_the_rule() {
        let keys: Vec<_> = us_dvir().items.into_iter().map(|item| item.key).collect();
        assert_eq!(
            keys,
            [
                "service_brakes",
                "parking_brake",
                "steering",
                "lights",
                "tires",
                "horn",
                "wipers",
                "mirrors",
                "coupling",
                "wheels",
                "emergency_equipment"
            ]
        );
    }

    #[test]
    fn the_intermodal_report_has_nine_items_and_asks_who_the_parties_are() {
        let template = us_intermodal();
        assert_eq!((template.items.len(), template.asks_parties), (9, true));
    }

    #[test]
    fn what_ships_keeps_the_rules_for_templates() {
        for template in [us_dvir(), us_intermodal()] {
            assert_eq!(validate(&Body::Template(template), None), []);
        }
    }

    #[test]
    fn an_inspection_begins_open_with_every_item_unanswered() {
        let template = us_dvir();
        let unit = EquipmentRef::new(EquipmentClass::Trailer, "TRL-7");
        let inspection = start_inspection(Uuid::nil(), &template, unit, None);
        assert!(inspection.items.iter().all(|item| item.result.is_none()));
        let body = Body::Inspection(inspection);
        assert_eq!(stage(&body, Some(&template)), Stage::Open);
        assert_eq!(validate(&body, Some(&template)), []);
    }
}
