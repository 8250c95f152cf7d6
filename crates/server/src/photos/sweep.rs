//! Sweeping: what nobody needs goes, and photos that the database forgot (a restore from a backup) come back.
//!
//! Nothing is deleted that any record ever named. The rows go first, in a transaction that looks again; what lies in the
//! store goes after, under names that are never used again, so that whatever arrives meanwhile is untouched.

use std::collections::BTreeMap;
use std::fmt;

use jiff::SignedDuration;
use object_store::Error;

use super::depot::Named;
use super::marks::{Naming, tell_attachments};
use crate::error::ServerError;
use crate::server::{Inner, Server};
use crate::storage::{Blob, Tenant};

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

/// Rows and store, seen one after the other while both go on changing.
struct Seen {
    known: BTreeMap<String, Blob>,
    /// Sizes by name.
    found: BTreeMap<String, u64>,
}

/// What became of a photo that was found.
struct Filed {
    /// The copy is in force.
    is_new: bool,
    /// What is in force in place of what was found, which nothing names any more.
    instead: Option<Blob>,
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

    async fn sweep_unreferenced(&self, swept: &mut Swept) -> Result<(), ServerError> {
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

    async fn compare_with_store(&self, swept: &mut Swept, forget_lost: bool) -> Result<(), ServerError> {
        let seen = self.look_through_store().await?;
        self.settle_with_store(seen, swept, forget_lost).await
    }

    async fn look_through_store(&self) -> Result<Seen, ServerError> {
        // The rows first: a photo is in the store before its row is there.
        let by_name = |blobs: Vec<Blob>| blobs.into_iter().map(|blob| (blob.name.clone(), blob)).collect();
        let known =
            self.off_thread(move |inner| inner.storage.read(|reading| reading.all_blobs().map(by_name))).await?;
        let found = self.inner.depot.photos().await?.into_iter().collect();
        Ok(Seen { known, found })
    }

    async fn settle_with_store(
        &self,
        Seen { known, found }: Seen,
        swept: &mut Swept,
        forget_lost: bool,
    ) -> Result<(), ServerError> {
        for (name, size) in found.iter().filter(|(name, _)| !known.contains_key(*name)) {
            swept.adopted += usize::from(self.adopt(name, *size).await?);
        }
        for (name, blob) in known.iter().filter(|(name, _)| !found.contains_key(*name)) {
            if self.inner.depot.size(name).await?.is_none() {
                swept.lost += usize::from(self.note_lost(blob.clone(), forget_lost).await?);
            }
        }
        Ok(())
    }

    /// Files a photo that the database does not know, if its bytes are what its name says.
    async fn adopt(&self, name: &str, size: u64) -> Result<bool, ServerError> {
        let Some(named) = Named::parse(name) else { return Ok(false) };
        match self.owner_of_unknown(name, named).await? {
            Some(tenant) => self.take_up(name, named, tenant, size).await,
            None => Ok(false),
        }
    }

    /// The same for one whose owner is known.
    ///
    /// It may have been filed since it was seen, by its upload or by another node that sweeps. So what lies there is
    /// never moved: a copy under a new name is filed, and what was found is deleted only when the database, asked with
    /// the tenant's counter taken, as by everybody who files, names the same bytes elsewhere and they are there.
    async fn take_up(&self, name: &str, named: Named, tenant: Tenant, size: u64) -> Result<bool, ServerError> {
        let depot = &self.inner.depot;
        match depot.hash(name, size).await {
            Ok(hash) if hash == named.sha256 => {}
            Ok(_) => {
                tracing::error!(name, "a photo in the store is damaged; it is left where it is");
                return Ok(false);
            }
            Err(Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        // Under a new name: another sweep may be about to delete this one.
        let upload = self.inner.config.environment.new_id();
        let adopted = Named { upload, ..named }.to_string();
        match depot.copy(name, &adopted).await {
            Err(Error::NotFound { .. }) => return Ok(false),
            done => done?,
        }
        let (media_type, found, copied) = (named.media_type().to_owned(), name.to_owned(), adopted.clone());
        let filed = self
            .off_thread(move |Inner { config, storage, .. }| {
                let (now, sha256) = (config.environment.now(), named.sha256);
                let (media_type, name) = (media_type.clone(), copied.clone());
                let blob = Blob { tenant, sha256, size, media_type, name, stored_at: now, wanted_at: now };
                storage.write(|writing| {
                    let naming = Naming::claim(writing, tenant, sha256)?;
                    let is_new = writing.put_blob(&blob)?;
                    let in_force = writing.blob(tenant, sha256)?.filter(|blob| blob.name != found);
                    let may_come = writing.is_upload_open(named.upload)?;
                    if is_new {
                        tell_attachments(writing, tenant, &*config.environment, naming)?;
                    }
                    Ok(Filed { is_new, instead: in_force.filter(|_| !may_come) })
                })
            })
            .await?;
        if !filed.is_new {
            // No row ever named the copy.
            depot.delete(&adopted).await?;
        }
        if let Some(instead) = filed.instead
            && depot.size(&instead.name).await? == Some(instead.size)
        {
            depot.delete(name).await?;
        }
        Ok(filed.is_new)
    }

    /// Whose it is, unless that is nobody here, a row has come to name it, or its upload is still to file it.
    async fn owner_of_unknown(&self, name: &str, named: Named) -> Result<Option<Tenant>, ServerError> {
        let name = name.to_owned();
        self.off_thread(move |inner| {
            inner.storage.read(|reading| {
                let is_known = reading.is_blob(&name)? || reading.is_upload_open(named.upload)?;
                Ok(reading.tenants(Some(named.tenant))?.pop().filter(|_| !is_known))
            })
        })
        .await
    }

    async fn note_lost(&self, blob: Blob, forget: bool) -> Result<bool, ServerError> {
        self.off_thread(move |Inner { config, storage, .. }| {
            storage.write(|writing| {
                let naming = Naming::claim(writing, blob.tenant, blob.sha256)?;
                // Deleted in good order meanwhile?
                if !writing.is_blob(&blob.name)? {
                    return Ok(false);
                }
                if forget && writing.remove_lost(&blob)? {
                    tell_attachments(writing, blob.tenant, &*config.environment, naming)?;
                }
                Ok(true)
            })
        })
        .await
    }
}

#[cfg(all(test, not(feature = "simulation")))]
mod tests {
    use gatebook_sync::wire::EnrolRequest;
    use uuid::Uuid;

    use super::*;
    use crate::config::Config;
    use crate::photos::ContentHash;
    use crate::photos::hash::ContentHasher;

    const BYTES: &[u8] = b"all there is of a photo";

    /// Two nodes over the same data, and a tenant.
    struct Nodes {
        data: tempfile::TempDir,
        one: Server,
        two: Server,
        tenant: Tenant,
    }

    impl Nodes {
        fn open() -> Self {
            let data = tempfile::tempdir().unwrap();
            let [one, two] = [(); 2].map(|()| Server::open(Config::new(data.path().to_owned())).unwrap());
            let (code, device_id) = (one.seed().unwrap().codes[0].code.clone(), Uuid::now_v7());
            let enrolled = one.enrol(&EnrolRequest { code, device_name: "A".to_owned(), device_id }).unwrap();
            let tenant = one.device(&enrolled.token).unwrap().tenant;
            Self { data, one, two, tenant }
        }

        /// The photo as an upload leaves it before it is filed.
        fn places(&self) -> String {
            let named = Named { tenant: self.tenant.id, sha256: hash(), upload: Uuid::now_v7(), extension: "jpg" };
            let path = self.path(&named.to_string());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, BYTES).unwrap();
            named.to_string()
        }

        fn files(&self, name: &str) {
            let now = self.one.inner.config.environment.now();
            let blob = Blob {
                tenant: self.tenant,
                sha256: hash(),
                size: BYTES.len() as u64,
                media_type: "image/jpeg".to_owned(),
                name: name.to_owned(),
                stored_at: now,
                wanted_at: now,
            };
            assert!(self.one.inner.storage.write(|writing| writing.put_blob(&blob)).unwrap());
        }

        fn path(&self, name: &str) -> std::path::PathBuf {
            self.data.path().join("photos").join(name)
        }

        /// Every photo in the store.
        async fn stored(&self) -> Vec<String> {
            self.one.inner.depot.photos().await.unwrap().into_iter().map(|(name, _)| name).collect()
        }

        /// The name in force.
        fn in_force(&self) -> String {
            self.one.inner.storage.read(|reading| reading.blob(self.tenant, hash())).unwrap().unwrap().name
        }
    }

    fn hash() -> ContentHash {
        let mut hasher = ContentHasher::default();
        hasher.update(BYTES);
        hasher.finish()
    }

    async fn settles(node: &Server, seen: Seen) -> Swept {
        let mut swept = Swept::default();
        node.settle_with_store(seen, &mut swept, false).await.unwrap();
        swept
    }

    #[tokio::test]
    async fn a_photo_that_is_filed_between_the_two_looks_of_a_sweep_stays_where_it_is() {
        let nodes = Nodes::open();
        let name = nodes.places();
        let seen = nodes.one.look_through_store().await.unwrap();
        nodes.files(&name);
        assert_eq!(settles(&nodes.one, seen).await, Swept::default());
        assert_eq!((nodes.in_force(), nodes.stored().await), (name.clone(), vec![name]));
    }

    #[tokio::test]
    async fn a_photo_that_is_filed_while_it_is_looked_at_stays_where_it_is() {
        let nodes = Nodes::open();
        let name = nodes.places();
        let named = Named::parse(&name).unwrap();
        assert_eq!(nodes.one.owner_of_unknown(&name, named).await.unwrap().unwrap().id, nodes.tenant.id);
        nodes.files(&name);
        assert!(!nodes.one.take_up(&name, named, nodes.tenant, BYTES.len() as u64).await.unwrap());
        assert_eq!((nodes.in_force(), nodes.stored().await), (name.clone(), vec![name]));
    }

    #[tokio::test]
    async fn two_nodes_that_sweep_a_restored_database_at_once_keep_the_photo_once() {
        for is_known_late in [false, true] {
            let nodes = Nodes::open();
            let found = nodes.places();
            let first = nodes.one.look_through_store().await.unwrap();
            // The other looks before the first is done, or has seen just the name that the first is about to file.
            let early = nodes.two.look_through_store().await.unwrap();
            assert_eq!(settles(&nodes.one, first).await.adopted, 1);
            let adopted = nodes.in_force();
            let second = if is_known_late {
                Seen { known: BTreeMap::new(), found: [(adopted.clone(), BYTES.len() as u64)].into() }
            } else {
                early
            };
            assert_eq!(settles(&nodes.two, second).await, Swept::default());
            assert_eq!((nodes.in_force(), nodes.stored().await), (adopted.clone(), vec![adopted.clone()]));
            assert_ne!(adopted, found);
            assert_eq!(std::fs::read(nodes.path(&adopted)).unwrap(), BYTES);
        }
    }

    #[tokio::test]
    async fn of_two_copies_one_goes_but_not_while_the_one_in_force_is_missing() {
        let nodes = Nodes::open();
        let [in_force, other] = [nodes.places(), nodes.places()];
        nodes.files(&in_force);
        let away = nodes.data.path().join("away");
        std::fs::rename(nodes.path(&in_force), &away).unwrap();
        nodes.one.sweep_photos(Sweep::Whole).await.unwrap();
        assert_eq!(nodes.stored().await, [other]);
        std::fs::rename(&away, nodes.path(&in_force)).unwrap();
        nodes.one.sweep_photos(Sweep::Whole).await.unwrap();
        assert_eq!(nodes.stored().await, [in_force]);
    }
}
