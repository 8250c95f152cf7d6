//! Photos' rows: made with their attachment in one transaction, confirmed by the attachment's canonical state.

use std::collections::BTreeMap;

use gatebook_domain::attachment::Attachment;
use gatebook_domain::record::{SCHEMA, Writer};
use gatebook_domain::{Body, Kind, RecordState, title};
use gatebook_sync::{Content, deliberate};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::confirmed::is_stored;
use super::records::begun;
use super::row::{RecordRow, stage_name};
use super::{Authorship, Store, at_camera, reference, settings};
use crate::error::StoreError;
use crate::photos::{ChunkSize, PhotoOf};

/// A photo that is safe on the disk and becomes a record.
#[derive(Debug, Clone)]
pub(crate) struct NewPhoto {
    pub id: Uuid,
    pub attachment: Attachment,
    /// The note of the camera that took it.
    pub at_camera: Option<Uuid>,
}

/// An attachment of a record.
pub(crate) struct AttachmentOf {
    pub id: Uuid,
    pub attachment: Attachment,
    pub added_at: Timestamp,
    pub operator_name: String,
}

/// Bytes that are here, with all attachments they stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldPhoto {
    pub sha256: String,
    pub size: u64,
    /// Oldest of the attachments: the one that names the upload.
    pub record_id: Uuid,
    /// Bytes that the server has said it has.
    pub arrived: u64,
    /// Kept time at which the last of its attachments was seen to be stored.
    pub confirmed_ms: Option<u64>,
    /// The file was found not to have these bytes any more.
    pub is_damaged: bool,
    /// The server would not take it when it was last offered.
    pub is_refused: bool,
    /// The server, asked before it was let go, did not have it, whatever the records say.
    pub is_denied: bool,
}

/// What is known of a hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownPhoto {
    /// Its bytes are meant to be here, and not only the thumbnail.
    pub is_held: bool,
    /// The server was seen to hold them for each of its attachments.
    pub is_confirmed: bool,
}

impl HeldPhoto {
    /// Whether the server does not hold it and can be given it.
    pub(crate) const fn waits(&self) -> bool {
        (self.confirmed_ms.is_none() || self.is_denied) && !self.is_damaged
    }
}

impl Store {
    /// Makes the attachment and its photo's row, pending. The bytes must be safe on the disk.
    pub(crate) fn add_photo(&self, photo: &NewPhoto, by: &Authorship) -> Result<(), StoreError> {
        self.write(|transaction| {
            let parent_id = photo.attachment.parent_id;
            let parent = RecordRow::find(transaction, parent_id)?.ok_or(StoreError::NotFound(parent_id))?;
            if parent.content.state != RecordState::Live
                || !parent.kind().is_some_and(|kind| kind.writer() == Writer::Field)
            {
                return Err(StoreError::Final(parent_id));
            }
            let attachment = &photo.attachment;
            let body = Body::Attachment(attachment.clone());
            let content = Content {
                kind: Kind::Attachment.as_str().to_owned(),
                yard_id: parent.content.yard_id,
                schema: SCHEMA,
                state: RecordState::Live,
                state_reason: String::new(),
                captured_at: by.now,
                zone: parent.content.zone,
                operator_id: Some(by.operator_id),
                body: RawValue::from_string(body.to_json()).expect("a serialised body is JSON"),
            };
            let listed = (title(&body), stage_name(&body));
            begun(transaction, photo.id, content, listed, by)?.put(transaction)?;
            // A photo is the first thing that was entered there.
            transaction.execute("UPDATE records SET untouched = 0 WHERE id = ?1", [parent_id])?;
            put_row(transaction, photo.id, attachment)?;
            if let Some(noted) = photo.at_camera {
                at_camera::forget(transaction, noted)?;
            }
            // Should the same photo have been here, its file has just been written anew.
            transaction.execute("UPDATE photos SET damaged = 0 WHERE sha256 = ?1", [&attachment.sha256])?;
            Ok(())
        })
    }

    /// Every photo whose bytes are here, by hash, as the attachments' canonical states have it now.
    pub(crate) fn held_photos(&self) -> Result<Vec<HeldPhoto>, StoreError> {
        self.read(held)
    }

    /// Every photo whose bytes are here and which the server does not hold, as all of its attachments have it now.
    #[cfg(feature = "simulation")]
    pub(crate) fn unconfirmed_photos(&self) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT sha256, record_id, confirmed_ms IS NOT NULL FROM photos WHERE held = 1";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let mut unconfirmed = std::collections::BTreeSet::new();
            for row in rows {
                let (sha256, id, is_confirmed) = row?;
                if !is_stored(connection, id)?.unwrap_or(is_confirmed) {
                    unconfirmed.insert(sha256);
                }
            }
            Ok(unconfirmed.into_iter().collect())
        })
    }

    /// The attachments of a record that are not struck out, oldest first, each with who added it.
    pub(crate) fn attachments_of(&self, parent_id: Uuid) -> Result<Vec<AttachmentOf>, StoreError> {
        self.read(|connection| {
            let rows = RecordRow::select(
                connection,
                "kind = 'attachment' AND body ->> '$.parent_id' = ?1 AND state <> 'voided' ORDER BY id",
                [parent_id.to_string()],
            )?;
            let mut found = Vec::new();
            for row in rows {
                if let Some(Body::Attachment(attachment)) = row.body() {
                    let operator_name = reference::operator_name(connection, row.content.operator_id)?;
                    let added_at = row.content.captured_at;
                    found.push(AttachmentOf { id: row.id, attachment, added_at, operator_name });
                }
            }
            Ok(found)
        })
    }

    /// The attachment, if it is one.
    pub(crate) fn attachment(&self, id: Uuid) -> Result<Attachment, StoreError> {
        match self.read(|connection| RecordRow::find(connection, id))?.map(|row| row.body()) {
            Some(Some(Body::Attachment(attachment))) => Ok(attachment),
            Some(_) => Err(StoreError::WrongKind { id, kind: Kind::Attachment.as_str() }),
            None => Err(StoreError::NotFound(id)),
        }
    }

    /// The record that the attachment belongs to, if both are here.
    pub(crate) fn owner_of_photo(&self, id: Uuid) -> Result<Option<PhotoOf>, StoreError> {
        self.read(|connection| {
            let Some(Body::Attachment(attachment)) = RecordRow::find(connection, id)?.and_then(|row| row.body()) else {
                return Ok(None);
            };
            let owner = RecordRow::find(connection, attachment.parent_id)?;
            Ok(owner.and_then(|row| row.kind().map(|kind| PhotoOf { record_id: row.id, kind, title: row.title })))
        })
    }

    /// Notes that the file does not have the bytes that it should have. It stays.
    pub(crate) fn note_damaged(&self, sha256: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute("UPDATE photos SET damaged = 1 WHERE sha256 = ?1", [sha256])?;
            Ok(())
        })
    }

    /// Gives the bytes of that hash up, if `may_go` still says so of what is known in this very transaction. Returns whether
    /// the file may be deleted.
    pub(crate) fn evict(&self, sha256: &str, may_go: impl FnOnce(&HeldPhoto) -> bool) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let photo = held(transaction)?.into_iter().find(|photo| photo.sha256 == sha256);
            let is_blind = [deliberate!(ConfirmedForEver), deliberate!(EvictUnconfirmed)].contains(&true);
            let Some(photo) = photo.filter(|photo| photo.confirmed_ms.is_some() || is_blind) else {
                return Ok(false);
            };
            let mut statement =
                transaction.prepare_cached("SELECT record_id FROM photos WHERE sha256 = ?1 AND held = 1")?;
            let ids = statement.query_map([sha256], |row| row.get::<_, Uuid>(0))?.collect::<Result<Vec<_>, _>>()?;
            for id in ids {
                if !is_blind && is_stored(transaction, id)? == Some(false) {
                    return Ok(false);
                }
            }
            if !may_go(&photo) {
                return Ok(false);
            }
            transaction.execute("UPDATE photos SET held = 0 WHERE sha256 = ?1", [sha256])?;
            Ok(true)
        })
    }

    /// Notes that the server did not have it when it was to be let go.
    pub(crate) fn note_denied(&self, sha256: &str) -> Result<(), StoreError> {
        self.write_quietly(|transaction| {
            transaction.execute("UPDATE photos SET denied = 1 WHERE sha256 = ?1", [sha256])?;
            Ok(())
        })
    }

    /// Notes that the server has again what it did not have when it was to be let go: its time begins anew, when the
    /// records say that it is held.
    pub(crate) fn note_given_again(&self, sha256: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            let sql = "UPDATE photos SET confirmed_ms = NULL, denied = 0 WHERE sha256 = ?1 AND denied = 1";
            transaction.execute(sql, [sha256])?;
            Ok(())
        })
    }

    /// Notes that the server would not take it.
    pub(crate) fn note_refused(&self, sha256: &str) -> Result<(), StoreError> {
        self.write_quietly(|transaction| {
            transaction.execute("UPDATE photos SET refused = 1 WHERE sha256 = ?1", [sha256])?;
            Ok(())
        })
    }

    /// Notes how much of it the server has, and what the link was seen to carry if that is news. What the server takes some
    /// of is no longer refused.
    pub(crate) fn note_arrived(&self, sha256: &str, bytes: u64, chunk: Option<ChunkSize>) -> Result<(), StoreError> {
        self.write_quietly(|transaction| {
            if chunk.is_some() {
                settings::put(transaction, &settings::CHUNK, chunk.as_ref())?;
            }
            transaction
                .prepare_cached(
                    "UPDATE photos SET arrived = ?2, refused = refused AND ?2 = 0 WHERE sha256 = ?1 AND arrived <> ?2",
                )?
                .execute(params![sha256, bytes])?;
            Ok(())
        })
    }

    /// What is to be here of each hash.
    pub(crate) fn photo_hashes(&self) -> Result<BTreeMap<String, KnownPhoto>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT sha256, max(held), count(*) = count(confirmed_ms) FROM photos GROUP BY sha256";
            let mut statement = connection.prepare_cached(sql)?;
            let known = |row: &rusqlite::Row<'_>| {
                Ok((row.get(0)?, KnownPhoto { is_held: row.get(1)?, is_confirmed: row.get(2)? }))
            };
            Ok(statement.query_map([], known)?.collect::<Result<_, _>>()?)
        })
    }

    /// The attachments held here that name bytes of which there is no row, by hash.
    pub(crate) fn attachments_without_photo(&self) -> Result<BTreeMap<String, Vec<(Uuid, Attachment)>>, StoreError> {
        self.read(|connection| {
            let rows = RecordRow::select(
                connection,
                "kind = ?1 AND id NOT IN (SELECT record_id FROM photos)",
                [Kind::Attachment.as_str()],
            )?;
            let mut found: BTreeMap<String, Vec<_>> = BTreeMap::new();
            for row in rows {
                if let Some(Body::Attachment(attachment)) = row.body() {
                    found.entry(attachment.sha256.clone()).or_default().push((row.id, attachment));
                }
            }
            Ok(found)
        })
    }

    /// The attachments held here that name those bytes, if there is no row of them.
    pub(crate) fn attachments_of_file(&self, sha256: &str) -> Result<Vec<(Uuid, Attachment)>, StoreError> {
        self.read(|connection| {
            let rows = RecordRow::select(
                connection,
                "kind = 'attachment' AND body ->> '$.sha256' = ?1 AND id NOT IN (SELECT record_id FROM photos)",
                [sha256],
            )?;
            let named = rows.into_iter().filter_map(|row| match row.body() {
                Some(Body::Attachment(attachment)) => Some((row.id, attachment)),
                _ => None,
            });
            Ok(named.collect())
        })
    }

    /// Takes bytes found on the disk for those of the attachments that name them.
    pub(crate) fn adopt(&self, attachments: &[(Uuid, Attachment)]) -> Result<(), StoreError> {
        self.write(|transaction| {
            attachments.iter().try_for_each(|(id, attachment)| put_row(transaction, *id, attachment))
        })
    }

    /// Notes whether bytes are here, as it was found.
    pub(crate) fn note_found(&self, sha256: &str, is_here: bool) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute("UPDATE photos SET held = ?2 WHERE sha256 = ?1", params![sha256, is_here])?;
            Ok(())
        })
    }
}

/// Forgets what is known of an attachment's bytes, unless they are still here; whether it did.
pub(super) fn let_go(connection: &Connection, id: Uuid) -> Result<bool, StoreError> {
    let is_here = connection
        .prepare_cached("SELECT 1 FROM photos WHERE record_id = ?1 AND held = 1")?
        .query_row([id], |_| Ok(()))
        .optional()?
        .is_some();
    if !is_here {
        connection.prepare_cached("DELETE FROM photos WHERE record_id = ?1")?.execute([id])?;
    }
    Ok(!is_here)
}

fn put_row(connection: &Connection, id: Uuid, attachment: &Attachment) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO photos (record_id, sha256, size, held) VALUES (?1, ?2, ?3, 1)")?
        .execute(params![id, attachment.sha256, attachment.size])?;
    Ok(())
}

fn held(connection: &Connection) -> Result<Vec<HeldPhoto>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT sha256, max(size), min(record_id), max(arrived), \
                CASE WHEN count(*) = count(confirmed_ms) THEN max(confirmed_ms) END, max(damaged), \
                max(refused), max(denied) \
         FROM photos WHERE held = 1 GROUP BY sha256 ORDER BY min(record_id)",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(HeldPhoto {
            sha256: row.get(0)?,
            size: row.get(1)?,
            record_id: row.get(2)?,
            arrived: row.get(3)?,
            confirmed_ms: row.get(4)?,
            is_damaged: row.get(5)?,
            is_refused: row.get(6)?,
            is_denied: row.get(7)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
