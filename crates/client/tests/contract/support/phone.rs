//! A device as a test handles it.

use std::path::PathBuf;

use gatebook_client::sync_round::{self, PageSize, Report, RoundError};
use gatebook_client::view::{InboxItem, Start};
use gatebook_client::{Device, DeviceConfig, HeldRecord, Store, Transport};
use gatebook_domain::Body;
use gatebook_domain::equipment::{EquipmentClass, EquipmentRef};
use gatebook_domain::gate_event::{Direction, GateEvent};
use gatebook_sync::Canonical;
use gatebook_sync::wire::{EnrolResponse, Limits};
use rusqlite::Connection;
use serde_json::json;
use uuid::Uuid;

use super::{Way, Yard, support_remarks};

pub(crate) struct Phone {
    pub(crate) device: Device,
    pub(crate) id: Uuid,
    pub(crate) token: String,
    folder: PathBuf,
}

impl Phone {
    /// A device whose own scheduler keeps still: it counts as signed out. It keeps of its enrollment what apps of before kept.
    pub(crate) fn open(folder: PathBuf, enrolled: &EnrolResponse) -> Self {
        drop(Store::open(&folder).unwrap());
        keeps(&folder, enrolled);
        let device = Device::open(DeviceConfig::new(folder.clone(), "1.0.0")).unwrap();
        Self { device, id: enrolled.device_id, token: enrolled.token.clone(), folder }
    }

    /// It joins anew, with a new code.
    pub(crate) fn joins_anew(&mut self, yard: &Yard) {
        let enrolled = yard.enrolled(&[yard.laredo(), yard.nuevo_laredo()]);
        keeps(&self.folder, &enrolled);
        (self.id, self.token) = (enrolled.device_id, enrolled.token);
    }

    /// What it keeps of its enrollment.
    pub(crate) fn enrolment(&self) -> serde_json::Value {
        let sql = "SELECT value FROM settings WHERE name = 'enrolment'";
        let text: String = self.database().query_row(sql, [], |row| row.get(0)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn database(&self) -> Connection {
        database(&self.folder)
    }

    /// One round; it must end well.
    pub(crate) async fn syncs(&self, yard: &Yard) -> Report {
        self.syncs_over(&Way::of(yard, self)).await.unwrap()
    }

    pub(crate) async fn syncs_over(&self, way: &dyn Transport) -> Result<Report, RoundError> {
        self.syncs_by(Limits::default(), way).await
    }

    /// One round in pages of that size.
    pub(crate) async fn syncs_by(&self, limits: Limits, way: &dyn Transport) -> Result<Report, RoundError> {
        sync_round::run(self.device.store(), way, &mut PageSize::new(limits), "1.0.0", |_| ()).await
    }

    /// A gate event is recorded with that remark.
    pub(crate) fn records(&self, remarks: &str) -> Uuid {
        let id = self.device.start(Start::GateEvent { direction: Direction::In }).unwrap().id;
        self.changes(id, |event| {
            event.equipment = vec![EquipmentRef::new(EquipmentClass::IsoContainer, "CSQU3054383")];
            remarks.clone_into(&mut event.remarks);
        });
        id
    }

    /// The remark of a gate event is changed.
    pub(crate) fn edits(&self, id: Uuid, remarks: &str) {
        self.changes(id, |event| remarks.clone_into(&mut event.remarks));
    }

    pub(crate) fn changes(&self, id: Uuid, change: impl FnOnce(&mut GateEvent)) {
        let shown = self.device.record(id).unwrap();
        let Body::GateEvent(mut event) = shown.body else { panic!("a gate event expected") };
        change(&mut event);
        self.device.save(id, Body::GateEvent(event), shown.write_id).unwrap();
    }

    pub(crate) fn holds(&self, id: Uuid) -> Option<HeldRecord> {
        self.device.store().held(id).unwrap()
    }

    pub(crate) fn held(&self, id: Uuid) -> HeldRecord {
        self.holds(id).expect("the record is held")
    }

    /// What the record says here.
    pub(crate) fn says(&self, id: Uuid) -> String {
        support_remarks(&self.held(id).content)
    }

    /// The canonical state that the record equals.
    pub(crate) fn canonical(&self, id: Uuid) -> Canonical {
        let HeldRecord { id, content, write_id, pending, base, .. } = self.held(id);
        assert!(!pending, "synced");
        Canonical { id, receipt: base.unwrap(), write_id, device_id: None, content }
    }

    pub(crate) fn pending(&self) -> u32 {
        self.device.store().pending_count().unwrap()
    }

    pub(crate) fn inbox(&self) -> Vec<InboxItem> {
        self.device.inbox().unwrap()
    }

    /// How often this device was found to differ from the server.
    pub(crate) fn repairs(&self) -> u32 {
        self.device.store().repairs().unwrap()
    }

    /// Rows of a table of its database.
    pub(crate) fn count(&self, table: &str) -> u32 {
        self.database().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }
}

fn keeps(folder: &std::path::Path, enrolled: &EnrolResponse) {
    let enrolment = json!({
        "server_url": "http://127.0.0.1:9",
        "tenant_id": enrolled.tenant_id,
        "tenant_name": "Tests",
        "device_id": enrolled.device_id,
        "device_name": "phone",
        "token": enrolled.token,
        "revoked": true,
    });
    let sql = "INSERT OR REPLACE INTO settings VALUES ('enrolment', ?1)";
    database(folder).execute(sql, [enrolment.to_string()]).unwrap();
}

fn database(folder: &std::path::Path) -> Connection {
    Connection::open(folder.join("gatebook.sqlite")).unwrap()
}
