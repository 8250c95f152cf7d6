//! What lies in the store against what the database knows: photos that it forgot (a restore from a backup) come back, and
//! those that the store lost are told of. Both go on changing meanwhile, so everything is asked again before it counts.

use std::collections::BTreeMap;

use object_store::Error;

use super::Swept;
use crate::error::ServerError;
use crate::photos::depot::Named;
use crate::photos::finish::{Ended, file};
use crate::photos::marks::{Naming, tell_attachments};
use crate::photos::wanted_until;
use crate::server::{Inner, Server};
use crate::storage::{Blob, Tenant};

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
    /// Compares the two, and mends what can be mended.
    pub(super) async fn compare_with_store(&self, swept: &mut Swept, forget_lost: bool) -> Result<(), ServerError> {
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
        let Some((tenant, is_coming)) = self.owner_of_unknown(name, named).await? else { return Ok(false) };
        match self.inner.depot.hash(name, size).await {
            Ok(hash) if hash == named.sha256 => {}
            Ok(_) => {
                tracing::error!(name, "a photo in the store is damaged; it is left where it is");
                return Ok(false);
            }
            Err(Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        if is_coming {
            self.end_upload(name, named, tenant, size).await
        } else {
            self.take_up(name, named, tenant, size).await
        }
    }

    /// Files a photo as its upload was about to, and ends the upload: whoever brought the bytes died after their last one,
    /// or the database is of a backup in which they are still coming, and perhaps nobody has them to send again.
    async fn end_upload(&self, name: &str, named: Named, tenant: Tenant, size: u64) -> Result<bool, ServerError> {
        let (media_type, found) = (named.media_type().to_owned(), name.to_owned());
        let ended = self
            .off_thread(move |Inner { config, storage, .. }| {
                storage.write(|writing| {
                    let sha256 = named.sha256;
                    let naming = Naming::claim(writing, tenant, sha256)?;
                    // Its upload, or another sweep, may have come first.
                    if !writing.is_upload_open(named.upload)? {
                        return Ok(None);
                    }
                    let now = config.environment.now();
                    let (media_type, name) = (media_type.clone(), found.clone());
                    let (stored_at, wanted_at) = (now, wanted_until(now));
                    let blob = Blob { tenant, sha256, size, media_type, name, stored_at, wanted_at };
                    file(writing, config, naming, named.upload, &blob).map(Some)
                })
            })
            .await?;
        let Some(Ended { is_new, replaced, .. }) = ended else { return Ok(false) };
        let is_moved = replaced.is_some();
        if let Some(before) = replaced {
            self.inner.depot.delete(&before).await?;
        }
        Ok(is_new || is_moved)
    }

    /// Files a photo of which the database knows nothing.
    ///
    /// It may have been filed since it was seen, by its upload or by another node that sweeps. So what lies there is
    /// never moved: a copy under a new name is filed, and what was found is deleted only when the database, asked with
    /// the tenant's counter taken, as by everybody who files, names the same bytes elsewhere and they are there. If it
    /// names them where they are not, it names the copy from then on.
    async fn take_up(&self, name: &str, named: Named, tenant: Tenant, size: u64) -> Result<bool, ServerError> {
        let depot = &self.inner.depot;
        // Under a new name: another sweep may be about to delete this one.
        let upload = self.inner.config.environment.new_id();
        let adopted = Named { upload, ..named }.to_string();
        match depot.copy(name, &adopted).await {
            Err(Error::NotFound { .. }) => return Ok(false),
            done => done?,
        }
        let media_type = named.media_type().to_owned();
        let now = self.inner.config.environment.now();
        let sha256 = named.sha256;
        let (stored_at, wanted_at) = (now, wanted_until(now));
        let copy = Blob { tenant, sha256, size, media_type, name: adopted.clone(), stored_at, wanted_at };
        let (found, blob) = (name.to_owned(), copy.clone());
        let filed = self
            .off_thread(move |Inner { config, storage, .. }| {
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
        let mut is_named = filed.is_new;
        if let Some(instead) = filed.instead {
            let is_there = depot.size(&instead.name).await? == Some(instead.size);
            if !is_there && !is_named {
                is_named = self.name_instead_of_lost(copy, instead.name).await?;
            }
            // Killed before this, the next sweep finds what lies here and what is named in its place.
            if is_there || is_named {
                depot.delete(name).await?;
            }
        }
        if !is_named {
            // No row ever named the copy.
            depot.delete(&adopted).await?;
        }
        Ok(is_named)
    }

    /// Has the row of bytes that are not where it says name a copy of them that is there. Whoever else mends it meanwhile,
    /// by bringing them again or by another sweep, is not overruled.
    async fn name_instead_of_lost(&self, copy: Blob, lost: String) -> Result<bool, ServerError> {
        tracing::warn!(lost, found = copy.name, "a photo is not where it was stored, and was found elsewhere");
        self.off_thread(move |Inner { storage, .. }| {
            storage.write(|writing| {
                writing.take_counter(copy.tenant)?;
                writing.move_blob(&copy, &lost)
            })
        })
        .await
    }

    /// Whose it is and whether its upload is still to file it, unless it is nobody's here or a row has come to name it.
    async fn owner_of_unknown(&self, name: &str, named: Named) -> Result<Option<(Tenant, bool)>, ServerError> {
        let name = name.to_owned();
        self.off_thread(move |inner| {
            inner.storage.read(|reading| {
                let is_coming = reading.is_upload_open(named.upload)?;
                // Asked after that: what has ended its upload has its row.
                let is_known = reading.is_blob(&name)?;
                let owner = reading.tenants(Some(named.tenant))?.pop().filter(|_| !is_known);
                Ok(owner.map(|tenant| (tenant, is_coming)))
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
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::super::Sweep;
    use super::*;
    use crate::config::Config;
    use crate::photos::ContentHash;
    use crate::photos::hash::ContentHasher;
    use crate::storage::{NewUpload, Writing};

    const BYTES: &[u8] = b"all there is of a photo";

    /// Two nodes over the same data, and a tenant.
    struct Nodes {
        data: tempfile::TempDir,
        one: Server,
        two: Server,
        tenant: Tenant,
        device: Uuid,
    }

    impl Nodes {
        fn open() -> Self {
            let data = tempfile::tempdir().unwrap();
            let [one, two] = [(); 2].map(|()| Server::open(Config::new(data.path().to_owned())).unwrap());
            let code = one.seed().unwrap().codes[0].code.clone();
            let enrolled = one.enrol(&EnrolRequest::new(code, "A")).unwrap();
            let tenant = one.device(&enrolled.token).unwrap().tenant;
            Self { data, one, two, tenant, device: enrolled.device_id }
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

        /// An upload of the photo, of which nothing has arrived as far as the database knows.
        fn begins(&self, upload: Uuid) {
            let new = NewUpload {
                sha256: hash(),
                size: BYTES.len() as u64,
                media_type: "image/jpeg".to_owned(),
                record_id: Uuid::now_v7(),
                metadata: String::new(),
            };
            let never = Timestamp::MAX;
            let begin =
                |writing: &dyn Writing| writing.put_upload(upload, self.tenant, self.device, &new, never, never);
            self.one.inner.storage.write(begin).unwrap();
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
        assert_eq!(nodes.one.owner_of_unknown(&name, named).await.unwrap().unwrap().0.id, nodes.tenant.id);
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
    async fn a_photo_in_its_place_whose_upload_is_still_coming_in_a_restored_database_is_filed_and_the_upload_ends() {
        let nodes = Nodes::open();
        let name = nodes.places();
        let upload = Named::parse(&name).unwrap().upload;
        nodes.begins(upload);
        let seen = nodes.two.look_through_store().await.unwrap();
        assert_eq!(nodes.one.sweep_photos(Sweep::Whole).await.unwrap().adopted, 1);
        assert!(!nodes.one.inner.storage.read(|reading| reading.is_upload_open(upload)).unwrap());
        // Another node that saw the same comes too late, and moves nothing.
        assert_eq!(settles(&nodes.two, seen).await, Swept::default());
        assert_eq!((nodes.in_force(), nodes.stored().await), (name.clone(), vec![name]));
    }

    #[tokio::test]
    async fn of_two_copies_one_goes_and_the_one_that_is_there_is_in_force() {
        let nodes = Nodes::open();
        let [in_force, other] = [nodes.places(), nodes.places()];
        nodes.files(&in_force);
        let away = nodes.data.path().join("away");
        std::fs::rename(nodes.path(&in_force), &away).unwrap();
        assert_eq!(nodes.one.sweep_photos(Sweep::Whole).await.unwrap(), Swept { adopted: 1, ..Swept::default() });
        let named = nodes.in_force();
        assert!(named != in_force && named != other);
        assert_eq!(nodes.stored().await, std::slice::from_ref(&named));
        std::fs::rename(&away, nodes.path(&in_force)).unwrap();
        assert_eq!(nodes.one.sweep_photos(Sweep::Whole).await.unwrap(), Swept::default());
        assert_eq!(nodes.stored().await, [named]);
    }

    #[tokio::test]
    async fn a_photo_that_came_again_and_was_not_filed_before_its_node_died_is_in_force_after_a_sweep() {
        let nodes = Nodes::open();
        let [lost, again] = [nodes.places(), nodes.places()];
        nodes.files(&lost);
        std::fs::remove_file(nodes.path(&lost)).unwrap();
        nodes.begins(Named::parse(&again).unwrap().upload);
        assert_eq!(nodes.one.sweep_photos(Sweep::Whole).await.unwrap(), Swept { adopted: 1, ..Swept::default() });
        assert_eq!((nodes.in_force(), nodes.stored().await), (again.clone(), vec![again]));
    }

    #[tokio::test]
    async fn a_node_that_files_late_what_was_filed_and_replaced_meanwhile_brings_nothing_back() {
        let nodes = Nodes::open();
        let [filed, again] = [nodes.places(), nodes.places()];
        let uploads = [&filed, &again].map(|name| Named::parse(name).unwrap().upload);
        let now = nodes.one.inner.config.environment.now();
        let ends = |name: &str, upload: Uuid| {
            let name = name.to_owned();
            let size = BYTES.len() as u64;
            let (sha256, media_type) = (hash(), "image/jpeg".to_owned());
            let blob = Blob { tenant: nodes.tenant, sha256, size, media_type, name, stored_at: now, wanted_at: now };
            let Inner { config, storage, .. } = &*nodes.one.inner;
            storage
                .write(|writing| file(writing, config, Naming::claim(writing, nodes.tenant, sha256)?, upload, &blob))
                .unwrap()
        };
        for (name, upload) in [&filed, &again].into_iter().zip(uploads) {
            nodes.begins(upload);
            ends(name, upload);
        }
        assert_eq!(nodes.in_force(), again);
        // Its bytes are gone by now: whoever replaced them deleted them.
        let late = ends(&filed, uploads[0]);
        assert_eq!((late.replaced, late.in_force.unwrap().name, nodes.in_force()), (None, again.clone(), again));
    }
}
