//! Handing out: whoever sees a record that names the bytes may have them.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use gatebook_sync::wire::ApiErrorCode;

use super::hash::ContentHash;
use super::marks::attachment;
use crate::error::{ServerError, refuse};
use crate::server::Server;
use crate::storage::{Blob, Device, Tenant};

/// Who wants to see a photo.
#[derive(Debug, Clone)]
pub(crate) enum Viewer {
    /// A device sees what a record of its yards names.
    Device(Device),
    /// An admin sees all of the organisation.
    Admin(Tenant),
}

impl Server {
    /// Whose token it is: a device's or an admin's.
    pub(crate) fn viewer(&self, token: &str) -> Result<Viewer, gatebook_sync::wire::ApiError> {
        match self.device(token) {
            Ok(device) => Ok(Viewer::Device(device)),
            Err(refused) if refused.code == ApiErrorCode::Unauthenticated => {
                self.admin(token).map(|admin| Viewer::Admin(admin.tenant)).map_err(|_| refused)
            }
            Err(refused) => Err(refused),
        }
    }

    /// The photo of that hash, if it is held and may be seen.
    pub(crate) fn photo(&self, viewer: &Viewer, hash: ContentHash) -> Result<Blob, ServerError> {
        let found = self.inner.storage.read(|reading| match viewer {
            Viewer::Admin(tenant) => reading.blob(*tenant, hash),
            Viewer::Device(device) => {
                let naming = reading.records_naming(device.tenant, hash)?;
                let is_seen = reading.held(device.tenant, &naming)?.iter().any(|held| {
                    let names_it = attachment(&held.content).is_some_and(|(_, named)| named == hash);
                    names_it && device.sees(held.content.yard_id)
                });
                if is_seen { reading.blob(device.tenant, hash) } else { Ok(None) }
            }
        })?;
        found.ok_or_else(|| {
            let message = "There is no such photo here, or no record that this device sees names it.";
            refuse(ApiErrorCode::NotFound, message).into()
        })
    }

    /// Its bytes from `start` up to `end`.
    pub(crate) fn bytes_of(
        &self,
        blob: &Blob,
        start: u64,
        end: u64,
    ) -> BoxStream<'static, Result<Bytes, object_store::Error>> {
        self.inner.depot.read(&blob.name, start, end)
    }
}
