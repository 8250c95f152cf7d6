//! What is not taken is refused with the status that tus clients go by, and a sentence.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gatebook_server::{Bounds, PhotoBounds};
use gatebook_sync::wire::ApiErrorCode;
use reqwest::{Body, Method};

use super::lens::{Photo, Tus, files, location, metadata, node_within, number, stored_at, tamper};
use super::support::{TestServer, api_error, client, within};

async fn bounded(photos: PhotoBounds) -> TestServer {
    TestServer::bounded(Bounds { photos, ..Bounds::default() }).await
}

#[tokio::test]
async fn anybody_learns_what_the_server_can_do() {
    let yard = TestServer::start().await;
    let options = client().request(Method::OPTIONS, format!("{}/v1/uploads", yard.base)).send().await.unwrap();
    assert_eq!(options.status().as_u16(), 204);
    for (header, value) in [
        ("tus-resumable", "1.0.0"),
        ("tus-version", "1.0.0"),
        ("tus-extension", "creation,creation-with-upload,termination,checksum,expiration"),
        ("tus-checksum-algorithm", "sha1,sha256"),
        ("tus-max-size", "67108864"),
    ] {
        assert_eq!(options.headers()[header], value);
    }
}

#[tokio::test]
async fn only_tus_1_0_0_is_spoken_and_only_to_devices() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let location = tus.begins(&Photo::new(&a, 1, 10)).await;
    for (method, path) in [
        (Method::POST, "/v1/uploads"),
        (Method::HEAD, &location),
        (Method::PATCH, &location),
        (Method::DELETE, &location),
    ] {
        let request = || client().request(method.clone(), format!("{}{path}", yard.base));
        for spoken in [request(), request().header("Tus-Resumable", "0.2.2")] {
            let refused = spoken.bearer_auth(&a.token).send().await.unwrap();
            assert_eq!(
                (refused.status().as_u16(), &refused.headers()["tus-version"]),
                (412, &"1.0.0".parse().unwrap())
            );
        }
        let stranger = request().header("Tus-Resumable", "1.0.0").send().await.unwrap();
        assert_eq!(
            (stranger.status().as_u16(), &stranger.headers()["tus-resumable"]),
            (401, &"1.0.0".parse().unwrap())
        );
    }
    assert_eq!(tus.offset(&location).await, 0);
}

#[tokio::test]
async fn an_announcement_says_everything_or_is_refused() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let (hash, id) = ("a".repeat(64), a.new_id().to_string());
    let full = [("sha256", hash.as_str()), ("media_type", "image/png"), ("record_id", id.as_str())];
    let with = |key: &str, value: &str| {
        let changed = full
            .map(|(known, before)| if known == key { (known, value.to_owned()) } else { (known, before.to_owned()) });
        metadata(&changed.each_ref().map(|(key, value)| (*key, value.as_str())))
    };
    for (length, metadata, told) in [
        (None, metadata(&full), "Upload-Length"),
        (Some("0"), metadata(&full), "nothing to upload"),
        (Some("-1"), metadata(&full), "not a number"),
        (Some("+1"), metadata(&full), "not a number"),
        (Some("5"), String::new(), "`sha256`"),
        (Some("5"), "sha256 ?".to_owned(), "`sha256`"),
        (Some("5"), metadata(&full[..2]), "`record_id`"),
        (Some("5"), with("sha256", "abc"), "hexadecimal"),
        (Some("5"), with("media_type", "text/html"), "JPEG"),
        (Some("5"), with("record_id", "7"), "record_id"),
        (Some("5"), metadata(&[("note", &"x".repeat(4_096))]), "too long"),
        // One thing that is not as tus writes it, beside what would do.
        (Some("5"), metadata(&full) + ",note ?", "Base64"),
        (Some("5"), metadata(&full) + ",note YQ", "Base64"),
        (Some("5"), metadata(&full) + ",note YQ== YQ==", "one word"),
        (Some("5"), metadata(&full) + ",note  YQ==", "one space"),
        (Some("5"), metadata(&full) + ",", "comma"),
        (Some("5"), ",".to_owned() + &metadata(&full), "comma"),
        (Some("5"), metadata(&full) + ",note YQ==,note YQ==", "`note` twice"),
        (Some("5"), metadata(&full) + ",ñ YQ==", "ASCII"),
    ] {
        let mut request = tus.request(Method::POST, "/v1/uploads").header("Upload-Metadata", &metadata);
        if let Some(length) = length {
            request = request.header("Upload-Length", length);
        }
        let (status, error) = api_error(request.send().await.unwrap()).await;
        assert_eq!((status, error.code), (400, ApiErrorCode::Malformed), "{told}");
        assert!(error.message.contains(told), "{told}: {}", error.message);
    }
}

#[tokio::test]
async fn metadata_may_have_pairs_of_its_senders_own() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 10);
    let sent = photo.metadata() + ",empty ,left_out,note YQ==";
    let request = tus.request(Method::POST, "/v1/uploads").header("Upload-Length", 10);
    let begun = request.header("Upload-Metadata", &sent).send().await.unwrap();
    assert_eq!(begun.status().as_u16(), 201);
    assert_eq!(tus.head(&location(&begun)).await.headers()["upload-metadata"], sent.as_str());
    // A list may come on several lines.
    let (one, two) = sent.split_once(',').unwrap();
    let request = tus.request(Method::POST, "/v1/uploads").header("Upload-Length", 10);
    let begun = request.header("Upload-Metadata", one).header("Upload-Metadata", two).send().await.unwrap();
    assert_eq!(begun.status().as_u16(), 201);
    assert_eq!(tus.head(&location(&begun)).await.headers()["upload-metadata"], sent.as_str());
}

#[tokio::test]
async fn what_the_server_does_not_do_is_not_taken_for_something_else() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 10);
    for (header, value, told) in [
        ("Upload-Concat", "partial", "parallel uploads"),
        ("Upload-Concat", "final;/v1/uploads/a /v1/uploads/b", "parallel uploads"),
        ("Upload-Defer-Length", "1", "Upload-Length"),
        ("Upload-Defer-Length", "0", "Upload-Length"),
        ("Upload-Length", "11", "twice"),
    ] {
        let (status, error) = api_error(tus.announces(&photo).header(header, value).send().await.unwrap()).await;
        assert_eq!((status, error.code), (400, ApiErrorCode::Malformed), "{header}: {value}");
        assert!(error.message.contains(told), "{told}: {}", error.message);
    }
    assert!(tus.asks(&[&photo]).await.unfinished.is_empty());
    let location = tus.begins(&photo).await;
    let twice = tus.chunk(&location, 0, &photo.bytes).header("Upload-Offset", 5);
    assert_eq!(twice.send().await.unwrap().status().as_u16(), 400);
    assert_eq!(tus.sends(&location, 0, &photo.bytes).await, 204);
}

#[tokio::test]
async fn whatever_is_answered_about_uploads_names_tus_and_is_kept_by_no_proxy() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let location = tus.begins(&Photo::new(&a, 1, 10)).await;
    for (method, path, status) in [
        (Method::HEAD, location.as_str(), 200),
        (Method::HEAD, "/v1/uploads/0195f2a0-0000-7000-8000-000000000001", 404),
        (Method::GET, &location, 405),
        (Method::POST, &location, 405),
        (Method::DELETE, &location, 204),
    ] {
        let answer = tus.request(method.clone(), path).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        assert_eq!(answer.headers()["tus-resumable"], "1.0.0", "{method} {path}");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{method} {path}");
    }
}

#[tokio::test]
async fn nothing_is_larger_than_the_server_takes_or_than_was_announced() {
    let yard = bounded(PhotoBounds { photo_bytes: 1_000, ..PhotoBounds::default() }).await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let large = Photo::new(&a, 1, 1_001);
    assert_eq!(api_error(tus.announces(&large).send().await.unwrap()).await.0, 413);
    assert_eq!(tus.asks(&[]).await.limits.photo_bytes, 1_000);
    let photo = Photo::new(&a, 2, 1_000);
    let location = tus.begins(&photo).await;
    assert_eq!(tus.sends(&location, 0, &large.bytes).await, 413);
    let unsaid = Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(large.bytes)]));
    let response = tus.chunk(&location, 0, &[]).body(unsaid).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 413);
    assert_eq!(tus.offset(&location).await, 0);
    assert_eq!(tus.sends(&location, 0, &photo.bytes).await, 204);
}

#[tokio::test]
async fn bytes_come_as_tus_sends_them() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let location = tus.begins(&Photo::new(&a, 1, 10)).await;
    let patch = |kind: &str| tus.request(Method::PATCH, &location).header("Content-Type", kind).body("x");
    let shouted = patch("Application/Offset+Octet-Stream").header("Upload-Offset", 1);
    assert_eq!(api_error(shouted.send().await.unwrap()).await.0, 409, "the name of a media type is no matter of case");
    let chunk = "application/offset+octet-stream";
    assert_eq!(api_error(patch("image/jpeg").header("Upload-Offset", 0).send().await.unwrap()).await.0, 415);
    assert_eq!(api_error(patch(chunk).send().await.unwrap()).await.0, 400);
    assert_eq!(api_error(patch(chunk).header("Upload-Offset", "x").send().await.unwrap()).await.0, 400);
    for unknown in ["/v1/uploads/7", "/v1/uploads/0195f2a0-0000-7000-8000-000000000001"] {
        assert_eq!(tus.head(unknown).await.status().as_u16(), 404);
        assert_eq!(tus.sends(unknown, 0, b"x").await, 404);
    }
}

#[tokio::test]
async fn an_upload_is_its_devices_alone() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let photo = Photo::new(&a, 1, 10);
    let location = Tus::of(&a).begins(&photo).await;
    assert_eq!(Tus::of(&b).head(&location).await.status().as_u16(), 404);
    assert_eq!(Tus::of(&b).sends(&location, 0, &photo.bytes).await, 404);
    yard.server.revoke(None, "A").unwrap();
    assert_eq!(Tus::of(&a).head(&location).await.status().as_u16(), 403);
}

#[tokio::test]
async fn for_a_record_of_another_yard_nothing_is_uploaded_but_the_very_bytes_it_names() {
    let yard = TestServer::start().await;
    let here = yard.device_of("Laredo", &[yard.laredo()]).await;
    let there = yard.device_of("Nuevo Laredo", &[yard.nuevo_laredo()]).await;
    let photo = Photo::new(&here, 1, 10);
    here.push(photo.draft()).await.accepted(1);
    let other = Photo { record: photo.record, ..Photo::new(&there, 2, 10) };
    assert_eq!(api_error(Tus::of(&there).announces(&other).send().await.unwrap()).await.0, 403);
    // A device that lost the yard since it took the photo still brings it.
    Tus::of(&there).uploads(&photo).await;
    assert!(stored_at(&here, &photo).await.is_some());
}

#[tokio::test]
async fn who_begins_too_much_or_comes_in_a_crowd_is_told_when_to_come_again() {
    let yard = bounded(PhotoBounds { open_uploads: 2, ..PhotoBounds::default() }).await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photos: Vec<Photo> = (0..3).map(|seed| Photo::new(&a, seed, 10)).collect();
    let first = tus.begins(&photos[0]).await;
    tus.begins(&photos[1]).await;
    let refused = tus.announces(&photos[2]).send().await.unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(api_error(refused).await.0, 503);
    tus.sends(&first, 0, &photos[0].bytes).await;
    tus.begins(&photos[2]).await;

    let crowded = bounded(PhotoBounds { concurrent_uploads: 0, ..PhotoBounds::default() }).await;
    let a = crowded.device("A").await;
    let tus = Tus::of(&a);
    let location = tus.begins(&photos[0]).await;
    let refused = tus.chunk(&location, 0, &photos[0].bytes).send().await.unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(api_error(refused).await.0, 503);
}

#[tokio::test]
async fn one_question_is_about_so_many_photos() {
    let yard = bounded(PhotoBounds { hashes: 2, ..PhotoBounds::default() }).await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    for (hashes, status) in
        [(vec!["a".repeat(64); 2], 200), (vec!["a".repeat(64); 3], 413), (vec!["A".repeat(64)], 400)]
    {
        let asked = tus.request(Method::POST, "/v1/photos/have").json(&serde_json::json!({"sha256": hashes}));
        assert_eq!(asked.send().await.unwrap().status().as_u16(), status);
    }
}

/// A body that sends something and then no more.
fn hanging(bytes: &[u8]) -> Body {
    use futures_util::StreamExt as _;
    let piece = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes.to_vec())]);
    Body::wrap_stream(piece.chain(futures_util::stream::pending()))
}

#[tokio::test]
async fn who_falls_silent_is_let_go_and_what_arrived_is_kept() {
    let yard = bounded(PhotoBounds { silence: Duration::from_millis(50), ..PhotoBounds::default() }).await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    let location = tus.begins(&photo).await;
    let silent = tus.chunk(&location, 0, &[]).body(hanging(&photo.bytes[..700]));
    let response = within(silent.send()).await.unwrap();
    assert_eq!(number(&response, "upload-offset"), 700);
    assert!(response.headers().contains_key("retry-after"));
    let (status, error) = api_error(response).await;
    // What common tus programs carry on from; at 408 they give up.
    assert_eq!((status, error.code), (409, ApiErrorCode::Busy));
    assert_eq!(tus.offset(&location).await, 700);
    // Half of what has a checksum cannot be checked, so nothing of it is kept.
    let checksum = format!("sha256 {}", BASE64.encode([7; 32]));
    let checked = tus.chunk(&location, 700, &[]).header("Upload-Checksum", checksum);
    let response = within(checked.body(hanging(&photo.bytes[700..900])).send()).await.unwrap();
    assert_eq!((response.status().as_u16(), number(&response, "upload-offset")), (409, 700));
    assert_eq!(tus.sends(&location, 700, &photo.bytes[700..]).await, 204);
}

#[tokio::test]
async fn an_upload_that_stops_while_it_is_begun_is_begun_and_goes_on_from_there() {
    let yard = bounded(PhotoBounds { silence: Duration::from_millis(50), ..PhotoBounds::default() }).await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    let begins = tus.announces(&photo).header("Content-Type", "application/offset+octet-stream");
    let begun = within(begins.body(hanging(&photo.bytes[..300])).send()).await.unwrap();
    assert_eq!((begun.status().as_u16(), number(&begun, "upload-offset")), (201, 300));
    assert_eq!(tus.sends(&location(&begun), 300, &photo.bytes[300..]).await, 204);
    assert!(tus.is_held(&photo).await);
}

#[tokio::test]
async fn of_an_upload_that_is_refused_with_its_first_bytes_nothing_stays_open() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    let wrong = format!("sha256 {}", BASE64.encode([7; 32]));
    for (checksum, bytes, status) in
        [(wrong.as_str(), &photo.bytes[..500], 460), ("md5 AAAA", &photo.bytes, 400), (&wrong, &[0; 1_001], 413)]
    {
        let begins = tus.announces(&photo).header("Content-Type", "application/offset+octet-stream");
        let refused = begins.header("Upload-Checksum", checksum).body(bytes.to_vec()).send().await.unwrap();
        assert_eq!(refused.status().as_u16(), status);
        assert!(tus.asks(&[&photo]).await.unfinished.is_empty(), "after {status}");
    }
}

#[tokio::test]
async fn while_the_database_fails_nobody_who_asks_how_far_an_upload_is_begins_it_again() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    let location = tus.begins(&photo).await;
    assert_eq!(tus.sends(&location, 0, &photo.bytes[..400]).await, 204);
    let photos = PhotoBounds { patience: Duration::from_millis(1), ..PhotoBounds::default() };
    let impatient = Tus { device: &a, base: node_within(&yard, Bounds { photos, ..Bounds::default() }).await };
    tamper(&yard, "ALTER TABLE uploads RENAME TO uploads_away");
    let asked = impatient.head(&location).await;
    assert_eq!(asked.status().as_u16(), 423);
    assert!(asked.headers().contains_key("retry-after") && !asked.headers().contains_key("upload-offset"));
    assert_eq!(asked.headers()["tus-resumable"], "1.0.0");
    tamper(&yard, "ALTER TABLE uploads_away RENAME TO uploads");
    assert_eq!(tus.offset(&location).await, 400);
    assert_eq!(tus.sends(&location, 400, &photo.bytes[400..]).await, 204);
}

#[tokio::test]
async fn a_device_has_one_place_among_those_who_upload_and_gives_it_to_whoever_carries_the_same_upload_on() {
    let photos = PhotoBounds { part_time: Duration::ZERO, ..PhotoBounds::default() };
    let turn_time = Duration::from_millis(50);
    let yard = TestServer::bounded(Bounds { photos, turn_time, ..Bounds::default() }).await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let tus = Tus::of(&a);
    let (photo, second, others) = (Photo::new(&a, 1, 1_000), Photo::new(&a, 2, 10), Photo::new(&b, 3, 10));
    let location = tus.begins(&photo).await;
    let _hanging = tus.hangs(&yard, &location, &photo).await;
    let next = tus.begins(&second).await;
    let refused = within(tus.chunk(&next, 0, &second.bytes).send()).await.unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(api_error(refused).await.0, 503);
    within(Tus::of(&b).uploads(&others)).await;
    let kept = within(tus.offset(&location)).await;
    assert_eq!(within(tus.sends(&location, kept, &photo.bytes[kept..])).await, 204);
    assert_eq!(within(tus.sends(&next, 0, &second.bytes)).await, 204);
}

#[tokio::test]
async fn a_server_that_stops_keeps_what_has_come_of_an_upload_and_tells_where_it_stands() {
    let ages = Duration::from_secs(60 * 60);
    let photos = PhotoBounds { silence: ages, part_time: Duration::ZERO, ..PhotoBounds::default() };
    let yard = TestServer::bounded(Bounds { photos, stopping_time: ages, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    let location = tus.begins(&photo).await;
    let hanging = tus.hangs(&yard, &location, &photo).await;
    let yard = within(yard.restarted(|_| ())).await;
    let heard = hanging.hears_all().await;
    // The protocol's way to say that the request ended elsewhere than it announced; common tus programs carry on from it.
    assert!(heard.contains("HTTP/1.1 409"), "{heard}");
    a.finds(&yard.base);
    let tus = Tus::of(&a);
    let kept = within(tus.offset(&location)).await;
    assert!(kept > 0 && heard.contains(&format!("upload-offset: {kept}\r\n")), "{kept}: {heard}");
    assert_eq!(tus.sends(&location, kept, &photo.bytes[kept..]).await, 204);
    assert!(tus.is_held(&photo).await);
}

/// At 503 and 429 common tus programs forget what arrived and begin again.
#[tokio::test]
async fn who_asks_how_far_an_upload_is_is_told_so_however_much_goes_on() {
    let photos = PhotoBounds { part_time: Duration::ZERO, ..PhotoBounds::default() };
    let yard = TestServer::bounded(Bounds { photos, requests_of_device: 1, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let (photo, other) = (Photo::new(&a, 1, 1_000), Photo::new(&a, 2, 10));
    let (location, next) = (tus.begins(&photo).await, tus.begins(&other).await);
    let _hanging = tus.hangs(&yard, &location, &photo).await;
    assert_eq!(within(tus.sends(&next, 0, &other.bytes)).await, 503, "the device has no more places");
    assert_eq!(within(tus.offset(&next)).await, 0);
    assert!(within(tus.offset(&location)).await > 0);

    let photos = PhotoBounds { concurrent_uploads: 0, ..PhotoBounds::default() };
    let nothing = Bounds {
        photos,
        concurrent_syncs: 0,
        requests_of_device: 0,
        request_time: Duration::ZERO,
        open_streams: 0,
        enrolment_burst: 0,
        ..Bounds::default()
    };
    let full = Tus { device: &a, base: node_within(&yard, nothing).await };
    assert_eq!(within(full.sends(&next, 0, &other.bytes)).await, 503, "nobody has a place");
    assert_eq!(within(full.offset(&next)).await, 0);
    let hidden = full.request(Method::POST, &next).header("X-HTTP-Method-Override", "HEAD");
    assert_eq!(within(hidden.send()).await.unwrap().status().as_u16(), 200);
    assert_eq!(within(full.head("/v1/uploads/0195f2a0-0000-7000-8000-000000000001")).await.status().as_u16(), 404);
}

#[tokio::test]
async fn on_a_slow_link_bytes_are_made_safe_as_they_come() {
    let yard = bounded(PhotoBounds { part_time: Duration::ZERO, ..PhotoBounds::default() }).await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 500_000);
    let location = tus.begins(&photo).await;
    tus.is_cut(&location, 0, &photo.bytes, 400_000).await;
    assert!(files(&yard, "staging").len() > 1);
    assert_eq!(tus.offset(&location).await, 400_000);
    assert_eq!(tus.sends(&location, 400_000, &photo.bytes[400_000..]).await, 204);
    a.push(photo.draft()).await;
    assert_eq!(tus.fetches(&photo).await.bytes().await.unwrap(), photo.bytes);
    assert_eq!(files(&yard, "").len(), 1);
}

#[tokio::test]
async fn an_answer_says_until_when_and_what_it_is_about() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 10);
    let begun = tus.announces(&photo).send().await.unwrap();
    assert_eq!(begun.headers()["tus-resumable"], "1.0.0");
    let expires = begun.headers()["upload-expires"].to_str().unwrap();
    assert!(expires.starts_with("Wed, 11 Mar 2026 15:00:0") && expires.ends_with(" GMT"), "{expires}");
    let head = tus.head(&location(&begun)).await;
    assert_eq!((number(&head, "upload-length"), &head.headers()["cache-control"]), (10, &"no-store".parse().unwrap()));
    assert_eq!(head.headers()["upload-metadata"], photo.metadata().as_str());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_whose_disks_are_full_is_not_well() {
    let yard = TestServer::start().await;
    let health = async || client().get(format!("{}/health", yard.base)).send().await.unwrap();
    let mut places = vec![yard.place.join("photos")];
    if yard.place.database.is_none() {
        places.push(yard.place.join(""));
    }
    for place in places {
        // Whatever is written there meets a full disk. Trying takes it away again.
        std::os::unix::fs::symlink("/dev/full", place.join("room.part")).unwrap();
        let answer = health().await;
        assert!(answer.headers().contains_key("retry-after"));
        assert_eq!(api_error(answer).await.0, 503, "{}", place.display());
        // In the end: a busy machine may take longer to look than one look may take.
        within(async { while health().await.status().as_u16() != 200 {} }).await;
    }
}
