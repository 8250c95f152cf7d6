//! Who may call, and what the office gives out: device tokens, admin tokens, one-time codes.

use gatebook_domain::{Kind, RecordState};
use gatebook_sync::wire::{ApiError, ApiErrorCode};
use jiff::SignedDuration;
use uuid::Uuid;

use crate::error::{ServerError, refuse};
use crate::secret;
use crate::server::Server;
use crate::storage::{Admin, Device, Reading, Tenant};

/// Longest life of a one-time code.
const MAX_HOURS: u32 = 24 * 365;
/// Longest name of an admin's token, in characters.
const ADMIN_NAME: usize = 100;

impl Server {
    /// The device with that token.
    ///
    /// # Errors
    /// There is none, or it was revoked.
    pub fn device(&self, token: &str) -> Result<Device, ApiError> {
        let token_hash = secret::hash(token);
        match self.inner.storage.read(|reading| reading.device_of_token(&token_hash))? {
            None => Err(refuse(
                ApiErrorCode::Unauthenticated,
                "This device is not known here. Enrol it with a new code; what it holds is safe.",
            )),
            Some(device) if device.revoked => Err(refuse(
                ApiErrorCode::Revoked,
                "The office has signed this device out. Enrol it with a new code; what it holds is safe.",
            )),
            Some(device) => Ok(device),
        }
    }

    /// Who an admin's token lets in.
    pub(crate) fn admin(&self, token: &str) -> Result<Admin, ApiError> {
        let token_hash = secret::hash(token);
        let (admin, is_device) = self.inner.storage.read(|reading| {
            Ok((reading.admin_of_token(&token_hash)?, reading.device_of_token(&token_hash)?.is_some()))
        })?;
        admin.ok_or_else(|| {
            if is_device {
                refuse(ApiErrorCode::Forbidden, "A device may not do this; it needs an admin's token.")
            } else {
                refuse(ApiErrorCode::Unauthenticated, "This token is not known here. Ask for a new admin token.")
            }
        })
    }

    /// Makes a one-time code with which a device joins and works for those yards. `tenant` may be left out where there
    /// is only one.
    ///
    /// # Errors
    /// There is no such tenant or yard, or the database failed.
    pub fn enrolment_code(
        &self,
        tenant: Option<Uuid>,
        yards: &[Uuid],
        valid_hours: u32,
    ) -> Result<String, ServerError> {
        let life = SignedDuration::from_hours(i64::from(valid_hours.min(MAX_HOURS)));
        let expires_at = self.inner.config.environment.now().checked_add(life);
        let expires_at = expires_at.map_err(|error| ServerError::unreadable("time", error))?;
        let code = secret::code()?;
        self.inner.storage.write(|writing| {
            let tenant = only_tenant(&writing.tenants(tenant)?)?;
            check_yards(writing, tenant, yards)?;
            writing.put_code(tenant, &secret::hash(&secret::plain_code(&code)), yards, expires_at)
        })?;
        Ok(code)
    }

    /// Makes a token for an admin of that name; what is done with it is filed under the name. `tenant` may be left out
    /// where there is only one, and the name may be empty.
    ///
    /// # Errors
    /// There is no such tenant, the name cannot be kept, or the database failed.
    pub fn admin_token(&self, tenant: Option<Uuid>, name: &str) -> Result<String, ServerError> {
        let name = name.trim();
        if name.chars().count() > ADMIN_NAME || name.chars().any(char::is_control) {
            let message = format!("A name for a token is one line of at most {ADMIN_NAME} characters.");
            return Err(refuse(ApiErrorCode::Malformed, message).into());
        }
        let token = secret::token()?;
        self.inner.storage.write(|writing| {
            let tenant = only_tenant(&writing.tenants(tenant)?)?;
            writing.put_admin_token(tenant, &secret::hash(&token), name)
        })?;
        Ok(token)
    }

    /// Revokes a device, by id or name. Its data stays on it, and what it holds unsent is taken once it is enrolled
    /// again.
    ///
    /// # Errors
    /// There is none, or the database failed.
    pub fn revoke(&self, device: &str) -> Result<(), ServerError> {
        let now = self.inner.config.environment.now();
        match self.inner.storage.write(|writing| writing.revoke(device, now))? {
            0 => Err(no_such("device", device)),
            _ => Ok(()),
        }
    }
}

/// The one tenant meant.
pub(crate) fn only_tenant(tenants: &[Tenant]) -> Result<Tenant, ServerError> {
    match tenants {
        [only] => Ok(*only),
        [] => Err(refuse(ApiErrorCode::NotFound, "There is no such organisation here.").into()),
        _ => Err(refuse(ApiErrorCode::NotFound, "There are several organisations here: name one by its id.").into()),
    }
}

/// Each is a yard of the tenant.
pub(crate) fn check_yards(reading: &dyn Reading, tenant: Tenant, yards: &[Uuid]) -> Result<(), ServerError> {
    let held = reading.held(tenant, yards)?;
    let is_yard = |id: &Uuid| {
        held.iter().any(|held| {
            let content = &held.content;
            held.record_id == *id && content.state == RecordState::Live && content.known_kind() == Some(Kind::Yard)
        })
    };
    match yards.iter().find(|id| !is_yard(id)) {
        None => Ok(()),
        Some(missing) => Err(no_such("yard", missing)),
    }
}

/// There is none of that name or id, as far as the caller may know.
pub(crate) fn no_such(what: &str, which: impl std::fmt::Display) -> ServerError {
    refuse(ApiErrorCode::NotFound, format!("There is no {what} {which}.")).into()
}
