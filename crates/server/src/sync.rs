//! `POST /v1/sync`, without HTTP: one round trip is a push page judged and a pull page read.

use std::cmp::Ordering;

use gatebook_sync::wire::{ApiError, ApiErrorCode, Repair, SyncRequest, SyncResponse};
use gatebook_sync::{PROTOCOL, WallTime, deliberate};

use crate::error::{ServerError, refuse};
use crate::pull::{Asked, News, pull};
use crate::received::Received;
use crate::reconcile;
use crate::server::{Inner, Server};
use crate::storage::Device;

/// How long a device's last call may be out of date, in microseconds: pulling alone should not write each time.
const SEEN_EVERY: i64 = 5 * 60 * 1_000_000;
/// Longest app version noted, in characters.
const APP: usize = 40;

impl Server {
    /// One round trip of sync, for a device that [`Server::device`] has let in.
    ///
    /// # Errors
    /// See [`ApiErrorCode`]; nothing was changed.
    pub fn sync(&self, device: &Device, request: SyncRequest) -> Result<SyncResponse, ApiError> {
        self.sync_received(device, Received::from(request))
    }

    /// The same for a request of which not every entry could be read.
    pub(crate) fn sync_received(&self, device: &Device, received: Received) -> Result<SyncResponse, ApiError> {
        let Received { mut request, unreadable, entries } = received;
        let Inner { config, storage, key, .. } = &*self.inner;
        let (bounds, environment) = (&config.bounds, &*config.environment);
        check_request(&request, entries, bounds.limits.page_records)?;
        let identity = key.identity(device.tenant.id);
        let membership = match &request.server {
            Some(server) if *server != identity && !deliberate!(SyncWithStrangers) => return Err(other_server()),
            Some(_) => None,
            None => Some(self.membership(device)),
        };
        self.inner.check_history(device, request.epoch, request.mark.as_deref())?;
        let asked = Asked::of(&mut request, bounds);
        let app: String = request.app.chars().filter(|letter| !letter.is_control()).take(APP).collect();

        let verdicts = if entries == 0 {
            self.note_seen(device, &app)?;
            Vec::new()
        } else {
            self.inner.clock.check()?;
            let page = storage.read(|reading| {
                reconcile::prepare(reading, device, bounds, request.push, request.reoffer, unreadable)
            })?;
            let reconciled = storage.write(|writing| {
                writing.device_seen(device.id, &app, environment.now())?;
                reconcile::reconcile(writing, key, device, environment, &page, bounds.judging_bytes)
            })?;
            reconciled.answer()
        };
        let News { epoch, scopes, more, mark, repaired } =
            storage.read(|reading| pull(reading, key, device, asked, &verdicts))?;
        let WallTime { at: server_time, is_doubtful: time_doubtful } = environment.wall_time();
        let limits = bounds.limits;
        Ok(SyncResponse {
            protocol: PROTOCOL,
            epoch,
            server_time,
            time_doubtful,
            verdicts,
            scopes,
            more,
            mark,
            repaired,
            limits,
            server: Some(identity),
            membership,
            unread: Vec::new(),
        })
    }

    fn note_seen(&self, device: &Device, app: &str) -> Result<(), ServerError> {
        let now = self.inner.config.environment.now();
        let is_recent = |seen: i64| (now.as_microsecond() - seen).abs() < SEEN_EVERY;
        if device.last_seen_at.is_some_and(is_recent) {
            return Ok(());
        }
        self.inner.storage.write(|writing| writing.device_seen(device.id, app, now))
    }
}

fn other_server() -> ApiError {
    let message = "This device belongs to another server: the organization or its key is not the one here. Nothing was \
                   changed. Check which server runs at this address, and with which key.";
    refuse(ApiErrorCode::OtherServer, message)
}

fn check_request(request: &SyncRequest, entries: usize, page_records: u32) -> Result<(), ApiError> {
    if let Some(refusal) = other_protocol(request.protocol) {
        return Err(refusal);
    }
    let Repair { ranges, fetch } = &request.repair;
    let records = entries.max(ranges.len()).max(fetch.len());
    if records > page_records as usize {
        let message =
            format!("A page holds {records} records; at most {page_records} are taken. Send them in several pages.");
        return Err(refuse(ApiErrorCode::TooLarge, message));
    }
    Ok(())
}

/// What is said to an app that speaks another protocol: which of the two has to be brought up to date.
pub(crate) fn other_protocol(spoken: u32) -> Option<ApiError> {
    let message = match spoken.cmp(&PROTOCOL) {
        Ordering::Equal => return None,
        Ordering::Less => {
            "This app is older than the server. Update the app; everything on this device is kept and sent afterwards."
        }
        Ordering::Greater => {
            "The server is older than this app. Ask the office to update the server; everything on this device is kept \
             and sent afterwards."
        }
    };
    Some(refuse(ApiErrorCode::ProtocolUnsupported, format!("{message} (App: protocol {spoken}, server: {PROTOCOL}.)")))
}
