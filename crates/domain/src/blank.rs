//! Whether anybody has entered anything in a form.

use crate::Body;
use crate::equipment::EquipmentRef;
use crate::gate_event::GateEvent;
use crate::inspection::Inspection;
use crate::interchange::Interchange;
use crate::party::{CarrierRef, Driver};

impl Body {
    /// Whether the body says nothing that somebody entered: it is as it was begun, or everything was emptied again. Fields
    /// of a newer schema are for [`says_unknown`](crate::unknown::says_unknown) to find.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Inspection(inspection) => is_blank_inspection(inspection),
            Self::GateEvent(event) => is_blank_event(event),
            Self::Interchange(interchange) => is_blank_interchange(interchange),
            Self::Attachment(_)
            | Self::Assignment(_)
            | Self::Template(_)
            | Self::Equipment(_)
            | Self::Carrier(_)
            | Self::Yard(_)
            | Self::Operator(_)
            | Self::Notice(_) => false,
        }
    }
}

/// Each body is taken apart field by field, so that a new field asks here whether it counts.
fn is_blank_inspection(inspection: &Inspection) -> bool {
    let Inspection {
        template: _,
        assignment_id,
        equipment,
        motor_carrier,
        equipment_provider,
        odometer,
        items,
        remarks,
        signatures,
        submitted,
    } = inspection;
    // An assignment says what is inspected. Whether somebody has changed that since, nothing here can tell.
    assignment_id.is_none()
        && is_blank_unit(equipment)
        && motor_carrier.as_ref().is_none_or(is_blank_carrier)
        && equipment_provider.as_ref().is_none_or(is_blank_carrier)
        && odometer.is_none()
        && items.iter().all(|item| item.result.is_none() && is_blank_text(&item.note))
        && is_blank_text(remarks)
        && signatures.is_empty()
        && submitted.is_none()
}

fn is_blank_event(event: &GateEvent) -> bool {
    let GateEvent {
        direction: _,
        occurred_at,
        lane,
        equipment,
        load,
        seals,
        driver,
        carrier,
        reference,
        remarks,
        submitted,
    } = event;
    occurred_at.is_none()
        && [lane, reference, remarks].into_iter().all(|text| is_blank_text(text))
        && equipment.iter().all(is_blank_unit)
        && load.is_none()
        && seals.is_empty()
        && is_blank_driver(driver)
        && is_blank_carrier(carrier)
        && submitted.is_none()
}

fn is_blank_interchange(interchange: &Interchange) -> bool {
    let Interchange {
        movement: _,
        receipt_number,
        releasing,
        receiving,
        equipment_provider,
        driver,
        tractor,
        equipment,
        load,
        gross_weight_kg,
        reference,
        seals,
        damage,
        tires,
        recorded_images,
        remarks,
        signatures,
        refusal,
        submitted,
    } = interchange;
    [receipt_number, reference, remarks].into_iter().all(|text| is_blank_text(text))
        && [releasing, receiving].into_iter().chain(equipment_provider).all(is_blank_carrier)
        && is_blank_driver(driver)
        && tractor.iter().chain(equipment).all(is_blank_unit)
        && load.is_none()
        && gross_weight_kg.is_none()
        && seals.is_empty()
        && damage.is_empty()
        && tires.is_empty()
        && !recorded_images
        && signatures.is_empty()
        && refusal.is_none()
        && submitted.is_none()
}

fn is_blank_unit(unit: &EquipmentRef) -> bool {
    let EquipmentRef { class: _, number, equipment_id, plate, size_type, override_reason } = unit;
    is_blank_text(number)
        && equipment_id.is_none()
        && plate.as_ref().is_none_or(|plate| is_blank_text(&plate.number) && is_blank_text(&plate.region))
        && [size_type, override_reason].into_iter().flatten().all(|text| is_blank_text(text))
}

fn is_blank_carrier(carrier: &CarrierRef) -> bool {
    let CarrierRef { carrier_id, name, scac, usdot } = carrier;
    carrier_id.is_none() && is_blank_text(name) && [scac, usdot].into_iter().flatten().all(|text| is_blank_text(text))
}

fn is_blank_driver(driver: &Driver) -> bool {
    let Driver { name, licence_number, licence_region } = driver;
    is_blank_text(name) && [licence_number, licence_region].into_iter().flatten().all(|text| is_blank_text(text))
}

fn is_blank_text(text: &str) -> bool {
    text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::equipment::EquipmentClass;
    use crate::gate_event::Direction;
    use crate::interchange::Movement;
    use crate::{Kind, samples, start_inspection, us_dvir};

    fn begun(kind: Kind) -> Body {
        match kind {
            Kind::GateEvent => Body::GateEvent(GateEvent::new(Direction::In)),
            Kind::Interchange => Body::Interchange(Interchange::new(Movement::InGate)),
            _ => {
                let unit = EquipmentRef::new(EquipmentClass::Tractor, "");
                Body::Inspection(start_inspection(uuid::Uuid::nil(), &us_dvir(), unit, None))
            }
        }
    }

    #[test]
    fn what_was_only_begun_says_nothing_and_every_single_field_says_something() {
        for kind in [Kind::Inspection, Kind::GateEvent, Kind::Interchange] {
            let begun = begun(kind);
            assert!(begun.is_blank(), "{kind:?}");
            let Value::Object(full) = samples::full(kind) else { panic!("a body is an object") };
            for (name, value) in full {
                if matches!(name.as_str(), "direction" | "movement" | "template") || value == json!([]) {
                    continue;
                }
                let mut one: Value = serde_json::from_str(&begun.to_json()).unwrap();
                one[&name] = value;
                let one = Body::from_json(kind, &one.to_string()).unwrap();
                assert!(!one.is_blank(), "{name} of {kind:?} says something");
            }
        }
    }

    #[test]
    fn what_was_emptied_again_says_nothing() {
        let emptied = json!({
            "direction": "in", "load": null, "remarks": " ", "driver": {"name": "", "licence_number": ""},
            "carrier": {"name": "", "scac": ""}, "equipment": [{"class": "trailer", "number": ""}, {"class": "chassis"}],
        });
        assert!(Body::from_json(Kind::GateEvent, &emptied.to_string()).unwrap().is_blank());
    }

    #[test]
    fn an_assignment_says_what_is_inspected() {
        let Body::Inspection(mut inspection) = begun(Kind::Inspection) else { panic!("an inspection was begun") };
        inspection.assignment_id = Some(uuid::Uuid::nil());
        assert!(!Body::Inspection(inspection).is_blank());
    }
}
