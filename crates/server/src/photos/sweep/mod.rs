//! Sweeping: what nobody needs goes, and photos that the database forgot (a restore from a backup) come back.
//!
//! Nothing is deleted that any record ever named. Time that no sweep has seen does not count: while no server ran, or its
//! clock leapt, or a backup was put in place without a word, no device could ask for anything, or give back the record
//! that names it. The rows go first, in a transaction that looks again; what lies in the
//! store goes after, under names that are never used again, so that whatever arrives meanwhile is untouched.

mod compare;

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::error::ServerError;
use crate::server::{Inner, Server};

/// Every so many sweeps the store is looked through.
const WHOLE_EVERY: u32 = 24;

/// How thoroughly to sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Only what the database knows.
    Quick,
    /// The store is looked through as well. Photos that are known but not there are counted.
    Whole,
    /// Those are forgotten, too: the records that name them say so, and devices that still have the bytes send them
    /// again.
    ForgetLost,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads that were not finished in time.
    pub expired: usize,
    /// Photos that no record names and nobody asked for.
    pub deleted: usize,
    /// Bytes they had.
    pub bytes: u64,
    /// Photos that lay in the store and were not known.
    pub adopted: usize,
    /// Photos that are known and do not lie in the store.
    pub lost: usize,
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expired, deleted, bytes, adopted, lost } = self;
        write!(f, "{expired} uploads were not finished in time; {deleted} photos ({bytes} bytes) nobody needed; ")?;
        write!(f, "{adopted} photos were found again; {lost} are lost.")
    }
}

impl Server {
    /// Sweeps once.
    ///
    /// # Errors
    /// The database or the store failed.
    pub async fn sweep_photos(&self, sweep: Sweep) -> Result<Swept, ServerError> {
        let mut swept = Swept::default();
        self.sweep_uploads(&mut swept).await?;
        self.sweep_unreferenced(&mut swept).await?;
        if sweep != Sweep::Quick {
            self.compare_with_store(&mut swept, sweep == Sweep::ForgetLost).await?;
        }
        let Swept { expired, deleted, bytes, adopted, lost } = swept;
        tracing::info!(expired, deleted, bytes, adopted, lost, "photos swept");
        if lost > 0 && sweep != Sweep::ForgetLost {
            tracing::error!(lost, "photos are not where they were stored; put them back, or see `photos sweep --help`");
        }
        Ok(swept)
    }

    /// Sweeps now and at every interval, for as long as it is polled.
    pub async fn keep_sweeping(&self) {
        let mut due = tokio::time::interval(self.inner.config.bounds.photos.sweep_every);
        due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for at in (0..WHOLE_EVERY).cycle() {
            due.tick().await;
            let sweep = if at == 0 { Sweep::Whole } else { Sweep::Quick };
            if let Err(error) = self.sweep_photos(sweep).await {
                tracing::error!(error = &error as &dyn std::error::Error, "sweeping photos failed");
            }
        }
    }

    async fn sweep_uploads(&self, swept: &mut Swept) -> Result<(), ServerError> {
        let over = self
            .off_thread(|Inner { config, storage, .. }| {
                let now = config.environment.now();
                // What became of an upload can be asked for as long again as it could have been carried on.
                let long_ago = SignedDuration::try_from(config.bounds.photos.unfinished_for).ok();
                let long_ago = long_ago.and_then(|time| now.checked_sub(time).ok());
                storage.write(|writing| {
                    let mut over = Vec::new();
                    for upload in writing.overdue_uploads(now)? {
                        if writing.expire_upload(upload, now)? {
                            over.push(upload);
                        }
                    }
                    if let Some(long_ago) = long_ago {
                        writing.remove_old_uploads(long_ago)?;
                    }
                    Ok(over)
                })
            })
            .await?;
        swept.expired = over.len();
        for upload in self.inner.depot.staged().await? {
            let find = move |inner: &Inner| inner.storage.read(|reading| reading.is_upload_open(upload));
            if !self.off_thread(find).await? {
                self.inner.depot.clear(upload).await?;
            }
        }
        Ok(())
    }

    /// Counts the time since the last sweep towards what nobody asks for, as far as somebody could have.
    async fn count_time(&self) -> Result<(), ServerError> {
        self.off_thread(|Inner { config, storage, .. }| {
            let now = config.environment.now();
            let seen = SignedDuration::try_from(config.bounds.photos.sweep_every * 2).unwrap_or(SignedDuration::MAX);
            storage.write(|writing| {
                // As who begins an epoch, which also changes since when things count as asked for.
                writing.take_every_counter()?;
                let unseen = match writing.swept(now)? {
                    Some(last) => now.duration_since(last).saturating_sub(seen),
                    None => now.duration_since(Timestamp::UNIX_EPOCH),
                };
                if unseen.is_positive() { writing.count_less(unseen, now) } else { Ok(()) }
            })
        })
        .await
    }

    async fn sweep_unreferenced(&self, swept: &mut Swept) -> Result<(), ServerError> {
        self.count_time().await?;
        let gone = self
            .off_thread(|Inner { config, storage, .. }| {
                let kept_for = SignedDuration::try_from(config.bounds.photos.unreferenced_for).ok();
                let before = kept_for.and_then(|time| config.environment.now().checked_sub(time).ok());
                let Some(before) = before else { return Ok(Vec::new()) };
                let mut gone = Vec::new();
                for blob in storage.read(|reading| reading.unreferenced_blobs(before))? {
                    let is_gone = storage.write(|writing| {
                        // The counter first: see `marks`.
                        writing.take_counter(blob.tenant)?;
                        writing.remove_unreferenced(&blob, before)
                    })?;
                    if is_gone {
                        gone.push(blob);
                    }
                }
                Ok(gone)
            })
            .await?;
        for blob in gone {
            self.inner.depot.delete(&blob.name).await?;
            swept.deleted += 1;
            swept.bytes += blob.size;
        }
        Ok(())
    }
}
