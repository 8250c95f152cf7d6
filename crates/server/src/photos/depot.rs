//! Where the bytes lie: parts of uploads and whole photos, in an object store that every node reaches. What is said to
//! be there is on the disk.
//!
//! A name is used once and what lies under it never changes, so that nothing that was verified or deleted late can
//! touch anything newer:
//!
//! - `staging/<upload>/<start>-<random>`: a part, and `staging/<upload>/whole-<random>`, several put together;
//! - `staging/<upload>.<random>`: in a folder, bytes that do not have their name yet;
//! - `blobs/<tenant>/<2 digits>/<sha256>.<upload>.<extension>`: a photo, and the upload that brought it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use gatebook_sync::reach;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error, ObjectStore, ObjectStoreExt as _};
use uuid::Uuid;

use super::folder::prepare;
use super::hash::{ContentHash, ContentHasher};
use super::sink::{Sink, Written};
use crate::config::PhotoStore;
use crate::error::ServerError;
use crate::storage::{NewUpload, Part, Upload};

const STAGING: &str = "staging";
const BLOBS: &str = "blobs";
/// Read at a time in a folder.
const FOLDER_BATCH: u64 = 1024 * 1024;
/// Read and written at a time in a bucket; S3 takes no smaller parts than 5 MiB.
const BUCKET_BATCH: u64 = 8 * 1024 * 1024;

/// The store.
pub(crate) struct Depot {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) batch: u64,
    pub(super) folder: Option<PathBuf>,
}

impl Depot {
    /// Opens the store; `data` is the data folder.
    pub(crate) fn open(place: &PhotoStore, data: &FilePath) -> Result<Self, ServerError> {
        match place {
            PhotoStore::DataFolder => Self::in_folder(data.join("photos")),
            PhotoStore::Folder(folder) => Self::in_folder(folder.clone()),
            PhotoStore::Bucket(url) => Self::in_bucket(url),
        }
    }

    fn in_folder(folder: PathBuf) -> Result<Self, ServerError> {
        std::fs::create_dir_all(folder.join(STAGING))?;
        let store = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true);
        Ok(Self { store: Arc::new(store), batch: FOLDER_BATCH, folder: Some(folder) })
    }

    fn in_bucket(url: &str) -> Result<Self, ServerError> {
        let bucket = AmazonS3Builder::from_env().with_url(url).build()?;
        let prefix = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, prefix)| prefix);
        let store = PrefixStore::new(bucket, Path::from(prefix));
        Ok(Self { store: Arc::new(store), batch: BUCKET_BATCH, folder: None })
    }

    /// The store itself, for what else is kept there beside photos.
    pub(crate) fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// The folder, if the store is one.
    pub(crate) fn folder(&self) -> Option<&FilePath> {
        self.folder.as_deref()
    }

    /// A place for the next part of an upload.
    pub(crate) fn part(&self, upload: Uuid, start: u64) -> Sink<'_> {
        self.sink(upload, &format!("{start:012}"))
    }

    fn sink(&self, upload: Uuid, what: &str) -> Sink<'_> {
        let random = Uuid::new_v4().simple();
        Sink::new(self, format!("{STAGING}/{upload}/{what}-{random}"), &format!("{STAGING}/{upload}.{random}"))
    }

    /// Makes the folder ready in which that name is to be.
    pub(crate) async fn make_ready(&self, name: &str) -> Result<(), Error> {
        let path = self.folder.as_ref().map(|folder| folder.join(name));
        match path.as_deref().and_then(FilePath::parent) {
            Some(folder) => prepare(folder.to_owned()).await,
            None => Ok(()),
        }
    }

    /// The hash of what lies under a name.
    pub(crate) async fn hash(&self, name: &str, size: u64) -> Result<ContentHash, Error> {
        let mut hasher = ContentHasher::default();
        let mut stream = self.read(name, 0, size);
        while let Some(bytes) = stream.try_next().await? {
            hasher.update(&bytes);
        }
        Ok(hasher.finish())
    }

    /// Puts an upload's parts together; returns the name and the hash of the whole.
    pub(crate) async fn join(&self, upload: Uuid, parts: &[Part]) -> Result<(String, ContentHash), Error> {
        let mut sink = self.sink(upload, "whole");
        let mut hasher = ContentHasher::default();
        for part in parts {
            let mut stream = self.read(&part.name, 0, part.length);
            while let Some(bytes) = stream.try_next().await? {
                hasher.update(&bytes);
                sink.write(bytes).await?;
            }
        }
        let Written { name, .. } = sink.finish().await?;
        Ok((name, hasher.finish()))
    }

    /// Moves what lies under one name to another, in one step.
    pub(crate) async fn place(&self, from: &str, to: &str) -> Result<(), Error> {
        self.store.rename(&Path::from(from), &Path::from(to)).await?;
        reach!(ServerFile);
        Ok(())
    }

    /// Lets what lies under one name lie under another as well.
    pub(crate) async fn copy(&self, from: &str, to: &str) -> Result<(), Error> {
        self.store.copy(&Path::from(from), &Path::from(to)).await?;
        reach!(ServerFile);
        Ok(())
    }

    /// How many bytes lie under a name, if any do.
    pub(crate) async fn size(&self, name: &str) -> Result<Option<u64>, Error> {
        match self.store.head(&Path::from(name)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Bytes from `start` up to `end`, a batch at a time.
    pub(crate) fn read(&self, name: &str, start: u64, end: u64) -> BoxStream<'static, Result<Bytes, Error>> {
        let (store, path, batch) = (Arc::clone(&self.store), Path::from(name), self.batch);
        let batches = futures_util::stream::try_unfold(start, move |at| {
            let (store, path) = (Arc::clone(&store), path.clone());
            async move {
                if at >= end {
                    return Ok(None);
                }
                let next = end.min(at + batch);
                Ok(Some((store.get_range(&path, at..next).await?, next)))
            }
        });
        batches.boxed()
    }

    /// Deletes what lies under a name, if anything does.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), Error> {
        match self.store.delete(&Path::from(name)).await {
            Err(Error::NotFound { .. }) => Ok(()),
            done => {
                done?;
                reach!(ServerFile);
                Ok(())
            }
        }
    }

    /// Deletes whatever was staged for an upload.
    pub(crate) async fn clear(&self, upload: Uuid) -> Result<(), Error> {
        let prefix = Path::from(format!("{STAGING}/{upload}"));
        let mut found = self.store.list(Some(&prefix));
        while let Some(part) = found.try_next().await? {
            self.delete(part.location.as_ref()).await?;
        }
        if let Some(folder) = &self.folder {
            // Halves of files that a power cut left have no names in the store.
            let _ = tokio::fs::remove_dir_all(folder.join(STAGING).join(upload.to_string())).await;
            let nameless = self.store.list_with_delimiter(Some(&Path::from(STAGING))).await?.objects;
            for incoming in nameless.iter().filter(|found| staged_for(&found.location) == Some(upload)) {
                self.delete(incoming.location.as_ref()).await?;
            }
        }
        Ok(())
    }

    /// Uploads for which something is staged.
    pub(crate) async fn staged(&self) -> Result<BTreeSet<Uuid>, Error> {
        let found = self.store.list_with_delimiter(Some(&Path::from(STAGING))).await?;
        let nameless = found.objects.iter().map(|object| &object.location);
        Ok(found.common_prefixes.iter().chain(nameless).filter_map(staged_for).collect())
    }

    /// Every photo in the store: name and size.
    pub(crate) async fn photos(&self) -> Result<Vec<(String, u64)>, Error> {
        let found = self.store.list(Some(&Path::from(BLOBS)));
        found.map_ok(|photo| (photo.location.to_string(), photo.size)).try_collect().await
    }
}

/// The upload that a name in the staging folder belongs to.
fn staged_for(path: &Path) -> Option<Uuid> {
    path.filename()?.split('.').next()?.parse().ok()
}

/// The name of the photo that an upload becomes. The same however often it is finished.
pub(crate) fn photo_name(tenant: Uuid, upload: &Upload) -> String {
    let Upload { id: upload, new: NewUpload { sha256, media_type, .. }, .. } = upload;
    Named { tenant, sha256: *sha256, upload: *upload, extension: extension(media_type) }.to_string()
}

/// What a photo's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub tenant: Uuid,
    pub sha256: ContentHash,
    /// The upload that brought it.
    pub upload: Uuid,
    pub(super) extension: &'static str,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenant, sha256, upload, extension } = self;
        let folder = sha256.to_string().split_at(2).0.to_owned();
        write!(f, "{BLOBS}/{tenant}/{folder}/{sha256}.{upload}.{extension}")
    }
}

impl Named {
    /// Reads a photo's name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mut folders = name.strip_prefix(BLOBS)?.strip_prefix('/')?.split('/');
        let tenant = folders.next()?.parse().ok()?;
        let mut parts = folders.nth(1)?.split('.');
        let sha256 = parts.next()?.parse().ok()?;
        let upload = parts.next()?.parse().ok()?;
        let found = parts.next()?;
        let (_, extension) = EXTENSIONS.into_iter().find(|(_, known)| *known == found)?;
        Some(Self { tenant, sha256, upload, extension })
    }

    pub(crate) fn media_type(&self) -> &'static str {
        let known = EXTENSIONS.into_iter().find(|(_, known)| *known == self.extension);
        known.map_or("application/octet-stream", |(media_type, _)| media_type)
    }
}

const EXTENSIONS: [(&str, &str); 5] = [
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/webp", "webp"),
    ("image/heic", "heic"),
    ("application/pdf", "pdf"),
];

fn extension(media_type: &str) -> &'static str {
    EXTENSIONS.into_iter().find(|(known, _)| *known == media_type).map_or("bin", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::UploadState;
    use jiff::Timestamp;

    #[test]
    fn every_media_type_has_an_extension() {
        for media_type in gatebook_domain::validate::MEDIA_TYPES {
            assert_ne!(extension(media_type), "bin", "{media_type}");
        }
    }

    #[test]
    fn a_photo_can_be_told_by_its_name_alone() {
        let new = NewUpload {
            sha256: ContentHash([0xab; 32]),
            size: 1,
            media_type: "image/heic".to_owned(),
            record_id: Uuid::nil(),
            metadata: String::new(),
        };
        let (id, state) = (Uuid::from_u128(7), UploadState::Open);
        let upload = Upload { id, device_id: id, new, received: 0, state, expires_at: Timestamp::UNIX_EPOCH };
        let tenant = Uuid::from_u128(9);
        let named = Named { tenant, sha256: ContentHash([0xab; 32]), upload: id, extension: "heic" };
        assert_eq!(named.media_type(), "image/heic");
        assert_eq!(Named::parse(&photo_name(tenant, &upload)), Some(named));
        for foreign in ["", "blobs", "blobs/x/ab/cd", "staging/1/2", "blobs/a/b/c.d.e.f"] {
            assert_eq!(Named::parse(foreign), None, "{foreign}");
        }
    }
}
