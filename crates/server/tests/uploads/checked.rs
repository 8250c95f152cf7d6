//! Nothing is kept that is not what it was said to be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::Digest as _;

use super::lens::{Photo, Tus, files, stored_at};
use super::support::{TestServer, api_error};

#[tokio::test]
async fn bytes_of_another_hash_leave_nothing() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 10_000);
    a.push(photo.draft()).await;
    let mut damaged = photo.bytes.clone();
    damaged[5_000] ^= 1;
    for chunk in [10_000, 4_000] {
        let location = tus.begins(&photo).await;
        let mut status = 204;
        for (at, chunk) in damaged.chunks(chunk).enumerate() {
            assert_eq!(status, 204);
            status = tus.sends(&location, at * 4_000, chunk).await;
        }
        assert_eq!(status, 460);
        assert_eq!(tus.head(&location).await.status().as_u16(), 404);
        assert!(files(&yard, "").is_empty());
        assert!(!tus.is_held(&photo).await);
        assert_eq!(stored_at(&a, &photo).await, None);
    }
    tus.uploads(&photo).await;
    assert!(stored_at(&a, &photo).await.is_some());
}

#[tokio::test]
async fn a_chunk_that_does_not_add_up_is_not_kept() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 3_000);
    let location = tus.begins(&photo).await;
    let sha1 = |bytes: &[u8]| format!("sha1 {}", BASE64.encode(sha1::Sha1::digest(bytes)));
    let sha256 = |bytes: &[u8]| format!("sha256 {}", BASE64.encode(sha2::Sha256::digest(bytes)));
    let mut damaged = photo.bytes[..1_000].to_vec();
    damaged[0] ^= 1;
    for checksum in [sha1(&photo.bytes[..1_000]), sha256(&photo.bytes[..1_000])] {
        let chunk = tus.chunk(&location, 0, &damaged).header("Upload-Checksum", checksum);
        assert_eq!(api_error(chunk.send().await.unwrap()).await.0, 460);
        assert_eq!(tus.offset(&location).await, 0);
    }
    for (at, checksum) in [sha1(&photo.bytes[..1_000]), sha256(&photo.bytes[1_000..2_000])].into_iter().enumerate() {
        let chunk = tus.chunk(&location, at * 1_000, &photo.bytes[at * 1_000..][..1_000]);
        assert_eq!(chunk.header("Upload-Checksum", checksum).send().await.unwrap().status().as_u16(), 204);
    }
    for unknown in ["md5 AAAA", "sha1", "sha256 ?"] {
        let chunk = tus.chunk(&location, 2_000, &photo.bytes[2_000..]).header("Upload-Checksum", unknown);
        assert_eq!(api_error(chunk.send().await.unwrap()).await.0, 400, "{unknown}");
    }
    assert_eq!(tus.sends(&location, 2_000, &photo.bytes[2_000..]).await, 204);
    assert!(tus.is_held(&photo).await);
}

#[tokio::test]
async fn the_same_bytes_are_stored_once() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let photo = Photo::new(&a, 1, 10_000);
    let again = Photo { record: b.new_id(), ..photo.clone() };
    // Both begin before either has finished.
    let (from_a, from_b) = (Tus::of(&a), Tus::of(&b));
    let (one, two) = (from_a.begins(&photo).await, from_b.begins(&again).await);
    let (by_a, by_b) = tokio::join!(from_a.sends(&one, 0, &photo.bytes), from_b.sends(&two, 0, &again.bytes));
    assert_eq!((by_a, by_b), (204, 204));
    assert_eq!(files(&yard, "").len(), 1);
    for (device, photo) in [(&a, &photo), (&b, &again)] {
        assert!(Tus::of(device).is_held(photo).await);
        device.push(photo.draft()).await;
        assert!(stored_at(device, photo).await.is_some());
        assert_eq!(Tus::of(device).fetches(photo).await.bytes().await.unwrap(), photo.bytes);
    }
}

#[tokio::test]
async fn a_photo_that_cannot_be_looked_at_keeps_no_other_from_being_let_go() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let (one, other) = (Photo::new(&a, 1, 1_000), Photo::new(&a, 2, 1_000));
    tus.uploads(&one).await;
    let [file] = files(&yard, "").try_into().unwrap();
    tus.uploads(&other).await;
    // Its folder has become a file: neither there nor missing.
    let folder = file.parent().unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    std::fs::write(folder, []).unwrap();
    assert_eq!(tus.asks_about(&[&one, &other], true).await.held, [other.hash()]);
    assert_eq!(tus.asks(&[&one, &other]).await.held, [other.hash()], "nor is it said to be held before it is sent");
}
