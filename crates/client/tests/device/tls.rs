//! A server without a public name makes its certificate itself; its codes tell devices what they know it by.

use gatebook_client::scheduler::Event;
use gatebook_client::view::{ErrorCode, SyncProblemCode};
use gatebook_sync::JoinCode;

use crate::photos::{photographed, stored};
use crate::support::{TestDevice, TestYard};

fn url(device: &TestDevice) -> String {
    format!("https://{}", device.link.address)
}

async fn joins(device: &TestDevice, yard: &TestYard) {
    device.device.enrol(&url(device), &yard.code(), device.name).await.unwrap();
    device.until("its reference data is there", || !device.device.operators().unwrap().is_empty()).await;
    device.device.choose_operator(Some(yard.operator("María Torres"))).unwrap();
    device.device.choose_yard(yard.seeded.yards[0].id).unwrap();
}

#[tokio::test]
async fn a_code_with_a_pin_joins_a_device_to_a_server_that_made_its_certificate_itself() {
    let yard = TestYard::open_without_a_name().await;
    let device = yard.new_device("phone").await;
    joins(&device, &yard).await;
    let first = device.records("over the certificate of today");
    device.until("it is with the server", || device.pending() == 0).await;
    // Another certificate, of the same authority.
    device.link.lead_to(yard.started_anew_without_a_name().await);
    let second = device.records("over the one of tomorrow");
    device.until("it is with the server", || device.pending() == 0).await;
    for id in [first, second] {
        assert_eq!(yard.audit(id).len(), 1);
    }
    // What is trusted is on the disk.
    let device = device.killed_and_reopened();
    let third = device.records("by the app that was killed and begun again");
    device.until("it is with the server", || device.pending() == 0).await;
    assert_eq!(yard.audit(third).len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_of_another_authority() {
    let (yard, stranger) = (TestYard::open_without_a_name().await, TestYard::open_without_a_name().await);
    let device = yard.new_device("phone").await;
    let code = yard.code();
    device.link.lead_to(stranger.address);
    let refused = device.device.enrol(&url(&device), &code, "phone").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Refused);
    assert!(refused.message.contains("not the server that the code is from"), "{}", refused.message);
    // The code without what the server is known by: any certificate would have to be one that everybody trusts.
    device.link.lead_to(yard.address);
    let refused = device.device.enrol(&url(&device), &code[..11], "phone").await.unwrap_err();
    assert!(refused.message.contains("all letters of the code"), "{}", refused.message);

    joins(&device, &yard).await;
    device.goes_offline().await;
    let id = device.records("for its own server");
    device.link.lead_to(stranger.address);
    device.device.notify(Event::Manual);
    let status = device
        .scheduler_shows("it is told that this is not its server", |status| {
            status.problem.as_ref().is_some_and(|problem| problem.code == SyncProblemCode::OtherServer)
        })
        .await;
    assert!(status.problem.unwrap().message.contains("does not prove"));
    assert_eq!((device.pending(), yard.server.audit(id).is_err()), (1, true));
    device.link.lead_to(yard.address);
    device.asks_for_a_sync();
    device.until("the record is with its own server", || device.pending() == 0).await;
    assert_eq!(yard.audit(id).len(), 1);
}

#[tokio::test]
async fn a_certificate_holds_for_the_names_of_its_server_alone() {
    let yard = TestYard::open_without_a_name().await;
    let device = yard.new_device("phone").await;
    let elsewhere = format!("https://localhost:{}", device.link.address.port());
    let refused = device.device.enrol(&elsewhere, &yard.code(), "phone").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Refused);
    let code = JoinCode::read(&yard.code()).unwrap();
    assert_eq!((code.code.len(), code.pin), (10, yard.server.authority_pin().unwrap()));
}

/// Says where the server is now.
async fn is_told(device: &TestDevice, url: &str, ending: &str) -> Result<String, String> {
    let told = device.device.move_server(url, ending).await.map_err(|error| error.message)?;
    Ok(told.enrolment.unwrap().server_url)
}

#[tokio::test]
async fn a_device_finds_its_server_at_another_address_without_a_code() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("waits for the new address");
    // The server has got a certificate of its own making, and the device is told what its codes end in.
    let moved = format!("https://{}", yard.started_anew_without_a_name().await);
    let pin = JoinCode::read(&yard.code()).unwrap().pin.unwrap().to_string();
    let untold = is_told(&device, &moved, "").await.unwrap_err();
    assert!(untold.contains("letters in which its codes end"), "{untold}");
    let mistyped = is_told(&device, &moved, &pin[1..]).await.unwrap_err();
    assert!(mistyped.contains("four groups of five"), "{mistyped}");
    assert_eq!((device.pending(), yard.server.audit(id).is_err()), (1, true));

    assert_eq!(is_told(&device, &moved, &pin).await.as_ref(), Ok(&moved));
    device.until("the record is with the server", || device.pending() == 0).await;
    assert_eq!(yard.audit(id).len(), 1);
    // It moves once more, and its authority with it.
    let again = format!("https://{}/", yard.started_anew_without_a_name().await);
    assert_eq!(is_told(&device, &again, "").await.unwrap(), again.trim_end_matches('/'));
    let next = device.records("at the third address");
    device.until("the record is with the server", || device.pending() == 0).await;
    assert_eq!(yard.audit(next).len(), 1);
}

#[tokio::test]
async fn another_server_at_the_new_address_gets_nothing_and_the_device_stays_where_it_was() {
    let (yard, stranger) = (TestYard::open().await, TestYard::open().await);
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("for its own server");
    let was = device.device.state().unwrap().enrolment.unwrap().server_url;
    for other in [stranger.address, yard.served_with_another_key().await] {
        let refused = is_told(&device, &format!("http://{other}"), "").await.unwrap_err();
        assert!(refused.contains("Another server answers"), "{refused}");
    }
    let nowhere = is_told(&device, "http://127.0.0.1:9", "").await.unwrap_err();
    assert!(nowhere.contains("No way to the server"), "{nowhere}");
    assert_eq!(device.device.state().unwrap().enrolment.unwrap().server_url, was);
    device.link.lead_to(yard.address);
    device.asks_for_a_sync();
    device.until("the record is with its own server", || device.pending() == 0).await;
    assert_eq!((yard.audit(id).len(), stranger.server.audit(id).is_err()), (1, true));
}

#[tokio::test]
async fn photos_go_on_as_records_do_when_the_same_address_is_under_another_authority() {
    let yard = TestYard::open_without_a_name().await;
    let device = yard.new_device("phone").await;
    joins(&device, &yard).await;
    let record = device.records("with two photos");
    photographed(&device, record, 7, 64).await;
    device.until("the first is with the server", || device.pending() == 0 && stored(&device) == 1).await;

    let (address, pin) = yard.started_anew_with_another_authority().await;
    device.link.lead_to(address);
    is_told(&device, &url(&device), &pin.to_string()).await.unwrap();
    photographed(&device, record, 8, 64).await;
    device.until("the second is with the server", || device.pending() == 0 && stored(&device) == 2).await;
}
