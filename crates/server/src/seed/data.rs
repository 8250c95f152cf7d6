//! The demonstration organisation's records. Names and numbers are made up; container numbers carry right check digits.

use gatebook_domain::check::iso6346;
use gatebook_domain::equipment::{EquipmentClass, EquipmentRef, Plate};
use gatebook_domain::reference::{Assignment, Carrier, Equipment, Operator, Role, Yard};
use gatebook_domain::{Body, Extra, us_dvir, us_intermodal};
use jiff::{Span, Timestamp};

use super::{Seed, id};

pub(super) const TENANT: &str = "Puente Logistics";

pub(super) const LAREDO: &str = "yard Laredo World Trade";
pub(super) const NUEVO_LAREDO: &str = "yard Nuevo Laredo Norte";

const YARDS: [(&str, &str, &str, &str); 2] = [
    (LAREDO, "LRD", "America/Chicago", "Laredo, Texas"),
    (NUEVO_LAREDO, "NLD", "America/Matamoros", "Nuevo Laredo, Tamaulipas"),
];

const CARRIERS: [(&str, &str, &str); 8] = [
    ("Puente Drayage", "PUDR", "3104417"),
    ("Rio Bravo Freight", "RBFQ", "2907731"),
    ("Sierra Madre Transportes", "SMTS", "3418820"),
    ("Lone Mesa Carriers", "LMEC", "1880462"),
    ("Transfer del Norte", "TDNO", "3550914"),
    ("Webb County Haulers", "WBCH", "1120395"),
    ("Anahuac Intermodal", "ANIM", "2766108"),
    ("Gateway Chassis Pool", "GWCZ", "2433957"),
];

const OPERATORS: [(&str, &str, Role, &[&str]); 7] = [
    ("Maria Torres", "Inspector", Role::Operator, &[LAREDO, NUEVO_LAREDO]),
    ("James Whitfield", "Driver", Role::Operator, &[LAREDO]),
    ("Lucía Garza", "Gate clerk", Role::Operator, &[LAREDO]),
    ("Héctor Salinas", "Driver", Role::Operator, &[LAREDO, NUEVO_LAREDO]),
    ("Ana Belén Cruz", "Gate clerk", Role::Operator, &[NUEVO_LAREDO]),
    ("Roy Castillo", "Yard supervisor", Role::Supervisor, &[LAREDO, NUEVO_LAREDO]),
    ("Dana Okafor", "Office", Role::Admin, &[LAREDO, NUEVO_LAREDO]),
];

/// Owner codes and first serials of the containers.
const CONTAINERS: [(&str, u32); 6] =
    [("PUNU", 305_438), ("RBFU", 118_207), ("SMTU", 640_911), ("ANIU", 720_079), ("LMCU", 473_478), ("WBHU", 266_654)];

/// Who is assigned what: unit, template, operator, hours until due, note.
const ASSIGNMENTS: [(&str, &str, Option<&str>, i64, &str); 8] = [
    ("tractor 4471", "us_dvir", Some("Maria Torres"), 2, "Row C, next to the fuel island"),
    ("tractor 4502", "us_dvir", None, 3, "Came in on the night shift"),
    ("trailer PX-20931", "us_dvir", Some("James Whitfield"), 5, "Bound for San Antonio"),
    ("chassis GWCZ 410117", "us_intermodal", None, 6, "Returned this morning, lane 4"),
    ("chassis GWCZ 410126", "us_intermodal", Some("Maria Torres"), -1, "Check the king pin before it leaves"),
    ("container 0", "us_intermodal", None, 8, "On chassis GWCZ 410117"),
    ("tractor 4519", "us_dvir", Some("Héctor Salinas"), 20, ""),
    ("trailer PX-20944", "us_dvir", None, 26, "Reefer, unit off"),
];

pub(super) fn records(now: Timestamp) -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut org = |name: String, body: Body| seeds.push(Seed { name, yard: None, body });
    for (name, code, zone, place) in YARDS {
        let body = Yard {
            name: name.trim_start_matches("yard ").to_owned(),
            code: code.to_owned(),
            time_zone: zone.to_owned(),
            place: place.to_owned(),
            extra: Extra::new(),
        };
        org(name.to_owned(), Body::Yard(body));
    }
    for template in [us_dvir(), us_intermodal()] {
        org(format!("template {}", template.code), Body::Template(template));
    }
    for (name, scac, usdot) in CARRIERS {
        let body = Carrier {
            name: name.to_owned(),
            scac: Some(scac.to_owned()),
            usdot: Some(usdot.to_owned()),
            extra: Extra::new(),
        };
        org(format!("carrier {name}"), Body::Carrier(body));
    }
    for (name, job, role, yards) in OPERATORS {
        let body = Operator {
            name: name.to_owned(),
            role,
            yard_ids: yards.iter().map(|yard| id(yard)).collect(),
            job: job.to_owned(),
            extra: Extra::new(),
        };
        org(format!("operator {name}"), Body::Operator(body));
    }
    let equipment = equipment();
    for (name, body) in &equipment {
        org(name.clone(), Body::Equipment(body.clone()));
    }
    for (unit, template, operator, due_in_hours, note) in ASSIGNMENTS {
        let (_, known) = equipment.iter().find(|(name, _)| name == &format!("equipment {unit}")).expect("it is listed");
        let body = Assignment {
            inspection_id: id(&format!("inspection of {unit}")),
            template_id: id(&format!("template {template}")),
            equipment: EquipmentRef {
                equipment_id: Some(id(&format!("equipment {unit}"))),
                plate: known.plate.clone(),
                size_type: known.size_type.clone(),
                ..EquipmentRef::new(known.class, known.number.clone())
            },
            operator_id: operator.map(|name| id(&format!("operator {name}"))),
            due_at: now.checked_add(Span::new().hours(due_in_hours)).ok(),
            note: note.to_owned(),
            extra: Extra::new(),
        };
        seeds.push(Seed { name: format!("assignment {unit}"), yard: Some(LAREDO), body: Body::Assignment(body) });
    }
    seeds
}

/// The fleet, by the name under which the seed knows each unit.
fn equipment() -> Vec<(String, Equipment)> {
    let mut fleet = Vec::new();
    let mut add = |name: String, class, number: String, plate: Option<(String, &str)>, size: Option<&str>, owner| {
        let equipment = Equipment {
            class,
            number,
            plate: plate.map(|(number, region)| Plate { number, region: region.to_owned(), extra: Extra::new() }),
            size_type: size.map(str::to_owned),
            carrier_id: Some(id(&format!("carrier {owner}"))),
            extra: Extra::new(),
        };
        fleet.push((format!("equipment {name}"), equipment));
    };
    for number in [4471, 4486, 4502, 4519, 4533, 4548, 4560, 4577] {
        let plate = Some((format!("R{number}K"), "TX"));
        add(format!("tractor {number}"), EquipmentClass::Tractor, number.to_string(), plate, None, CARRIERS[0].0);
    }
    for number in (20_931..20_931 + 8 * 13).step_by(13) {
        let plate = Some((format!("X{number}"), "TX"));
        let unit = format!("PX-{number}");
        add(format!("trailer {unit}"), EquipmentClass::Trailer, unit.clone(), plate, None, CARRIERS[1].0);
    }
    for number in (410_117..410_117 + 8 * 9).step_by(9) {
        let unit = format!("GWCZ{number}");
        let name = format!("chassis GWCZ {number}");
        add(name, EquipmentClass::Chassis, unit, Some((format!("C{number}"), "TN")), None, CARRIERS[7].0);
    }
    for at in 0..12_usize {
        let (owner, first) = CONTAINERS[at % CONTAINERS.len()];
        let without = format!("{owner}{:06}", first + u32::try_from(at).unwrap_or(0) * 37);
        let digit = iso6346::check_digit(&without).expect("four letters and six digits");
        let size = Some(if at % 3 == 0 { "45G1" } else { "42G1" });
        let carrier = CARRIERS[at % CARRIERS.len()].0;
        add(format!("container {at}"), EquipmentClass::IsoContainer, format!("{without}{digit}"), None, size, carrier);
    }
    for serial in [270_791, 270_804, 271_156, 271_902] {
        let unit = format!("EMPU{serial}");
        add(format!("domestic {serial}"), EquipmentClass::DomesticContainer, unit, None, None, CARRIERS[6].0);
    }
    fleet
}
