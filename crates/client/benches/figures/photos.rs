//! Photos: what a link that is cut again and again costs, and what a capture takes beside an upload that stands still.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gatebook_client::photos::{About, LongestSide, Network, Origin, PhotoPolicy, Photos, Source};
use gatebook_client::{Device, DeviceConfig, HttpTransport, SystemEnvironment};
use gatebook_domain::attachment::AttachmentRole;
use image::{ExtendedColorType, ImageEncoder as _, codecs::jpeg::JpegEncoder};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::link::{Cutting, cut_every, silent};
use crate::table::Table;
use crate::yard::{Yard, captured, database};

/// Photos that go over the link that is cut.
const PHOTOS: u32 = 100;
/// Bytes between two cuts.
const BETWEEN_CUTS: u64 = 5_000_000;
/// Captures of each sort.
const CAPTURES: u32 = 200;
/// What a photo of two megabytes may have.
const TWO_MEGABYTES: std::ops::RangeInclusive<u64> = 1_900_000..=2_100_000;
/// Sides of pictures of 50 megapixels: the usual one of phones, and one of larger cameras.
const LARGE_SIDES: [(u32, u32); 2] = [(8_160, 6_120), (8_688, 5_792)];
/// Set for the process that develops one large picture and tells its peak of memory.
const LARGE: &str = "GATEBOOK_BENCH_LARGE_PHOTO";

pub(crate) fn measure(table: &mut Table) {
    over_a_cut_link(table);
    beside_a_stalled_upload(table);
    memory(table);
}

/// Whether this process was started to take one large photo; it is done then.
pub(crate) fn took_a_large_photo() -> bool {
    let Some(folder) = std::env::var_os(LARGE) else { return false };
    let folder = Path::new(&folder);
    let before = memory_of_this_process("VmHWM:");
    Runtime::new().expect("a runtime").block_on(async {
        let device = open(folder);
        let record = captured(&device, 0);
        take(&device, record, Source::File(folder.join("large.jpg"))).await;
    });
    println!("{}", memory_of_this_process("VmHWM:") - before);
    true
}

fn over_a_cut_link(table: &mut Table) {
    let yard = Yard::open();
    let (joined, ()) = yard.joined("phone", |_, _| ());
    // Where nobody listens, so that nothing is sent before everything is there.
    point_at(&joined.folder, "http://127.0.0.1:9");
    let needed: u64 = Runtime::new().expect("a runtime").block_on(async {
        let device = open(&joined.folder);
        let policy = PhotoPolicy { longest_side: LongestSide::Original, ..device.photo_policy() };
        device.set_photo_policy(&policy).expect("a policy");
        let record = captured(&device, 0);
        for seed in 0..PHOTOS {
            take(&device, record, Source::Bytes(picture(2_750, 2_100, seed, 92))).await;
        }
        let held = device.storage().expect("what is held");
        assert_eq!(held.photos.len(), PHOTOS as usize);
        for photo in &held.photos {
            assert!(TWO_MEGABYTES.contains(&photo.size), "a photo has {} bytes", photo.size);
        }
        held.unconfirmed_bytes
    });
    let photos = Photos::open(joined.store(), Arc::new(SystemEnvironment)).expect("the photos");
    let (begun, cuts, carried) = yard.runtime.block_on(async {
        let Cutting { address, carried, cuts } = cut_every(yard.address, BETWEEN_CUTS).await;
        let link = HttpTransport::new(&format!("http://{address}"), &joined.token).expect("a way");
        let begun = Instant::now();
        while photos.upload(&link, Network::Unmetered).await.is_err() {}
        (begun.elapsed(), cuts.load(Ordering::Relaxed), carried.load(Ordering::Relaxed))
    });
    let (blobs, stored) = yard.photos();
    assert_eq!(stored, needed, "the server holds just what was taken");
    let mean = needed / u64::from(PHOTOS) / 1_000;
    let what = format!("{PHOTOS} photos of {mean} kB, a link cut every {} MB:", BETWEEN_CUTS / 1_000_000);
    table.add(format!("{what} cuts"), "", vec![number(cuts)], None);
    table.add("… bytes on the wire by bytes needed", "x", vec![number(carried) / number(needed)], None);
    table.add("… photos the server holds more than once", "", vec![number(blobs - u64::from(PHOTOS))], Some(0.0));
    table.add("… time", "ms", vec![milliseconds(begun)], None);
}

fn beside_a_stalled_upload(table: &mut Table) {
    let yard = Yard::open();
    let [(idle, ()), (stalled, ())] = ["idle", "stalled"].map(|name| yard.joined(name, |_, _| ()));
    Runtime::new().expect("a runtime").block_on(async {
        point_at(&idle.folder, "http://127.0.0.1:9");
        let (address, reached) = silent(yard.address).await;
        point_at(&stalled.folder, &format!("http://{address}"));
        let devices = [open(&idle.folder), open(&stalled.folder)];
        let records: Vec<Uuid> = devices.iter().map(|device| captured(device, 0)).collect();
        take(&devices[1], records[1], Source::Bytes(picture(3_264, 2_448, u32::MAX, 90))).await;
        reached.notified().await;
        let mut times = [Vec::new(), Vec::new()];
        for seed in 0..CAPTURES {
            let bytes = picture(3_264, 2_448, seed, 90);
            // In turn, so that whatever else the machine does meets both.
            for ((device, record), times) in devices.iter().zip(&records).zip(&mut times) {
                let begun = Instant::now();
                take(device, *record, Source::Bytes(bytes.clone())).await;
                times.push(milliseconds(begun.elapsed()));
            }
        }
        let [without, beside] = times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            [times[times.len() / 2], times[times.len() * 99 / 100]]
        });
        for (at, which) in ["p50", "p99"].into_iter().enumerate() {
            table.add(format!("capture of 8 megapixels, nothing sent: {which}"), "ms", vec![without[at]], None);
            table.add(format!("… beside an upload that stands still: {which}"), "ms", vec![beside[at]], None);
        }
        table.add("… by nothing sent, p50", "x", vec![beside[0] / without[0]], Some(1.1));
    });
}

fn memory(table: &mut Table) {
    for (width, height) in LARGE_SIDES {
        let yard = Yard::open();
        let (joined, ()) = yard.joined("large", |_, _| ());
        point_at(&joined.folder, "http://127.0.0.1:9");
        std::fs::write(joined.folder.join("large.jpg"), picture(width, height, 1, 90)).expect("a file");
        let child = Command::new(std::env::current_exe().expect("this program")).env(LARGE, &joined.folder).output();
        let told = String::from_utf8(child.expect("it runs").stdout).expect("a number");
        let kibibytes: f64 = told.trim().parse().expect("a number");
        let what = format!("a photo of {width} x {height} pixels: peak of memory");
        table.add(what, "MiB", vec![kibibytes / 1_024.0], None);
    }
}

fn open(folder: &Path) -> Device {
    Device::open(DeviceConfig::new(folder.to_owned(), "bench")).expect("a device")
}

async fn take(device: &Device, parent_id: Uuid, source: Source) {
    let about = About {
        parent_id,
        role: AttachmentRole::Photo,
        part: String::new(),
        origin: Origin::Camera,
        position: None,
        stamp: Vec::new(),
    };
    device.capture_photo(source, about).await.expect("it is kept");
}

/// Has the device look for its server there.
fn point_at(folder: &Path, url: &str) {
    let sql = "UPDATE settings SET value = json_set(value, '$.server_url', ?1) WHERE name = 'enrolment'";
    assert_eq!(database(folder).execute(sql, [url]).expect("the device's settings"), 1);
}

/// A picture with enough grain to be as large as a camera's, and that no other seed has.
fn picture(width: u32, height: u32, seed: u32, quality: u8) -> Vec<u8> {
    let mut state = u64::from(seed) | 1 << 40;
    let mut pixels = vec![0; width as usize * height as usize * 3];
    for pixel in pixels.chunks_exact_mut(3) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        pixel.fill(96 + (state >> 58).to_le_bytes()[0]);
    }
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .write_image(&pixels, width, height, ExtendedColorType::Rgb8)
        .expect("a picture");
    bytes
}

/// Kibibytes, as the system counts them.
fn memory_of_this_process(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "no figure here has more than 52 bits")]
fn number(count: u64) -> f64 {
    count as f64
}
