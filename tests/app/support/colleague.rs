//! Somebody else at the yard, with a device of their own that nobody looks at.

use gatebook_client::scheduler::Event;
use gatebook_client::{Device, DeviceConfig};
use gatebook_testbed::Link;
use tempfile::TempDir;

use super::yard::Yard;

/// A device without a screen, out of reach of any signal except while it syncs.
pub(crate) struct Colleague {
    pub device: Device,
    link: Link,
    _folder: TempDir,
}

impl Colleague {
    /// Enrols, learns of the work there is, and walks off.
    pub(crate) async fn join(yard: &Yard, code: usize, operator: &str) -> Self {
        let (folder, link) = (tempfile::tempdir().unwrap(), Link::to(yard.address).await.unwrap());
        let device = Device::open(DeviceConfig::new(folder.path().to_owned(), "0.1.0")).unwrap();
        let mut changes = device.changes();
        device.enrol(&link.url(), &yard.seeded.codes[code].code, "Hector's phone").await.unwrap();
        while device.operators().unwrap().is_empty() || device.work_list().unwrap().assigned.is_empty() {
            changes.changed().await.unwrap();
        }
        device.choose_operator(Some(yard.operator(operator))).unwrap();
        link.cut();
        Self { device, link, _folder: folder }
    }

    /// Comes by the yard until everything is with the server.
    pub(crate) async fn sync(&self) {
        let mut changes = self.device.changes();
        self.link.mend();
        self.device.notify(Event::Manual);
        while self.device.store().pending_count().unwrap() > 0 {
            changes.changed().await.unwrap();
        }
        self.link.cut();
    }
}
