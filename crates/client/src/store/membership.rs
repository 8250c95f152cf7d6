//! The device's place in its organization: joining, and which server it belongs to.

use gatebook_sync::wire::{Membership, ServerIdentity};
use gatebook_sync::{AuthorityPin, deliberate};
use rusqlite::{Connection, Transaction};
use uuid::Uuid;

use super::Store;
use super::settings::{self, Enrolment};
use crate::error::StoreError;

impl Store {
    /// What a request to join is repeated with if its answer is lost. The same until the device has joined: it is on the disk
    /// before the first request leaves.
    pub(crate) fn joining_secret(&self) -> Result<String, StoreError> {
        self.write_quietly(|transaction| {
            if let Some(secret) = settings::get(transaction, &settings::JOINING_SECRET)? {
                return Ok(secret);
            }
            let secret = crate::revocation::secret();
            settings::put(transaction, &settings::JOINING_SECRET, Some(&secret))?;
            Ok(secret)
        })
    }

    /// The device has joined. What waits to be sent is sent under its new id from now on, and is that device's; what the server
    /// has taken stays the old one's.
    pub(crate) fn joined(&self, enrolment: &Enrolment) -> Result<(), StoreError> {
        self.write(|transaction| {
            let sql = "UPDATE records SET device_id = ?1 WHERE pending_sync = 1 AND device_id IS NOT NULL";
            transaction.execute(sql, [enrolment.device_id])?;
            settings::put(transaction, &settings::ENROLMENT, Some(enrolment))?;
            settings::put(transaction, &settings::DEVICE_ID, Some(&enrolment.device_id))?;
            settings::put::<String>(transaction, &settings::JOINING_SECRET, None)
        })
    }

    /// The server that the device belongs to has moved there.
    pub(crate) fn server_moved(&self, device: Uuid, url: &str, pin: Option<AuthorityPin>) -> Result<(), StoreError> {
        self.write_quietly(|transaction| {
            let known: Option<Enrolment> = settings::get(transaction, &settings::ENROLMENT)?;
            // Whoever joined anew meanwhile has said where.
            let Some(known) = known.filter(|known| known.device_id == device) else { return Ok(()) };
            let moved = Enrolment { server_url: url.to_owned(), pin, ..known };
            settings::put(transaction, &settings::ENROLMENT, Some(&moved))
        })
    }

    /// Whether this device belongs to that server; one that does not say who it is counts as its own.
    pub(crate) fn belongs_to(&self, server: Option<&ServerIdentity>) -> Result<bool, StoreError> {
        self.read(|connection| belongs_to(connection, server))
    }
}

/// Nothing is taken over from a server that this device does not belong to.
pub(super) fn check_server(transaction: &Transaction<'_>, server: Option<&ServerIdentity>) -> Result<(), StoreError> {
    if belongs_to(transaction, server)? { Ok(()) } else { Err(StoreError::OtherServer) }
}

/// Takes over what the device did not know yet of its own membership.
pub(super) fn learn(
    transaction: &Transaction<'_>,
    membership: Option<Membership>,
    server: Option<ServerIdentity>,
) -> Result<(), StoreError> {
    let Some(membership) = membership else { return Ok(()) };
    let known: Option<Enrolment> = settings::get(transaction, &settings::ENROLMENT)?;
    // Whoever joined anew while the answer was on its way is another device by now.
    let Some(known) = known.filter(|known| known.device_id == membership.device_id && known.device_key.is_none())
    else {
        return Ok(());
    };
    let Membership { device_key, token, .. } = membership;
    let learned = Enrolment { device_key: Some(device_key), token, server, ..known };
    settings::put(transaction, &settings::ENROLMENT, Some(&learned))
}

fn belongs_to(connection: &Connection, server: Option<&ServerIdentity>) -> Result<bool, StoreError> {
    let known: Option<Enrolment> = settings::get(connection, &settings::ENROLMENT)?;
    let (Some(known), Some(server)) = (known, server) else { return Ok(true) };
    let is_own = match (&known.server, known.tenant_id) {
        (Some(own), _) => own == server,
        (None, Some(organization)) => organization == server.organization,
        (None, None) => true,
    };
    Ok(is_own || deliberate!(SyncWithStrangers))
}
