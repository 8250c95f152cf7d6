//! A device whose rounds somebody else runs, and whose enrolment travels over no network: the simulator's.

use std::sync::Arc;

use gatebook_sync::wire::{EnrolRequest, EnrolResponse};

use super::{Answer, Device, DeviceConfig};
use crate::enrol::Joining;
use crate::error::StoreError;
use crate::photos::{FreeSpace, LaneByHand, LaneHandle, Photos};
use crate::scheduler::{ByHand, Event};
use crate::store::{Enrolment, Store, settings};

impl Device {
    /// Opens the device without a timer, a task or an eye on the network.
    ///
    /// # Errors
    /// The data folder cannot be used.
    pub fn open_by_hand(config: DeviceConfig) -> Result<(Self, ByHand), StoreError> {
        let (device, by_hand, _) = Self::open_by_hand_on(config, Arc::new(|_| Ok(u64::MAX)))?;
        Ok((device, by_hand))
    }

    /// The same on a disk of which somebody else says how full it is, with the lane of its photos.
    ///
    /// # Errors
    /// The data folder cannot be used.
    pub fn open_by_hand_on(config: DeviceConfig, free: FreeSpace) -> Result<(Self, ByHand, LaneByHand), StoreError> {
        let store = Arc::new(Store::open(&config.data_folder)?);
        let environment = Arc::clone(&config.environment);
        let photos = Arc::new(Photos::open_on(Arc::clone(&store), environment, free, None)?);
        let (by_hand, scheduler) =
            ByHand::prepare(Arc::clone(&store), Arc::clone(&config.environment), config.app_version.clone())?;
        let (lane, inbox) = LaneHandle::by_hand();
        let lane_by_hand = LaneByHand::new(&photos, inbox);
        let device = Self {
            store,
            environment: config.environment,
            photos,
            scheduler,
            lane,
            _network: None,
            looked_at: tokio::sync::watch::Sender::new(false),
            app_version: config.app_version,
        };
        Ok((device, by_hand, lane_by_hand))
    }

    /// Asks to join, as [`Device::enrol`] would over the network.
    ///
    /// # Errors
    /// The database failed.
    pub fn joining_by_hand(&self, code: &str, device_name: &str) -> Result<EnrolRequest, StoreError> {
        let device_id = self.store.setting(&settings::DEVICE_ID)?.unwrap_or_else(|| self.environment.new_id());
        let before = self.store.setting(&settings::ENROLMENT)?;
        let joining = Joining { secret: self.store.joining_secret()?, before, device_id };
        Ok(joining.request(code, device_name))
    }

    /// Whether it takes itself to be signed out.
    ///
    /// # Errors
    /// The database failed.
    pub fn is_signed_out(&self) -> Result<bool, StoreError> {
        Ok(self.store.setting(&settings::ENROLMENT)?.is_some_and(|enrolment: Enrolment| enrolment.revoked))
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
            device_key: answer.device_key,
            server: answer.server,
            pin: None,
        };
        self.store.joined(&enrolment)?;
        self.notify(Event::Started);
        Ok(())
    }
}
