//! Marks: how far the server's history had come when it answered, sealed by the server's key. A device shows the mark of
//! its last answer. If this history does not hold it, a backup was put in place and nobody said so; the server then
//! begins a new epoch by itself, as `restore` would have.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gatebook_sync::Epoch;
use jiff::Timestamp;

use crate::error::ServerError;
use crate::receipt::Key;
use crate::server::{Inner, epoch_after};
use crate::storage::{Counter, Device, Placed, Reading, Tenant};

/// A place in a history, and the version that was received there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    seq: u64,
    placed: Placed,
}

/// The mark of a history that has come so far.
pub(crate) fn mark(
    reading: &dyn Reading,
    key: &Key,
    tenant: Tenant,
    epoch: Epoch,
    counter: Counter,
) -> Result<Option<String>, ServerError> {
    let newest = reading.placed_at(tenant, counter.seq)?;
    Ok(newest.map(|placed| Mark { seq: counter.seq, placed }.seal(key, tenant, epoch)))
}

impl Mark {
    fn seal(self, key: &Key, tenant: Tenant, epoch: Epoch) -> String {
        let Self { seq, placed: Placed { write_id, version, received_at } } = self;
        let received_at = received_at.as_microsecond();
        let tag = key.seal(
            "gatebook mark 3",
            &[
                tenant.id.as_bytes(),
                &epoch.0.to_be_bytes(),
                &seq.to_be_bytes(),
                write_id.as_bytes(),
                &version.to_be_bytes(),
                &received_at.to_be_bytes(),
            ],
        );
        format!("{seq}.{}.{version}.{received_at}.{}", write_id.simple(), BASE64.encode(tag))
    }

    /// Reads a mark of that epoch; `None` if this server never gave it.
    fn open(text: &str, key: &Key, tenant: Tenant, epoch: Epoch) -> Option<Self> {
        let mut parts = text.splitn(5, '.');
        let seq = parts.next()?.parse().ok()?;
        let write_id = parts.next()?.parse().ok()?;
        let version = parts.next()?.parse().ok()?;
        let received_at = Timestamp::from_microsecond(parts.next()?.parse().ok()?).ok()?;
        let mark = Self { seq, placed: Placed { write_id, version, received_at } };
        let expected = mark.seal(key, tenant, epoch);
        bool::from(subtle::ConstantTimeEq::ct_eq(expected.as_bytes(), text.as_bytes())).then_some(mark)
    }
}

impl Inner {
    /// Begins a new epoch if the device was given a mark, in this epoch or a later one, that this history does not hold.
    pub(crate) fn check_history(
        &self,
        device: &Device,
        epoch: Option<Epoch>,
        mark: Option<&str>,
    ) -> Result<(), ServerError> {
        let (Some(known), Some(text)) = (epoch, mark) else { return Ok(()) };
        let Some(mark) = Mark::open(text, &self.key, device.tenant, known) else { return Ok(()) };
        let is_lost = |reading: &dyn Reading| -> Result<bool, ServerError> {
            match reading.epoch()?.cmp(&known) {
                // The database is from before that epoch.
                Ordering::Less => Ok(true),
                Ordering::Equal => Ok(reading.placed_at(device.tenant, mark.seq)? != Some(mark.placed)),
                Ordering::Greater => Ok(false),
            }
        };
        if !self.storage.read(is_lost)? {
            return Ok(());
        }
        let now = self.config.environment.now();
        self.storage.write(|writing| {
            writing.take_every_counter()?;
            // Another device, also of another tenant, may have shown the same meanwhile.
            if is_lost(writing)? {
                let Placed { write_id, received_at, .. } = mark.placed;
                let salt = write_id.as_u64_pair().1 ^ received_at.as_microsecond().unsigned_abs();
                let epoch = writing.begin_epoch(epoch_after(known, now, salt), now)?;
                let mut counter = writing.take_counter(device.tenant)?;
                counter.not_before(received_at);
                writing.set_counter(device.tenant, counter)?;
                tracing::error!(
                    from = known.0,
                    to = epoch.0,
                    "the database is older than what devices were told: a backup was put in place. A new epoch begins"
                );
            }
            Ok(())
        })
    }
}
