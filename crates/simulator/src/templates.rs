//! Databases to begin with, made once: a server with its reference data, and enrolled devices that have never synced.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatebook_client::{Device, DeviceConfig};
use gatebook_domain::equipment::{EquipmentClass, EquipmentRef};
use gatebook_domain::record::SCHEMA;
use gatebook_domain::reference::{Assignment, Operator, Role, Yard};
use gatebook_domain::{Body, RecordState, us_dvir};
use gatebook_server::{Config, Server};
use gatebook_sync::Content;
use gatebook_sync::wire::EnrolRequest;
use jiff::Timestamp;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::clock::{Machine, Time};

/// Name of a device's database in its folder.
pub(crate) const DEVICE_DATABASE: &str = "gatebook.sqlite";
/// Name of the server's.
pub(crate) const SERVER_DATABASE: &str = "gatebook-server.sqlite";

/// Devices there are templates for.
const DEVICES: usize = 4;
pub(crate) const YARDS: usize = 3;
pub(crate) const TENANTS: [&str; 2] = ["Puente Logistics", "Rival Freight"];
/// Pieces of assigned work a yard.
pub(crate) const ASSIGNMENTS: usize = 2;

/// Somebody who works.
pub(crate) struct Person {
    pub name: &'static str,
    pub tenant: usize,
    pub yards: &'static [usize],
    role: Role,
}

/// Everybody who works.
pub(crate) const PEOPLE: [Person; 5] = [
    Person { name: "Maria", tenant: 0, yards: &[0, 1], role: Role::Operator },
    Person { name: "Hector", tenant: 0, yards: &[0], role: Role::Operator },
    Person { name: "Ana", tenant: 0, yards: &[1], role: Role::Operator },
    Person { name: "Roy", tenant: 0, yards: &[0, 1], role: Role::Supervisor },
    Person { name: "Bea", tenant: 1, yards: &[2], role: Role::Operator },
];

/// Who of them is a supervisor.
pub(crate) const SUPERVISOR: usize = 3;

pub(crate) const DEVICE_NAMES: [&str; DEVICES] = ["phone A", "phone B", "kiosk C", "rival D"];

fn id(sort: u8, number: usize) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | u128::from(sort) << 32 | number as u128)
}

pub(crate) fn tenant_id(tenant: usize) -> Uuid {
    id(1, tenant)
}

pub(crate) fn yard_id(yard: usize) -> Uuid {
    id(2, yard)
}

pub(crate) const fn tenant_of_yard(yard: usize) -> usize {
    if yard == 2 { 1 } else { 0 }
}

pub(crate) fn person_id(person: usize) -> Uuid {
    id(3, person)
}

pub(crate) fn list_id(tenant: usize) -> Uuid {
    id(5, tenant)
}

/// The `number`th piece of work of that yard.
pub(crate) fn assignment_id(yard: usize, number: usize) -> Uuid {
    id(6, yard * 1_000 + number)
}

fn inspection_id(yard: usize, number: usize) -> Uuid {
    id(7, yard * 1_000 + number)
}

/// Content as the office writes it.
pub(crate) fn content(yard: Option<usize>, body: &Body, now: Timestamp) -> Content {
    Content {
        kind: body.kind().as_str().to_owned(),
        yard_id: yard.map(yard_id),
        schema: SCHEMA,
        state: RecordState::Live,
        state_reason: String::new(),
        captured_at: now,
        zone: "America/Chicago".to_owned(),
        operator_id: None,
        body: RawValue::from_string(body.to_json()).expect("a serialised body is JSON"),
    }
}

pub(crate) fn yard_body(yard: usize, place: &str) -> Body {
    Body::Yard(Yard {
        name: format!("Yard {yard}"),
        code: format!("Y{yard}"),
        time_zone: "America/Chicago".to_owned(),
        place: place.to_owned(),
    })
}

pub(crate) fn assignment_body(yard: usize, number: usize) -> Body {
    Body::Assignment(Assignment {
        inspection_id: inspection_id(yard, number),
        template_id: list_id(tenant_of_yard(yard)),
        equipment: EquipmentRef::new(EquipmentClass::Tractor, format!("{}", 4_000 + number)),
        operator_id: None,
        due_at: None,
        note: String::new(),
    })
}

/// The databases, as bytes.
pub(crate) struct Templates {
    pub server: Vec<u8>,
    pub key: Vec<u8>,
    pub devices: Vec<Vec<u8>>,
    pub tokens: Vec<String>,
    pub ids: Vec<Uuid>,
    /// Tokens of devices that see everything of an organisation and write nothing.
    pub auditors: Vec<String>,
}

impl Templates {
    /// Makes them in `folder`.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub(crate) fn make(folder: &Path) -> anyhow::Result<Self> {
        let time = Time::default();
        let at_server = folder.join("server");
        std::fs::create_dir_all(&at_server)?;
        // The same key in every run, so that receipts are the same as well.
        std::fs::write(at_server.join("server.key"), [7; 32])?;
        let environment = Arc::new(Machine::new(time.clone(), 0xff));
        let server = Server::open(Config { environment: environment.clone(), ..Config::new(&at_server) })?;
        furnish(&server, gatebook_server::Environment::now(&*environment))?;

        let (mut devices, mut tokens, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for (device, name) in DEVICE_NAMES.iter().enumerate() {
            let tenant = usize::from(device == DEVICES - 1);
            let yards: Vec<Uuid> = if tenant == 0 { vec![yard_id(0), yard_id(1)] } else { vec![yard_id(2)] };
            let code = server.enrolment_code(Some(tenant_id(tenant)), &yards, 24)?;
            let answer = server.enrol(&EnrolRequest::new(code, *name))?;
            tokens.push(answer.token.clone());
            ids.push(answer.device_id);
            let at_device = folder.join(name);
            let environment = Arc::new(Machine::new(time.clone(), device as u64 + 1));
            let config = DeviceConfig { environment, ..DeviceConfig::new(at_device.clone(), "simulated") };
            let (opened, by_hand) = Device::open_by_hand(config)?;
            opened.enrolled("https://simulated", name, answer).map_err(|error| anyhow::anyhow!(error.message))?;
            opened.suspend();
            drop((opened, by_hand));
            devices.push(whole(at_device.join(DEVICE_DATABASE))?);
        }
        let auditors = (0..TENANTS.len()).map(|tenant| auditor(&server, tenant)).collect::<anyhow::Result<_>>()?;
        drop(server);
        let key = std::fs::read(at_server.join("server.key"))?;
        Ok(Self { server: whole(at_server.join(SERVER_DATABASE))?, key, devices, tokens, ids, auditors })
    }
}

fn auditor(server: &Server, tenant: usize) -> anyhow::Result<String> {
    let yards: Vec<Uuid> = (0..YARDS).filter(|yard| tenant_of_yard(*yard) == tenant).map(yard_id).collect();
    let code = server.enrolment_code(Some(tenant_id(tenant)), &yards, 24)?;
    let request = EnrolRequest::new(code, "auditor");
    Ok(server.enrol(&request)?.token)
}

/// A closed database is one file.
fn whole(database: PathBuf) -> anyhow::Result<Vec<u8>> {
    let log = PathBuf::from(format!("{}-wal", database.display()));
    anyhow::ensure!(std::fs::read(log).unwrap_or_default().is_empty(), "the log was not written back on closing");
    Ok(std::fs::read(database)?)
}

fn furnish(server: &Server, now: Timestamp) -> anyhow::Result<()> {
    for (tenant, name) in TENANTS.iter().enumerate() {
        server.put_tenant(tenant_id(tenant), name)?;
        let mut list = us_dvir();
        // Three items show as much as eleven, and are read and written faster.
        list.items.truncate(3);
        server.put_record(Some(tenant_id(tenant)), list_id(tenant), content(None, &Body::Template(list), now))?;
    }
    for yard in 0..YARDS {
        let tenant = Some(tenant_id(tenant_of_yard(yard)));
        server.put_record(tenant, yard_id(yard), content(None, &yard_body(yard, ""), now))?;
    }
    for (number, person) in PEOPLE.iter().enumerate() {
        let body = Body::Operator(Operator {
            name: person.name.to_owned(),
            role: person.role,
            yard_ids: person.yards.iter().copied().map(yard_id).collect(),
            job: String::new(),
        });
        server.put_record(Some(tenant_id(person.tenant)), person_id(number), content(None, &body, now))?;
    }
    for yard in 0..YARDS {
        for number in 0..ASSIGNMENTS {
            let body = assignment_body(yard, number);
            let tenant = Some(tenant_id(tenant_of_yard(yard)));
            server.put_record(tenant, assignment_id(yard, number), content(Some(yard), &body, now))?;
        }
    }
    Ok(())
}
