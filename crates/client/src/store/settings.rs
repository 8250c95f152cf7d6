//! Facts about this device that are not records.

use gatebook_sync::wire::ServerIdentity;
use gatebook_sync::{AuthorityPin, DeviceKey};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Store, pending};
use crate::error::StoreError;
use crate::scheduler::Attempts;

/// The device's membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Enrolment {
    pub server_url: String,
    /// Unknown to databases from before it was kept.
    #[serde(default)]
    pub tenant_id: Option<Uuid>,
    pub tenant_name: String,
    pub device_id: Uuid,
    pub device_name: String,
    pub token: String,
    /// The office has signed this device out, as its own server has proved. Local data stays in use.
    pub revoked: bool,
    /// By this the device knows that it is its own server that says so. Unknown at first to devices that joined before there
    /// was such a thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_key: Option<DeviceKey>,
    /// The server it belongs to. Unknown at first to the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerIdentity>,
    /// The one authority that is trusted for that server, if it made its certificate itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<AuthorityPin>,
}

/// A setting's name and the type of its value.
pub(crate) struct Setting<T>(&'static str, std::marker::PhantomData<fn() -> T>);

impl<T> Setting<T> {
    const fn named(name: &'static str) -> Self {
        Self(name, std::marker::PhantomData)
    }
}

pub(crate) const ENROLMENT: Setting<Enrolment> = Setting::named("enrolment");
/// Random text that goes with each attempt to join, until one is answered.
pub(crate) const JOINING_SECRET: Setting<String> = Setting::named("joining_secret");
/// What the server called this device last. Servers of before take the device's own choice of id, also the first time.
pub(crate) const DEVICE_ID: Setting<Uuid> = Setting::named("device_id");
pub(crate) const OPERATOR_ID: Setting<Uuid> = Setting::named("operator_id");
pub(crate) const YARD_ID: Setting<Uuid> = Setting::named("yard_id");
pub(crate) const PLACE: Setting<String> = Setting::named("place");
pub(crate) const SALVAGE: Setting<String> = Setting::named("salvage");
pub(crate) const ATTEMPTS: Setting<Attempts> = Setting::named("attempts");
/// A deliberate bug's.
#[cfg(feature = "simulation")]
pub(crate) const SYNCING: Setting<bool> = Setting::named("syncing");
pub(crate) const EPOCH: Setting<gatebook_sync::Epoch> = Setting::named("epoch");
/// What the server gave to be shown again: how far its history had come.
pub(crate) const MARK: Setting<String> = Setting::named("mark");
/// The server's epoch changed and not everything has been pulled since.
pub(crate) const STARTING_AGAIN: Setting<bool> = Setting::named("starting_again");
/// How often device and server were found to differ. Stays 0 in normal life.
pub(crate) const REPAIRS: Setting<u32> = Setting::named("repairs");
/// How often the scheduler was found asleep with nothing planned, or broken, and was woken. Stays 0 in normal life.
pub(crate) const WOKEN: Setting<u32> = Setting::named("scheduler_woken");
/// What the system's notifications have told.
pub(crate) const TOLD: Setting<crate::notifications::Told> = Setting::named("told");
/// Whether the person is to be asked if notifications may be shown: from the first record handed in until they were.
pub(crate) const ASK_TO_NOTIFY: Setting<bool> = Setting::named("ask_to_notify");
/// For how many days finished records are kept here.
pub(crate) const HISTORY_DAYS: Setting<u32> = Setting::named("history_days");
/// When finished records were last let go, by the server's clock.
pub(crate) const LET_GO_AT: Setting<Timestamp> = Setting::named("let_go_at");
/// Time that has surely passed, for photos that wait to go.
pub(crate) const KEPT_TIME: Setting<crate::photos::KeptTime> = Setting::named("kept_time");
/// The newest time the server has told.
pub(crate) const SERVER_TIME: Setting<Timestamp> = Setting::named("server_time");
/// The photo folder is older than this database: files that no record here names are kept.
pub(crate) const OLDER_PHOTOS: Setting<bool> = Setting::named("older_photos");
/// How many bytes of a photo go in one request.
pub(crate) const CHUNK: Setting<crate::photos::ChunkSize> = Setting::named("chunk");
/// How photos are developed, kept and sent.
pub(crate) const PHOTO_POLICY: Setting<crate::photos::PhotoPolicy> = Setting::named("photo_policy");
/// What cameras were opened for, whose pictures are not safe yet.
pub(crate) const AT_CAMERA: Setting<Vec<crate::photos::AtCamera>> = Setting::named("at_camera");
/// Requests with records in them, by number.
pub(crate) const REQUESTS: Setting<super::unanswered::Requests> = Setting::named("requests");
/// Bytes of a page of records that the link was last seen to carry.
pub(crate) const PAGE_BYTES: Setting<u32> = Setting::named("page_bytes");
pub(crate) const LIMITS: Setting<gatebook_sync::wire::Limits> = Setting::named("limits");

/// What decides whether a round runs.
pub(crate) struct BeforeRound {
    pub enrolment: Option<Enrolment>,
    pub attempts: Attempts,
    /// Records that wait for a round.
    pub pending: u32,
    /// Whether one of them has not been found to be stuck.
    pub has_fresh_work: bool,
}

impl Store {
    /// The setting's value, if it was ever set.
    pub(crate) fn setting<T: DeserializeOwned>(&self, setting: &Setting<T>) -> Result<Option<T>, StoreError> {
        self.read(|connection| get(connection, setting))
    }

    /// The device's membership and who is working on it, for a write.
    pub(crate) fn who_writes(&self) -> Result<(Option<Enrolment>, Option<Uuid>), StoreError> {
        self.read_beside_write(|connection| Ok((get(connection, &ENROLMENT)?, get(connection, &OPERATOR_ID)?)))
    }

    /// What decides when the next round runs, from one state: membership, earlier attempts, how much waits.
    pub(crate) fn before_a_round(&self) -> Result<BeforeRound, StoreError> {
        self.read(|connection| {
            Ok(BeforeRound {
                enrolment: get(connection, &ENROLMENT)?,
                attempts: get(connection, &ATTEMPTS)?.unwrap_or_default(),
                pending: pending::count(connection)?,
                has_fresh_work: pending::has_fresh_work(connection)?,
            })
        })
    }

    /// Sets it, or forgets it.
    pub(crate) fn set<T: Serialize>(&self, setting: &Setting<T>, value: Option<&T>) -> Result<(), StoreError> {
        self.write_quietly(|transaction| put(transaction, setting, value))
    }
}

pub(super) fn get<T: DeserializeOwned>(connection: &Connection, setting: &Setting<T>) -> Result<Option<T>, StoreError> {
    let text: Option<String> = connection
        .prepare_cached("SELECT value FROM settings WHERE name = ?1")?
        .query_row([setting.0], |row| row.get(0))
        .optional()?;
    text.map(|text| {
        serde_json::from_str(&text)
            .map_err(|source| StoreError::Unreadable { what: setting.0, source: Box::new(source) })
    })
    .transpose()
}

pub(super) fn put<T: Serialize>(
    connection: &Connection,
    setting: &Setting<T>,
    value: Option<&T>,
) -> Result<(), StoreError> {
    match value {
        Some(value) => {
            let text = serde_json::to_string(value).expect("settings are plain data");
            connection
                .prepare_cached("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)")?
                .execute((setting.0, text))?;
        }
        None => {
            connection.execute("DELETE FROM settings WHERE name = ?1", [setting.0])?;
        }
    }
    Ok(())
}
