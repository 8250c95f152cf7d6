//! An upload goes on where it stopped, wherever that was and whoever serves it.

use std::time::Duration;

use gatebook_server::{Bounds, PhotoBounds};
use reqwest::{Body, Method};

use super::lens::{Photo, Tus, another_node, files, location, number, stored_at, tamper};
use super::support::{TestServer, within};

#[tokio::test]
async fn a_photo_is_sent_in_chunks_of_any_size() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    for (seed, size) in [(1, 1), (2, 999), (3, 1_000), (4, 3_000_000)] {
        let photo = Photo::new(&a, seed, 3_000_000.min(size * 3));
        let location = tus.begins(&photo).await;
        let mut offset = 0;
        for chunk in photo.bytes.chunks(size) {
            let response = tus.chunk(&location, offset, chunk).send().await.unwrap();
            offset += chunk.len();
            assert_eq!((response.status().as_u16(), number(&response, "upload-offset")), (204, offset));
            assert!(response.headers().contains_key("upload-expires"));
        }
        assert!(tus.is_held(&photo).await);
        a.push(photo.draft()).await;
        assert_eq!(tus.fetches(&photo).await.bytes().await.unwrap(), photo.bytes);
    }
    assert!(files(&yard, "staging").is_empty());
}

#[tokio::test]
async fn what_arrived_before_a_cut_is_kept_to_the_byte() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 100_000);
    let location = tus.begins(&photo).await;
    let mut offset = 0;
    // Before the first byte, after it, in the middle of everything, before the last.
    for sent in [0, 1, 1, 63, 8_191, 65_536, 20_000, 6_207] {
        tus.is_cut(&location, offset, &photo.bytes[offset..], sent).await;
        offset += sent;
        assert_eq!(tus.offset(&location).await, offset);
    }
    assert_eq!(offset, photo.bytes.len() - 1);
    assert!(!tus.is_held(&photo).await);
    assert_eq!(tus.sends(&location, offset, &photo.bytes[offset..]).await, 204);
    assert!(tus.is_held(&photo).await);
}

#[tokio::test]
async fn an_upload_is_found_again_by_the_hash_of_its_photo() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 5_000);
    let location = tus.begins(&photo).await;
    assert_eq!(tus.sends(&location, 0, &photo.bytes[..2_000]).await, 204);
    let have = tus.asks(&[&photo]).await;
    let [unfinished] = have.unfinished.as_slice() else { panic!("one upload expected: {have:?}") };
    assert_eq!((unfinished.sha256.as_str(), unfinished.offset), (photo.hash().as_str(), 2_000));
    assert_eq!(location, format!("/v1/uploads/{}", unfinished.upload_id));
    assert!(Tus::of(&b).asks(&[&photo]).await.unfinished.is_empty(), "another device's is no use");
}

#[tokio::test]
async fn bytes_are_only_added_where_the_last_ones_ended() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    let location = tus.begins(&photo).await;
    assert_eq!(tus.sends(&location, 0, &photo.bytes[..400]).await, 204);
    for offset in [0, 399, 401, 1_000] {
        let response = tus.chunk(&location, offset, &photo.bytes[offset..]).send().await.unwrap();
        assert_eq!((response.status().as_u16(), number(&response, "upload-offset")), (409, 400), "at {offset}");
    }
    assert_eq!(tus.offset(&location).await, 400);
    // A repeat of what was stored changes nothing.
    assert_eq!(tus.sends(&location, 400, &photo.bytes[400..]).await, 204);
    assert_eq!(tus.sends(&location, 400, &photo.bytes[400..]).await, 409);
    assert_eq!(tus.sends(&location, 1_000, &[]).await, 204);
}

#[tokio::test]
async fn the_first_bytes_may_come_with_the_announcement() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    let begins = |bytes: &[u8]| {
        let request = tus.announces(&photo).header("Content-Type", "application/offset+octet-stream");
        request.body(bytes.to_vec()).send()
    };
    let part = begins(&photo.bytes[..300]).await.unwrap();
    assert_eq!((part.status().as_u16(), number(&part, "upload-offset")), (201, 300));
    assert_eq!(tus.offset(&location(&part)).await, 300);
    let whole = begins(&photo.bytes).await.unwrap();
    assert_eq!((whole.status().as_u16(), number(&whole, "upload-offset")), (201, 1_000));
    assert!(tus.is_held(&photo).await);
}

#[tokio::test]
async fn a_chunk_need_not_say_how_long_it_is() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 3_000);
    let location = tus.begins(&photo).await;
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
        photo.bytes.chunks(700).map(|piece| Ok(piece.to_vec())).collect();
    let body = Body::wrap_stream(futures_util::stream::iter(pieces));
    let response = tus.chunk(&location, 0, &[]).body(body).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 204);
    assert!(tus.is_held(&photo).await);
}

#[tokio::test]
async fn the_method_that_a_header_names_counts_whatever_the_requests_own() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    for sent_as in [Method::POST, Method::GET, Method::DELETE, Method::PUT] {
        let photo = Photo::new(&a, 1, 1_000);
        let hidden =
            |path: &str, method: &str| tus.request(sent_as.clone(), path).header("X-HTTP-Method-Override", method);
        let begun = hidden("/v1/uploads", "POST").header("Upload-Length", 1_000);
        let begun = begun.header("Upload-Metadata", photo.metadata()).send().await.unwrap();
        assert_eq!(begun.status().as_u16(), 201, "{sent_as}");
        let location = location(&begun);
        let chunk = hidden(&location, "patch").header("Content-Type", "application/offset+octet-stream");
        let chunk = chunk.header("Upload-Offset", 0).body(photo.bytes[..10].to_vec()).send().await.unwrap();
        assert_eq!(chunk.status().as_u16(), 204, "{sent_as}");
        assert_eq!(number(&hidden(&location, "HEAD").send().await.unwrap(), "upload-offset"), 10, "{sent_as}");
        assert_eq!(hidden(&location, "NO METHOD").send().await.unwrap().status().as_u16(), 400, "{sent_as}");
        assert_eq!(hidden(&location, "PUT").send().await.unwrap().status().as_u16(), 405, "{sent_as}");
        assert_eq!(hidden("/v1/uploads", "OPTIONS").send().await.unwrap().status().as_u16(), 204, "{sent_as}");
        assert_eq!(hidden(&location, "DELETE").send().await.unwrap().status().as_u16(), 204, "{sent_as}");
        let gone = hidden(&location, "HEAD").send().await.unwrap();
        assert_eq!((gone.status().as_u16(), gone.bytes().await.unwrap().len()), (404, 0), "{sent_as}");
    }
    // Elsewhere the header means nothing.
    let health = tus.request(Method::GET, "/health").header("X-HTTP-Method-Override", "POST").send().await.unwrap();
    assert_eq!(health.status().as_u16(), 200);
}

#[tokio::test]
async fn who_is_refused_while_still_sending_hears_why() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let begins = tus.request(Method::POST, "/v1/uploads").header("Upload-Length", 64_000_000);
    let begun = begins.header("Upload-Metadata", Photo::new(&a, 1, 1).metadata()).send().await.unwrap();
    // More than lies on the way between the two.
    let bytes = vec![0; 32_000_000];
    let heard = tus.sends_before_listening(&location(&begun), 5, &bytes).await;
    assert!(heard.starts_with("HTTP/1.1 409") && heard.contains("upload-offset: 0\r\n"), "{heard}");
}

#[tokio::test]
async fn two_requests_at_once_take_turns_and_spoil_nothing() {
    // None of them rests so long that another would take its turn.
    let photos = PhotoBounds { rest: Duration::from_secs(60 * 60), ..PhotoBounds::default() };
    let yard = TestServer::bounded(Bounds { photos, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 10_000);
    let location = tus.begins(&photo).await;
    // One that hangs: it has sent something and says no more.
    let (pieces, body) = tokio::sync::mpsc::unbounded_channel::<Result<Vec<u8>, std::io::Error>>();
    pieces.send(Ok(photo.bytes[..4_000].to_vec())).unwrap();
    let stream = futures_util::stream::unfold(body, |mut body| async { body.recv().await.map(|piece| (piece, body)) });
    let hanging = tokio::spawn(tus.chunk(&location, 0, &[]).body(Body::wrap_stream(stream)).send());
    // The device comes back: the old request makes safe what it had, and gives way.
    let mut offset = tus.offset(&location).await;
    while offset == 0 {
        tokio::task::yield_now().await;
        offset = tus.offset(&location).await;
        if hanging.is_finished() {
            break;
        }
    }
    drop(pieces);
    drop(hanging.await);
    let offset = tus.offset(&location).await;
    assert_eq!(tus.sends(&location, offset, &photo.bytes[offset..]).await, 204);
    assert!(tus.is_held(&photo).await);

    // Many at the same place: the first to have its turn comes to its end.
    let other = Photo::new(&a, 2, 10_000);
    let location = tus.begins(&other).await;
    let sent = (0..8).map(|_| tus.sends(&location, 0, &other.bytes));
    let mut statuses = within(futures_util::future::join_all(sent)).await;
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    // 503: of one device so many wait, and no more.
    assert!(statuses.iter().all(|status| [204, 409, 423, 503].contains(status)), "{statuses:?}");
    assert!(tus.is_held(&other).await);
    assert!(files(&yard, "staging").is_empty());
    a.push(other.draft()).await;
    assert_eq!(tus.fetches(&other).await.bytes().await.unwrap(), other.bytes);
    assert_eq!(files(&yard, "").len(), 2, "each photo is stored once");
}

#[tokio::test]
async fn who_brings_the_next_bytes_takes_the_turn_of_a_request_to_which_nothing_comes_any_more() {
    let photos = PhotoBounds { rest: Duration::from_millis(50), part_time: Duration::ZERO, ..PhotoBounds::default() };
    // The place of the device, which the older request has, is not waited for before it has given way.
    let turn_time = Duration::from_secs(60 * 60);
    let yard = TestServer::bounded(Bounds { photos, requests_of_device: 2, turn_time, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    let location = tus.begins(&photo).await;
    let _hanging = tus.hangs(&yard, &location, &photo).await;
    // It does not ask how far the upload is, and goes on from where it believes that it stands.
    let refused = within(tus.chunk(&location, 0, &photo.bytes).send()).await.unwrap();
    let stands = number(&refused, "upload-offset");
    assert_eq!(refused.status().as_u16(), 409);
    assert!(stands > 0, "{stands}");
    assert_eq!(within(tus.sends(&location, stands, &photo.bytes[stands..])).await, 204);
    assert!(tus.is_held(&photo).await);
}

#[tokio::test]
async fn any_node_carries_an_upload_on() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let (one, two) = (Tus::of(&a), Tus { device: &a, base: another_node(&yard).await });
    let photo = Photo::new(&a, 1, 10_000);
    a.push(photo.draft()).await;
    let location = one.begins(&photo).await;
    for (at, node) in [(0, &two), (2_500, &one), (5_000, &two), (7_500, &one)] {
        assert_eq!(node.offset(&location).await, at);
        assert_eq!(node.sends(&location, at, &photo.bytes[at..at + 2_500]).await, 204);
    }
    for node in [&one, &two] {
        assert!(node.is_held(&photo).await);
        assert_eq!(node.fetches(&photo).await.bytes().await.unwrap(), photo.bytes);
    }
    // Both at once at the same place: the database decides.
    let other = Photo::new(&a, 2, 2_000_000);
    let location = one.begins(&other).await;
    let (by_one, by_two) = tokio::join!(one.sends(&location, 0, &other.bytes), two.sends(&location, 0, &other.bytes));
    assert!(by_one == 204 || by_two == 204, "{by_one} {by_two}");
    assert!(two.is_held(&other).await);
}

#[tokio::test]
async fn an_upload_that_another_node_is_just_filing_is_not_taken_for_lost() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    a.push(photo.draft()).await;
    let location = tus.begins(&photo).await;
    for (at, chunk) in photo.bytes.chunks(500).enumerate() {
        assert_eq!(tus.sends(&location, at * 500, chunk).await, 204);
    }
    // As who read the upload before the other had filed it finds it: all is there, its parts are gone.
    tamper(&yard, "UPDATE uploads SET state = 'open'");
    assert_eq!(tus.sends(&location, 1_000, &[]).await, 204);
    assert!(tus.is_held(&photo).await);
    assert_eq!(tus.fetches(&photo).await.bytes().await.unwrap(), photo.bytes);
}

#[tokio::test]
async fn an_upload_outlives_the_server() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let photo = Photo::new(&a, 1, 10_000);
    a.push(photo.draft()).await;
    let location = Tus::of(&a).begins(&photo).await;
    Tus::of(&a).is_cut(&location, 0, &photo.bytes, 4_321).await;
    let yard = yard.restarted(|_| ()).await;
    a.finds(&yard.base);
    let tus = Tus::of(&a);
    assert_eq!(tus.offset(&location).await, 4_321);
    assert_eq!(tus.sends(&location, 4_321, &photo.bytes[4_321..]).await, 204);
    assert!(stored_at(&a, &photo).await.is_some());
}

#[tokio::test]
async fn an_upload_given_up_is_gone() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    let location = tus.begins(&photo).await;
    tus.sends(&location, 0, &photo.bytes[..500]).await;
    assert_eq!(files(&yard, "staging").len(), 1);
    let given_up = tus.request(Method::DELETE, &location).send().await.unwrap();
    assert_eq!(given_up.status().as_u16(), 204);
    assert_eq!(tus.head(&location).await.status().as_u16(), 404);
    assert_eq!(tus.sends(&location, 500, &photo.bytes[500..]).await, 404);
    assert!(files(&yard, "").is_empty());
}

#[tokio::test]
async fn an_upload_whose_first_bytes_the_disk_has_lost_begins_again() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    let location = tus.begins(&photo).await;
    assert_eq!(tus.sends(&location, 0, &photo.bytes[..500]).await, 204);
    for part in files(&yard, "staging") {
        std::fs::remove_file(part).unwrap();
    }
    assert_eq!(tus.sends(&location, 500, &photo.bytes[500..]).await, 404);
    assert!(tus.asks(&[&photo]).await.unfinished.is_empty());
    tus.uploads(&photo).await;
    assert!(tus.is_held(&photo).await);
}
