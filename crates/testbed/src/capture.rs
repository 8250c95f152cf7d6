//! What people enter, through the methods the UI calls.

use anyhow::{Context as _, ensure};
use gatebook_client::Device;
use gatebook_client::view::{RecordView, Start};
use gatebook_domain::Body;
use gatebook_domain::equipment::{EquipmentClass, EquipmentRef, Load, Seal};
use gatebook_domain::gate_event::Direction;
use gatebook_domain::inspection::{Inspection, ItemResult};
use gatebook_domain::interchange::Movement;
use gatebook_domain::party::CarrierRef;
use gatebook_domain::signature::{Signature, SignatureRole};
use uuid::Uuid;

fn begin(device: &Device, assignment_id: Uuid) -> anyhow::Result<(Uuid, Inspection)> {
    let record = device.start(Start::Assignment { assignment_id })?;
    match record.body {
        Body::Inspection(inspection) => Ok((record.id, inspection)),
        _ => anyhow::bail!("an assignment leads to an inspection"),
    }
}

/// How many items have an answer.
pub fn answered(device: &Device, assignment: Uuid) -> anyhow::Result<usize> {
    Ok(begin(device, assignment)?.1.items.iter().filter(|item| item.result.is_some()).count())
}

/// Passes the next item, as one tap does. `false` when none is left.
pub fn answer_next(device: &Device, assignment: Uuid) -> anyhow::Result<bool> {
    let (id, mut inspection) = begin(device, assignment)?;
    let Some(item) = inspection.items.iter_mut().find(|item| item.result.is_none()) else { return Ok(false) };
    item.result = Some(ItemResult::Pass);
    save(device, id, Body::Inspection(inspection))?;
    Ok(true)
}

/// Fills the inspection item by item, signs and submits it.
pub fn inspection(device: &Device, assignment: Uuid, tires_fail: bool) -> anyhow::Result<RecordView> {
    while answer_next(device, assignment)? {}
    let (id, mut inspection) = begin(device, assignment)?;
    if tires_fail {
        let tires =
            inspection.items.iter_mut().find(|item| item.key.contains("tires")).context("the list has the tires")?;
        tires.result = Some(ItemResult::FailMajor);
        tires.note = String::from("Left rear inner: cord showing");
        save(device, id, Body::Inspection(inspection.clone()))?;
    }
    for party in [&mut inspection.motor_carrier, &mut inspection.equipment_provider] {
        *party = Some(carrier(device, "Puente")?);
    }
    inspection.signatures = vec![signature(device, SignatureRole::AuthorDriver)?];
    save(device, id, Body::Inspection(inspection))?;
    submit(device, id)
}

/// Whether an inspection found something that keeps the unit off the road.
pub fn has_major_defect(record: &RecordView) -> bool {
    matches!(&record.body, Body::Inspection(inspection)
        if inspection.items.iter().any(|item| item.result == Some(ItemResult::FailMajor)))
}

/// Records a loaded container coming in, and hands it in.
pub fn gate_event(device: &Device) -> anyhow::Result<RecordView> {
    let record = device.start(Start::GateEvent { direction: Direction::In })?;
    let Body::GateEvent(mut event) = record.body else { anyhow::bail!("a gate event was begun") };
    event.equipment = vec![container()];
    event.load = Some(Load::Loaded);
    event.seals = vec![Seal {
        number: "UL2048817".to_owned(),
        affixed_by: None,
        condition: gatebook_domain::equipment::SealCondition::Intact,
        class: None,
    }];
    event.driver.name = String::from("Héctor Salinas");
    event.carrier = carrier(device, "")?;
    save(device, record.id, Body::GateEvent(event))?;
    submit(device, record.id)
}

/// Records a container changing hands, signed by both sides, and hands it in.
pub fn interchange(device: &Device) -> anyhow::Result<RecordView> {
    let record = device.start(Start::Interchange { movement: Movement::InGate })?;
    let Body::Interchange(mut interchange) = record.body else { anyhow::bail!("an interchange was begun") };
    let carriers = device.find_carriers("")?;
    ensure!(carriers.len() >= 2, "the seed has several carriers");
    interchange.releasing = named(&carriers[0]);
    interchange.receiving = named(&carriers[1]);
    interchange.equipment = vec![container()];
    interchange.load = Some(Load::Empty);
    interchange.driver.name = String::from("Héctor Salinas");
    interchange.signatures =
        vec![signature(device, SignatureRole::Releasing)?, signature(device, SignatureRole::Receiving)?];
    save(device, record.id, Body::Interchange(interchange))?;
    submit(device, record.id)
}

/// Saves on what the device shows.
fn save(device: &Device, id: Uuid, body: Body) -> anyhow::Result<RecordView> {
    Ok(device.save(id, body, device.record(id)?.write_id)?)
}

fn submit(device: &Device, id: Uuid) -> anyhow::Result<RecordView> {
    let outcome = device.submit(id, device.record(id)?.write_id)?;
    ensure!(outcome.submitted, "{} is not complete: {:?}", outcome.record.title, outcome.record.missing);
    Ok(outcome.record)
}

fn container() -> EquipmentRef {
    EquipmentRef::new(EquipmentClass::IsoContainer, "CSQU3054383")
}

fn carrier(device: &Device, query: &str) -> anyhow::Result<CarrierRef> {
    Ok(named(device.find_carriers(query)?.first().context("the seed has carriers")?))
}

fn named(carrier: &gatebook_client::view::CarrierView) -> CarrierRef {
    CarrierRef {
        carrier_id: Some(carrier.id),
        name: carrier.name.clone(),
        scac: carrier.scac.clone(),
        usdot: carrier.usdot.clone(),
    }
}

fn signature(device: &Device, role: SignatureRole) -> anyhow::Result<Signature> {
    let operator = device.state()?.operator.context("somebody is working")?;
    Ok(Signature {
        role,
        name: operator.name,
        operator_id: Some(operator.id),
        signed_at: jiff::Timestamp::now(),
        strokes: vec![vec![100, 200, 180, 120, 260, 210], vec![300, 180, 420, 150]],
    })
}
