//! The store lost a photo, or damaged it: it is not said to be held, and whoever sends it again mends that.

use std::path::PathBuf;

use gatebook_server::{Server, Sweep, Swept};

use super::lens::{Photo, Tus, another_node, files, stored_at};
use super::support::TestServer;

/// The one file that the server's store has.
fn only_file(yard: &TestServer) -> PathBuf {
    let [file] = files(yard, "").try_into().expect("one file");
    file
}

#[tokio::test]
async fn a_photo_whose_file_was_lost_or_damaged_is_held_again_when_it_is_sent_again() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    tus.uploads(&photo).await;
    a.push(photo.draft()).await;
    let since = stored_at(&a, &photo).await;
    let mut flipped = photo.bytes.clone();
    flipped[500] ^= 1;
    for (is_sent_at_once, damage) in [(true, None), (false, None), (true, Some(&flipped)), (false, Some(&flipped))] {
        let file = only_file(&yard);
        match damage {
            None => std::fs::remove_file(&file).unwrap(),
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
        }
        if is_sent_at_once {
            tus.uploads(&photo).await;
        } else {
            let location = tus.begins(&photo).await;
            assert_eq!(tus.sends(&location, 0, &photo.bytes[..400]).await, 204);
            assert_eq!(tus.sends(&location, 400, &photo.bytes[400..]).await, 204);
        }
        assert_eq!(tus.fetches(&photo).await.bytes().await.unwrap(), photo.bytes);
        assert!(tus.is_held(&photo).await && tus.may_go(&photo).await);
        assert_ne!(only_file(&yard), file, "a name is used once");
        assert_eq!(yard.server.sweep_photos(Sweep::Whole).await.unwrap(), Swept::default());
        assert_eq!(stored_at(&a, &photo).await, since, "no record has to be told");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_said_to_be_held_and_what_is_begun_of_it_can_be_carried_on() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let [whole, lost] = [1, 2].map(|seed| Photo::new(&a, seed, 1_000));
    for photo in [&whole, &lost] {
        tus.uploads(photo).await;
        a.push(photo.draft()).await;
    }
    let hash = lost.hash();
    let file = files(&yard, "").into_iter().find(|file| file.to_string_lossy().contains(&hash)).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(tus.asks(&[&whole, &lost]).await.held, [whole.hash()]);

    let location = tus.begins(&lost).await;
    assert_eq!(tus.sends(&location, 0, &lost.bytes[..400]).await, 204);
    let [unfinished] = tus.asks(&[&whole, &lost]).await.unfinished.try_into().unwrap();
    assert_eq!((unfinished.sha256, unfinished.offset), (lost.hash(), 400));

    // It is not forgotten either: somebody may put it back.
    std::fs::write(&file, bytes).unwrap();
    let known = tus.asks(&[&whole, &lost]).await;
    assert_eq!((known.held, known.unfinished.len()), (vec![whole.hash(), lost.hash()], 0));
}

#[tokio::test]
async fn what_several_send_at_once_over_two_nodes_is_held_once_and_each_is_told_so() {
    let yard = TestServer::start().await;
    let other = another_node(&yard).await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    for seed in 0..8 {
        let photo = Photo::new(&a, seed, 1_000);
        let (one, two) = (Tus::of(&a), Tus { device: &b, base: other.clone() });
        tokio::join!(one.uploads(&photo), two.uploads(&photo));
        a.push(photo.draft()).await;
        for tus in [&one, &two] {
            assert!(tus.may_go(&photo).await);
            assert_eq!(tus.fetches(&photo).await.bytes().await.unwrap(), photo.bytes);
        }
    }
    assert_eq!(files(&yard, "").len(), 8);
}

#[tokio::test]
async fn a_copy_that_lies_in_the_store_stands_in_for_one_that_is_lost() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    tus.uploads(&photo).await;
    a.push(photo.draft()).await;
    let file = only_file(&yard);
    // What a node that was killed leaves: the bytes in place under the name of an upload that no row knows any more.
    let name = file.file_name().unwrap().to_str().unwrap().split('.').collect::<Vec<_>>();
    let left = file.with_file_name(format!("{}.{}.{}", name[0], a.new_id(), name[2]));
    std::fs::rename(&file, &left).unwrap();
    let other = Server::open(yard.server.config().clone()).unwrap();
    let (one, two) = tokio::join!(yard.server.sweep_photos(Sweep::Whole), other.sweep_photos(Sweep::Whole));
    assert_eq!(one.unwrap().adopted + two.unwrap().adopted, 1);
    assert!(tus.may_go(&photo).await);
    assert_eq!(tus.fetches(&photo).await.bytes().await.unwrap(), photo.bytes);
    assert_eq!(yard.server.sweep_photos(Sweep::Whole).await.unwrap(), Swept::default());
    // And what was lost and is put back after all goes, because another has taken its place.
    std::fs::write(&file, &photo.bytes).unwrap();
    assert_eq!(yard.server.sweep_photos(Sweep::Whole).await.unwrap(), Swept::default());
    assert_ne!(only_file(&yard), file);
}
