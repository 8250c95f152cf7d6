//! `POST /v1/enrol`: a one-time code becomes a device. Ids of devices are made by the server.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AuthorityPin, DeviceKey};

/// What a device sends to join.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolRequest {
    /// The one-time code, blanks, hyphens and case do not matter.
    pub code: String,
    /// What people will call the device.
    pub device_name: String,
    /// Random text that the device made and keeps. Whoever repeats the request with the same code and the same secret, within
    /// minutes, is the same device; without a secret, a lost answer costs the device a new code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What the device was before, if it joins anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
    /// Servers of before took the device's own choice of id. This one makes the id and passes over what is said here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<Uuid>,
}

impl EnrolRequest {
    /// A request that cannot be repeated.
    #[must_use]
    pub fn new(code: impl Into<String>, device_name: impl Into<String>) -> Self {
        Self { code: code.into(), device_name: device_name.into(), secret: None, previous: None, device_id: None }
    }
}

/// A device that the sender was before. It gets another id all the same; what it had begun to send goes over to the new one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Previous {
    /// Its id.
    pub device_id: Uuid,
    /// That the sender was it, made with the key that it had then and the `secret` of this request.
    pub proof: String,
}

/// What it gets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolResponse {
    /// The device.
    pub device_id: Uuid,
    /// Sent as `Authorization: Bearer …` with each request. The server keeps only its hash.
    pub token: String,
    /// The organisation.
    pub tenant_id: Uuid,
    /// The organisation's name.
    pub tenant_name: String,
    /// Yards the device works for.
    pub yard_ids: Vec<Uuid>,
    /// By this the device knows that it is this server that signs it out. Absent from servers of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_key: Option<DeviceKey>,
    /// The server it now belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerIdentity>,
}

/// Which server: whose data it holds, and by which key it proves what it says. It goes with the data wherever that goes, and
/// is no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerIdentity {
    /// The organisation.
    pub organization: Uuid,
    /// Tells its key from others.
    pub key: String,
}

/// A device asks whether it is its own server that answers, before it sends its token to a new address.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofRequest {
    /// The device.
    pub device_id: Uuid,
    /// Random text made for just this request, at most 128 bytes.
    pub nonce: String,
    /// The host of the address that is called, which TLS has verified: a name in lower case or an IP address, without port
    /// and brackets. A server proves nothing about a host that it was not told to be, so nobody who is found elsewhere can
    /// pass the question on.
    pub host: String,
    /// The authority that the device trusts there, unless it is one that every device trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<AuthorityPin>,
}

/// What it is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofResponse {
    /// That the server has the key under which the device joined, and is the one at that host.
    pub proof: String,
}

/// What a device that joined before there was such a thing is told of its membership.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Membership {
    /// Which device it is about.
    pub device_id: Uuid,
    /// As at enrolment.
    pub device_key: DeviceKey,
    /// A token by which a server knows the device even if it was restored from before its enrolment. The one it has stays
    /// good as well.
    pub token: String,
}
