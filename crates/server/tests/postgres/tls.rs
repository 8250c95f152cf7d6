//! TLS on the way to the database: `sslmode` in its address is obeyed.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;

use crate::database;
use crate::support::Place;

/// What a client says first if it wants TLS: its length, and a number that is no version.
const WANTS_TLS: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The way to a database: over TCP, with TLS or without.
struct Way {
    place: Place,
    port: u16,
    was_secured: Arc<AtomicBool>,
}

impl Way {
    /// With TLS, `certified`: it shows a certificate for localhost of an authority that is written to `authority.pem`.
    async fn open(certified: bool) -> Self {
        let place = Place::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = certified.then(|| acceptor(&place));
        let was_secured = Arc::new(AtomicBool::new(false));
        let url = database(&place).url();
        let host = url.strip_prefix("postgres://postgres@").unwrap().split_once('/').unwrap().0.replace("%2F", "/");
        let (socket, noticed) = (PathBuf::from(host).join(".s.PGSQL.5432"), Arc::clone(&was_secured));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(lead(client, socket.clone(), acceptor.clone(), Arc::clone(&noticed)));
            }
        });
        Self { place, port, was_secured }
    }

    /// The server's command line reaches the database by it.
    fn used(&self, sslmode: &str, trusts: Option<&str>) -> Output {
        let name = database(&self.place).url().rsplit('/').next().unwrap().to_owned();
        let url = format!("postgres://postgres@localhost:{}/{name}{sslmode}", self.port);
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatebook-server"));
        command.arg("seed").envs(self.place.variables()).env("GATEBOOK_DATABASE", url);
        command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
        if let Some(file) = trusts {
            command.env("SSL_CERT_FILE", self.place.join(file));
        }
        self.was_secured.store(false, Ordering::SeqCst);
        tokio::task::block_in_place(|| command.output().unwrap())
    }

    fn was_secured(&self) -> bool {
        self.was_secured.load(Ordering::SeqCst)
    }
}

fn acceptor(place: &Place) -> TlsAcceptor {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(place.join("authority.pem"), authority.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn lead(
    mut client: TcpStream,
    socket: PathBuf,
    acceptor: Option<TlsAcceptor>,
    was_secured: Arc<AtomicBool>,
) -> std::io::Result<()> {
    let mut server = UnixStream::connect(socket).await?;
    let mut first = [0; 8];
    client.read_exact(&mut first).await?;
    match acceptor {
        _ if first != WANTS_TLS => {
            server.write_all(&first).await?;
            copy_bidirectional(&mut client, &mut server).await?;
        }
        None => {
            client.write_all(b"N").await?;
            copy_bidirectional(&mut client, &mut server).await?;
        }
        Some(acceptor) => {
            client.write_all(b"S").await?;
            let mut client = acceptor.accept(client).await?;
            was_secured.store(true, Ordering::SeqCst);
            copy_bidirectional(&mut client, &mut server).await?;
        }
    }
    Ok(())
}

#[track_caller]
fn works(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[track_caller]
fn fails(output: &Output, told: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains(told), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_it_is_required_there_is_tls_with_a_certificate_that_is_trusted_or_no_connection() {
    let secured = Way::open(true).await;
    works(&secured.used("?sslmode=require", Some("authority.pem")));
    assert!(secured.was_secured());
    fails(&secured.used("?sslmode=require", None), "certificate");
    assert!(!secured.was_secured());
    let plain = Way::open(false).await;
    fails(&plain.used("?sslmode=require", None), "TLS");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_is_said_there_is_tls_if_the_database_has_it() {
    let secured = Way::open(true).await;
    works(&secured.used("", None));
    assert!(secured.was_secured());
    works(&secured.used("?sslmode=disable", None));
    assert!(!secured.was_secured());
    works(&Way::open(false).await.used("", None));
}
