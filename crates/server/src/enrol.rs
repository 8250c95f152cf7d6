//! `POST /v1/enrol`, without HTTP: a one-time code becomes a device.

use std::sync::{Mutex, PoisonError};

use gatebook_sync::wire::{ApiError, ApiErrorCode, EnrolRequest, EnrolResponse};
use jiff::Timestamp;

use crate::config::Bounds;
use crate::error::refuse;
use crate::secret;
use crate::server::Server;
use crate::storage::NewDevice;

/// Longest name of a device, in characters.
const NAME: usize = 80;

impl Server {
    /// Makes a device of a one-time code. A repeat by the same device, whose first answer was lost, gets a new token.
    ///
    /// # Errors
    /// The code is wrong, used or expired, or the request is not usable.
    pub fn enrol(&self, request: &EnrolRequest) -> Result<EnrolResponse, ApiError> {
        let now = self.inner.config.environment.now();
        if !self.inner.enrolments.allows(now) {
            return Err(refuse(ApiErrorCode::Busy, "Too many codes are being tried. Try again in a minute."));
        }
        let name = request.device_name.trim();
        if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
            let message = format!("Give the device a name of at most {NAME} letters, such as \"Gate 2 kiosk\".");
            return Err(refuse(ApiErrorCode::Malformed, message));
        }
        let code_hash = secret::hash(&secret::plain_code(&request.code));
        let token = secret::token()?;
        let device_id = request.device_id;
        let joined = self.inner.storage.write(|writing| {
            let Some(code) = writing.claim_code(&code_hash, device_id, now)? else { return Ok(None) };
            // A device id of another organisation: nothing is said about it but that this does not work.
            if writing.tenant_of_device(device_id)?.is_some_and(|tenant| tenant != code.tenant) {
                return Ok(None);
            }
            writing.put_device(&NewDevice {
                id: device_id,
                tenant: code.tenant,
                name,
                token_hash: secret::hash(&token),
                code_hash,
                now,
                yards: &code.yards,
            })?;
            writing.use_code(&code_hash, device_id)?;
            Ok(Some((code.tenant.id, code.tenant_name, code.yards)))
        })?;
        let (tenant_id, tenant_name, yard_ids) = joined.ok_or_else(|| {
            let message = "This code is wrong, used or expired. Check it, or ask the office for a new one.";
            refuse(ApiErrorCode::CodeRefused, message)
        })?;
        Ok(EnrolResponse { device_id, token, tenant_id, tenant_name, yard_ids })
    }
}

/// How often enrolment may be tried, by everybody together, so that codes cannot be guessed.
pub(crate) struct RateLimit {
    burst: f64,
    per_second: f64,
    left: Mutex<(f64, Timestamp)>,
}

impl RateLimit {
    pub(crate) fn new(bounds: &Bounds, now: Timestamp) -> Self {
        let burst = f64::from(bounds.enrolment_burst);
        let per_second = f64::from(bounds.enrolments_per_minute) / 60.0;
        Self { burst, per_second, left: Mutex::new((burst, now)) }
    }

    /// Whether one more may be tried now. A clock that stepped back gives nothing and takes nothing.
    fn allows(&self, now: Timestamp) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.duration_since(left.1).as_secs_f64().max(0.0);
        *left = (self.burst.min(left.0 + passed * self.per_second), now);
        let is_allowed = left.0 >= 1.0;
        if is_allowed {
            left.0 -= 1.0;
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_tries_come_back_one_by_one() {
        let at = |second: i64| Timestamp::from_second(1_000 + second).unwrap();
        let bounds = Bounds { enrolment_burst: 2, enrolments_per_minute: 6, ..Bounds::default() };
        let limit = RateLimit::new(&bounds, at(0));
        let tried = [0, 0, 0, 9, 10, 10, -500, -495].map(|second| limit.allows(at(second)));
        assert_eq!(tried, [true, true, false, false, true, false, false, false]);
        assert_eq!([600, 600, 600].map(|second| limit.allows(at(second))), [true, true, false]);
    }
}
