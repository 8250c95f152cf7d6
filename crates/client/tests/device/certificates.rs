//! Certificates are judged by the device's clock: where that is why there is no way to the server, it is said.

use std::net::SocketAddr;
use std::sync::Arc;

use gatebook_client::view::SyncProblemCode;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use crate::support::{TestDevice, TestYard};

/// Of a certificate that becomes valid when everybody here is retired.
const NOT_YET: (i32, i32) = (2190, 2199);
const EXPIRED: (i32, i32) = (2001, 2002);
/// That of nobody whom this machine trusts.
const VALID: (i32, i32) = (2001, 2199);

/// Serves TLS on loopback with a certificate that is valid from one year to another.
async fn tls_server((from, until): (i32, i32)) -> SocketAddr {
    let mut certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    (certificate.not_before, certificate.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
    let key = KeyPair::generate().unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            assert!(acceptor.accept(stream).await.is_err(), "no client trusts this certificate");
        }
    });
    address
}

/// From now on the device's server is the one at that port.
fn belongs_to(device: &TestDevice, server: SocketAddr) {
    let sql = "UPDATE settings SET value = json_set(value, '$.server_url', ?1) WHERE name = 'enrolment'";
    let url = format!("https://localhost:{}", server.port());
    assert_eq!(device.database().execute(sql, [url]).unwrap(), 1);
}

/// How the next round fails, and what the operator reads.
async fn fails(device: &TestDevice, before: &str) -> (SyncProblemCode, String) {
    device.asks_for_a_sync();
    let failed = device.scheduler_shows("its round has failed otherwise than before", |status| {
        !status.running && status.problem.as_ref().is_some_and(|problem| problem.message != before)
    });
    let problem = failed.await.problem.unwrap();
    (problem.code, problem.message)
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_at_the_time_the_device_shows_sends_the_operator_to_its_clock() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    device.records("in at lane 4");
    let (code, mut before) = fails(&device, "").await;
    assert_eq!(code, SyncProblemCode::Offline, "{before}");
    let may_have_arrived = || device.setting("requests")["may_have_arrived"].as_i64().unwrap();
    let arrived = may_have_arrived();
    for years in [NOT_YET, VALID, EXPIRED] {
        belongs_to(&device, tls_server(years).await);
        let (code, told) = fails(&device, &before).await;
        if years == VALID {
            assert_eq!(code, SyncProblemCode::OtherServer, "its dates are not why: {told}");
        } else {
            assert_eq!(code, SyncProblemCode::DeviceClock, "{told}");
            assert!(told.starts_with("Check this device's date and time.") && told.contains("safe"), "{told}");
        }
        before = told;
    }
    assert_eq!(device.pending(), 1);
    assert_eq!(may_have_arrived(), arrived, "nothing of it has left the device");
}

#[tokio::test]
async fn whoever_joins_with_a_wrong_clock_is_told_to_check_it() {
    let yard = TestYard::open().await;
    let device = yard.new_device("phone").await;
    for years in [NOT_YET, EXPIRED, VALID] {
        let url = format!("https://localhost:{}", tls_server(years).await.port());
        let told = device.device.enrol(&url, &yard.code(), "phone").await.unwrap_err().message;
        assert_eq!(told.starts_with("Check this device's date and time"), years != VALID, "{told}");
    }
}
