//! Whom a device believes that it was signed out. A status code can come from anybody: from a server started on an empty
//! folder, from one that was restored, from something in between. Only the server that knows the device's key can prove that
//! the office has signed it out; whatever else keeps the device out is trouble, and trouble passes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gatebook_sync::wire::{ApiError, ApiErrorCode};
use gatebook_sync::{DeviceKey, deliberate};
use uuid::Uuid;

use crate::store::Enrolment;

/// What a device needs to know that its own server has signed it out.
#[derive(Debug, Clone)]
pub(crate) struct Verifier {
    device: Uuid,
    key: Option<DeviceKey>,
}

impl Verifier {
    pub(crate) fn of(enrolment: &Enrolment) -> Self {
        Self { device: enrolment.device_id, key: enrolment.device_key.clone() }
    }

    /// The refusal as far as it is believed, in answer to a request that brought `nonce`: a revocation that is not proved says
    /// no more than that the device was not let in.
    pub(crate) fn believed(&self, refusal: ApiError, nonce: &str) -> ApiError {
        let is_proved = refusal.code != ApiErrorCode::Revoked
            || deliberate!(BelieveAnyRevocation)
            || self
                .key
                .as_ref()
                .zip(refusal.proof.as_deref())
                .is_some_and(|(key, proof)| key.proves_revocation(self.device, nonce, proof));
        if is_proved { refusal } else { ApiError { code: ApiErrorCode::Unauthenticated, ..refusal } }
    }
}

/// Random text for one request.
pub(crate) fn nonce() -> String {
    random::<16>()
}

/// Random text that nobody else knows.
pub(crate) fn secret() -> String {
    random::<32>()
}

fn random<const N: usize>() -> String {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    BASE64.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: Uuid = Uuid::from_u128(7);

    fn revoked(proof: Option<String>) -> ApiError {
        ApiError { proof, ..ApiError::new(ApiErrorCode::Revoked, "Signed out.", false) }
    }

    #[test]
    fn a_device_believes_a_revocation_only_with_a_proof_for_this_very_request() {
        let key = DeviceKey::new([7; 32]);
        let verifier = Verifier { device: DEVICE, key: Some(key.clone()) };
        let believed = |proof| verifier.believed(revoked(proof), "nonce").code;
        assert_eq!(believed(Some(key.revocation(DEVICE, "nonce"))), ApiErrorCode::Revoked);
        for doubtful in [
            None,
            Some(String::new()),
            Some(key.revocation(DEVICE, "another request's")),
            Some(key.revocation(Uuid::from_u128(8), "nonce")),
            Some(DeviceKey::new([8; 32]).revocation(DEVICE, "nonce")),
        ] {
            assert_eq!(believed(doubtful.clone()), ApiErrorCode::Unauthenticated, "{doubtful:?}");
        }
    }

    #[test]
    fn a_device_that_has_no_key_yet_believes_nobody_and_other_refusals_stay_what_they_are() {
        let verifier = Verifier { device: DEVICE, key: None };
        let proof = DeviceKey::new([7; 32]).revocation(DEVICE, "nonce");
        assert_eq!(verifier.believed(revoked(Some(proof)), "nonce").code, ApiErrorCode::Unauthenticated);
        let busy = ApiError::new(ApiErrorCode::Busy, "Busy.", true);
        assert_eq!(verifier.believed(busy.clone(), "nonce"), busy);
    }
}
