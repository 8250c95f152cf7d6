//! A seeded server and the way to it.

use std::net::SocketAddr;
use std::path::PathBuf;

use gatebook_domain::RecordState;
use gatebook_server::{Seeded, SeededRecord, Server};
use gatebook_sync::wire::AuditOutcome;
use gatebook_testbed::Link;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

/// A server with the demonstration yard in it, and the link devices reach it by.
pub(crate) struct Yard {
    pub server: Server,
    pub address: SocketAddr,
    pub link: Link,
    pub seeded: Seeded,
    folder: TempDir,
}

impl Yard {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (server, address) = gatebook_testbed::serve(folder.path()).await.unwrap();
        let seeded = server.seed().unwrap();
        Self { address, link: Link::to(address).await.unwrap(), server, seeded, folder }
    }

    /// The file in which the server holds the photo of that hash.
    pub(crate) fn photo(&self, sha256: &str) -> PathBuf {
        let blobs = self.folder.path().join("photos/blobs");
        let tenant = std::fs::read_dir(&blobs).unwrap().next().expect("the server holds photos").unwrap().path();
        let of_hash = std::fs::read_dir(tenant.join(&sha256[..2])).unwrap().map(|file| file.unwrap().path());
        let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(sha256));
        let files: Vec<_> = of_hash.filter(named).collect();
        assert_eq!(files.len(), 1, "held once: {files:?}");
        files.into_iter().next().expect("one")
    }

    /// What is to be done about that unit.
    fn assigned(&self, unit: &str) -> &SeededRecord {
        let of_unit = |assignment: &&SeededRecord| body(assignment.body.get())["equipment"]["number"] == unit;
        self.seeded.assignments.iter().find(of_unit).expect("the seed assigns it")
    }

    /// The assignment of that unit.
    pub(crate) fn assignment_of(&self, unit: &str) -> Uuid {
        self.assigned(unit).id
    }

    /// The inspection assigned for that unit.
    pub(crate) fn inspection_of(&self, unit: &str) -> Uuid {
        let id = &body(self.assigned(unit).body.get())["inspection_id"];
        id.as_str().and_then(|id| id.parse().ok()).expect("an assignment names its inspection")
    }

    /// The office strikes out an assignment.
    pub(crate) fn void_assignment_of(&self, unit: &str) {
        self.server.set_state(self.assigned(unit).id, RecordState::Voided, "done by somebody else").unwrap();
    }

    /// The office moves somebody to other yards.
    pub(crate) fn move_operator(&self, name: &str, yards: &[Uuid]) {
        self.change(self.operator(name), "yard_ids", serde_json::to_value(yards).unwrap());
    }

    /// The yards lie elsewhere, by another clock.
    pub(crate) fn move_to_zone(&self, zone: &str) {
        for yard in &self.seeded.yards {
            self.change(yard.id, "time_zone", zone.into());
        }
    }

    /// The office changes one field of a record.
    fn change(&self, record: Uuid, field: &str, value: Value) {
        let audit = self.server.audit(record).unwrap();
        let mut content = audit.into_iter().next_back().expect("it is on record").content;
        let mut changed = body(content.body.get());
        changed[field] = value;
        content.body = serde_json::value::to_raw_value(&changed).unwrap();
        self.server.put_record(None, record, content).unwrap();
    }

    /// What the server holds as the record's canonical state, if it holds one.
    pub(crate) fn holds(&self, record: Uuid) -> Option<Value> {
        let audit = self.server.audit(record).ok()?;
        let canonical = audit.into_iter().find(|entry| entry.outcome == AuditOutcome::Canonical)?;
        Some(body(canonical.content.body.get()))
    }

    /// The id of somebody who works here.
    pub(crate) fn operator(&self, name: &str) -> Uuid {
        self.seeded.operators.iter().find(|operator| operator.name == name).expect("the seed has that person").id
    }
}

fn body(json: &str) -> Value {
    serde_json::from_str(json).expect("a body is JSON")
}
