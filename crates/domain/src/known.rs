//! What is known already of what a body names: warnings about what does not agree with the reference data, or with what
//! was recorded before.

use unicode_normalization::UnicodeNormalization as _;

use crate::Body;
use crate::check::{scac, usdot};
use crate::equipment::EquipmentRef;
use crate::inspection::{DistanceUnit, Odometer};
use crate::party::CarrierRef;
use crate::problem::{Problem, ProblemCode, Severity};
use crate::reference::Carrier;
use crate::words::grouped;

impl Body {
    /// Every carrier that the body names, and where.
    #[must_use]
    pub fn carriers(&self) -> Vec<(&'static str, &CarrierRef)> {
        match self {
            Self::Inspection(it) => {
                [("/motor_carrier", &it.motor_carrier), ("/equipment_provider", &it.equipment_provider)]
                    .into_iter()
                    .filter_map(|(path, carrier)| Some((path, carrier.as_ref()?)))
                    .collect()
            }
            Self::GateEvent(it) => vec![("/carrier", &it.carrier)],
            Self::Interchange(it) => [("/releasing", &it.releasing), ("/receiving", &it.receiving)]
                .into_iter()
                .chain(it.equipment_provider.as_ref().map(|provider| ("/equipment_provider", provider)))
                .collect(),
            Self::Attachment(_)
            | Self::Assignment(_)
            | Self::Template(_)
            | Self::Equipment(_)
            | Self::Carrier(_)
            | Self::Yard(_)
            | Self::Operator(_)
            | Self::Notice(_) => Vec::new(),
        }
    }

    /// Every piece of equipment that the body names.
    #[must_use]
    pub fn equipment(&self) -> Vec<&EquipmentRef> {
        match self {
            Self::Inspection(it) => vec![&it.equipment],
            Self::GateEvent(it) => it.equipment.iter().collect(),
            Self::Interchange(it) => it.tractor.iter().chain(&it.equipment).collect(),
            Self::Attachment(_)
            | Self::Assignment(_)
            | Self::Template(_)
            | Self::Equipment(_)
            | Self::Carrier(_)
            | Self::Yard(_)
            | Self::Operator(_)
            | Self::Notice(_) => Vec::new(),
        }
    }
}

/// Warns of each SCAC and USDOT number that `known` carriers have, and none of the name that stands beside it.
#[must_use]
pub fn codes_of_other_carriers(body: &Body, known: &[Carrier]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, carrier) in body.carriers().into_iter().filter(|(_, carrier)| !carrier.name.trim().is_empty()) {
        let code =
            carrier.scac.as_deref().map(scac::normalize).filter(|code| !code.is_empty() && code != scac::UNKNOWN);
        if let Some(code) = code
            && let Some(other) =
                owner(known, &carrier.name, |it| it.scac.as_deref().map(scac::normalize).as_ref() == Some(&code))
        {
            let message = format!("Check the carrier: {code} is known as the SCAC of {other}.");
            problems.push(warning(format!("{path}/scac"), ProblemCode::KnownOtherwise, message));
        }
        let number = carrier.usdot.as_deref().map(usdot::normalize).filter(|number| !number.is_empty());
        if let Some(number) = number
            && let Some(other) =
                owner(known, &carrier.name, |it| it.usdot.as_deref().map(usdot::normalize).as_ref() == Some(&number))
        {
            let message = format!("Check the carrier: {number} is known as the USDOT number of {other}.");
            problems.push(warning(format!("{path}/usdot"), ProblemCode::KnownOtherwise, message));
        }
    }
    problems
}

/// Who has the code, if not a carrier of that name.
fn owner<'a>(known: &'a [Carrier], name: &str, has: impl Fn(&Carrier) -> bool) -> Option<&'a str> {
    let mut owners = known.iter().filter(|carrier| has(carrier)).peekable();
    let first = owners.peek()?.name.as_str();
    let name = folded(name);
    owners.all(|carrier| folded(&carrier.name) != name).then_some(first)
}

/// A name without what two people write differently: capitals, marks, blanks and punctuation.
fn folded(name: &str) -> String {
    name.nfkd().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Warns of an odometer that shows less than it did `last` time. Either shows whole units only, so between kilometers and
/// miles it is less when it is less however much either left out.
#[must_use]
pub fn odometer_below(now: &Odometer, last: &Odometer) -> Option<Problem> {
    let at_most = (u64::from(now.value) + 1) * millimeters(now.unit);
    let at_least = u64::from(last.value) * millimeters(last.unit);
    (at_most <= at_least).then(|| {
        let (value, unit) = (grouped(last.value), unit_word(last.unit));
        let message = format!("Read the odometer again: it showed {value} {unit} at an earlier inspection.");
        warning("/odometer/value".to_owned(), ProblemCode::Unlikely, message)
    })
}

const fn millimeters(unit: DistanceUnit) -> u64 {
    match unit {
        DistanceUnit::Km => 1_000_000,
        DistanceUnit::Mi => 1_609_344,
    }
}

const fn unit_word(unit: DistanceUnit) -> &'static str {
    match unit {
        DistanceUnit::Km => "km",
        DistanceUnit::Mi => "mi",
    }
}

const fn warning(path: String, code: ProblemCode, message: String) -> Problem {
    Problem { path, severity: Severity::Warning, code, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, samples};

    fn known(name: &str, scac: &str, usdot: &str) -> Carrier {
        Carrier { name: name.to_owned(), scac: Some(scac.to_owned()), usdot: Some(usdot.to_owned()) }
    }

    fn warned(body: &Body, known: &[Carrier]) -> Vec<String> {
        codes_of_other_carriers(body, known).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn a_scac_or_usdot_number_known_under_another_name_warns_at_every_carrier() {
        let rio = [known("Río Bravo Freight", "SCNN", "2217641")];
        let both = |path: &str| [format!("{path}/scac"), format!("{path}/usdot")];
        for (kind, paths) in [
            (Kind::Inspection, vec!["/motor_carrier", "/equipment_provider"]),
            (Kind::GateEvent, vec!["/carrier"]),
            (Kind::Interchange, vec!["/releasing", "/receiving", "/equipment_provider"]),
        ] {
            let mut full = samples::full(kind);
            for path in &paths {
                full[&path[1..]]["scac"] = "scnn".into();
            }
            let body = Body::from_json(kind, &full.to_string()).unwrap();
            assert_eq!(warned(&body, &rio), paths.iter().flat_map(|path| both(path)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_message_names_whose_code_it_is() {
        let problems = codes_of_other_carriers(
            &Body::GateEvent(samples::gate_event()),
            &[known("Río Bravo Freight", "SCNN", "1")],
        );
        assert_eq!(problems[0].message, "Check the carrier: SCNN is known as the SCAC of Río Bravo Freight.");
        assert!(!problems[0].is_error());
    }

    #[test]
    fn a_code_of_the_carrier_itself_warns_of_nothing_however_its_name_is_written() {
        let named = |name: &str| {
            let mut event = samples::gate_event();
            name.clone_into(&mut event.carrier.name);
            Body::GateEvent(event)
        };
        let rio = [known("Río Bravo Freight", "SCNN", "2217641"), known("Other", "OTHR", "1")];
        for name in ["Río Bravo Freight", "RIO BRAVO FREIGHT", "Ri\u{301}o Bravo-Freight ", ""] {
            assert_eq!(warned(&named(name), &rio), [""; 0], "{name}");
        }
        let mut unknown = samples::gate_event();
        (unknown.carrier.scac, unknown.carrier.usdot) = (Some("UNKN".to_owned()), None);
        assert_eq!(warned(&Body::GateEvent(unknown), &[known("Other", "UNKN", "1")]), [""; 0]);
    }

    #[test]
    fn an_odometer_below_the_last_one_warns_in_either_unit() {
        let odometer = |value, unit| Odometer { value, unit };
        let (km, mi) = (DistanceUnit::Km, DistanceUnit::Mi);
        let is_below = |now, last| odometer_below(&now, &last).is_some();
        assert!(is_below(odometer(41_234, mi), odometer(412_345, mi)));
        assert!(!is_below(odometer(412_345, mi), odometer(412_345, mi)));
        assert!(is_below(odometer(412_400, km), odometer(412_345, mi)));
        assert!(!is_below(odometer(663_604, km), odometer(412_345, mi)), "the same distance in kilometers");
        assert!(!is_below(odometer(412_345, mi), odometer(663_604, km)), "and in miles again");
        let message = odometer_below(&odometer(1, mi), &odometer(412_345, mi)).unwrap().message;
        assert_eq!(message, "Read the odometer again: it showed 412,345 mi at an earlier inspection.");
    }
}
