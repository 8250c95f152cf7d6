//! The demonstration organisation's records. Names and numbers are made up; container numbers carry right check digits.

use gatebook_domain::check::iso6346::{self, Outcome};
use gatebook_domain::equipment::{EquipmentClass, EquipmentRef, Plate};
use gatebook_domain::reference::{Assignment, Carrier, Equipment, Operator, Role, Yard};
use gatebook_domain::{Body, us_dvir, us_intermodal};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::id;

pub(super) const TENANT: &str = "Puente Logistics";

/// A record of the seed.
pub(super) struct Seed {
    pub id: Uuid,
    pub yard: Option<&'static YardSeed>,
    pub body: Body,
}

pub(super) struct YardSeed {
    pub key: &'static str,
    pub zone: &'static str,
    name: &'static str,
    code: &'static str,
    place: &'static str,
}

/// North of the river.
pub(super) const LAREDO: YardSeed = YardSeed {
    key: "yard laredo",
    zone: "America/Chicago",
    name: "Laredo Puente Tres",
    code: "LRD",
    place: "Laredo, Texas",
};

/// South of it. Border towns of Tamaulipas keep the clock of Texas, daylight saving included.
const NUEVO_LAREDO: YardSeed = YardSeed {
    key: "yard nuevo laredo",
    zone: "America/Matamoros",
    name: "Nuevo Laredo Norte",
    code: "NLD",
    place: "Nuevo Laredo, Tamaulipas",
};

const BOTH: &[&YardSeed] = &[&LAREDO, &NUEVO_LAREDO];

/// Key, name, SCAC, USDOT.
const CARRIERS: [(&str, &str, &str, &str); 8] = [
    ("puente", "Puente Drayage", "PUDR", "3104417"),
    ("rio", "Río Bravo Freight", "RBFQ", "2907731"),
    ("sierra", "Sierra Madre Transportes", "SMTS", "3418820"),
    ("mesa", "Lone Mesa Carriers", "LMEC", "1880462"),
    ("transfer", "Transfer del Norte", "TDNO", "3550914"),
    ("webb", "Webb County Haulers", "WBCH", "1120395"),
    ("anahuac", "Anáhuac Intermodal", "ANIM", "2766108"),
    ("gateway", "Gateway Chassis Pool", "GWCP", "2433957"),
];

/// Key, name, what they do, what they may do, where.
const OPERATORS: [(&str, &str, &str, Role, &[&YardSeed]); 7] = [
    ("maria", "María Torres", "Inspector", Role::Operator, BOTH),
    ("james", "James Whitfield", "Driver", Role::Operator, &[&LAREDO]),
    ("lucia", "Lucía Garza", "Gate clerk", Role::Operator, &[&LAREDO]),
    ("hector", "Héctor Salinas", "Driver", Role::Operator, BOTH),
    ("ana", "Ana Belén Cruz", "Gate clerk", Role::Operator, &[&NUEVO_LAREDO]),
    ("roy", "Roy Castillo", "Yard supervisor", Role::Supervisor, BOTH),
    ("dana", "Dana Okafor", "Office", Role::Admin, BOTH),
];

/// Owner code, first serial number, carrier.
const CONTAINERS: [(&str, u32, &str); 6] = [
    ("PUNU", 305_438, "puente"),
    ("RBFU", 118_207, "rio"),
    ("SMTU", 640_911, "sierra"),
    ("ANIU", 720_079, "anahuac"),
    ("LMCU", 473_478, "mesa"),
    ("WBHU", 266_654, "webb"),
];

/// What, by which list, where, for whom, hours until due, note.
type Work = (&'static str, &'static str, &'static YardSeed, Option<&'static str>, i64, &'static str);

const WORK: [Work; 8] = [
    ("tractor 4471", "us_dvir", &LAREDO, Some("maria"), 2, "Row C, next to the fuel island"),
    ("tractor 4502", "us_dvir", &LAREDO, None, 3, "Came in on the night shift"),
    ("trailer PX-20931", "us_dvir", &LAREDO, Some("james"), 5, "Bound for San Antonio"),
    ("chassis GWCZ410117", "us_intermodal", &LAREDO, None, 6, "Returned this morning, lane 4"),
    ("chassis GWCZ410126", "us_intermodal", &LAREDO, Some("maria"), -1, "Check the king pin before it leaves"),
    ("container 0", "us_intermodal", &NUEVO_LAREDO, Some("maria"), 8, "On chassis GWCZ410135"),
    ("tractor 4519", "us_dvir", &NUEVO_LAREDO, Some("hector"), 20, ""),
    ("trailer PX-20944", "us_dvir", &NUEVO_LAREDO, None, 26, "Reefer, unit off"),
];

/// Every record, what others refer to first.
pub(super) fn records(now: Timestamp) -> Vec<Seed> {
    let fleet = fleet();
    let of_org = |key: &str, body: Body| Seed { id: id(key), yard: None, body };
    let templates = [us_dvir(), us_intermodal()]
        .into_iter()
        .map(|template| of_org(&format!("template {}", template.code), Body::Template(template)));
    let equipment =
        fleet.iter().map(|(key, equipment)| of_org(&format!("equipment {key}"), Body::Equipment(equipment.clone())));
    BOTH.iter()
        .map(|yard| of_org(yard.key, Body::Yard(yard_body(yard))))
        .chain(templates)
        .chain(CARRIERS.map(|carrier| of_org(&format!("carrier {}", carrier.0), Body::Carrier(carrier_body(carrier)))))
        .chain(OPERATORS.iter().map(operator))
        .chain(equipment)
        .chain(WORK.iter().map(|work| assignment(work, &fleet, now)))
        .collect()
}

fn yard_body(yard: &YardSeed) -> Yard {
    Yard {
        name: yard.name.to_owned(),
        code: yard.code.to_owned(),
        time_zone: yard.zone.to_owned(),
        place: yard.place.to_owned(),
    }
}

fn carrier_body((_, name, scac, usdot): (&str, &str, &str, &str)) -> Carrier {
    Carrier { name: name.to_owned(), scac: Some(scac.to_owned()), usdot: Some(usdot.to_owned()) }
}

fn operator(&(key, name, job, role, yards): &(&str, &str, &str, Role, &[&YardSeed])) -> Seed {
    let body = Operator {
        name: name.to_owned(),
        role,
        yard_ids: yards.iter().map(|yard| id(yard.key)).collect(),
        job: job.to_owned(),
    };
    Seed { id: id(&format!("operator {key}")), yard: None, body: Body::Operator(body) }
}

fn assignment(work: &Work, fleet: &[(String, Equipment)], now: Timestamp) -> Seed {
    let &(unit, template, yard, operator, due_in_hours, note) = work;
    let (_, known) = fleet.iter().find(|(key, _)| key == unit).expect("work is on a unit of the fleet");
    let body = Assignment {
        inspection_id: id(&format!("inspection of {unit}")),
        template_id: id(&format!("template {template}")),
        equipment: EquipmentRef {
            equipment_id: Some(id(&format!("equipment {unit}"))),
            plate: known.plate.clone(),
            size_type: known.size_type.clone(),
            ..EquipmentRef::new(known.class, known.number.clone())
        },
        operator_id: operator.map(|key| id(&format!("operator {key}"))),
        due_at: now.checked_add(SignedDuration::from_hours(due_in_hours)).ok(),
        note: note.to_owned(),
    };
    Seed { id: id(&format!("assignment {unit}")), yard: Some(yard), body: Body::Assignment(body) }
}

/// The fleet, by the key under which the seed knows each unit.
fn fleet() -> Vec<(String, Equipment)> {
    let tractors = [4471, 4486, 4502, 4519, 4533, 4548, 4560, 4577].map(|number| {
        let plate = Some((format!("R{number}K"), "TX"));
        (format!("tractor {number}"), unit(EquipmentClass::Tractor, number.to_string(), plate, None, "puente"))
    });
    let trailers = (0..8).map(|at| 20_931 + at * 13).map(|number| {
        let (painted, plate) = (format!("PX-{number}"), Some((format!("X{number}"), "TX")));
        (format!("trailer {painted}"), unit(EquipmentClass::Trailer, painted, plate, None, "rio"))
    });
    let chassis = (0..8).map(|at| 410_117 + at * 9).map(|number| {
        let (painted, plate) = (format!("GWCZ{number}"), Some((format!("C{number}"), "TN")));
        (format!("chassis {painted}"), unit(EquipmentClass::Chassis, painted, plate, None, "gateway"))
    });
    let containers = (0..2).flat_map(|_| CONTAINERS).enumerate().map(|(at, (owner, first, carrier))| {
        let number = container_number(owner, first + 37 * u32::try_from(at).unwrap_or(0));
        let size = Some(if at % 3 == 0 { "45G1" } else { "42G1" });
        (format!("container {at}"), unit(EquipmentClass::IsoContainer, number, None, size, carrier))
    });
    let domestic = [270_791, 270_804, 271_156, 271_902].map(|serial| {
        let number = format!("EMPU{serial}");
        (format!("domestic {serial}"), unit(EquipmentClass::DomesticContainer, number, None, None, "anahuac"))
    });
    tractors.into_iter().chain(trailers).chain(chassis).chain(containers).chain(domestic).collect()
}

fn unit(
    class: EquipmentClass,
    number: String,
    plate: Option<(String, &str)>,
    size_type: Option<&str>,
    carrier: &str,
) -> Equipment {
    Equipment {
        class,
        number,
        plate: plate.map(|(number, region)| Plate { number, region: region.to_owned() }),
        size_type: size_type.map(str::to_owned),
        carrier_id: Some(id(&format!("carrier {carrier}"))),
    }
}

/// The first number from that serial on which nothing can be said against: some serials have a discouraged digit.
fn container_number(owner: &str, first: u32) -> String {
    (first..first + 100)
        .map(|serial| format!("{owner}{serial:06}"))
        .filter_map(|body| Some(format!("{body}{}", iso6346::check_digit(&body)?)))
        .find(|number| iso6346::check(number) == Outcome::Valid)
        .expect("most serials have a digit of their own")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use gatebook_domain::validate;

    use super::*;

    #[test]
    fn nothing_can_be_said_against_any_record() {
        for seed in records("2026-03-04T12:00:00Z".parse().unwrap()) {
            assert_eq!(validate(&seed.body, None), [], "{:?}", seed.body);
        }
    }

    #[test]
    fn ids_and_equipment_numbers_are_unique() {
        let seeds = records(Timestamp::UNIX_EPOCH);
        let ids: HashSet<_> = seeds.iter().map(|seed| seed.id).collect();
        assert_eq!(ids.len(), seeds.len());
        let fleet = fleet();
        let numbers: HashSet<_> = fleet.iter().map(|(_, equipment)| &equipment.number).collect();
        assert_eq!((numbers.len(), fleet.len()), (40, 40));
    }

    #[test]
    fn whoever_is_assigned_works_at_the_yard() {
        for (unit, _, yard, operator, ..) in WORK {
            let works_there = |key: &str| {
                OPERATORS.iter().any(|(name, .., yards)| *name == key && yards.iter().any(|at| at.key == yard.key))
            };
            assert!(operator.is_none_or(works_there), "{unit}");
        }
    }
}
