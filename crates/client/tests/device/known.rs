//! What a form is told of what this device knows: what came with a pick, whose a code is, what the odometer showed.

use gatebook_client::view::{Picked, RecordView, Start};
use gatebook_domain::equipment::EquipmentRef;
use gatebook_domain::inspection::{DistanceUnit, Odometer};
use gatebook_domain::party::CarrierRef;
use gatebook_domain::{Body, ProblemCode};
use uuid::Uuid;

use crate::support::{TestDevice, TestYard};

fn warned(view: &RecordView) -> Vec<(&str, ProblemCode)> {
    view.problems.iter().map(|problem| (problem.path.as_str(), problem.code)).collect()
}

#[tokio::test]
async fn what_came_with_a_pick_is_told_also_after_a_kill() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let carrier = device.device.find_carriers("").unwrap().swap_remove(0);
    let unit = device.device.find_equipment("").unwrap().into_iter().find(|unit| unit.plate.is_some()).unwrap();
    let id = device.records("picked");
    device.changes(id, |event| {
        event.carrier = CarrierRef { carrier_id: Some(carrier.id), ..CarrierRef::default() };
        event.equipment = vec![EquipmentRef { equipment_id: Some(unit.id), ..unit.equipment.clone() }];
    });
    let device = device.killed_and_reopened();
    let picked = device.shows(id).picked;
    let of = |id: Uuid| picked.iter().find(|it| it.id == id).unwrap();
    let Picked { scac, usdot, .. } = of(carrier.id);
    assert_eq!((scac, usdot), (&carrier.scac, &carrier.usdot));
    assert_eq!(of(unit.id).plate, unit.plate);
    assert_eq!(picked.len(), 2);
}

#[tokio::test]
async fn a_code_of_another_carrier_warns_and_is_taken_all_the_same() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let known = device.device.find_carriers("").unwrap().into_iter().find(|it| it.scac.is_some() && it.usdot.is_some());
    let known = known.unwrap();
    let id = device.records("typed");
    let typed = |name: &str| {
        device.changes(id, |event| {
            let (scac, usdot) = (known.scac.as_deref().map(str::to_lowercase), known.usdot.clone());
            event.carrier = CarrierRef { name: name.to_owned(), scac, usdot, ..CarrierRef::default() };
        });
        device.shows(id)
    };
    let other = [("/carrier/scac", ProblemCode::KnownOtherwise), ("/carrier/usdot", ProblemCode::KnownOtherwise)];
    assert_eq!(warned(&typed("Acme Haulage")), other);
    assert_eq!(warned(&typed(&known.name.to_uppercase())), []);
}

fn inspected(device: &TestDevice, number: &str, value: u32) -> Uuid {
    let template_id = device.device.templates().unwrap()[0].id;
    let view = device.device.start(Start::Inspection { template_id, equipment: None }).unwrap();
    let Body::Inspection(mut inspection) = view.body else { panic!("an inspection was begun") };
    number.clone_into(&mut inspection.equipment.number);
    inspection.odometer = Some(Odometer { value, unit: DistanceUnit::Mi });
    device.device.save(view.id, Body::Inspection(inspection), view.write_id).unwrap();
    view.id
}

#[tokio::test]
async fn an_odometer_below_the_last_known_of_that_unit_warns() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let first = inspected(&device, "T-118", 412_345);
    let below = [("/odometer/value", ProblemCode::Unlikely)];
    let warned = |id| device.shows(id).problems.into_iter().map(|it| (it.path, it.code)).collect::<Vec<_>>();
    let expected: Vec<_> = below.iter().map(|(path, code)| ((*path).to_owned(), *code)).collect();
    assert_eq!(warned(inspected(&device, "t-118", 41_234)), expected);
    assert_eq!(warned(inspected(&device, "T-119", 41_234)), [], "another unit");
    assert_eq!(warned(first), [], "a later one says nothing about an earlier one");
    device.device.void_record(first, "misread", device.shows(first).write_id).unwrap();
    let voided_too = inspected(&device, "T-118", 50_000);
    assert_eq!(warned(voided_too), [], "what was struck out does not count");
}
