//! Who is who: devices and servers that know each other again, whatever becomes of the database.

use gatebook_server::{Config, Server};
use gatebook_sync::wire::{
    ApiErrorCode, EnrolRequest, EnrolResponse, NONCE, ServerIdentity, SyncRequest, SyncResponse,
};
use jiff::SignedDuration;
use reqwest::Response;
use uuid::Uuid;

use crate::support::{TestServer, api_error, client, gate_event};

impl TestServer {
    fn joins(&self, name: &str) -> EnrolResponse {
        let code = self.server.enrolment_code(None, &[self.laredo()], 72).unwrap();
        self.server.enrol(&EnrolRequest::new(code, name)).unwrap()
    }

    /// Another server on the same data, under another key, as it is if the key was given up for lost.
    fn with_another_key(&self) -> Server {
        let key_file = self.place.join("other.key");
        std::fs::write(&key_file, [8; 32]).unwrap();
        Server::open(Config { key_file: Some(key_file), new_key: true, ..self.place.config() }).unwrap()
    }
}

async fn asked_with(yard: &TestServer, token: &str, nonce: Option<&str>) -> Response {
    let request = client().post(format!("{}/v1/sync", yard.base)).bearer_auth(token).body("{}");
    nonce.into_iter().fold(request, |request, nonce| request.header(NONCE, nonce)).send().await.unwrap()
}

#[tokio::test]
async fn a_revocation_is_proved_to_the_device_that_asks_and_to_no_other() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.joins("A"), yard.joins("B"));
    yard.server.revoke(None, "A").unwrap();
    let (status, error) = api_error(asked_with(&yard, &a.token, Some("a nonce")).await).await;
    assert_eq!((status, error.code), (403, ApiErrorCode::Revoked));
    let (key, proof) = (a.device_key.unwrap(), error.proof.unwrap());
    assert!(key.proves_revocation(a.device_id, "a nonce", &proof));
    assert!(!key.proves_revocation(a.device_id, "another", &proof));
    assert!(!b.device_key.unwrap().proves_revocation(b.device_id, "a nonce", &proof));

    let (_, error) = api_error(asked_with(&yard, &a.token, None).await).await;
    assert_eq!((error.code, error.proof), (ApiErrorCode::Revoked, None), "an app of before asks without");
    let (_, error) = api_error(asked_with(&yard, "nobody's", Some("a nonce")).await).await;
    assert_eq!((error.code, error.proof), (ApiErrorCode::Unauthenticated, None));
}

#[tokio::test]
async fn a_server_restored_from_before_a_device_joined_knows_it_with_the_yards_it_joined_for() {
    let yard = TestServer::start().await;
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    let a = yard.device_of("Gate 1", &[yard.laredo()]).await;
    let lost = a.push(gate_event("taken before the restore")).await;
    let yard = yard.restarted(|place| place.swap(&backup)).await;
    a.finds(&yard.base);

    let known = yard.server.device(&a.token).unwrap();
    assert_eq!((known.id(), known.name(), known.yards()), (a.id, "Gate 1", &[yard.laredo()][..]));
    a.send(lost.push.clone()).await.accepted(1);
    a.push(gate_event("elsewhere").at(yard.nuevo_laredo())).await.rejected(gatebook_sync::RejectionCode::UnknownScope);
    let audit = yard.audit(lost.push[0].id).await;
    assert_eq!(audit[0].device_name, "Gate 1");
}

#[tokio::test]
async fn a_token_of_another_key_or_of_an_organization_that_is_not_here_is_nobodys() {
    let (yard, other) = (TestServer::embedded().await, TestServer::embedded().await);
    let id = Uuid::from_u128(77);
    other.server.put_tenant(id, "Somebody Else").unwrap();
    let code = other.server.enrolment_code(Some(id), &[], 72).unwrap();
    let theirs = other.server.enrol(&EnrolRequest::new(code, "Theirs")).unwrap();
    // Both have the key of the tests; the organization is another.
    assert_eq!(yard.server.device(&theirs.token).unwrap_err().code, ApiErrorCode::Unauthenticated);

    let backup = yard.place.join("backup");
    yard.backup(&backup);
    let a = yard.joins("A");
    let yard = yard.restarted(|place| place.swap(&backup)).await;
    let wrong = yard.with_another_key();
    assert_eq!(wrong.device(&a.token).unwrap_err().code, ApiErrorCode::Unauthenticated);
    assert!(yard.server.device(&a.token).is_ok());
}

#[tokio::test]
async fn a_backup_lets_nobody_in_whom_the_office_has_signed_out_since() {
    let yard = TestServer::start().await;
    let before = yard.joins("Before");
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    let after = yard.joins("After");
    for name in ["Before", "After"] {
        yard.server.revoke(None, name).unwrap();
    }
    let yard = yard.restarted(|place| place.swap(&backup)).await;
    for device in [before, after] {
        let (status, error) = api_error(asked_with(&yard, &device.token, Some("a nonce")).await).await;
        assert_eq!((status, error.code), (403, ApiErrorCode::Revoked));
        let key = device.device_key.unwrap();
        assert!(key.proves_revocation(device.device_id, "a nonce", &error.proof.unwrap()));
    }
}

#[tokio::test]
async fn a_backup_does_not_bring_back_a_code_that_was_used_since() {
    let yard = TestServer::start().await;
    let codes = [(); 2].map(|()| yard.server.enrolment_code(None, &[yard.laredo()], 72).unwrap());
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    yard.server.enrol(&EnrolRequest::new(&*codes[0], "A")).unwrap();
    let yard = yard.restarted(|place| place.swap(&backup)).await;
    let again = yard.server.enrol(&EnrolRequest::new(&*codes[0], "A")).unwrap_err();
    assert_eq!(again.code, ApiErrorCode::CodeRefused);
    yard.server.enrol(&EnrolRequest::new(&*codes[1], "B")).unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_tell_who_was_signed_out_has_trouble_and_signs_nobody_out() {
    let yard = TestServer::embedded().await;
    let a = yard.joins("A");
    let (list, aside) = (yard.place.join("server.revoked"), yard.place.join("aside"));
    std::fs::rename(&list, &aside).unwrap();
    let (status, error) = api_error(asked_with(&yard, &a.token, Some("a nonce")).await).await;
    assert_eq!((status, error.code, error.retry), (503, ApiErrorCode::Busy, true));
    assert!(yard.server.revoke(None, "A").is_err(), "nor is anybody told that a device is out");
    std::fs::rename(&aside, &list).unwrap();
    assert!(yard.server.device(&a.token).is_ok());
}

#[tokio::test]
async fn every_answer_says_which_server_it_is_and_who_belongs_to_another_is_turned_away() {
    let yard = TestServer::embedded().await;
    let a = yard.device("A").await;
    let answer = a.sync(a.request()).await;
    assert_eq!((answer.server, answer.membership.is_none()), (Some(a.server()), true));
    assert_eq!(a.server().organization, yard.seeded.tenant_id);

    let draft = gate_event("for another").written_on(&a);
    for other in [
        ServerIdentity { organization: Uuid::from_u128(1), ..a.server() },
        ServerIdentity { key: "another".to_owned(), ..a.server() },
    ] {
        let request = SyncRequest { server: Some(other), push: vec![draft.clone()], ..a.request() };
        let (status, error) = api_error(a.post(serde_json::to_vec(&request).unwrap()).await).await;
        assert_eq!((status, error.code), (409, ApiErrorCode::OtherServer));
    }
    let wrong = yard.with_another_key();
    let device = wrong.device(&a.token).unwrap();
    let refused = wrong.sync(&device, SyncRequest { push: vec![draft.clone()], ..a.request() }).unwrap_err();
    assert_eq!(refused.code, ApiErrorCode::OtherServer);
    assert_eq!(yard.server.audit(draft.id).ok().map(|audit| audit.len()), None, "nothing was taken");
}

#[tokio::test]
async fn a_device_that_does_not_know_its_server_is_told_its_membership() {
    let yard = TestServer::start().await;
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    let a = yard.device("A").await;
    let unknowing = SyncRequest { server: None, ..a.request() };
    let told: SyncResponse = a.sync(unknowing).await;
    let membership = told.membership.unwrap();
    assert_eq!((membership.device_id, told.server), (a.id, Some(a.server())));
    // By that token a restored server knows it as well.
    let yard = yard.restarted(|place| place.swap(&backup)).await;
    assert_eq!(yard.server.device(&membership.token).unwrap().id(), a.id);
}

#[tokio::test]
async fn a_name_is_looked_up_within_one_organization_and_must_fit_one_device() {
    let yard = TestServer::start().await;
    let (ours, others) = (yard.joins("Gate 1"), Uuid::from_u128(77));
    yard.server.put_tenant(others, "Somebody Else").unwrap();
    let code = yard.server.enrolment_code(Some(others), &[], 72).unwrap();
    let theirs = yard.server.enrol(&EnrolRequest::new(code, "Gate 1")).unwrap();
    let is_in = |device: &EnrolResponse| yard.server.device(&device.token).is_ok();

    let told = yard.server.revoke(None, "Gate 1").unwrap_err().to_string();
    assert!(told.contains("several organisations"), "{told}");
    assert!(is_in(&ours) && is_in(&theirs));
    yard.server.revoke(Some(others), "Gate 1").unwrap();
    assert!(is_in(&ours) && !is_in(&theirs));
    let foreign = ours.device_id.to_string();
    assert!(yard.server.revoke(Some(others), &foreign).is_err(), "another organization's is none");
    assert!(is_in(&ours));

    yard.clock_steps(SignedDuration::from_hours(1));
    let twin = {
        let code = yard.server.enrolment_code(Some(yard.seeded.tenant_id), &[yard.laredo()], 72).unwrap();
        yard.server.enrol(&EnrolRequest::new(code, "Gate 1")).unwrap()
    };
    let told = yard.server.revoke(Some(yard.seeded.tenant_id), "Gate 1").unwrap_err().to_string();
    assert!(told.contains(&foreign) && told.contains(&twin.device_id.to_string()), "{told}");
    assert!(is_in(&ours) && is_in(&twin));
    // Once one of them is out, the name means the other.
    yard.server.revoke(None, &foreign).unwrap();
    yard.server.revoke(Some(yard.seeded.tenant_id), "Gate 1").unwrap();
    assert!(!is_in(&ours) && !is_in(&twin));
}

#[tokio::test]
async fn what_was_revoked_before_there_was_a_list_stays_out_after_a_restore() {
    let yard = TestServer::embedded().await;
    let a = yard.joins("A");
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    yard.server.revoke(None, "A").unwrap();
    // The list is of a later version than the revocation.
    let yard = yard.restarted(|place| std::fs::remove_file(place.join("server.revoked")).unwrap()).await;
    assert_eq!(yard.server.device(&a.token).unwrap_err().code, ApiErrorCode::Revoked);
    let yard = yard.restarted(|place| place.swap(&backup)).await;
    assert_eq!(yard.server.device(&a.token).unwrap_err().code, ApiErrorCode::Revoked);
}
