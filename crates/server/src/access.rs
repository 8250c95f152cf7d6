//! Who may call, and what the office gives out: device tokens, admin tokens, one-time codes.

use gatebook_domain::{Kind, RecordState};
use gatebook_sync::wire::{ApiError, ApiErrorCode};
use gatebook_sync::{JoinCode, deliberate, plain_code};
use jiff::SignedDuration;
use uuid::Uuid;

use crate::error::{ServerError, refuse};
use crate::pass::Pass;
use crate::secret;
use crate::server::{Inner, Server};
use crate::storage::{Admin, Device, FoundDevice, Reading, Tenant};

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
        self.admit(token, None)
    }

    /// The device with that token, for a request that brought `nonce`.
    ///
    /// # Errors
    /// There is none; or it was revoked, which is proved over the nonce; or nobody can tell whether it was.
    pub fn admit(&self, token: &str, nonce: Option<&str>) -> Result<Device, ApiError> {
        let inner = &*self.inner;
        let shown = inner.shown_by(token)?;
        let (id, is_revoked) = match &shown {
            Shown::Held(device) => (device.id, device.revoked),
            Shown::Sealed(pass) => (pass.device, false),
            Shown::Nothing => {
                let message = "This device is not known here; what it holds is safe. If this goes on, tell the office.";
                return Err(refuse(ApiErrorCode::Unauthenticated, message));
            }
        };
        // The list first: to be read, it takes over what only the database knows.
        if inner.was_revoked(id)? || is_revoked {
            let message = "The office has signed this device out. Enrol it with a new code; what it holds is safe.";
            let proof = nonce.map(|nonce| inner.key.of_device(id).revocation(id, nonce));
            return Err(ApiError { proof, ..refuse(ApiErrorCode::Revoked, message) });
        }
        match shown {
            Shown::Held(device) => Ok(device),
            Shown::Sealed(pass) => Ok(inner.enter_again(&pass)?),
            Shown::Nothing => unreachable!("it was turned away above"),
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
    /// is only one. Where the server has an authority of its own, the code brings what that is known by.
    ///
    /// # Errors
    /// There is no such tenant or yard, the authority cannot be read, or the database failed.
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
            writing.put_code(tenant, &secret::hash(&plain_code(&code)), yards, expires_at)
        })?;
        Ok(JoinCode { code, pin: self.authority_pin()? }.to_string())
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

    /// Revokes a device, by its id or by its name within one organization (`tenant` may be left out where there is only one).
    /// Its data stays on it, and what it holds unsent is taken once it has joined again.
    ///
    /// # Errors
    /// There is none, several devices fit, or the database failed.
    pub fn revoke(&self, tenant: Option<Uuid>, device: &str) -> Result<(), ServerError> {
        let id: Option<Uuid> = device.parse().ok();
        let found = self.inner.storage.read(|reading| {
            let found = reading.find_devices(id, device)?;
            let is_by_id = |found: &FoundDevice| Some(found.id) == id;
            if let Some(tenant) = tenant {
                return Ok(found.into_iter().filter(|found| found.tenant.id == tenant).collect());
            }
            if found.iter().any(is_by_id) || found.is_empty() {
                return Ok(found);
            }
            // A name says something only within an organization.
            only_tenant(&reading.tenants(None)?)?;
            Ok(found)
        })?;
        let chosen = choose(device, &found)?;
        // First where no backup brings back the old: whatever happens then, the device is out.
        self.inner.revocations.add_device(chosen)?;
        let now = self.inner.config.environment.now();
        self.inner.storage.write(|writing| writing.revoke(chosen, now))
    }
}

/// What a token says whose it is.
enum Shown {
    /// A device that the database holds.
    Held(Device),
    /// One that this server has let in, and that the database has never heard of: it was restored from before that.
    Sealed(Pass),
    Nothing,
}

impl Inner {
    fn shown_by(&self, token: &str) -> Result<Shown, ServerError> {
        let (token_hash, pass) = (secret::hash(token), Pass::open(token, &self.key));
        self.storage.read(|reading| {
            if let Some(device) = reading.device_of_token(&token_hash)? {
                return Ok(Shown::Held(device));
            }
            let Some(pass) = pass.filter(|_| !deliberate!(ForgetWhoJoinedSince)) else { return Ok(Shown::Nothing) };
            Ok(match reading.device_of_id(pass.device)? {
                Some(device) if device.tenant.id == pass.organization => Shown::Held(device),
                None if !reading.tenants(Some(pass.organization))?.is_empty() => Shown::Sealed(pass),
                _ => Shown::Nothing,
            })
        })
    }

    fn was_revoked(&self, device: Uuid) -> Result<bool, ServerError> {
        if deliberate!(RevocationsComeBack) {
            return Ok(false);
        }
        self.revocations.take_over(|| self.storage.read(|reading| reading.revoked_devices()))?;
        self.revocations.has_device(device)
    }

    /// Enters a device that a restored database has never heard of, with the name and the yards for which it was enrolled: it
    /// may hold what the database has lost, and would drop it with its yards. Whatever the office has changed of its yards
    /// since is to be said again.
    fn enter_again(&self, pass: &Pass) -> Result<Device, ServerError> {
        let now = self.config.environment.now();
        let known = self.storage.write(|writing| {
            self.put(writing, pass, [0; 32], now)?;
            writing.device_of_id(pass.device)
        })?;
        tracing::warn!(device = %pass.device, name = pass.name, "a device that joined after the backup is entered again");
        known.ok_or_else(|| no_such("device", pass.device))
    }
}

/// The one device meant by `given`: of those that are not signed out already, if there are any.
fn choose(given: &str, found: &[FoundDevice]) -> Result<Uuid, ServerError> {
    let live: Vec<&FoundDevice> = found.iter().filter(|found| !found.is_revoked).collect();
    match (live.as_slice(), found) {
        ([only], _) => Ok(only.id),
        ([], [.., newest]) => Ok(newest.id),
        ([], []) => Err(no_such("device", given)),
        (several, _) => {
            let told: Vec<String> = several.iter().map(|device| told(device)).collect();
            let message = format!("{given} fits {} devices: {}. Name one by its id.", told.len(), told.join("; "));
            Err(refuse(ApiErrorCode::NotFound, message).into())
        }
    }
}

fn told(device: &FoundDevice) -> String {
    let FoundDevice { id, name, joined_at, last_seen_at, .. } = device;
    let seen = last_seen_at.map_or_else(|| "never seen".to_owned(), |seen| format!("last seen {seen:.0}"));
    format!("{name} ({id}, joined {joined_at:.0}, {seen})")
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
