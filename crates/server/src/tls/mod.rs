//! TLS: which certificate the server shows, and how that changes while it runs.

mod authority;
mod files;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gatebook_sync::AuthorityPin;
use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config::{Config, Environment, Tls};
use crate::error::ServerError;
use crate::server::Server;
use authority::{Authority, SelfMade};
use files::Files;

/// What is spoken within TLS: where the other end can, many requests go over one connection.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// How connections are secured.
pub(crate) struct Secured {
    config: Arc<ServerConfig>,
    shown: Arc<Shown>,
    source: Source,
}

/// Where certificates come from.
enum Source {
    Files(Files),
    SelfMade(SelfMade),
}

impl Secured {
    /// As the server is told. What cannot be used at the start is refused.
    pub(crate) fn open(config: &Config, now: Timestamp) -> Result<Option<Self>, ServerError> {
        let source = match &config.tls {
            Tls::Off => return Ok(None),
            Tls::Files { certificate, key } => Source::Files(Files::new(certificate, key)),
            Tls::SelfMade { names } => {
                Source::SelfMade(SelfMade::new(Authority::open(&config.authority_path())?, names.clone()))
            }
        };
        let first = source.look(now)?.expect("what nobody has looked at yet is new");
        let shown = Arc::new(Shown(RwLock::new(Arc::new(first))));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("the provider knows the protocols")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as _);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Some(Self { config: Arc::new(config), shown, source }))
    }

    /// For a new connection.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Looks whether there is a newer certificate, and shows that from then on. One that cannot be used is told, once, and the
    /// one before it stays in use.
    fn look(&self, now: Timestamp) {
        match self.source.look(now) {
            Ok(None) => {}
            Ok(Some(new)) => {
                *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                tracing::info!("a new certificate is in use");
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "the new certificate cannot be used; the one before it stays in use");
            }
        }
    }

    /// Whether the certificate that is shown is one for that host.
    fn is_for(&self, host: &str) -> bool {
        let Ok(name) = ServerName::try_from(host) else { return false };
        let shown = self.shown.0.read().unwrap_or_else(PoisonError::into_inner);
        let certificate = shown.cert.first().map(ParsedCertificate::try_from);
        certificate.is_some_and(|parsed| parsed.is_ok_and(|parsed| verify_server_name(&parsed, &name).is_ok()))
    }

    /// Looks again and again, for as long as the server runs.
    async fn keep(self: Arc<Self>, environment: Arc<dyn Environment>, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            let (secured, now) = (Arc::clone(&self), environment.now());
            if let Err(panicked) = tokio::task::spawn_blocking(move || secured.look(now)).await {
                tracing::error!(%panicked, "looking for a new certificate broke");
            }
        }
    }
}

impl Source {
    /// What is to be shown now, unless it is what was found last.
    fn look(&self, now: Timestamp) -> Result<Option<CertifiedKey>, ServerError> {
        match self {
            Self::Files(files) => files.look(),
            Self::SelfMade(made) => made.look(now),
        }
    }
}

impl Server {
    /// Whether devices reach it by TLS.
    #[must_use]
    pub fn is_secured(&self) -> bool {
        self.inner.secured.is_some()
    }

    /// What the authority is known by that this server made for itself. Codes bring it to devices.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn authority_pin(&self) -> Result<Option<AuthorityPin>, ServerError> {
        match (&self.inner.config.tls, self.inner.secured.as_deref()) {
            (_, Some(Secured { source: Source::SelfMade(made), .. })) => Ok(Some(made.authority.pin())),
            (Tls::Files { .. }, _) => Ok(None),
            // A command beside the server that serves.
            _ => Ok(Authority::read(&self.inner.config.authority_path())?.map(|authority| authority.pin())),
        }
    }

    /// Whether it is at that host that devices find this server, by a certificate of that authority, or of one that every
    /// device trusts. Whoever is found elsewhere may pass on what devices ask.
    pub(crate) fn is_found_at(&self, host: &str, authority: Option<&AuthorityPin>) -> Result<bool, ServerError> {
        let config = &self.inner.config;
        let own = match &config.tls {
            Tls::SelfMade { .. } => self.authority_pin()?,
            Tls::Files { .. } | Tls::Off => None,
        };
        if authority != own.as_ref() {
            return Ok(false);
        }
        Ok(match self.inner.secured.as_deref() {
            Some(secured) => secured.is_for(host),
            // Who calls this machine by that is on it.
            None => is_this_machine(host) || config.public_names.iter().any(|name| name.eq_ignore_ascii_case(host)),
        })
    }

    /// Keeps the certificate that is shown up to date.
    pub(crate) async fn keep_certificate(self) {
        let Some(secured) = self.inner.secured.clone() else { return };
        let config = &self.inner.config;
        secured.keep(Arc::clone(&config.environment), config.bounds.certificate_every).await;
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The certificate that is shown to whoever connects.
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(…)")
    }
}

#[cfg(test)]
mod tests {
    use rcgen::generate_simple_self_signed;
    use rustls::pki_types::CertificateDer;

    use super::*;

    #[test]
    fn what_cannot_be_used_leaves_the_certificate_before_it_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
        let renewed = || -> CertificateDer<'static> {
            let made = generate_simple_self_signed(["gatebook.example.com".to_owned()]).unwrap();
            std::fs::write(&certificate, made.cert.pem()).unwrap();
            std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
            made.cert.der().clone()
        };
        let first = renewed();
        let tls = Tls::Files { certificate: certificate.clone(), key: key.clone() };
        let config = Config { tls, ..Config::new(folder.path()) };
        let now = Timestamp::UNIX_EPOCH;
        let secured = Secured::open(&config, now).unwrap().unwrap();
        let shown = || secured.shown.0.read().unwrap().cert[0].clone();
        assert_eq!(shown(), first);
        for broken in [&certificate, &key] {
            let held = std::fs::read(broken).unwrap();
            std::fs::write(broken, &held[..held.len() / 2]).unwrap();
            secured.look(now);
            assert_eq!(shown(), first, "{}", broken.display());
        }
        let second = renewed();
        secured.look(now);
        assert_eq!(shown(), second);
    }
}
