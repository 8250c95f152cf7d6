//! The commands for photos, and the scheme by which the pages show them.
#![allow(clippy::needless_pass_by_value, reason = "Tauri hands arguments over by value")]
#![allow(clippy::unnecessary_wraps, reason = "every command answers in the same way")]
#![allow(unreachable_pub, reason = "the command macros repeat the visibility at the crate's root")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gatebook_client::Device;
use gatebook_client::photos::{PhotoPolicy, PictureCame, StorageView};
use gatebook_client::view::{AfterCamera, CommandError, ErrorCode, PhotoList, PhotoShown};
use gatebook_domain::attachment::AttachmentRole;
use tauri::http::{Request, Response, StatusCode, header};
use tauri::{Manager, Runtime, State, UriSchemeContext, UriSchemeResponder};
use uuid::Uuid;

type Answer<T> = Result<T, CommandError>;

/// Makes ready for the bytes of a picture, and says under which name they are to come.
#[tauri::command(async)]
#[specta::specta]
pub fn begin_photo(device: State<'_, Device>, size: u32) -> Answer<Uuid> {
    device.begin_photo(size.into())
}

/// Takes in the next bytes of a picture, in Base64.
#[tauri::command(async)]
#[specta::specta]
pub fn photo_part(device: State<'_, Device>, name: Uuid, offset: u32, part: String) -> Answer<()> {
    let bytes = BASE64.decode(part).map_err(|error| {
        device.drop_photo(name);
        tracing::error!(%error, "the pages sent what is not Base64");
        let message = "The picture did not come through. Take it again.".to_owned();
        CommandError { code: ErrorCode::Invalid, message, retry: true }
    })?;
    device.photo_part(name, offset.into(), &bytes)
}

/// Makes a photo of what has come in.
#[tauri::command]
#[specta::specta]
pub async fn add_photo(
    device: State<'_, Device>,
    name: Uuid,
    record_id: Uuid,
    role: AttachmentRole,
    about: String,
    came: PictureCame,
) -> Answer<Uuid> {
    let device = device.inner().clone();
    device.add_photo(name, record_id, role, about, came).await
}

/// Gives up what has come in of a picture.
#[tauri::command(async)]
#[specta::specta]
pub fn drop_photo(device: State<'_, Device>, name: Uuid) -> Answer<()> {
    device.drop_photo(name);
    Ok(())
}

/// Notes what a phone's camera is about to be opened for, and says under which name.
#[tauri::command(async)]
#[specta::specta]
pub fn camera_opens(device: State<'_, Device>, record_id: Uuid, role: AttachmentRole, about: String) -> Answer<Uuid> {
    device.camera_opens(record_id, role, about)
}

/// No picture is awaited from there any more: it was told what became of it.
#[tauri::command(async)]
#[specta::specta]
pub fn camera_left(device: State<'_, Device>, noted: Uuid) -> Answer<()> {
    device.camera_left(noted)
}

/// Takes in the pictures of cameras that were open when the app was ended, and says what became of each.
#[tauri::command]
#[specta::specta]
pub async fn after_camera(device: State<'_, Device>) -> Answer<Vec<AfterCamera>> {
    let device = device.inner().clone();
    device.after_camera().await
}

/// The photos of a record, and whether another can be taken.
#[tauri::command(async)]
#[specta::specta]
pub fn photos(device: State<'_, Device>, record_id: Uuid) -> Answer<PhotoList> {
    device.photos_of(record_id)
}

/// Takes a photo away from its record.
#[tauri::command(async)]
#[specta::specta]
pub fn remove_photo(device: State<'_, Device>, id: Uuid) -> Answer<()> {
    device.remove_photo(id)
}

/// Sees to it that a photo can be shown, and says by which picture.
#[tauri::command]
#[specta::specta]
pub async fn view_photo(device: State<'_, Device>, id: Uuid) -> Answer<PhotoShown> {
    let device = device.inner().clone();
    device.view_photo(id).await
}

/// What photos take on this device, why, and when they go.
#[tauri::command(async)]
#[specta::specta]
pub fn storage(device: State<'_, Device>) -> Answer<StorageView> {
    device.storage()
}

/// How photos are taken and sent.
#[tauri::command(async)]
#[specta::specta]
pub fn photo_policy(device: State<'_, Device>) -> Answer<PhotoPolicy> {
    Ok(device.photo_policy())
}

/// Sets that, for photos from now on.
#[tauri::command(async)]
#[specta::specta]
pub fn set_photo_policy(device: State<'_, Device>, policy: PhotoPolicy) -> Answer<PhotoPolicy> {
    device.set_photo_policy(&policy)
}

/// The name of the scheme under which the pages find pictures: `photo://localhost/<sha256>.small` or `….full`.
pub(crate) const SCHEME: &str = "photo";

/// Answers with a picture that is on this device, to the one window that may see records.
pub(crate) fn serve<R: Runtime>(
    context: UriSchemeContext<'_, R>,
    request: Request<Vec<u8>>,
    answer: UriSchemeResponder,
) {
    let device = context.app_handle().try_state::<Device>().map(|device| device.inner().clone());
    let device = device.filter(|_| context.webview_label() == "main");
    tauri::async_runtime::spawn_blocking(move || answer.respond(picture(device.as_ref(), request.uri().path())));
}

fn picture(device: Option<&Device>, path: &str) -> Response<Vec<u8>> {
    let file = match path.trim_start_matches('/').rsplit_once('.') {
        Some((sha256, "small")) => device.and_then(|device| device.picture_file(sha256, true)),
        Some((sha256, "full")) => device.and_then(|device| device.picture_file(sha256, false)),
        _ => None,
    };
    match file.map(std::fs::read) {
        // The name says what the bytes are, so they never change; but a page must learn when they are gone.
        Some(Ok(bytes)) => Response::builder()
            .header(header::CONTENT_TYPE, media_type(&bytes))
            .header(header::CACHE_CONTROL, "no-cache")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .body(bytes)
            .expect("these headers are well formed"),
        Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, "a picture cannot be read");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
        _ => empty(StatusCode::NOT_FOUND),
    }
}

fn empty(status: StatusCode) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    response
}

/// Devices make JPEG of all they take; what others stored may be something else.
fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => "image/jpeg",
    }
}
