//! Joining an organisation: a one-time code becomes a device token.

use gatebook_sync::wire::{ApiErrorCode, EnrolRequest, Previous};
use gatebook_sync::{JoinCode, NoPin};
use uuid::Uuid;

use crate::store::Enrolment;
use crate::transport::{HttpTransport, TransportError};
use crate::view::{CommandError, ErrorCode};

/// Asks the server at `server_url` to take this device in.
pub(crate) async fn enrol(
    server_url: &str,
    code: &str,
    device_name: &str,
    joining: Joining,
) -> Result<Enrolment, CommandError> {
    let server_url = address(server_url)?;
    let JoinCode { code, pin } = JoinCode::read(code).map_err(|NoPin| {
        refused(
            "Check the code: a letter is wrong, or there are too few or too many. It has two groups of five letters and digits, \
             or six if the server makes its certificate itself.",
        )
    })?;
    let device_name = device_name.trim();
    if code.is_empty() {
        return Err(refused("Enter the code that the office gave you."));
    }
    if device_name.is_empty() {
        return Err(refused("Give this device a name, such as “Gate 2 kiosk”."));
    }
    let request = joining.request(&code, device_name);
    let transport = HttpTransport::trusting(pin.as_ref(), &server_url, "").map_err(|error| told(&error))?;
    let answer = transport.enrol(&request).await.map_err(|error| told(&error))?;
    Ok(Enrolment {
        server_url,
        tenant_id: Some(answer.tenant_id),
        tenant_name: answer.tenant_name,
        device_id: answer.device_id,
        device_name: device_name.to_owned(),
        token: answer.token,
        revoked: false,
        device_key: answer.device_key,
        server: answer.server,
        pin,
    })
}

/// What a device that joins brings with it.
pub(crate) struct Joining {
    /// See [`EnrolRequest::secret`].
    pub secret: String,
    /// What the device was before.
    pub before: Option<Enrolment>,
    /// For servers that take the device's choice.
    pub device_id: Uuid,
}

impl Joining {
    /// The request, the same each time.
    pub(crate) fn request(self, code: &str, device_name: &str) -> EnrolRequest {
        let Self { secret, before, device_id } = self;
        let previous = before.and_then(|before| {
            let proof = before.device_key?.succession(before.device_id, &secret);
            Some(Previous { device_id: before.device_id, proof })
        });
        EnrolRequest {
            secret: Some(secret),
            previous,
            device_id: Some(device_id),
            ..EnrolRequest::new(code, device_name)
        }
    }
}

/// What one organisation's device holds is never offered to another: it may only join its own again.
pub(crate) fn check_same_organisation(before: Option<&Enrolment>, now: &Enrolment) -> Result<(), CommandError> {
    let Some(before) = before.filter(|before| before.tenant_id.is_some() && before.tenant_id != now.tenant_id) else {
        return Ok(());
    };
    Err(refused(&format!(
        "This device holds records of {}, and this code is of {}. Ask {} for a code, or use a device with no records.",
        before.tenant_name, now.tenant_name, before.tenant_name
    )))
}

/// The server's address as it is used: with a scheme, `https` if none was typed, and without a trailing slash. Without TLS
/// the device's token would travel in clear, so that is for a server on this very machine only, as in a demo or a test.
pub(crate) fn address(typed: &str) -> Result<String, CommandError> {
    let typed = typed.trim();
    let with_scheme = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
    let url = reqwest::Url::parse(&with_scheme)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty()));
    let Some(url) = url.filter(|_| !typed.is_empty()) else {
        return Err(refused("Check the server’s address. It looks like gatebook.example.com."));
    };
    if url.scheme() == "http" && !is_this_machine(&url) {
        return Err(refused(
            "This address begins with http://, so everything would travel unprotected. Use https://, also on your own network.",
        ));
    }
    Ok(with_scheme.trim_end_matches('/').to_owned())
}

fn is_this_machine(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

pub(crate) fn told(error: &TransportError) -> CommandError {
    tracing::warn!(%error, "enrolment failed");
    let offline = |message: &str| CommandError { code: ErrorCode::Offline, message: message.to_owned(), retry: true };
    match error {
        TransportError::NotSent(_) | TransportError::Unreachable(_) => {
            offline("No way to the server. Check its address and the signal, then try again.")
        }
        TransportError::Untrusted(_) => refused(
            "What answers at this address is not the server that the code is from. Check the address, and type all letters of \
             the code; nothing was sent.",
        ),
        TransportError::CertificateDates(_) => offline(
            "Check this device's date and time, then try again. By its clock the server's certificate is not valid. If they are \
             right, tell the office that the server needs a new certificate.",
        ),
        TransportError::NotOurs(_) => {
            offline("Something else answers at this address. Check it; on a guest Wi-Fi, open its sign-in page first.")
        }
        TransportError::Refused { error, .. } if error.code == ApiErrorCode::CodeRefused => refused(&error.message),
        TransportError::Refused { error, .. } => {
            CommandError { code: ErrorCode::Refused, message: error.message.clone(), retry: error.retry }
        }
    }
}

pub(crate) fn refused(message: &str) -> CommandError {
    CommandError { code: ErrorCode::Refused, message: message.to_owned(), retry: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_unless_it_says_otherwise() {
        assert_eq!(address(" gatebook.example.com/ ").unwrap(), "https://gatebook.example.com");
        assert_eq!(address("http://127.0.0.1:7480").unwrap(), "http://127.0.0.1:7480");
    }

    #[test]
    fn without_tls_no_server_is_taken_but_one_on_this_machine() {
        for typed in ["http://localhost:7480", "http://127.0.0.1:7480", "http://[::1]:7480", "HTTP://LOCALHOST/"] {
            assert!(address(typed).is_ok(), "{typed}");
        }
        for typed in [
            "http://gatebook.example.com",
            "http://192.168.1.20:7480",
            "http://10.0.0.5",
            "http://localhost.example.com",
            "http://127.0.0.1@gatebook.example.com",
            "Http://[fd00::1]",
        ] {
            let refused = address(typed).unwrap_err();
            assert!(refused.message.contains("https://"), "{typed}: {}", refused.message);
            assert!(!refused.retry);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_an_example() {
        for typed in ["", "  ", "ftp://yard", "https://", "two words"] {
            assert!(address(typed).unwrap_err().message.contains("gatebook.example.com"), "{typed}");
        }
    }
}
