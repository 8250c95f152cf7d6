//! One request's bytes. They are made safe before their number is told, whether the request came to its end, was cut,
//! went silent, or gave way to another.

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt as _};
use object_store::Error;
use tokio::time::Instant;
use uuid::Uuid;

use super::error::UploadError;
use super::hash::{Checksum, ContentHash, Hashing};
use super::sink::{Sink, Written};
use super::turns::{Turn, Wish};
use super::uploads::later;
use crate::server::{Inner, Server};
use crate::storage::{Device, Part, Upload, UploadState};

/// What a request brings.
pub(crate) struct Chunk<'a> {
    /// Where it begins.
    pub offset: u64,
    /// How long it says it is.
    pub length: Option<u64>,
    pub checksum: Option<Checksum>,
    /// Ends with an error if the connection was cut, or the bytes came too slowly.
    pub body: &'a mut BoxStream<'static, Result<Bytes, Cut>>,
}

/// The connection was cut, or nothing came for too long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut;

/// What is reckoned of the bytes as they come: each of them is hashed once.
pub(super) struct Seen {
    /// The hash of the photo, if they begin with its first.
    whole: Option<Hashing>,
    expected: Expected,
}

/// What they are checked against when all have come.
enum Expected {
    Nothing,
    /// A hash that is reckoned anyhow.
    Hash(ContentHash),
    Checksum(Checksum),
}

impl Seen {
    fn new(offset: u64, checksum: Option<Checksum>) -> Self {
        let expected = match (offset, checksum) {
            (_, None) => Expected::Nothing,
            (0, Some(checksum)) => checksum.as_hash().map_or(Expected::Checksum(checksum), Expected::Hash),
            (_, Some(checksum)) => Expected::Checksum(checksum),
        };
        Self { whole: (offset == 0).then(Hashing::default), expected }
    }

    const fn is_checked(&self) -> bool {
        !matches!(self.expected, Expected::Nothing)
    }

    async fn see(&mut self, bytes: &Bytes) -> Result<(), Error> {
        if let Expected::Checksum(checksum) = &mut self.expected {
            checksum.update(bytes);
        }
        if let Some(whole) = &mut self.whole {
            whole.update(bytes.clone()).await?;
        }
        Ok(())
    }

    /// Whether all that came is what was to come, and the hash of the photo if they began with its first.
    pub(super) async fn reckoned(&mut self) -> Result<(bool, Option<ContentHash>), Error> {
        let hash = match &mut self.whole {
            Some(whole) => Some(whole.so_far().await?),
            None => None,
        };
        let came_right = match std::mem::replace(&mut self.expected, Expected::Nothing) {
            Expected::Nothing => true,
            Expected::Hash(expected) => hash == Some(expected),
            Expected::Checksum(checksum) => checksum.came_right(),
        };
        Ok((came_right, hash))
    }
}

/// How the bytes of a request came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// There are no more.
    Whole,
    /// For now there is enough to make safe; more is to come.
    Due,
    /// The connection was cut, or nothing came for too long.
    Cut,
    /// Another request wants to go on.
    Wanted,
    /// More came than was announced.
    TooLong,
}

impl Server {
    /// Adds a request's bytes to an upload. It goes on to its end even if nobody waits for it any more.
    ///
    /// `place` is waited for when it is the request's turn and its bytes are the next, and what it gives is held until they
    /// are safe: an older request for the same upload has the device's place until it gives way.
    pub(crate) async fn append<P>(
        self,
        device: Device,
        id: Uuid,
        chunk: Chunk<'_>,
        place: impl Future<Output = Result<P, UploadError>>,
    ) -> Result<Upload, UploadError> {
        let (turn, mut upload) = self.turn_at(&device, id, Wish::AtRest).await?;
        let missing = upload.new.size - upload.received;
        if chunk.offset != upload.received {
            return Err(UploadError::WrongOffset { received: upload.received });
        }
        if chunk.length.is_some_and(|length| length > missing) {
            return Err(UploadError::TooLarge { most: upload.new.size });
        }
        if upload.state == UploadState::Stored {
            return Ok(upload);
        }
        let _place = place.await?;
        let Chunk { offset, body, checksum, .. } = chunk;
        let mut seen = Seen::new(offset, checksum);
        loop {
            let mut sink = self.inner.depot.part(id, upload.received);
            let room = upload.new.size - upload.received;
            let end = self.fill(&mut sink, body, room, &turn, &mut seen);
            let end = match end.await {
                Ok(end) => end,
                Err(error) => {
                    sink.abort().await?;
                    return Err(error);
                }
            };
            // A chunk that cannot be checked, because it is not whole, is not kept.
            let refused = match end {
                End::TooLong => Some(UploadError::TooLarge { most: upload.new.size }),
                End::Cut if seen.is_checked() => Some(UploadError::Cut { received: upload.received }),
                End::Wanted if seen.is_checked() => Some(UploadError::Taken),
                _ if upload.received == 0 && sink.length() == upload.new.size => {
                    return self.finish_at_once(device.tenant, upload, sink, seen).await;
                }
                End::Whole if seen.is_checked() && !seen.reckoned().await?.0 => Some(UploadError::WrongChecksum),
                _ => None,
            };
            if let Some(refused) = refused {
                sink.abort().await?;
                return Err(refused);
            }
            if sink.length() > 0 {
                let written = sink.finish().await?;
                upload = self.keep(upload, written).await?;
            }
            if upload.received == upload.new.size {
                let (_, hash) = seen.reckoned().await?;
                return self.finish_upload(device.tenant, upload, hash).await;
            }
            match end {
                End::Due => {}
                End::Whole | End::TooLong => return Ok(upload),
                End::Cut => return Err(UploadError::Cut { received: upload.received }),
                End::Wanted => return Err(UploadError::Taken),
            }
        }
    }

    /// Takes bytes until it is time to make them safe.
    async fn fill(
        &self,
        sink: &mut Sink<'_>,
        body: &mut BoxStream<'static, Result<Bytes, Cut>>,
        room: u64,
        turn: &Turn<'_>,
        seen: &mut Seen,
    ) -> Result<End, UploadError> {
        let bounds = self.inner.config.bounds.photos;
        let due = Instant::now() + bounds.part_time;
        loop {
            let next = tokio::select! {
                next = body.next() => next,
                () = turn.is_wanted(Instant::now() + bounds.rest) => return Ok(End::Wanted),
            };
            let bytes = match next {
                Some(Ok(bytes)) => bytes,
                None => return Ok(End::Whole),
                Some(Err(Cut)) => return Ok(End::Cut),
            };
            if sink.length() + bytes.len() as u64 > room {
                return Ok(End::TooLong);
            }
            seen.see(&bytes).await?;
            sink.write(bytes).await?;
            // What is checked as a whole is kept as a whole.
            if Instant::now() >= due && !seen.is_checked() {
                return Ok(End::Due);
            }
        }
    }

    /// Files a part that is on the disk.
    async fn keep(&self, upload: Upload, written: Written) -> Result<Upload, UploadError> {
        let Written { name, length } = written;
        let part = Part { start: upload.received, length, name: name.clone() };
        let id = upload.id;
        let filed = self.off_thread(move |Inner { config, storage, .. }| {
            let expires_at = later(config.environment.now(), config.bounds.photos.unfinished_for);
            let is_next = storage.write(|writing| writing.add_part(id, &part, expires_at))?;
            Ok(is_next.then_some(expires_at))
        });
        let Some(expires_at) = filed.await? else {
            // Another node has carried it on, or it is over.
            self.inner.depot.delete(&name).await?;
            return Err(UploadError::Taken);
        };
        Ok(Upload { received: upload.received + length, expires_at, ..upload })
    }
}
