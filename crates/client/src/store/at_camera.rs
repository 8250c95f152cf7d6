//! What cameras were opened for, until their pictures are safe.

use rusqlite::Connection;
use uuid::Uuid;

use super::Store;
use super::settings::{AT_CAMERA, get, put};
use crate::error::StoreError;
use crate::photos::AtCamera;

impl Store {
    pub(crate) fn note_at_camera(&self, note: AtCamera) -> Result<(), StoreError> {
        self.write_quietly(|transaction| {
            let mut noted = get(transaction, &AT_CAMERA)?.unwrap_or_default();
            noted.push(note);
            put(transaction, &AT_CAMERA, Some(&noted))
        })
    }

    pub(crate) fn forget_at_camera(&self, id: Uuid) -> Result<(), StoreError> {
        self.write_quietly(|transaction| forget(transaction, id))
    }
}

/// Its picture is safe, or nobody awaits it any more.
pub(super) fn forget(connection: &Connection, id: Uuid) -> Result<(), StoreError> {
    let Some(mut noted) = get(connection, &AT_CAMERA)? else { return Ok(()) };
    noted.retain(|noted| noted.id != id);
    put(connection, &AT_CAMERA, (!noted.is_empty()).then_some(&noted))
}
