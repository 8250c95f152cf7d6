//! What people fill in.

use super::app::App;

impl App {
    /// Opens an assigned inspection from the list.
    pub(crate) async fn open_inspection(&self, record: uuid::Uuid) {
        self.tap(&format!("work-item-{record}")).await;
        self.see("record-page").await;
    }

    /// Passes everything on the list that has no answer yet.
    pub(crate) async fn pass_the_rest(&self) {
        self.tap("step-items").await;
        self.tap("rest-pass").await;
    }

    /// Fails one item, with what is wrong with it.
    pub(crate) async fn fail(&self, item: &str, note: &str) {
        self.tap("step-items").await;
        self.tap(&format!("item-{item}-fail_major")).await;
        self.write(&format!("item-{item}-note"), note).await;
    }

    /// Signs the inspection and hands it in.
    pub(crate) async fn sign_and_submit(&self) {
        self.tap("step-sign").await;
        self.sign("author_driver").await;
        self.tap("step-review").await;
        self.tap("submit").await;
        self.see("confirmation").await;
    }

    /// Records a container that comes in, up to the point of handing it in.
    pub(crate) async fn gate_in(&self, driver: &str) {
        self.tap("new-gate-in").await;
        self.write("field-equipment-0-number", "CSQU3054383").await;
        self.tap("field-load-empty").await;
        self.write("field-driver-name", driver).await;
        self.write("field-carrier-name", "Lone Star Drayage").await;
    }

    /// Syncs because somebody asked for it, and waits until everything is through.
    pub(crate) async fn sync(&self) {
        let last_success = || self.stored("SELECT value ->> 'last_success_at' FROM settings WHERE name = 'attempts'");
        let before = last_success();
        self.tap("sync-now").await;
        self.until("a sync has ended", async || last_success() != before && self.pending() == 0).await;
        self.gone("sync-badge").await;
    }

    /// The record that is open, as the device remembers it.
    pub(crate) async fn record(&self) -> uuid::Uuid {
        let place = || self.stored("SELECT value ->> '$' FROM settings WHERE name = 'place'");
        let id = || place().split('/').nth(1).and_then(|id| id.parse::<uuid::Uuid>().ok());
        self.see("record-page").await;
        self.until("the place names the record", async || id().is_some()).await;
        id().expect("it does now")
    }

    /// Somebody else takes over.
    pub(crate) async fn change_operator(&self, operator: uuid::Uuid) {
        self.tap("device-sheet-open").await;
        self.tap("change-operator").await;
        self.tap(&format!("operator-{operator}")).await;
        self.gone("who-page").await;
    }

    /// How many records wait for the server. The operator is never shown this.
    pub(crate) fn pending(&self) -> u64 {
        self.stored("SELECT count(*) FROM records WHERE pending_sync AND NOT untouched AND rejection IS NULL")
            .parse()
            .expect("a number")
    }

    /// Waits until that is at that place of the record on the disk: an SQL expression over its `body`.
    pub(crate) async fn has_saved(&self, record: uuid::Uuid, at: &str, expected: &str) {
        let query = format!("SELECT {at} FROM records WHERE records.id = x'{}'", record.simple());
        self.until(&format!("“{expected}” is saved"), async || self.stored(&query) == expected).await;
    }
}
