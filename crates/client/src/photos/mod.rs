//! Photos on the device: taken, kept, sent, and gone when it is safe.
//!
//! One file per step of a photo's life: [`develop`] (from a camera's bytes to what is kept, pure), [`capture`] (safe on the
//! disk, then a record), [`lifecycle`] (gone when it is safe) with its pure planner [`keep`] and the count of time that has
//! surely passed, [`kept_time`], and [`upload`] (a lane beside the sync round). What comes from the pages passes [`intake`]
//! first, and what a phone's camera was opened for is noted by [`at_camera`]. Bytes lie in files named by their SHA-256; what is known of them is in the store, in the same transaction as the
//! record they belong to.

mod at_camera;
#[cfg(feature = "simulation")]
mod by_hand;
mod capture;
mod chunk;
pub mod develop;
mod error;
mod folder;
mod http;
mod intake;
mod keep;
mod kept_time;
mod lane;
mod lifecycle;
mod off_thread;
mod origin;
mod policy;
#[cfg(test)]
mod tests;
mod upload;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};

use crate::environment::Environment;
use crate::round_lock::{Lane, RoundLock};
use crate::store::{Store, settings};

pub(crate) use at_camera::AtCamera;
#[cfg(feature = "simulation")]
pub use by_hand::LaneByHand;
pub use capture::{About, Source, Step};
pub(crate) use chunk::ChunkSize;
pub use error::PhotoError;
pub use folder::FreeSpace;
pub use keep::{KEPT_FOR_MS, Kept};
pub(crate) use kept_time::uptime;
pub use kept_time::{Clocks, KeptTime};
pub(crate) use lane::{LaneHandle, spawn as spawn_lane};
pub use lifecycle::{PhotoOf, StorageView, StoredPhoto};
pub use origin::{Origin, PictureCame, Taken};
pub use policy::{LongestSide, PhotoPolicy};
pub use upload::{Network, NewUpload, PhotoTransport, UploadError, UploadProgress, Uploaded};

/// The photos of one device.
pub struct Photos {
    store: Arc<Store>,
    environment: Arc<dyn Environment>,
    folder: folder::Folder,
    /// One capture at a time: a picture unfolds to a hundred times its bytes.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Where a phone's camera writes.
    camera: OnceLock<PathBuf>,
    /// One look at what cameras left at a time.
    pub(crate) looking: tokio::sync::Mutex<()>,
    /// Held while files and rows change together; never while the network is waited for.
    files: Mutex<()>,
    /// What the link was last seen to carry.
    chunk: Mutex<chunk::ChunkSize>,
    progress: tokio::sync::watch::Sender<UploadProgress>,
    network: Mutex<Network>,
    /// Photos on the disk whose records are not here, by hash; nothing until somebody has looked.
    unclaimed: Mutex<Option<BTreeSet<String>>>,
    /// Bytes have arrived since the lane last looked.
    came_further: AtomicBool,
    steps: Option<Box<dyn Fn(Step) + Send + Sync>>,
    /// Tells other processes that the files are in use.
    _running: Option<RoundLock>,
}

impl std::fmt::Debug for Photos {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Photos").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Photos {
    /// The photos that belong to the store, put in order: to be opened once, before anything is taken.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(store: Arc<Store>, environment: Arc<dyn Environment>) -> Result<Self, PhotoError> {
        Self::open_on(store, environment, Arc::new(|path| fs4::available_space(path)), None)
    }

    /// The same on a disk of which somebody else says how full it is, with somebody who looks at each step of a capture.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open_on(
        store: Arc<Store>,
        environment: Arc<dyn Environment>,
        free: FreeSpace,
        steps: Option<Box<dyn Fn(Step) + Send + Sync>>,
    ) -> Result<Self, PhotoError> {
        let photos = Self::unchecked(store, environment, free, steps)?;
        let Some(running) = RoundLock::try_take(photos.store.folder(), Lane::App) else {
            tracing::warn!("the app runs twice on one data folder; nothing is swept beside the first");
            return Ok(photos);
        };
        photos.sweep_intake()?;
        photos.put_in_order()?;
        Ok(Self { _running: Some(running), ..photos })
    }

    /// The same for one round while the app may be running: nothing is swept, for what looks left over here may be a
    /// photo that the app is just taking.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub(crate) fn open_beside_the_app(
        store: Arc<Store>,
        environment: Arc<dyn Environment>,
    ) -> Result<Self, PhotoError> {
        let photos = Self::unchecked(store, environment, Arc::new(|path| fs4::available_space(path)), None)?;
        photos.note_confirmed()?;
        Ok(photos)
    }

    fn unchecked(
        store: Arc<Store>,
        environment: Arc<dyn Environment>,
        free: FreeSpace,
        steps: Option<Box<dyn Fn(Step) + Send + Sync>>,
    ) -> Result<Self, PhotoError> {
        let folder = folder::Folder::open(store.folder(), free)?;
        let chunk = store.setting(&settings::CHUNK)?.unwrap_or_default();
        Ok(Self {
            store,
            environment,
            folder,
            turn: Arc::default(),
            camera: OnceLock::new(),
            looking: tokio::sync::Mutex::default(),
            files: Mutex::default(),
            chunk: Mutex::new(chunk),
            progress: tokio::sync::watch::Sender::default(),
            network: Mutex::new(Network::Metered),
            unclaimed: Mutex::default(),
            came_further: AtomicBool::default(),
            steps,
            _running: None,
        })
    }

    /// How photos are developed, kept and sent.
    pub fn policy(&self) -> PhotoPolicy {
        self.store.setting(&settings::PHOTO_POLICY).ok().flatten().unwrap_or_default()
    }

    /// Sets that, for photos taken from now on.
    ///
    /// # Errors
    /// The database failed.
    pub fn set_policy(&self, policy: &PhotoPolicy) -> Result<(), PhotoError> {
        Ok(self.store.set(&settings::PHOTO_POLICY, Some(policy))?)
    }

    /// Bytes that are free on the disk of the photos.
    pub(crate) fn free_bytes(&self) -> std::io::Result<u64> {
        self.folder.free_bytes()
    }

    /// The thumbnail's file, which stays when the photo goes.
    #[must_use]
    pub fn thumbnail(&self, sha256: &str) -> PathBuf {
        self.folder.path(sha256, folder::Sort::Thumbnail)
    }

    /// The file that shows the photo best without asking anybody: kept, or viewed lately.
    #[must_use]
    pub fn picture(&self, sha256: &str) -> Option<PathBuf> {
        if !is_hash(sha256) {
            return None;
        }
        Some(self.folder.path(sha256, folder::Sort::Photo))
            .filter(|path| path.exists())
            .or_else(|| self.folder.cached(sha256))
    }

    /// The file for a small picture of it: the thumbnail, or what [`Self::picture`] has when it came from another device.
    #[must_use]
    pub fn small_picture(&self, sha256: &str) -> Option<PathBuf> {
        is_hash(sha256).then(|| self.thumbnail(sha256)).filter(|path| path.exists()).or_else(|| self.picture(sha256))
    }
}

/// Whether it is a hash as records have it, and so cannot lead out of the folder.
fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}
