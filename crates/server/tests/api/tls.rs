//! TLS in the server itself, HTTP/2 over it, and certificates that change while it runs.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use gatebook_server::{Bounds, Tls};
use gatebook_sync::wire::{ApiErrorCode, EnrolRequest, EnrolResponse, ProofRequest};
use gatebook_sync::{AuthorityPin, JoinCode};
use h2::client::SendRequest;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::Version;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::command_line::{gatebook, refusal, says};
use crate::support::{Place, TestServer, within};

const MOMENT: Duration = Duration::from_millis(50);

/// An authority, as somebody else has one.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Writes a new certificate for the server, and its key.
    fn certifies(&self, place: &Place) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        std::fs::write(place.join("cert.pem"), certificate.pem()).unwrap();
        std::fs::write(place.join("key.pem"), key.serialize_pem()).unwrap();
        certificate.der().clone()
    }

    /// A server that shows one.
    async fn serves(&self, bounds: &Bounds) -> (TestServer, CertificateDer<'static>) {
        let mut place = Place::embedded();
        let certificate = self.certifies(&place);
        place.tls = Tls::Files { certificate: place.join("cert.pem"), key: place.join("key.pem") };
        (TestServer::at(place, *bounds).await, certificate)
    }

    fn client(&self) -> reqwest::ClientBuilder {
        let root = reqwest::Certificate::from_der(self.0.der()).unwrap();
        reqwest::Client::builder().no_proxy().tls_certs_only([root])
    }

    /// A connection that agrees to that protocol.
    async fn connects(&self, yard: &TestServer, protocol: &[u8]) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = within(TcpStream::connect(yard.base.trim_start_matches("https://"))).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        within(TlsConnector::from(Arc::new(config)).connect(name, stream)).await.unwrap()
    }

    /// The certificate that the server shows now.
    async fn sees(&self, yard: &TestServer) -> CertificateDer<'static> {
        let stream = self.connects(yard, b"http/1.1").await;
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    }
}

#[tokio::test]
async fn over_tls_many_requests_share_a_connection_where_the_caller_can_and_otherwise_not() {
    let authority = Authority::new();
    let (yard, _) = authority.serves(&Bounds::default()).await;
    for (client, version) in
        [(authority.client(), Version::HTTP_2), (authority.client().http1_only(), Version::HTTP_11)]
    {
        let client = client.build().unwrap();
        let code = yard.server.enrolment_code(None, &[yard.laredo()], 72).unwrap();
        let request = EnrolRequest::new(code, "phone");
        let answer = client.post(format!("{}/v1/enrol", yard.base)).json(&request).send().await.unwrap();
        assert_eq!((answer.version(), answer.status().as_u16()), (version, 200));
        let joined: EnrolResponse = answer.json().await.unwrap();
        let asked = ["/v1/photos/have"; 20].map(|path| {
            let asked = client.post(format!("{}{path}", yard.base)).bearer_auth(&joined.token);
            asked.json(&serde_json::json!({ "sha256": [] })).send()
        });
        for answer in futures_util::future::join_all(asked).await {
            assert!(answer.unwrap().status().is_success());
        }
        // Many pieces long.
        let whole = client.get(format!("{}/openapi.json", yard.base)).send().await.unwrap().text().await.unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&whole).is_ok());
    }
    let strange = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(strange.get(format!("{}/health", yard.base)).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn a_new_certificate_is_in_use_by_itself() {
    let authority = Authority::new();
    let bounds = Bounds { certificate_every: MOMENT, ..Bounds::default() };
    let (yard, first) = authority.serves(&bounds).await;
    assert_eq!(authority.sees(&yard).await, first);
    let second = authority.certifies(&yard.place);
    within(async { while authority.sees(&yard).await != second {} }).await;
}

#[tokio::test]
async fn what_cannot_be_used_at_the_start_is_refused_with_its_name() {
    let place = Place::embedded();
    Authority::new().certifies(&place);
    let (certificate, key) = (place.join("cert.pem"), place.join("key.pem"));
    let [certificate, key] = [&certificate, &key].map(|path| path.to_str().unwrap().to_owned());
    for (certificate, key, told) in
        [(&key, &key, "key.pem cannot be used"), (&certificate, &certificate, "cert.pem cannot be used")]
    {
        let serve = ["serve", "--init", "--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key];
        let error = refusal(&place, &serve);
        assert!(error.contains(told), "{error}");
    }
    let error = refusal(&place, &["serve", "--init", "--listen", "127.0.0.1:0", "--tls-self-made", "no name"]);
    assert!(error.contains("no name is no name or address"), "{error}");
}

/// Whether the server proves to a device that it is its own at that host.
fn is_proved(yard: &TestServer, host: &str, authority: Option<&AuthorityPin>) -> bool {
    let code = JoinCode::read(&yard.server.enrolment_code(None, &[yard.laredo()], 1).unwrap()).unwrap().code;
    let device = yard.server.enrol(&EnrolRequest::new(code, "Gate 1")).unwrap();
    let (host, authority) = (host.to_owned(), authority.cloned());
    let asked = ProofRequest { device_id: device.device_id, nonce: "a nonce".to_owned(), host, authority };
    match yard.server.prove(&asked) {
        Ok(answer) => device.device_key.unwrap().proves_own_server(&asked, &answer.proof),
        Err(refused) => {
            assert_eq!(refused.code, ApiErrorCode::OtherServer);
            false
        }
    }
}

#[tokio::test]
async fn a_server_proves_what_it_is_only_where_devices_find_it_so_that_nobody_can_pass_the_question_on() {
    let strangers = AuthorityPin::of(b"somebody else's authority");
    let names = ["gatebook.local", "192.168.1.20", "elsewhere.example.com", "gatebook.local\n", ""];
    let found = |yard: &TestServer, authority: Option<&AuthorityPin>| {
        names.iter().copied().filter(|name| is_proved(yard, name, authority)).collect::<Vec<_>>()
    };

    let mut place = Place::embedded();
    place.tls = Tls::SelfMade { names: vec!["gatebook.local".to_owned(), "192.168.1.20".to_owned()] };
    let yard = TestServer::at(place, Bounds::default()).await;
    let own = yard.server.authority_pin().unwrap();
    assert_eq!(found(&yard, own.as_ref()), ["gatebook.local", "192.168.1.20"]);
    assert!(found(&yard, None).is_empty() && found(&yard, Some(&strangers)).is_empty());
    assert!(!is_proved(&yard, "localhost", own.as_ref()), "its certificate is not for that");

    let (yard, _) = Authority::new().serves(&Bounds::default()).await;
    assert!(is_proved(&yard, "localhost", None) && !is_proved(&yard, "gatebook.local", None));
    assert!(!is_proved(&yard, "localhost", Some(&strangers)));

    let mut place = Place::embedded();
    place.public_names = vec!["Gatebook.local".to_owned()];
    let yard = TestServer::at(place, Bounds::default()).await;
    assert_eq!(found(&yard, None), ["gatebook.local"]);
    assert!(found(&yard, Some(&strangers)).is_empty());
    assert!(["localhost", "127.0.0.1", "::1"].iter().all(|host| is_proved(&yard, host, None)), "on this machine");
}

#[test]
fn without_tls_no_other_machine_is_listened_to() {
    let error = refusal(&Place::embedded(), &["serve", "--init", "--listen", "0.0.0.0:0"]);
    assert!(error.contains("--tls-self-made") && error.contains("--behind-proxy"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_server_without_a_name_makes_an_authority_of_its_own_and_codes_tell_what_it_is_known_by() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::embedded();
    says(&place, &["seed"]);
    let serve = ["serve", "--listen", "127.0.0.1:0", "--tls-self-made", "gatebook.local,127.0.0.1"];
    let endings = [(); 2].map(|()| {
        let mut command = gatebook(&place, &serve);
        let mut serving = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(serving.stdout.take().unwrap()).lines().map(Result::unwrap);
        let (address, codes) = (lines.next().unwrap(), lines.next().unwrap());
        serving.kill().unwrap();
        serving.wait().unwrap();
        assert!(address.contains("https://127.0.0.1:"), "{address}");
        codes.split_once("end in ").unwrap().1.split(';').next().unwrap().to_owned()
    });
    let seeded: serde_json::Value = serde_json::from_str(&says(&place, &["seed", "--json"])).unwrap();
    let yard = seeded["yards"][0]["id"].as_str().unwrap();
    let code = says(&place, &["enrolment-code", "--yard", yard]);
    assert_eq!(JoinCode::read(&code).unwrap().pin.unwrap().to_string(), endings[0]);
    assert_eq!(endings[0], endings[1], "after a restart it is the same");
    let authority = place.join("server.authority");
    assert_eq!(std::fs::metadata(&authority).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&authority, "damaged").unwrap();
    let error = refusal(&place, &serve);
    assert!(error.contains("server.authority"), "{error}");
}

/// HTTP/2 with a window in which there is room for so many bytes of an answer.
async fn speaks(authority: &Authority, yard: &TestServer, window: u32) -> (SendRequest<bytes::Bytes>, Connection) {
    let stream = authority.connects(yard, b"h2").await;
    let mut builder = h2::client::Builder::new();
    let (sender, connection) = within(builder.initial_window_size(window).handshake(stream)).await.unwrap();
    (sender, tokio::spawn(async move { drop(connection.await) }))
}

type Connection = tokio::task::JoinHandle<()>;

fn get(sender: &mut SendRequest<bytes::Bytes>, path: &str) -> h2::client::ResponseFuture {
    let request = axum::http::Request::get(format!("https://localhost{path}")).body(()).unwrap();
    sender.send_request(request, true).unwrap().0
}

#[tokio::test]
async fn who_reads_nothing_of_one_answer_among_several_is_not_waited_for() {
    let authority = Authority::new();
    let bounds = Bounds { patience: MOMENT * 10, ..Bounds::default() };
    let (yard, _) = authority.serves(&bounds).await;
    for window in [0, 100] {
        let (mut sender, connection) = speaks(&authority, &yard, window).await;
        let answer = within(get(&mut sender, "/openapi.json")).await.unwrap();
        within(connection).await.unwrap();
        drop(answer);
    }
}

#[tokio::test]
async fn a_connection_over_which_nothing_is_asked_is_not_kept() {
    let authority = Authority::new();
    let bounds = Bounds { header_time: MOMENT * 20, ..Bounds::default() };
    let (yard, _) = authority.serves(&bounds).await;
    let (sender, connection) = speaks(&authority, &yard, 65_535).await;
    within(connection).await.unwrap();
    drop(sender);
    // Nor one over which nobody says what TLS is to begin with.
    let mut silent = TcpStream::connect(yard.base.trim_start_matches("https://")).await.unwrap();
    let mut nothing = Vec::new();
    let _ = within(tokio::io::AsyncReadExt::read_to_end(&mut silent, &mut nothing)).await;
    assert_eq!(nothing, b"");
}

#[tokio::test]
async fn a_server_that_stops_lets_an_answer_over_http2_be_read_to_its_end() {
    let authority = Authority::new();
    let (mut yard, _) = authority.serves(&Bounds::default()).await;
    let (mut sender, _connection) = speaks(&authority, &yard, 1_000).await;
    let answer = within(get(&mut sender, "/openapi.json")).await.unwrap();
    let mut body = answer.into_body();
    let reading = async {
        let mut whole = Vec::new();
        while let Some(bytes) = within(body.data()).await {
            let bytes = bytes.unwrap();
            body.flow_control().release_capacity(bytes.len()).unwrap();
            whole.extend_from_slice(&bytes);
        }
        whole
    };
    let (whole, ()) = tokio::join!(reading, within(yard.stop()));
    assert!(serde_json::from_slice::<serde_json::Value>(&whole).is_ok());
}
