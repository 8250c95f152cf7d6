//! What a save makes of an edit: one spelling for identifiers, and no signature under words it was not given for.
//!
//! - Identifiers are normalized; free text is left as typed.
//! - What is signed is everything but the signatures, the refusal and the mark of handing in. When that changes,
//!   every signature that was there before is dropped: it attested something else. Signatures given since then stay.
//! - An inspection or interchange that is edited after it was handed in loses that mark as well, and with it goes back
//!   to be signed and handed in again. So does one that is handed in with a signature that had to be dropped.
//! - A gate event is not signed. Edited after it was handed in, it stays so: that is a correction.
//! - Adding a signature, such as the repair certifier's or the next driver's, changes nothing that was signed and
//!   drops nothing. A certifier who also edits the report makes it a new report.

use crate::Body;
use crate::check::{compact, normalize_number, plate, scac, seal, usdot};
use crate::equipment::{EquipmentRef, Plate, Seal};
use crate::inspection::Inspection;
use crate::interchange::Interchange;
use crate::party::{CarrierRef, Driver};
use crate::signature::{Signature, Submitted};
use crate::spelling::cleaned;

/// The body to keep when `next` is saved over `previous`. Settling twice changes nothing more.
#[must_use]
pub fn settle(previous: Option<&Body>, mut next: Body) -> Body {
    normalize(&mut next);
    match (previous, &mut next) {
        (Some(Body::Inspection(before)), Body::Inspection(after))
            if signed_part_of_inspection(before) != signed_part_of_inspection(after) =>
        {
            let earlier = Attestation { signatures: &before.signatures, submitted: before.submitted.as_ref() };
            earlier.withdraw(&mut after.signatures, &mut after.submitted);
        }
        (Some(Body::Interchange(before)), Body::Interchange(after))
            if signed_part_of_interchange(before) != signed_part_of_interchange(after) =>
        {
            let earlier = Attestation { signatures: &before.signatures, submitted: before.submitted.as_ref() };
            earlier.withdraw(&mut after.signatures, &mut after.submitted);
        }
        (
            _,
            Body::Inspection(_)
            | Body::Interchange(_)
            // Nobody signs these.
            | Body::GateEvent(_)
            | Body::Attachment(_)
            | Body::Assignment(_)
            | Body::Template(_)
            | Body::Equipment(_)
            | Body::Carrier(_)
            | Body::Yard(_)
            | Body::Operator(_)
            | Body::Notice(_),
        ) => {}
    }
    next
}

/// What stood under the earlier state.
struct Attestation<'a> {
    signatures: &'a [Signature],
    submitted: Option<&'a Submitted>,
}

impl Attestation<'_> {
    /// Takes what attested the earlier state away from the later one.
    fn withdraw(&self, signatures: &mut Vec<Signature>, submitted: &mut Option<Submitted>) {
        let count = signatures.len();
        signatures.retain(|signature| !self.signatures.contains(signature));
        let was_before = submitted.is_some() && submitted.as_ref() == self.submitted;
        if was_before || signatures.len() < count {
            *submitted = None;
        }
    }
}

/// Normalized, so that a mere change of spelling does not cost a signature.
fn signed_part_of_inspection(inspection: &Inspection) -> Body {
    let mut part = Body::Inspection(Inspection { signatures: Vec::new(), submitted: None, ..inspection.clone() });
    normalize(&mut part);
    part
}

fn signed_part_of_interchange(interchange: &Interchange) -> Body {
    let mut part = Body::Interchange(Interchange {
        signatures: Vec::new(),
        submitted: None,
        refusal: None,
        ..interchange.clone()
    });
    normalize(&mut part);
    part
}

fn normalize(body: &mut Body) {
    match body {
        Body::Inspection(inspection) => {
            equipment(&mut inspection.equipment);
            inspection.motor_carrier.iter_mut().for_each(carrier);
            inspection.equipment_provider.iter_mut().for_each(carrier);
        }
        Body::GateEvent(event) => {
            event.equipment.iter_mut().for_each(equipment);
            event.seals.iter_mut().for_each(seal);
            carrier(&mut event.carrier);
            driver(&mut event.driver);
            event.reference = cleaned(&event.reference);
        }
        Body::Interchange(interchange) => {
            interchange.tractor.iter_mut().for_each(equipment);
            interchange.equipment.iter_mut().for_each(equipment);
            interchange.seals.iter_mut().for_each(seal);
            carrier(&mut interchange.releasing);
            carrier(&mut interchange.receiving);
            interchange.equipment_provider.iter_mut().for_each(carrier);
            driver(&mut interchange.driver);
            interchange.receipt_number = cleaned(&interchange.receipt_number);
            interchange.reference = cleaned(&interchange.reference);
        }
        Body::Assignment(assignment) => equipment(&mut assignment.equipment),
        Body::Equipment(known) => {
            known.number = normalize_number(known.class, &known.number);
            known.plate.iter_mut().for_each(licence_plate);
            optional(&mut known.size_type, compact);
        }
        Body::Carrier(known) => {
            optional(&mut known.scac, scac::normalize);
            optional(&mut known.usdot, usdot::normalize);
        }
        Body::Attachment(_) | Body::Template(_) | Body::Yard(_) | Body::Operator(_) | Body::Notice(_) => {}
    }
}

fn equipment(unit: &mut EquipmentRef) {
    unit.number = normalize_number(unit.class, &unit.number);
    unit.plate.iter_mut().for_each(licence_plate);
    optional(&mut unit.size_type, compact);
}

fn licence_plate(plate: &mut Plate) {
    plate.number = plate::normalize_number(&plate.number);
    plate.region = plate::normalize_region(&plate.region);
}

fn seal(seal: &mut Seal) {
    seal.number = seal::normalize(&seal.number);
}

fn carrier(carrier: &mut CarrierRef) {
    optional(&mut carrier.scac, scac::normalize);
    optional(&mut carrier.usdot, usdot::normalize);
}

fn driver(driver: &mut Driver) {
    optional(&mut driver.licence_number, cleaned);
    optional(&mut driver.licence_region, cleaned);
}

/// A field emptied on the form is an absent one.
fn optional(field: &mut Option<String>, normalize: impl Fn(&str) -> String) {
    *field = field.as_deref().map(normalize).filter(|text| !text.is_empty());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples;
    use crate::signature::SignatureRole;

    fn inspection(change: impl FnOnce(&mut Inspection)) -> Body {
        let mut inspection = samples::inspection();
        change(&mut inspection);
        Body::Inspection(inspection)
    }

    fn interchange(change: impl FnOnce(&mut Interchange)) -> Body {
        let mut interchange = samples::interchange();
        change(&mut interchange);
        Body::Interchange(interchange)
    }

    fn roles(body: &Body) -> Vec<SignatureRole> {
        let signatures = match body {
            Body::Inspection(inspection) => &inspection.signatures,
            Body::Interchange(interchange) => &interchange.signatures,
            _ => panic!("not signed"),
        };
        signatures.iter().map(|signature| signature.role).collect()
    }

    fn is_submitted(body: &Body) -> bool {
        match body {
            Body::Inspection(inspection) => inspection.submitted.is_some(),
            Body::Interchange(interchange) => interchange.submitted.is_some(),
            Body::GateEvent(event) => event.submitted.is_some(),
            _ => panic!("not handed in"),
        }
    }

    #[test]
    fn identifiers_get_one_spelling_and_free_text_stays_as_typed() {
        let Body::GateEvent(event) = settle(
            None,
            Body::GateEvent({
                let mut event = samples::gate_event();
                event.equipment[0].number = " csqu 305438-3".to_owned();
                event.seals[0].number = "ul 88123".to_owned();
                event.carrier.scac = Some(" scnn ".to_owned());
                event.carrier.usdot = Some("  ".to_owned());
                event.remarks = "  as typed ".to_owned();
                event
            }),
        ) else {
            panic!("a gate event stays one")
        };
        assert_eq!(event.equipment[0].number, "CSQU3054383");
        assert_eq!(event.seals[0].number, "UL88123");
        assert_eq!((event.carrier.scac.as_deref(), event.carrier.usdot.as_deref()), (Some("SCNN"), None));
        assert_eq!(event.remarks, "  as typed ");
    }

    #[test]
    fn what_is_not_seen_and_how_a_dash_is_drawn_is_kept_in_no_identifier() {
        let pasted = |clean: &str| format!("\u{202a}{}\u{200b}\u{202c}", clean.replace('-', "–"));
        let mut event = samples::gate_event();
        let clean = Body::GateEvent(event.clone());
        let units = event.equipment.iter_mut().flat_map(|unit| {
            let plate = unit.plate.as_mut().unwrap();
            [&mut unit.number, &mut plate.number, &mut plate.region, unit.size_type.as_mut().unwrap()]
        });
        let carrier = [&mut event.carrier.scac, &mut event.carrier.usdot];
        let licence = [&mut event.driver.licence_number, &mut event.driver.licence_region];
        let others = carrier.into_iter().chain(licence).map(|field| field.as_mut().unwrap());
        let seals = event.seals.iter_mut().map(|seal| &mut seal.number);
        for field in units.chain(others).chain(seals).chain([&mut event.reference]) {
            *field = pasted(field);
        }
        assert_eq!(settle(None, Body::GateEvent(event)), clean);

        let mut interchange = samples::interchange();
        let clean = Body::Interchange(interchange.clone());
        for field in [&mut interchange.receipt_number, &mut interchange.reference] {
            *field = pasted(field);
        }
        assert_eq!(settle(None, Body::Interchange(interchange)), clean);
    }

    #[test]
    fn saving_without_a_change_keeps_signatures_and_the_handing_in() {
        let before = inspection(|_| {});
        assert_eq!(settle(Some(&before), before.clone()), before);
    }

    #[test]
    fn an_edit_takes_the_signatures_and_the_handing_in_away() {
        let edited = settle(Some(&inspection(|_| {})), inspection(|body| body.remarks = "more".to_owned()));
        assert_eq!((roles(&edited), is_submitted(&edited)), (vec![], false));
        let edited = settle(Some(&interchange(|_| {})), interchange(|body| body.recorded_images ^= true));
        assert_eq!((roles(&edited), is_submitted(&edited)), (vec![], false));
    }

    #[test]
    fn another_spelling_of_the_same_number_is_no_edit() {
        let respelled = settle(
            Some(&inspection(|_| {})),
            inspection(|body| body.equipment.number = body.equipment.number.to_lowercase()),
        );
        assert!(!roles(&respelled).is_empty() && is_submitted(&respelled));
    }

    #[test]
    fn a_signature_given_with_the_edit_attests_it_and_stays() {
        let edited = settle(
            Some(&inspection(|_| {})),
            inspection(|body| {
                body.remarks = "more".to_owned();
                body.signatures = vec![samples::signature(SignatureRole::AuthorDriver, "Signed Anew")];
            }),
        );
        assert_eq!((roles(&edited), is_submitted(&edited)), (vec![SignatureRole::AuthorDriver], false));
    }

    #[test]
    fn edited_signed_and_handed_in_again_at_once_stays_handed_in() {
        let edited = settle(
            Some(&inspection(|_| {})),
            inspection(|body| {
                body.remarks = "more".to_owned();
                body.signatures = vec![samples::signature(SignatureRole::AuthorDriver, "Signed Anew")];
                body.submitted = Some(Submitted::new("2026-03-05T10:00:00Z".parse().unwrap(), None));
            }),
        );
        assert!(is_submitted(&edited));
    }

    #[test]
    fn handing_in_over_a_dropped_signature_does_not_count() {
        let draft = interchange(|body| body.submitted = None);
        let edited = settle(Some(&draft), interchange(|body| body.remarks = "more".to_owned()));
        assert_eq!((roles(&edited), is_submitted(&edited)), (vec![], false));
    }

    #[test]
    fn the_repair_certifier_and_the_next_driver_sign_beside_the_others() {
        let alone = inspection(|body| body.signatures.truncate(1));
        let both = |body: &mut Inspection| {
            body.signatures.truncate(1);
            for role in [SignatureRole::RepairCertifier, SignatureRole::ReviewingDriver] {
                body.signatures.push(samples::signature(role, "Somebody"));
            }
        };
        let after = settle(Some(&alone), inspection(both));
        assert_eq!((roles(&after).len(), is_submitted(&after)), (3, true));
    }

    #[test]
    fn a_refusal_noted_later_drops_no_signature() {
        let after = settle(Some(&interchange(|body| body.refusal = None)), interchange(|_| {}));
        assert!(!roles(&after).is_empty());
    }

    #[test]
    fn a_corrected_gate_event_stays_handed_in() {
        let mut event = samples::gate_event();
        let before = Body::GateEvent(event.clone());
        event.lane = "7".to_owned();
        assert!(is_submitted(&settle(Some(&before), Body::GateEvent(event))));
    }

    proptest! {
        #[test]
        fn settling_twice_is_settling_once(number in "\\PC{0,16}", scac in "\\PC{0,6}", edit in any::<bool>(), keep in 0_usize..3) {
            let before = inspection(|_| {});
            let next = inspection(|body| {
                if edit {
                    body.equipment.number.clone_from(&number);
                    body.motor_carrier.get_or_insert_default().scac = Some(scac);
                }
                body.signatures.truncate(keep);
            });
            let once = settle(Some(&before), next);
            prop_assert_eq!(&settle(Some(&before), once.clone()), &once);
            prop_assert_eq!(&settle(Some(&once), once.clone()), &once);
            prop_assert_eq!(&settle(None, once.clone()), &once);
        }
    }
}
