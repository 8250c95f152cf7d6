//! What the system's notifications tell, and whether the person was asked for them.

use super::{Answer, Device};
use crate::notifications::{Notification, Watched};
use crate::store::settings;

impl Device {
    /// What is to be told by the system's notifications now. What this returns is never returned again.
    ///
    /// # Errors
    /// The database failed.
    pub fn to_tell(&self, watched: Watched) -> Answer<Vec<Notification>> {
        Ok(self.store.to_tell(self.environment.now(), watched)?)
    }

    /// Whether the person has been asked if notifications may be shown. They are asked once, and never again.
    ///
    /// # Errors
    /// The database failed.
    pub fn was_asked_to_notify(&self) -> Answer<bool> {
        Ok(self.store.setting(&settings::ASKED_TO_NOTIFY)?.unwrap_or_default())
    }

    /// The person has answered that.
    ///
    /// # Errors
    /// The database failed.
    pub fn note_asked_to_notify(&self) -> Answer<()> {
        Ok(self.store.set(&settings::ASKED_TO_NOTIFY, Some(&true))?)
    }
}
