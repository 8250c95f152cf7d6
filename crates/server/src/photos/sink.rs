//! Where bytes are written on their way into the store: into a file of a folder, or an object of a bucket. Nothing has a
//! name before it is whole.

use std::path::PathBuf;

use bytes::Bytes;
use gatebook_sync::reach;
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStoreExt as _, PutPayload};
use tokio::task::JoinHandle;

use super::depot::Depot;
use super::folder::Incoming;

/// Written at a time to a folder: so little that the disk has most of it when the last byte comes.
const FOLDER_BATCH: u64 = 256 * 1024;

/// Where bytes are written.
pub(crate) struct Sink<'a> {
    depot: &'a Depot,
    name: String,
    gathered: Vec<Bytes>,
    waiting: u64,
    length: u64,
    is_settled: bool,
    target: Target,
}

enum Target {
    Folder {
        folder: PathBuf,
        incoming: Incoming,
    },
    /// An object that is too large to be put at once has been begun.
    Bucket(Option<Writing>),
}

/// A large object under way: one batch is written while the next is gathered.
struct Writing {
    upload: Box<dyn MultipartUpload>,
    batch: Option<JoinHandle<Result<(), Error>>>,
}

/// What was written.
pub(crate) struct Written {
    pub name: String,
    pub length: u64,
}

impl<'a> Sink<'a> {
    /// Gathers what is to have that name. In a folder it lies at that path of it until then.
    pub(super) fn new(depot: &'a Depot, name: String, incoming: &str) -> Self {
        let target = match &depot.folder {
            Some(folder) => Target::Folder { incoming: Incoming::new(folder.join(incoming)), folder: folder.clone() },
            None => Target::Bucket(None),
        };
        Self { depot, name, gathered: Vec::new(), waiting: 0, length: 0, is_settled: false, target }
    }

    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        let length = bytes.len() as u64;
        self.length += length;
        self.waiting += length;
        self.gathered.push(bytes);
        let batch = if matches!(self.target, Target::Folder { .. }) { FOLDER_BATCH } else { self.depot.batch };
        if self.waiting >= batch {
            self.hand_over().await?;
        }
        Ok(())
    }

    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    async fn hand_over(&mut self) -> Result<(), Error> {
        let batch = std::mem::take(&mut self.gathered);
        self.waiting = 0;
        match &mut self.target {
            Target::Folder { incoming, .. } => incoming.write(batch).await,
            Target::Bucket(begun) => {
                if begun.is_none() {
                    let upload = self.depot.store.put_multipart(&Path::from(self.name.as_str())).await?;
                    *begun = Some(Writing { upload, batch: None });
                }
                let Some(writing) = begun else { unreachable!("just begun") };
                writing.settle().await?;
                writing.batch = Some(tokio::spawn(writing.upload.put_part(batch.into_iter().collect())));
                Ok(())
            }
        }
    }

    /// Returns when all that can be done before it has a name is done: in a folder, everything is on the disk.
    pub(crate) async fn settle(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.is_settled, true) {
            return Ok(());
        }
        if matches!(self.target, Target::Bucket(Some(_))) && self.waiting > 0 {
            self.hand_over().await?;
        }
        match &mut self.target {
            Target::Folder { incoming, .. } => incoming.sync(std::mem::take(&mut self.gathered)).await,
            Target::Bucket(Some(writing)) => writing.settle().await,
            Target::Bucket(None) => Ok(()),
        }
    }

    /// Returns when everything is on the disk, under the name that was meant for it.
    pub(crate) async fn finish(mut self) -> Result<Written, Error> {
        self.settle().await?;
        match self.target {
            Target::Folder { folder, incoming } => incoming.name(folder.join(&self.name)).await?,
            Target::Bucket(Some(mut writing)) => drop(writing.upload.complete().await?),
            Target::Bucket(None) => self.depot.put(&self.name, self.gathered).await?,
        }
        reach!(ServerFile);
        Ok(Written { name: self.name, length: self.length })
    }

    /// The same, under another name at once.
    pub(crate) async fn place(mut self, name: &str) -> Result<(), Error> {
        self.settle().await?;
        match self.target {
            Target::Folder { folder, incoming } => incoming.name(folder.join(name)).await?,
            Target::Bucket(Some(mut writing)) => {
                writing.upload.complete().await?;
                reach!(ServerFile);
                return self.depot.place(&self.name, name).await;
            }
            Target::Bucket(None) => self.depot.put(name, self.gathered).await?,
        }
        reach!(ServerFile);
        Ok(())
    }

    /// Lets everything go.
    pub(crate) async fn abort(self) -> Result<(), Error> {
        match self.target {
            Target::Bucket(Some(mut writing)) => {
                let _ = writing.settle().await;
                writing.upload.abort().await
            }
            Target::Folder { .. } | Target::Bucket(None) => Ok(()),
        }
    }
}

impl Depot {
    async fn put(&self, name: &str, bytes: Vec<Bytes>) -> Result<(), Error> {
        let payload: PutPayload = bytes.into_iter().collect();
        self.store.put(&Path::from(name), payload).await.map(drop)
    }
}

impl Writing {
    async fn settle(&mut self) -> Result<(), Error> {
        match self.batch.take() {
            Some(batch) => batch.await.map_err(|source| Error::JoinError { source })?,
            None => Ok(()),
        }
    }
}
