//! An authority of the server's own, for a yard whose server has no public name. It signs the certificates of this one
//! server; devices learn with their code what it is known by, and trust no other for it.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use gatebook_sync::AuthorityPin;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;

use crate::error::ServerError;

/// What the authority calls itself. Its certificates name it so: another name here, and those of an authority that lies on a
/// disk would no longer lead to it.
const AUTHORITY: &str = "Gatebook server authority";

const fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(days * 24)
}

/// A certificate holds from before it was made: a device's clock may be behind.
const HOLDS_FROM: SignedDuration = days(-7);
/// And so long after.
const HOLDS_FOR: SignedDuration = days(90);
/// It is made anew after this time, while the one before it holds for another month.
const RENEWED_AFTER: SignedDuration = days(60);

/// The authority.
pub(super) struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Reads it, making it at first.
    pub(super) fn open(path: &Path) -> Result<Self, ServerError> {
        if let Some(authority) = Self::read(path)? {
            return Ok(authority);
        }
        let made = make().map_err(|error| unusable(path, error))?;
        crate::files::place_secret(path, format!("{}{}", made.pem(), made.key().serialize_pem()).as_bytes())?;
        // If another process was first, its authority is there.
        Self::read(path)?.ok_or_else(|| unusable(path, std::io::Error::from(ErrorKind::NotFound)))
    }

    /// Reads it, if it is there.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, ServerError> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(path, error)),
        };
        let certificate = CertificateDer::from_pem_slice(&text).map_err(|error| unusable(path, error))?;
        let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| unusable(path, error))?;
        let key = KeyPair::try_from(&key).map_err(|error| unusable(path, error))?;
        Ok(Some(Self { certificate, issuer: Issuer::new(params(), key) }))
    }

    /// What devices know it by.
    pub(super) fn pin(&self) -> AuthorityPin {
        AuthorityPin::of(&self.certificate)
    }

    /// A new certificate for these names and addresses, with a new key that is nowhere but in memory.
    fn certify(&self, names: &[String], now: Timestamp) -> Result<CertifiedKey, ServerError> {
        let made = || -> Result<_, rcgen::Error> {
            let mut params = CertificateParams::new(names)?;
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, "Gatebook server");
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            params.use_authority_key_identifier_extension = true;
            let day = |(year, month, day)| date_time_ymd(year, month, day);
            (params.not_before, params.not_after) = (day(day_after(now, HOLDS_FROM)), day(day_after(now, HOLDS_FOR)));
            let key = KeyPair::generate()?;
            Ok((params.signed_by(&key, &self.issuer)?, key))
        };
        let failed = |error: &dyn std::error::Error| ServerError::NotCertified(error.to_string());
        let (certificate, key) = made().map_err(|error| failed(&error))?;
        let key = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|error| ServerError::NotCertified(error.to_owned()))?;
        // Devices know the authority by its certificate, which therefore comes along.
        let chain = vec![certificate.into(), self.certificate.clone()];
        CertifiedKey::from_der(chain, key, &super::provider()).map_err(|error| failed(&error))
    }
}

fn unusable(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> ServerError {
    ServerError::Authority(path.to_owned(), Box::new(error))
}

fn make() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    CertifiedIssuer::self_signed(params(), KeyPair::generate()?)
}

/// The same whenever the authority is read again.
fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, AUTHORITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    // Whoever loses it begins another; it does not end by itself.
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2120, 1, 1));
    params
}

/// Year, month and day so long after that.
fn day_after(at: Timestamp, after: SignedDuration) -> (i32, u8, u8) {
    let date = at.saturating_add(after).unwrap_or(at).to_zoned(TimeZone::UTC).date();
    let part = |number: i8| u8::try_from(number).expect("months and days are counted from 1");
    (date.year().into(), part(date.month()), part(date.day()))
}

/// The certificates of an authority for the names and addresses of its server.
pub(super) struct SelfMade {
    pub(super) authority: Authority,
    names: Vec<String>,
    made_at: Mutex<Option<Timestamp>>,
}

impl SelfMade {
    pub(super) fn new(authority: Authority, names: Vec<String>) -> Self {
        Self { authority, names, made_at: Mutex::default() }
    }

    /// A new certificate, if there is none or it is time for the next. So it is if the clock was set back behind the last.
    pub(super) fn look(&self, now: Timestamp) -> Result<Option<CertifiedKey>, ServerError> {
        let mut made_at = self.made_at.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |made: &Timestamp| {
            let age = now.duration_since(*made);
            HOLDS_FROM + days(1) < age && age < RENEWED_AFTER
        };
        if made_at.as_ref().is_some_and(holds) {
            return Ok(None);
        }
        if let Some(name) = self.names.iter().find(|name| ServerName::try_from(name.as_str()).is_err()) {
            return Err(ServerError::NotCertified(format!("{name} is no name or address of a server")));
        }
        let certified = self.authority.certify(&self.names, now)?;
        *made_at = Some(now);
        Ok(Some(certified))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn self_made(folder: &Path) -> SelfMade {
        let authority = Authority::open(&folder.join("server.authority")).unwrap();
        SelfMade::new(authority, vec!["gatebook.local".to_owned(), "192.168.1.20".to_owned()])
    }

    /// Whether a device that trusts the authority alone takes it, by a clock that shows this time.
    fn is_taken(shown: &CertifiedKey, name: &str, at: Timestamp) -> bool {
        use rustls::client::WebPkiServerVerifier;
        use rustls::pki_types::UnixTime;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(shown.cert[1].clone()).unwrap();
        let provider = super::super::provider();
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
        let (name, since) = (ServerName::try_from(name).unwrap(), u64::try_from(at.as_second()).unwrap());
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(since));
        rustls::client::danger::ServerCertVerifier::verify_server_cert(
            &*verifier,
            &shown.cert[0],
            &shown.cert[1..],
            &name,
            &[],
            now,
        )
        .is_ok()
    }

    #[test]
    fn a_certificate_is_renewed_long_before_it_ends_and_leads_to_the_same_authority() {
        let folder = tempfile::tempdir().unwrap();
        let made = self_made(folder.path());
        let begun: Timestamp = "2026-03-04T15:00:00Z".parse().unwrap();
        let first = made.look(begun).unwrap().unwrap();
        assert!(made.look(begun + days(59)).unwrap().is_none());
        let second = made.look(begun + days(60)).unwrap().unwrap();
        assert!(made.look(begun + days(61)).unwrap().is_none());
        assert_ne!(first.cert[0], second.cert[0]);
        assert_eq!(first.cert[1], second.cert[1]);
        for (shown, day, taken) in [
            (&first, -8, false),
            (&first, -6, true),
            (&first, 89, true),
            (&first, 91, false),
            (&second, 91, true),
            (&second, 149, true),
        ] {
            assert_eq!(is_taken(shown, "gatebook.local", begun + days(day)), taken, "day {day}");
        }
        // The clock was wrong, and is set back.
        assert!(made.look(begun).unwrap().is_some());
    }

    #[test]
    fn it_holds_for_the_names_that_were_given_and_another_process_has_the_same_authority() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (self_made(folder.path()), self_made(folder.path()));
        assert_eq!(one.authority.pin(), other.authority.pin());
        let now = "2026-03-04T15:00:00Z".parse().unwrap();
        let shown = other.look(now).unwrap().unwrap();
        assert_eq!(AuthorityPin::of(&shown.cert[1]), one.authority.pin());
        for (name, taken) in
            [("gatebook.local", true), ("192.168.1.20", true), ("gatebook.example.com", false), ("192.168.1.21", false)]
        {
            assert_eq!(is_taken(&shown, name, now), taken, "{name}");
        }
        std::fs::remove_file(folder.path().join("server.authority")).unwrap();
        assert_ne!(self_made(folder.path()).authority.pin(), one.authority.pin());
    }
}
