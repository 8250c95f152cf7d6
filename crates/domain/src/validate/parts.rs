//! Rules for the parts that several kinds share: equipment, plates, carriers, seals, signatures.

use super::findings::Findings;
use super::times;
use crate::check::{self, iso6346, plate, scac, seal, usdot};
use crate::equipment::{EquipmentClass, EquipmentRef, Load, Plate, Seal, SealCondition};
use crate::party::CarrierRef;
use crate::problem::ProblemCode;
use crate::signature::{Signature, SignatureRole};
use crate::spelling;
use crate::words::{class_word, role_words};

/// Pieces of equipment in one record.
pub(super) const EQUIPMENT: usize = 8;
const SEALS: usize = 5;
const SIGNATURES: usize = 8;
const STROKES: usize = 200;
/// Numbers in all strokes of one signature, two a point.
const COORDINATES: usize = 8000;

/// One piece of equipment; whether a number must be there is the caller's to say.
pub(super) fn equipment(found: &mut Findings, path: &str, unit: &EquipmentRef) {
    let kept_for_a_reason = unit.override_reason.as_deref().is_some_and(|reason| !is_blank(reason));
    number(found, &format!("{path}/number"), unit.class, &unit.number, kept_for_a_reason);
    if let Some(plate) = &unit.plate {
        licence_plate(found, &format!("{path}/plate"), plate);
    }
    if let Some(size_type) = &unit.size_type {
        self::size_type(found, &format!("{path}/size_type"), size_type);
    }
}

/// Every piece of a list.
pub(super) fn all_equipment(found: &mut Findings, units: &[EquipmentRef]) {
    found.at_most(EQUIPMENT, units.len(), "/equipment", "equipment");
    for (place, unit) in units.iter().enumerate() {
        equipment(found, &format!("/equipment/{place}"), unit);
        if is_blank(&unit.number) && units.len() > 1 {
            let message = format!("Type the {}'s number, or remove this line.", class_word(unit.class));
            found.hint(format!("/equipment/{place}/number"), ProblemCode::Required, message);
        }
    }
}

/// An equipment number, if there is one.
pub(super) fn number(found: &mut Findings, path: &str, class: EquipmentClass, number: &str, kept_for_a_reason: bool) {
    if is_blank(number) {
        return;
    }
    let normal = check::normalize_number(class, number);
    match class {
        EquipmentClass::IsoContainer => container_number(found, path, &normal, kept_for_a_reason),
        EquipmentClass::DomesticContainer if !check::is_domestic_container(&normal) => found.slip(
            path,
            ProblemCode::BadFormat,
            "Correct the container number: a domestic container has 4 letters ending in U and 6 or 7 digits.",
        ),
        EquipmentClass::DomesticContainer => {}
        _ if !check::is_unit_number(&normal) => found.slip(
            path,
            ProblemCode::BadFormat,
            format!("Correct the {}'s number: up to 20 letters, digits and hyphens.", class_word(class)),
        ),
        _ => {}
    }
}

fn container_number(found: &mut Findings, path: &str, number: &str, kept_for_a_reason: bool) {
    match iso6346::check(number) {
        iso6346::Outcome::Valid => {}
        iso6346::Outcome::ReadAgain { swapped } => found.warning(
            path,
            ProblemCode::ReadAgain,
            format!("Read the number on the container again: {} would be just as valid.", iso6346::display(&swapped)),
        ),
        iso6346::Outcome::RemainderTen => found.warning(
            path,
            ProblemCode::RemainderTen,
            "Read the number on the container again: with this one the check digit shows fewer mistakes.",
        ),
        iso6346::Outcome::WrongCheckDigit { expected, found: read } if kept_for_a_reason => found.warning(
            path,
            ProblemCode::WrongCheckDigit,
            format!("The check digit should be {expected}, not {read}; the number is kept for the reason you gave."),
        ),
        iso6346::Outcome::WrongCheckDigit { expected, found: read } => found.slip(
            path,
            ProblemCode::WrongCheckDigit,
            format!(
                "Read the container number again: its last digit should be {expected}, not {read}; \
                 to keep it as it is, give a reason."
            ),
        ),
        iso6346::Outcome::MissingCheckDigit { expected } => found.slip(
            path,
            ProblemCode::CheckDigitMissing,
            format!("Add the last digit of the container number, the one in a box: it should be {expected}."),
        ),
        iso6346::Outcome::BadFormat(fault) => {
            found.slip(path, ProblemCode::BadFormat, format!("Correct the container number: {fault}."));
        }
    }
}

/// A licence plate, as far as it is filled in.
pub(super) fn licence_plate(found: &mut Findings, path: &str, plate: &Plate) {
    if !is_blank(&plate.number) && !plate::is_valid_number(&plate::normalize_number(&plate.number)) {
        found.slip(
            format!("{path}/number"),
            ProblemCode::BadFormat,
            "Correct the plate: up to 12 letters, digits, blanks and hyphens.",
        );
    }
    if !is_blank(&plate.region) && !plate::is_valid_region(&plate::normalize_region(&plate.region)) {
        found.slip(
            format!("{path}/region"),
            ProblemCode::BadFormat,
            "Correct the plate's state or province: up to 8 letters and digits, such as TX.",
        );
    }
}

/// A size and type, if there is one.
pub(super) fn size_type(found: &mut Findings, path: &str, size_type: &str) {
    if !is_blank(size_type) && !check::is_size_type(&check::compact(size_type)) {
        found.slip(path, ProblemCode::BadFormat, "Correct the size and type: 4 letters and digits, such as 45G1.");
    }
}

/// A carrier's identifiers, as far as they are filled in.
pub(super) fn carrier(found: &mut Findings, path: &str, carrier: &CarrierRef) {
    carrier_codes(found, path, carrier.scac.as_deref(), carrier.usdot.as_deref());
}

/// A SCAC and a USDOT number, as far as they are filled in.
pub(super) fn carrier_codes(found: &mut Findings, path: &str, scac: Option<&str>, usdot: Option<&str>) {
    if scac.is_some_and(|code| !is_blank(code) && !scac::is_valid(&scac::normalize(code))) {
        found.slip(
            format!("{path}/scac"),
            ProblemCode::BadFormat,
            "Correct the SCAC: 2 to 4 letters, or UNKN if you do not know it.",
        );
    }
    if usdot.is_some_and(|number| !is_blank(number) && !usdot::is_valid(&usdot::normalize(number))) {
        found.slip(format!("{path}/usdot"), ProblemCode::BadFormat, "Correct the USDOT number: 1 to 8 digits.");
    }
}

/// Whether one can tell from it which carrier it is. `UNKN` tells nothing.
pub(super) fn names_a_carrier(carrier: &CarrierRef) -> bool {
    !is_blank(&carrier.name)
        || carrier.scac.as_deref().map(scac::normalize).is_some_and(|code| !code.is_empty() && code != scac::UNKNOWN)
}

/// The seals' numbers, and how seals fit what is carried.
pub(super) fn seals(found: &mut Findings, seals: &[Seal], load: Option<Load>, units: &[EquipmentRef]) {
    found.at_most(SEALS, seals.len(), "/seals", "seals");
    for (place, seal) in seals.iter().enumerate() {
        let path = format!("/seals/{place}/number");
        if is_blank(&seal.number) {
            if seal.condition != SealCondition::Missing {
                found.hint(path, ProblemCode::Required, "Type the seal's number, or remove this line.");
            }
        } else if !seal::is_valid(&seal::normalize(&seal.number)) {
            found.slip(
                path,
                ProblemCode::BadFormat,
                "Correct the seal's number: up to 21 letters, digits and hyphens.",
            );
        }
    }
    if load != Some(Load::Loaded) || !units.iter().any(|unit| carries_cargo(unit.class)) {
        return;
    }
    if seals.is_empty() {
        found.hint("/seals", ProblemCode::SealMissing, "Note the seal: the unit is loaded and no seal is recorded.");
    }
    for (place, _) in seals.iter().enumerate().filter(|(_, seal)| seal.condition != SealCondition::Intact) {
        found.hint(
            format!("/seals/{place}/condition"),
            ProblemCode::SealNotIntact,
            "Tell a supervisor: the unit is loaded and this seal is not intact.",
        );
    }
}

const fn carries_cargo(class: EquipmentClass) -> bool {
    matches!(class, EquipmentClass::Trailer | EquipmentClass::IsoContainer | EquipmentClass::DomesticContainer)
}

/// Every signature has a name and a drawing, within limits.
pub(super) fn signatures(found: &mut Findings, signatures: &[Signature]) {
    found.at_most(SIGNATURES, signatures.len(), "/signatures", "signatures");
    for (place, signature) in signatures.iter().enumerate() {
        let path = format!("/signatures/{place}");
        let coordinates: usize = signature.strokes.iter().map(Vec::len).sum();
        if signature.strokes.len() > STROKES || coordinates > COORDINATES {
            found.error(
                format!("{path}/strokes"),
                ProblemCode::TooMany,
                "Clear the signature and sign again with fewer strokes.",
            );
        }
        times::signed_at(found, &path, signature.signed_at);
        if is_blank(&signature.name) {
            found.lacking(
                format!("{path}/name"),
                ProblemCode::SignatureIncomplete,
                format!("Type the name of the {} who signs.", role_words(signature.role)),
            );
        }
        let is_drawn = signature.strokes.iter().any(|stroke| stroke.len() >= 4);
        let in_pairs = signature.strokes.iter().all(|stroke| stroke.len() % 2 == 0);
        if !is_drawn || !in_pairs {
            found.lacking(
                format!("{path}/strokes"),
                ProblemCode::SignatureIncomplete,
                format!("Have the {} sign in the box.", role_words(signature.role)),
            );
        }
    }
}

/// Somebody has signed in that capacity.
pub(super) fn require_signature(found: &mut Findings, signatures: &[Signature], role: SignatureRole) {
    if !is_signed_by(signatures, role) {
        let message = format!("Have the {} sign.", role_words(role));
        found.lacking("/signatures", ProblemCode::SignatureMissing, message);
    }
}

/// Whether somebody has signed in that capacity.
pub(super) fn is_signed_by(signatures: &[Signature], role: SignatureRole) -> bool {
    signatures.iter().any(|signature| signature.role == role)
}

pub(super) fn is_blank(text: &str) -> bool {
    spelling::is_blank(text)
}

#[cfg(test)]
mod tests {
    use super::super::findings::Completeness;
    use super::*;
    use crate::problem::Severity::{self, Error, Warning};

    fn told(completeness: Completeness, unit: &EquipmentRef) -> Vec<(ProblemCode, Severity)> {
        let mut found = Findings::new(completeness);
        equipment(&mut found, "", unit);
        found.into_problems().into_iter().map(|problem| (problem.code, problem.severity)).collect()
    }

    /// What a number gets in a draft, and handed in.
    fn both(class: EquipmentClass, number: &str) -> [Vec<(ProblemCode, Severity)>; 2] {
        let unit = EquipmentRef::new(class, number);
        [Completeness::Draft, Completeness::Complete].map(|completeness| told(completeness, &unit))
    }

    #[test]
    fn a_slip_is_warned_of_in_a_draft_and_keeps_a_complete_body_from_being_taken() {
        for (class, number, code) in [
            (EquipmentClass::IsoContainer, "CSQU3054384", ProblemCode::WrongCheckDigit),
            (EquipmentClass::IsoContainer, "CSQU305438", ProblemCode::CheckDigitMissing),
            (EquipmentClass::IsoContainer, "CSQU3054Z83", ProblemCode::BadFormat),
            (EquipmentClass::DomesticContainer, "EMHZ270791", ProblemCode::BadFormat),
            (EquipmentClass::Trailer, "TRL/7", ProblemCode::BadFormat),
        ] {
            assert_eq!(both(class, number), [vec![(code, Warning)], vec![(code, Error)]], "{number}");
        }
    }

    #[test]
    fn remainder_ten_and_a_possible_swap_only_ever_warn() {
        for (number, code) in [
            ("HASU4316170", ProblemCode::RemainderTen),
            ("CMAU1639120", ProblemCode::RemainderTen),
            ("CMAU1693120", ProblemCode::ReadAgain),
        ] {
            let warned = vec![(code, Warning)];
            assert_eq!(both(EquipmentClass::IsoContainer, number), [warned.clone(), warned], "{number}");
        }
    }

    #[test]
    fn a_wrong_check_digit_may_stay_for_a_reason() {
        let mut unit = EquipmentRef::new(EquipmentClass::IsoContainer, "CSQU3054384");
        unit.override_reason = Some("painted like this on all sides".to_owned());
        assert_eq!(told(Completeness::Complete, &unit), [(ProblemCode::WrongCheckDigit, Warning)]);
        unit.override_reason = Some("  ".to_owned());
        assert_eq!(told(Completeness::Complete, &unit), [(ProblemCode::WrongCheckDigit, Error)]);
    }

    #[test]
    fn the_message_names_the_digit_that_was_expected() {
        let mut found = Findings::new(Completeness::Draft);
        number(&mut found, "", EquipmentClass::IsoContainer, "CSQU3054384", false);
        assert!(found.into_problems()[0].message.contains("should be 3, not 4"));
    }

    #[test]
    fn blank_identifiers_and_other_spellings_are_no_slip() {
        assert_eq!(both(EquipmentClass::IsoContainer, " "), [vec![], vec![]]);
        assert_eq!(both(EquipmentClass::IsoContainer, "\u{200b}"), [vec![], vec![]]);
        assert_eq!(both(EquipmentClass::IsoContainer, "csqu 305438-3"), [vec![], vec![]]);
        assert_eq!(both(EquipmentClass::IsoContainer, "CSQU\u{200b}3054383"), [vec![], vec![]]);
        assert_eq!(both(EquipmentClass::Trailer, "PX–20931"), [vec![], vec![]]);
    }

    #[test]
    fn plates_sizes_and_carrier_codes_have_their_forms() {
        let mut found = Findings::new(Completeness::Complete);
        let plate = Plate { number: "P_1".to_owned(), region: "N.L.".to_owned() };
        licence_plate(&mut found, "/plate", &plate);
        size_type(&mut found, "/size_type", "45");
        carrier_codes(&mut found, "", Some("S1"), Some("12x"));
        let problems = found.into_problems();
        let paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["/plate/number", "/plate/region", "/size_type", "/scac", "/usdot"]);
        assert!(problems.iter().all(crate::Problem::is_error));
    }
}
