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

    /// Whether the person is to be asked now if notifications may be shown: a record has been handed in, and they were
    /// never asked.
    ///
    /// # Errors
    /// The database failed.
    pub fn is_to_ask_to_notify(&self) -> Answer<bool> {
        Ok(self.store.setting(&settings::ASK_TO_NOTIFY)?.unwrap_or_default())
    }

    /// They were asked, whatever the answer, and are asked no more.
    ///
    /// # Errors
    /// The database failed.
    pub fn note_asked_to_notify(&self) -> Answer<()> {
        Ok(self.store.set(&settings::ASK_TO_NOTIFY, Some(&false))?)
    }

    /// A record is handed in: the first time, it is time to ask.
    pub(super) fn note_handing_in(&self) -> Answer<()> {
        if self.store.setting(&settings::ASK_TO_NOTIFY)?.is_none() {
            self.store.set(&settings::ASK_TO_NOTIFY, Some(&true))?;
        }
        Ok(())
    }
}
