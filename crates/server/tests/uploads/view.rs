//! Who may have a photo, and which part of it.

use gatebook_sync::wire::EnrolRequest;
use reqwest::{Method, StatusCode};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::lens::{Photo, Tus};
use super::support::{TestDevice, TestServer, api_error, client};

#[tokio::test]
async fn a_photo_is_handed_out_whole_or_in_part() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 2_500_000);
    tus.uploads(&photo).await;
    a.push(photo.draft()).await;
    let path = format!("/v1/photos/{}", photo.hash());
    let etag = format!("\"{}\"", photo.hash());

    let whole = tus.fetches(&photo).await;
    assert_eq!(whole.status(), StatusCode::OK);
    for (header, value) in [
        ("etag", etag.as_str()),
        ("accept-ranges", "bytes"),
        ("content-type", "image/jpeg"),
        ("content-length", "2500000"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(whole.headers()[header], value);
    }
    assert_eq!(whole.bytes().await.unwrap(), photo.bytes);

    for (range, part) in
        [("bytes=0-0", 0..1), ("bytes=1000000-2000001", 1_000_000..2_000_002), ("bytes=-7", 2_499_993..2_500_000)]
    {
        let response = tus.request(Method::GET, &path).header("Range", range).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
        let told = format!("bytes {}-{}/2500000", part.start, part.end - 1);
        assert_eq!(response.headers()["content-range"], told.as_str());
        assert_eq!(response.bytes().await.unwrap(), photo.bytes[part]);
    }
    let beyond = tus.request(Method::GET, &path).header("Range", "bytes=2500000-").send().await.unwrap();
    assert_eq!(
        (beyond.status().as_u16(), &beyond.headers()["content-range"]),
        (416, &"bytes */2500000".parse().unwrap())
    );
    let stale = tus.request(Method::GET, &path).header("Range", "bytes=0-0").header("If-Range", "\"other\"");
    assert_eq!(stale.send().await.unwrap().status(), StatusCode::OK);
    let known = tus.request(Method::GET, &path).header("If-None-Match", &etag).send().await.unwrap();
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let head = tus.request(Method::HEAD, &path).send().await.unwrap();
    assert_eq!((head.status(), &head.headers()["content-length"]), (StatusCode::OK, &"2500000".parse().unwrap()));
    let wrong = tus.request(Method::GET, "/v1/photos/abc").send().await.unwrap();
    assert_eq!(api_error(wrong).await.0, 400);
}

#[tokio::test]
async fn only_who_sees_a_record_of_it_sees_a_photo() {
    let yard = TestServer::start().await;
    let here = yard.device_of("Laredo", &[yard.laredo()]).await;
    let there = yard.device_of("Nuevo Laredo", &[yard.nuevo_laredo()]).await;
    let photo = Photo::new(&here, 1, 1_000);
    Tus::of(&here).uploads(&photo).await;
    let status = async |device| Tus::of(device).fetches(&photo).await.status().as_u16();
    assert_eq!(status(&here).await, 404, "no record names it yet");
    here.push(photo.draft()).await.accepted(1);
    assert_eq!((status(&here).await, status(&there).await), (200, 404));
    let path = format!("/v1/photos/{}", photo.hash());
    assert_eq!(yard.admin(Method::GET, &path, None).await.status().as_u16(), 200);
    let stranger = client().get(format!("{}{path}", yard.base)).send().await.unwrap();
    assert_eq!(api_error(stranger).await.0, 401);
    let unknown = client().get(format!("{}{path}", yard.base)).bearer_auth("x").send().await.unwrap();
    assert_eq!(api_error(unknown).await.0, 401);
    // The record changes to another photo: this one is no longer in anybody's sight.
    let held = here.sees(photo.record).await.unwrap();
    let other = Photo { record: photo.record, ..Photo::new(&here, 2, 1_000) };
    here.push(other.draft().on(&held.receipt)).await;
    assert_eq!(status(&here).await, 404);
}

/// A device of another organisation on the same server.
async fn stranger(yard: &TestServer) -> TestDevice {
    let (tenant, their_yard) = (Uuid::from_u128(0xbad), Uuid::from_u128(0xbad0));
    let a = yard.device("Any").await;
    yard.server.put_tenant(tenant, "Somebody Else").unwrap();
    let mut content = super::support::gate_event("x").written_on(&a).content;
    (content.kind, content.yard_id) = ("yard".to_owned(), None);
    let body = r#"{"name":"Theirs","code":"X","time_zone":"America/Chicago"}"#;
    content.body = RawValue::from_string(body.to_owned()).unwrap();
    yard.server.put_record(Some(tenant), their_yard, content.clone()).unwrap();
    let somebody = Uuid::from_u128(0xbad1);
    let body = format!(r#"{{"name":"Nadia","role":"operator","yard_ids":["{their_yard}"]}}"#);
    (content.kind, content.body) = ("operator".to_owned(), RawValue::from_string(body).unwrap());
    yard.server.put_record(Some(tenant), somebody, content).unwrap();
    let code = yard.server.enrolment_code(Some(tenant), &[their_yard], 72).unwrap();
    let request = EnrolRequest::new(code, "Theirs");
    let enrolled = yard.server.enrol(&request).unwrap();
    TestDevice::new(&yard.base, 0xdf, enrolled, their_yard, somebody)
}

#[tokio::test]
async fn another_organisation_sees_nothing_and_shares_nothing() {
    let yard = TestServer::start().await;
    let (ours, theirs) = (yard.device("Ours").await, stranger(&yard).await);
    let photo = Photo::new(&ours, 1, 1_000);
    let location = Tus::of(&ours).begins(&photo).await;
    Tus::of(&ours).sends(&location, 0, &photo.bytes[..500]).await;
    let them = Tus::of(&theirs);
    assert_eq!(them.head(&location).await.status().as_u16(), 404);
    assert_eq!(them.sends(&location, 500, &photo.bytes[500..]).await, 404);
    assert_eq!(them.request(Method::DELETE, &location).send().await.unwrap().status().as_u16(), 404);
    assert_eq!(Tus::of(&ours).sends(&location, 500, &photo.bytes[500..]).await, 204);
    ours.push(photo.draft()).await;

    assert!(!them.is_held(&photo).await);
    let claimed = Photo { record: theirs.new_id(), ..photo.clone() };
    theirs.push(claimed.draft()).await.accepted(1);
    assert_eq!(super::lens::stored_at(&theirs, &claimed).await, None);
    assert_eq!(them.fetches(&claimed).await.status().as_u16(), 404);
    // Their own copy is their own.
    them.uploads(&claimed).await;
    assert_eq!(them.fetches(&claimed).await.bytes().await.unwrap(), photo.bytes);
    assert_eq!(super::lens::files(&yard, "blobs").len(), 2);
}
