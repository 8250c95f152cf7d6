//! The server under a new address: the device makes sure that it is its own before it sends anything there.

use gatebook_sync::wire::ProofRequest;
use gatebook_sync::{AuthorityPin, JoinCode};

use crate::enrol::{address, refused, told};
use crate::revocation::nonce;
use crate::store::Enrolment;
use crate::transport::{HttpTransport, TransportError};
use crate::view::CommandError;

/// The new address as it is used, and which authority is trusted there, once the server there has proved that it is the
/// device's own.
pub(crate) async fn find(
    enrolment: &Enrolment,
    typed: &str,
    ending: &str,
) -> Result<(String, Option<AuthorityPin>), CommandError> {
    let url = address(typed)?;
    let Some(key) = &enrolment.device_key else {
        return Err(refused(
            "This device does not know its server well enough to find it elsewhere. Let it sync once where the server was, or \
             ask the office for a code and enrol this device again; everything on it is kept.",
        ));
    };
    let request = ProofRequest { device_id: enrolment.device_id, nonce: nonce(), host: host(&url), authority: None };
    let (request, answer) = asked(&url, trusted(enrolment, ending)?, &request).await?;
    if !key.proves_own_server(&request, &answer) {
        return Err(refused(OTHER));
    }
    Ok((url, request.authority))
}

/// The host of an address, as TLS compares it with the names of a certificate.
fn host(url: &str) -> String {
    let url = reqwest::Url::parse(url).ok();
    let host = url.as_ref().and_then(reqwest::Url::host_str).unwrap_or_default();
    host.trim_start_matches('[').trim_end_matches([']', '.']).to_owned()
}

const OTHER: &str = "Another server answers at this address than the one this device belongs to. Nothing was sent, and \
                     everything on this device is kept. Check the address.";

/// Whom to trust there, in this order: what the office says; otherwise the authority of before, and then whom every device
/// trusts. Whoever it is proves under the device's key all the same that it is the server.
fn trusted(enrolment: &Enrolment, ending: &str) -> Result<Vec<Option<AuthorityPin>>, CommandError> {
    if !ending.trim().is_empty() {
        // A whole code ends in them as well.
        let pin = ending.parse().ok().or_else(|| JoinCode::read(ending).ok()?.pin).ok_or_else(|| {
            refused("Check the letters in which the server’s codes end: there are twenty, in four groups of five.")
        })?;
        return Ok(vec![Some(pin)]);
    }
    let mut trusted = vec![None];
    if enrolment.pin.is_some() {
        trusted.insert(0, enrolment.pin.clone());
    }
    Ok(trusted)
}

/// What the server that is trusted first was asked, and what it says.
async fn asked(
    url: &str,
    trusted: Vec<Option<AuthorityPin>>,
    request: &ProofRequest,
) -> Result<(ProofRequest, String), CommandError> {
    let mut distrusted = None;
    for authority in trusted {
        let way = HttpTransport::trusting(authority.as_ref(), url, "").map_err(|error| told(&error))?;
        let request = ProofRequest { authority, ..request.clone() };
        match way.prove(&request).await {
            Ok(answer) => return Ok((request, answer.proof)),
            Err(error @ (TransportError::Untrusted(_) | TransportError::CertificateDates(_))) => {
                distrusted = distrusted.or(Some(error));
            }
            Err(error) => return Err(told(&error)),
        }
    }
    match distrusted {
        Some(TransportError::Untrusted(_)) => Err(refused(
            "What answers at this address does not prove that it is this device’s server. Nothing was sent. Check the address; \
             if the server makes its certificate itself, ask the office for the letters in which its codes end.",
        )),
        Some(error) => Err(told(&error)),
        None => Err(refused(OTHER)),
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_host_is_what_the_certificate_names() {
        for (url, is) in [
            ("https://Gatebook.Example.com:7480/yard", "gatebook.example.com"),
            ("https://gatebook.example.com.", "gatebook.example.com"),
            ("https://192.168.1.20:7480", "192.168.1.20"),
            ("https://[::1]:7480", "::1"),
        ] {
            assert_eq!(host(url), is);
        }
    }
}
