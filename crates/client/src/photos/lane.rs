//! The lane in which photos are sent and let go, beside the sync round: neither waits for the other.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::upload::UploadError;
use super::{Network, PhotoTransport, Photos, Uploaded};
use crate::round_lock::{Lane, RoundLock};
use crate::store::{Enrolment, settings};
use crate::transport::{HttpTransport, TransportError};

/// A change of local state is looked at this long after it, so that a burst is one look.
const DEBOUNCE: Duration = Duration::from_secs(2);
/// Without any change the lane looks this often.
const IDLE: Duration = Duration::from_secs(60);
/// After a failure: this long, doubling with each further one …
const FIRST_BACKOFF: Duration = Duration::from_secs(5);
/// … up to this, whatever the server asks for.
const LONGEST_BACKOFF: Duration = Duration::from_secs(15 * 60);

/// The way to a server, kept from round to round.
struct Way {
    server_url: String,
    token: String,
    transport: HttpTransport,
}

/// Starts the lane on the current runtime. It ends with the photos.
pub(crate) fn spawn(photos: &Arc<Photos>) {
    let mut changes = photos.store.changes();
    let photos = Arc::downgrade(photos);
    tokio::spawn(async move {
        let (mut failures, mut way) = (0_u32, None);
        loop {
            let wait = match round(&photos, &mut way).await {
                None => return,
                Some(Ok(())) => {
                    failures = 0;
                    IDLE
                }
                Some(Err(error)) => {
                    failures = failures.saturating_add(1);
                    tracing::info!(%error, failures, "photos wait");
                    pause(failures, &error)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                changed = changes.changed(), if failures == 0 => match changed {
                    Ok(()) => tokio::time::sleep(DEBOUNCE).await,
                    Err(_) => return,
                },
            }
            changes.mark_unchanged();
        }
    });
}

/// One look: what may go goes, what waits is sent. `None`: the photos are closed.
async fn round(photos: &Weak<Photos>, way: &mut Option<Way>) -> Option<Result<(), UploadError>> {
    let photos = photos.upgrade()?;
    let keeper = Arc::clone(&photos);
    let cleared = tokio::task::spawn_blocking(move || keeper.let_go()).await;
    match cleared {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return Some(Err(error.into())),
        Err(error) => return Some(Err(UploadError::Photo(std::io::Error::other(error).into()))),
    }
    Some(send(&photos, way).await)
}

async fn send(photos: &Photos, way: &mut Option<Way>) -> Result<(), UploadError> {
    let enrolment: Option<Enrolment> = photos.store.setting(&settings::ENROLMENT).map_err(super::PhotoError::from)?;
    let Some(enrolment) = enrolment.filter(|enrolment| !enrolment.revoked) else { return Ok(()) };
    if !photos.has_waiting()? {
        return Ok(());
    }
    let is_same =
        way.as_ref().is_some_and(|way| way.server_url == enrolment.server_url && way.token == enrolment.token);
    if !is_same {
        let transport = HttpTransport::new(&enrolment.server_url, &enrolment.token)?;
        *way = Some(Way { server_url: enrolment.server_url, token: enrolment.token, transport });
    }
    if let Some(way) = way {
        photos.send_waiting(&way.transport).await?;
    }
    Ok(())
}

/// How long the lane rests after so many failures.
fn pause(failures: u32, error: &UploadError) -> Duration {
    let asked = match error {
        UploadError::Link(TransportError::Refused { retry_after, .. }) => retry_after.unwrap_or_default(),
        _ => Duration::ZERO,
    };
    FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(16)).max(asked).min(LONGEST_BACKOFF)
}

impl Photos {
    /// Says what the device is connected by; until then bytes are taken to cost.
    pub fn set_network(&self, network: Network) {
        *self.network.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = network;
    }

    /// Whether any photo is not yet seen to be at the server.
    fn has_waiting(&self) -> Result<bool, super::PhotoError> {
        Ok(self.store.held_photos()?.iter().any(|photo| photo.confirmed_ms.is_none()))
    }

    /// Sends what waits, unless nothing does or another process of this device is at it already.
    ///
    /// # Errors
    /// As [`Self::upload`].
    pub(crate) async fn send_waiting(&self, link: &dyn PhotoTransport) -> Result<Uploaded, UploadError> {
        if !self.has_waiting()? {
            return Ok(Uploaded::default());
        }
        let Some(_lock) = RoundLock::try_take(self.store.folder(), Lane::Photos) else {
            return Ok(Uploaded::default());
        };
        let network = *self.network.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.upload(link, network).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_back_off_to_a_quarter_of_an_hour_and_no_further() {
        let broken = UploadError::Link(TransportError::Unreachable(String::new()));
        assert_eq!([1, 2, 3, 1_000].map(|failures| pause(failures, &broken).as_secs()), [5, 10, 20, 900]);
    }
}
