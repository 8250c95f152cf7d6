//! Apps and servers of other versions, and tokens that are revoked: a clear answer, and nothing is lost.

use gatebook_client::sync_round::RoundError;
use gatebook_client::{HttpTransport, StoreError, TransportError};
use gatebook_sync::PROTOCOL;
use gatebook_sync::wire::{ApiErrorCode, Limits, Repair, SyncRequest, Take};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Bad, Phone, Way, Yard};

fn refusal(error: &RoundError) -> Option<(ApiErrorCode, String)> {
    match error {
        RoundError::Transport(TransportError::Refused { error, .. }) => Some((error.code, error.message.clone())),
        _ => None,
    }
}

#[tokio::test]
async fn an_old_app_against_a_new_server_and_the_reverse_are_told_which_of_them_is_old() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let device = yard.server().device(&maria.token).unwrap();
    let request = SyncRequest {
        protocol: PROTOCOL,
        app: String::new(),
        epoch: None,
        cursors: std::collections::BTreeMap::new(),
        push: Vec::new(),
        reoffer: Vec::new(),
        mark: None,
        repair: Repair::default(),
        take: Take { records: 1, bytes: 1 },
        server: None,
    };
    for (protocol, old) in [(PROTOCOL - 1, "Update the app"), (PROTOCOL + 1, "Ask the office to update the server")] {
        let refused = yard.server().sync(&device, SyncRequest { protocol, ..request.clone() }).unwrap_err();
        assert_eq!((refused.code, refused.retry), (ApiErrorCode::ProtocolUnsupported, false));
        assert!(refused.message.contains(old), "{}", refused.message);
    }
}

#[tokio::test]
async fn a_refused_protocol_ends_the_round_sets_nothing_aside_and_keeps_everything() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let ids: Vec<_> = (0..10).map(|at| maria.records(&format!("truck {at}"))).collect();
    let way = Bad::over(Way::of(&yard, &maria)).refusing(ApiErrorCode::ProtocolUnsupported, |_| true);
    let error = maria.syncs_over(&way).await.unwrap_err();
    assert_eq!(refusal(&error).map(|(code, _)| code), Some(ApiErrorCode::ProtocolUnsupported));
    assert_eq!((way.requests(), maria.pending(), maria.count("stuck")), (1, 10, 0));
    maria.syncs(&yard).await;
    assert!(ids.iter().all(|id| yard.audit(*id).len() == 1));
}

/// Answers one request with that.
async fn answering(status: &str, headers: &str, body: &str) -> (HttpTransport, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer =
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let serving = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut read = vec![0; 65_536];
        let _ = socket.read(&mut read).await.unwrap();
        socket.write_all(answer.as_bytes()).await.unwrap();
    });
    (HttpTransport::new(&url, "token").unwrap(), serving)
}

async fn told(phone: &Phone, status: &str, headers: &str, body: &str) -> TransportError {
    let (way, _serving) = answering(status, headers, body).await;
    match phone.syncs_by(Limits::default(), &way).await.unwrap_err() {
        RoundError::Transport(error) => error,
        RoundError::Store(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn an_answer_of_another_protocol_is_not_taken_for_a_guest_network() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let pending = maria.records("waits");
    for (spoken, who) in [(PROTOCOL + 1, "Update the app"), (0, "update the server")] {
        let unreadable = format!(r#"{{"protocol":{spoken},"news":[]}}"#);
        // Readable, and yet nobody knows what it means.
        let readable = format!(
            r#"{{"protocol":{spoken},"epoch":1772636400001,"server_time":"2026-03-04T15:00:00Z","verdicts":[],"scopes":[],
                "more":false,"mark":"","limits":{{"page_records":2500,"page_bytes":4194304,"record_bytes":262144}}}}"#
        );
        for body in [unreadable, readable] {
            let error = told(&maria, "200 OK", "x-gatebook-server: 9\r\n", &body).await;
            assert_eq!(error.refusal(), Some(ApiErrorCode::ProtocolUnsupported));
            assert!(error.to_string().contains(who), "{error}");
        }
    }
    assert!(maria.held(pending).pending);
}

#[tokio::test]
async fn a_proxy_that_refuses_a_page_is_understood_and_anything_else_is_not_the_server() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    for (status, code) in [
        ("413 Payload Too Large", Some(ApiErrorCode::TooLarge)),
        ("502 Bad Gateway", Some(ApiErrorCode::Internal)),
        ("504 Gateway Timeout", Some(ApiErrorCode::Internal)),
        ("503 Service Unavailable", Some(ApiErrorCode::Busy)),
        ("429 Too Many Requests", Some(ApiErrorCode::Busy)),
        ("200 OK", None),
        ("404 Not Found", None),
    ] {
        assert_eq!(told(&maria, status, "", "<html>").await.refusal(), code, "{status}");
    }
    let error = told(&maria, "503 Service Unavailable", "retry-after: 120\r\n", "").await;
    let TransportError::Refused { retry_after, .. } = error else { panic!("{error}") };
    assert_eq!(retry_after, Some(std::time::Duration::from_secs(120)));
}

#[tokio::test]
async fn a_request_of_another_protocol_gets_its_answer_whatever_its_shape() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut socket = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let server = yard.server().clone();
    let serving = tokio::spawn(async move { server.serve(listener, std::future::pending()).await });
    let body = r#"{"protocol":99,"everything":"else"}"#;
    let request = format!(
        "POST /v1/sync HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        maria.token,
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    serving.abort();
    assert!(answer.contains("protocol_unsupported") && answer.contains("update the server"), "{answer}");
}

#[tokio::test]
async fn a_token_that_is_revoked_in_the_middle_of_a_round_keeps_what_is_settled_and_what_is_not() {
    let yard = Yard::open();
    let mut maria = yard.phone("María Torres").await;
    let ids: Vec<_> = (0..12).map(|at| maria.records(&format!("truck {at}"))).collect();
    let pages = Limits { page_records: 5, ..Limits::default() };
    let server = yard.server().clone();
    let id = maria.id.to_string();
    let way = Bad::over(Way::of(&yard, &maria)).editing(move |at, answer| {
        answer.limits = pages;
        if at == 1 {
            server.revoke(None, &id).unwrap();
        }
    });
    let error = maria.syncs_by(pages, &way).await.unwrap_err();
    drop(way);
    assert_eq!(refusal(&error).map(|(code, _)| code), Some(ApiErrorCode::Revoked));
    assert_eq!(maria.pending(), 7);
    maria.edits(ids[11], "still editable");

    maria.joins_anew(&yard);
    maria.syncs(&yard).await;
    assert_eq!((maria.pending(), yard.audited(ids[11])), (0, vec!["still editable".to_owned()]));
    assert!(ids.iter().all(|id| yard.audit(*id).len() == 1), "each exactly once");
}

#[tokio::test]
async fn what_is_asked_of_the_way_itself_fits_what_a_way_over_http_takes() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let way = HttpTransport::new(&format!("http://{}", listener.local_addr().unwrap()), &maria.token).unwrap();
    let server = yard.server().clone();
    let serving = tokio::spawn(async move { server.serve(listener, std::future::pending()).await });
    let ids: Vec<_> = (0..80).map(|at| maria.records(&format!("truck {at}"))).collect();
    maria.syncs_over(&way).await.unwrap();
    maria.database().execute("DELETE FROM records WHERE id = ?1", [ids[40]]).unwrap();
    let report = maria.syncs_over(&way).await.unwrap();
    assert_eq!((report.repairs, maria.says(ids[40])), (1, "truck 40".to_owned()));
    serving.abort();
}

#[tokio::test]
async fn a_device_that_joined_before_servers_had_identities_learns_who_its_own_is_and_keeps_away_from_others() {
    let mut yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let learned = maria.enrolment();
    assert_eq!(learned["server"]["organization"], yard.seeded.tenant_id.to_string());
    assert!(learned["device_key"].is_string());
    let way = Way::of(&yard, &maria);
    maria.syncs_over(&way).await.unwrap();
    let named = way.sent.lock().unwrap().iter().all(|request| request.server.is_some());
    assert!(named, "it has not to be told again");
    drop(way);

    let id = maria.records("for its own server");
    let own_key = yard.loses_its_key();
    let error = maria.syncs_over(&Way::of(&yard, &maria)).await.unwrap_err();
    assert_eq!(refusal(&error).map(|(code, _)| code), Some(ApiErrorCode::OtherServer));
    assert_eq!((maria.pending(), yard.audit(id).len()), (1, 0));
    yard.finds_its_key(&own_key);
    maria.syncs(&yard).await;
    assert_eq!((maria.pending(), yard.audit(id).len()), (0, 1));
}

#[tokio::test]
async fn nothing_is_taken_over_from_an_answer_of_another_server() {
    let yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let (mine, theirs) = (maria.records("waits"), hector.records("news"));
    hector.syncs(&yard).await;
    let way = Bad::over(Way::of(&yard, &maria)).editing(|_, answer| {
        answer.server.as_mut().unwrap().key = "another".to_owned();
    });
    let error = maria.syncs_over(&way).await.unwrap_err();
    assert!(matches!(error, RoundError::Store(StoreError::OtherServer)), "{error:?}");
    drop(way);
    assert_eq!((maria.pending(), maria.holds(theirs).is_none()), (1, true));
    maria.syncs(&yard).await;
    assert_eq!((maria.pending(), yard.audit(mine).len(), maria.says(theirs)), (0, 1, "news".to_owned()));
}
