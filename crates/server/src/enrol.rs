//! `POST /v1/enrol`, without HTTP: a one-time code becomes a device.
//!
//! The server makes the device's id. Whoever joined, and did not hear so, may repeat the request for some minutes, and
//! proves by its secret that the first was its own; beyond that a code that was used is worth nothing to anybody.

use std::time::Duration;

use gatebook_sync::plain_code;
use gatebook_sync::wire::{
    ApiError, ApiErrorCode, EnrolRequest, EnrolResponse, Membership, ProofRequest, ProofResponse,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::error::{ServerError, refuse};
use crate::pass::Pass;
use crate::secret;
use crate::server::Server;
use crate::storage::{Code, Device, NewDevice, Used, Writing};

/// Longest name of a device, in characters.
pub(crate) const NAME: usize = 80;
/// After a code was used, for so long its request may be repeated.
pub(crate) const REPEATED: Duration = Duration::from_secs(15 * 60);
/// Least characters of a secret: 128 bits in Base64.
pub(crate) const SECRET: usize = 22;
/// Most characters of a nonce.
pub(crate) const NONCE: usize = 128;

impl Server {
    /// Makes a device of a one-time code. A repeat with the same secret, after the first answer was lost, is answered like
    /// the first.
    ///
    /// # Errors
    /// The code is wrong, used or expired, or the request is not usable.
    pub fn enrol(&self, request: &EnrolRequest) -> Result<EnrolResponse, ApiError> {
        let environment = &*self.inner.config.environment;
        let now = environment.now();
        let name = request.device_name.trim();
        if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
            let message = format!("Give the device a name of at most {NAME} letters, such as \"Gate 2 kiosk\".");
            return Err(refuse(ApiErrorCode::Malformed, message));
        }
        if request.secret.as_ref().is_some_and(|secret| secret.len() < SECRET) {
            return Err(refuse(ApiErrorCode::Malformed, "The secret is too short to be one."));
        }
        let code_hash = secret::hash(&plain_code(&request.code));
        let secret_hash = request.secret.as_deref().map(secret::hash);
        let was_used_before_a_restore = self.inner.revocations.has_code(&code_hash)?;
        let joined = self.inner.storage.write(|writing| {
            let Some(code) = writing.claim_code(&code_hash)? else { return Ok(None) };
            let pass = match allowed(&code, secret_hash, now) {
                Allowed::First if !was_used_before_a_restore => {
                    let device = environment.new_id();
                    let pass = pass(&code, device, name);
                    self.inner.put(writing, &pass, code_hash, now)?;
                    writing.use_code(&code_hash, device, secret_hash, now)?;
                    self.hand_over(writing, request, &code, device)?;
                    pass
                }
                Allowed::Repeat(device) => match writing.device_of_id(device)? {
                    Some(known) => pass(&code, device, known.name()),
                    None => return Ok(None),
                },
                Allowed::First | Allowed::No => return Ok(None),
            };
            Ok(Some((code.tenant_name, code.yards, pass)))
        })?;
        let (tenant_name, yard_ids, pass) = joined.ok_or_else(|| {
            let message = "This code is wrong, used or expired. Check it, or ask the office for a new one.";
            refuse(ApiErrorCode::CodeRefused, message)
        })?;
        // After the database, so that whoever dies in between can repeat the request.
        self.inner.revocations.add_code(&code_hash)?;
        let key = &self.inner.key;
        Ok(EnrolResponse {
            device_id: pass.device,
            token: pass.seal(key),
            tenant_id: pass.organization,
            tenant_name,
            yard_ids,
            device_key: Some(key.of_device(pass.device)),
            server: Some(key.identity(pass.organization)),
        })
    }

    /// Proves to a device that it joined under this server's key, and that the server is the one at the host it calls.
    ///
    /// # Errors
    /// The nonce is none, or devices do not find this server at that host.
    pub fn prove(&self, request: &ProofRequest) -> Result<ProofResponse, ApiError> {
        let ProofRequest { device_id, nonce, host, authority } = request;
        if nonce.is_empty() || nonce.len() > NONCE {
            return Err(refuse(ApiErrorCode::Malformed, "A nonce is random text of at most 128 letters."));
        }
        if !self.is_found_at(host, authority.as_ref())? {
            let message = "The server here was not told that devices find it at this address; nothing was sent. Ask the office: \
                           it has to be started with this name (behind a proxy by --public-names).";
            return Err(refuse(ApiErrorCode::OtherServer, message));
        }
        Ok(ProofResponse { proof: self.inner.key.of_device(*device_id).own_server(request) })
    }

    /// What the device is told that does not know its server yet.
    pub(crate) fn membership(&self, device: &Device) -> Membership {
        let Device { id, tenant, name, yards, .. } = device.clone();
        let key = &self.inner.key;
        let token = Pass { organization: tenant.id, device: id, name, yards }.seal(key);
        Membership { device_id: id, device_key: key.of_device(id), token }
    }

    /// What the sender had begun to upload as the device it was before goes on as the new one. Authorship does not go over:
    /// what that device wrote stays its own.
    fn hand_over(
        &self,
        writing: &dyn Writing,
        request: &EnrolRequest,
        code: &Code,
        device: Uuid,
    ) -> Result<(), ServerError> {
        let (Some(previous), Some(secret)) = (&request.previous, &request.secret) else { return Ok(()) };
        let key = self.inner.key.of_device(previous.device_id);
        let is_proved = key.proves_succession(previous.device_id, secret, &previous.proof);
        if is_proved && writing.tenant_of_device(previous.device_id)? == Some(code.tenant) {
            writing.hand_over_uploads(previous.device_id, device)?;
        }
        Ok(())
    }
}

impl crate::server::Inner {
    /// Enters a device as its token says.
    pub(crate) fn put(
        &self,
        writing: &dyn Writing,
        pass: &Pass,
        code_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<(), ServerError> {
        let tenant = crate::access::only_tenant(&writing.tenants(Some(pass.organization))?)?;
        let token_hash = secret::hash(&pass.seal(&self.key));
        let (id, name, yards) = (pass.device, pass.name.as_str(), pass.yards.as_slice());
        writing.put_device(&NewDevice { id, tenant, name, token_hash, code_hash, now, yards })
    }
}

fn pass(code: &Code, device: Uuid, name: &str) -> Pass {
    Pass { organization: code.tenant.id, device, name: name.to_owned(), yards: code.yards.clone() }
}

/// What a code allows.
#[derive(Debug, PartialEq, Eq)]
enum Allowed {
    First,
    /// To hear again what came of the first use.
    Repeat(Uuid),
    No,
}

fn allowed(code: &Code, secret_hash: Option<[u8; 32]>, now: Timestamp) -> Allowed {
    match code.used {
        None if now < code.expires_at => Allowed::First,
        Some(Used { device, repeatable: Some((at, hash)) }) if secret_hash == Some(hash) && now < at + REPEATED => {
            Allowed::Repeat(device)
        }
        _ => Allowed::No,
    }
}
