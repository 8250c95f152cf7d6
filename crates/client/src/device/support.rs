//! What support gets of a device.

use std::io::Write;

use super::{Answer, Device};
use crate::store::settings;
use crate::support::{self, Diagnosed, Exported, Snapshot, SupportView, Surroundings};

impl Device {
    /// What waits on this device.
    ///
    /// # Errors
    /// The database failed.
    pub fn support(&self) -> Answer<SupportView> {
        Ok(support::view(&self.store)?)
    }

    /// Writes everything pending to `out`, as [`crate::support`] describes. Takes its time, and nobody waits for it.
    ///
    /// # Errors
    /// The database failed, or `out` did; then what was written is of no use.
    pub fn export_pending(&self, out: impl Write) -> Answer<Exported> {
        let enrolment = self.store.setting(&settings::ENROLMENT)?;
        let made_by = (self.app_version.as_str(), self.environment.now());
        Ok(support::export_pending(&self.store, &self.photos, enrolment.as_ref(), made_by, out)?)
    }

    /// Writes what support needs to know of this device to `out`, without secrets.
    ///
    /// # Errors
    /// As [`Self::export_pending`].
    pub fn export_diagnostics(&self, surroundings: &Surroundings, out: impl Write) -> Answer<Diagnosed> {
        let enrolment = self.store.setting(&settings::ENROLMENT)?;
        let sync = self.scheduler.status.borrow().clone();
        let made_by = (self.app_version.as_str(), self.environment.now());
        let parts = (&*self.store, &*self.photos);
        Ok(support::write_diagnostics(parts, enrolment.as_ref(), made_by, &sync, surroundings, out)?)
    }

    /// Copies the store, without its secrets, to be looked into.
    ///
    /// # Errors
    /// The database failed, or there is no room for a copy.
    pub fn snapshot(&self) -> Answer<Snapshot> {
        Ok(Snapshot::take(&self.store, self.environment.now())?)
    }
}
