//! A certificate that somebody else obtains and renews, in PEM files.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};

use crate::error::ServerError;

/// The files, and what was found in them last.
pub(super) struct Files {
    certificate: PathBuf,
    key: PathBuf,
    found: Mutex<Option<[u8; 32]>>,
}

impl Files {
    pub(super) fn new(certificate: &Path, key: &Path) -> Self {
        Self { certificate: certificate.to_owned(), key: key.to_owned(), found: Mutex::default() }
    }

    /// What they hold, unless that is what they held at the last look. Whoever renews them writes one after the other, and may
    /// be seen in between: what does not fit together then is looked at again as soon as either file is another.
    pub(super) fn look(&self) -> Result<Option<CertifiedKey>, ServerError> {
        let read = [&self.certificate, &self.key].map(|path| std::fs::read(path).map_err(|error| (path, error)));
        let mut digest = Sha256::new();
        for file in &read {
            match file {
                Ok(bytes) => digest.update(Sha256::digest(bytes)),
                Err((_, error)) => digest.update(error.to_string()),
            }
        }
        let found = Some(digest.finalize().into());
        if std::mem::replace(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner), found) == found {
            return Ok(None);
        }
        let unreadable =
            |(path, error): (&PathBuf, std::io::Error)| ServerError::Certificate(path.clone(), error.into());
        let [certificate, key] = read;
        self.read(&certificate.map_err(unreadable)?, &key.map_err(unreadable)?).map(Some)
    }

    fn read(&self, certificate: &[u8], key: &[u8]) -> Result<CertifiedKey, ServerError> {
        let unusable = |path: &Path, why: String| ServerError::Certificate(path.to_owned(), why.into());
        let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| unusable(&self.certificate, error.to_string()))?;
        if chain.is_empty() {
            return Err(unusable(&self.certificate, "there is no certificate in it".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| unusable(&self.key, error.to_string()))?;
        CertifiedKey::from_der(chain, key, &super::provider()).map_err(|error| unusable(&self.key, error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey as Made, KeyPair, generate_simple_self_signed};
    use tempfile::TempDir;

    use super::*;

    struct Renewed {
        folder: TempDir,
        files: Files,
    }

    impl Renewed {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let files = Files::new(&folder.path().join("cert.pem"), &folder.path().join("key.pem"));
            Self { folder, files }
        }

        fn writes(&self, name: &str, text: &str) {
            std::fs::write(self.folder.path().join(name), text).unwrap();
        }

        /// The certificate that a look finds.
        fn found(&self) -> Result<Option<CertificateDer<'static>>, String> {
            let found = self
                .files
                .look()
                .map_err(|error| format!("{error}: {}", std::error::Error::source(&error).unwrap()))?;
            Ok(found.map(|found| found.cert[0].clone()))
        }
    }

    fn made() -> Made<KeyPair> {
        generate_simple_self_signed(["gatebook.example.com".to_owned()]).unwrap()
    }

    #[test]
    fn what_the_files_hold_is_found_when_it_is_new() {
        let (renewed, first, second) = (Renewed::new(), made(), made());
        renewed.writes("cert.pem", &first.cert.pem());
        renewed.writes("key.pem", &first.signing_key.serialize_pem());
        assert_eq!(renewed.found(), Ok(Some(first.cert.der().clone())));
        assert_eq!(renewed.found(), Ok(None));
        renewed.writes("cert.pem", &format!("{}{}", second.cert.pem(), first.cert.pem()));
        assert!(renewed.found().unwrap_err().contains("key.pem"), "another certificate's key");
        assert_eq!(renewed.found(), Ok(None), "it is told once");
        renewed.writes("key.pem", &second.signing_key.serialize_pem());
        assert_eq!(renewed.found(), Ok(Some(second.cert.der().clone())));
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_file() {
        let (renewed, made) = (Renewed::new(), made());
        assert!(renewed.found().unwrap_err().contains("cert.pem"));
        renewed.writes("cert.pem", "no certificate");
        renewed.writes("key.pem", &made.signing_key.serialize_pem());
        assert!(renewed.found().unwrap_err().contains("there is no certificate in it"));
        renewed.writes("cert.pem", &made.cert.pem());
        renewed.writes("key.pem", "no key");
        assert!(renewed.found().unwrap_err().contains("key.pem"));
        std::fs::remove_file(renewed.folder.path().join("key.pem")).unwrap();
        assert!(renewed.found().unwrap_err().contains("key.pem"));
    }
}
