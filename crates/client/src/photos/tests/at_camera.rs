//! The app is ended while a phone's camera is open, at each point there is.

use super::*;

const PART: &str = "/equipment";

/// A phone whose camera writes into a folder of the app's, and the folder.
fn with_camera() -> (Phone, std::path::PathBuf) {
    let phone = Phone::new();
    let pictures = phone.folder.path().join("Pictures");
    std::fs::create_dir(&pictures).unwrap();
    phone.photos.set_camera_folder(pictures.clone()).unwrap();
    (phone, pictures)
}

/// The camera's file is there as soon as it opens, with nothing in it.
fn written(phone: &Phone, pictures: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(pictures.join(name), bytes).unwrap();
    let file = std::fs::File::options().write(true).open(pictures.join(name)).unwrap();
    file.set_modified(phone.clock.now().into()).unwrap();
}

fn lies_in(pictures: &Path) -> usize {
    std::fs::read_dir(pictures).unwrap().count()
}

fn opens(phone: &Phone) -> Uuid {
    phone.photos.camera_opens(phone.parent, AttachmentRole::Photo, PART.to_owned()).unwrap()
}

async fn takes_in(phone: &Phone, path: std::path::PathBuf, noted: Uuid) -> Result<Uuid, PhotoError> {
    phone.photos.capture(Source::Noted { path, noted }, phone.about(), by(&phone.clock)).await
}

fn starts_again(phone: &mut Phone, pictures: &Path) {
    phone.starts_again();
    phone.photos.set_camera_folder(pictures.to_owned()).unwrap();
}

#[tokio::test]
async fn the_camera_s_own_file_goes_when_the_photo_is_safe_and_not_before() {
    let (phone, pictures) = with_camera();
    let noted = opens(&phone);
    written(&phone, &pictures, "shot.jpg", &picture(7));
    phone.photos.sweep_camera().unwrap();
    assert_eq!(lies_in(&pictures), 1);
    assert_eq!(phone.photos.storage_view().unwrap().camera_bytes, picture(7).len() as u64);

    // The page hands it over as it does any picture.
    let came_in = phone.folder.path().join("came-in");
    std::fs::write(&came_in, b"not a picture").unwrap();
    assert!(takes_in(&phone, came_in.clone(), noted).await.is_err());
    assert_eq!((lies_in(&pictures), phone.photos.awaited().unwrap().len()), (1, 1), "it is not safe");
    std::fs::write(&came_in, picture(7)).unwrap();
    takes_in(&phone, came_in, noted).await.unwrap();
    assert_eq!((lies_in(&pictures), phone.photos.awaited().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn an_app_that_was_ended_at_the_camera_finds_the_picture_and_what_it_is_for() {
    let (mut phone, pictures) = with_camera();
    let noted = opens(&phone);
    written(&phone, &pictures, "shot.jpg", &picture(7));
    starts_again(&mut phone, &pictures);
    let (at_camera, shot) = phone.photos.awaited().unwrap().remove(0);
    assert_eq!((at_camera.id, at_camera.record_id, at_camera.part.as_str()), (noted, phone.parent, PART));
    takes_in(&phone, shot.unwrap().path, noted).await.unwrap();
    assert_eq!((lies_in(&pictures), phone.photos.awaited().unwrap().len()), (0, 0), "once");
}

#[tokio::test]
async fn a_picture_that_never_came_is_awaited_until_its_loss_was_told() {
    let (mut phone, pictures) = with_camera();
    let noted = opens(&phone);
    written(&phone, &pictures, "empty.jpg", b"");
    for _ in 0..2 {
        starts_again(&mut phone, &pictures);
        assert!(matches!(&phone.photos.awaited().unwrap()[..], [(at_camera, None)] if at_camera.id == noted));
    }
    phone.photos.camera_left(noted).unwrap();
    assert_eq!((lies_in(&pictures), phone.photos.awaited().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn what_a_run_left_that_died_after_the_photo_was_safe_goes_at_the_next_start() {
    let (mut phone, pictures) = with_camera();
    written(&phone, &pictures, "of-a-photo-that-is-safe.jpg", &picture(7));
    written(&phone, &pictures, "cancelled.jpg", b"");
    starts_again(&mut phone, &pictures);
    assert_eq!(lies_in(&pictures), 0);
}
