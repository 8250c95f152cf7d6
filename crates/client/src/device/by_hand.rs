//! A device whose rounds somebody else runs, and whose enrolment travels over no network: the simulator's.

use std::sync::Arc;

use gatebook_sync::wire::EnrolResponse;

use super::{Answer, Device, DeviceConfig};
use crate::error::StoreError;
use crate::photos::{LaneHandle, Photos};
use crate::scheduler::{ByHand, Event};
use crate::store::{Enrolment, Store, settings};

impl Device {
    /// Opens the device without a timer, a task or an eye on the network.
    ///
    /// # Errors
    /// The data folder cannot be used.
    pub fn open_by_hand(config: DeviceConfig) -> Result<(Self, ByHand), StoreError> {
        let store = Arc::new(Store::open(&config.data_folder)?);
        let photos = Arc::new(Photos::open(Arc::clone(&store), Arc::clone(&config.environment))?);
        let (by_hand, scheduler) =
            ByHand::prepare(Arc::clone(&store), Arc::clone(&config.environment), config.app_version.clone())?;
        let device = Self {
            store,
            environment: config.environment,
            photos,
            scheduler,
            lane: LaneHandle::by_hand(),
            _network: None,
            app_version: config.app_version,
        };
        Ok((device, by_hand))
    }

    /// Joins as the server answered.
    ///
    /// # Errors
    /// The database failed.
    pub fn enrolled(&self, server_url: &str, device_name: &str, answer: EnrolResponse) -> Answer<()> {
        let enrolment = Enrolment {
            server_url: server_url.to_owned(),
            tenant_id: Some(answer.tenant_id),
            tenant_name: answer.tenant_name,
            device_id: answer.device_id,
            device_name: device_name.to_owned(),
            token: answer.token,
            revoked: false,
        };
        self.store.set(&settings::ENROLMENT, Some(&enrolment))?;
        self.notify(Event::Started);
        Ok(())
    }
}
