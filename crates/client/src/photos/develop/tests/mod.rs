//! Every file here is made by the test that reads it.

mod facts;
mod jpeg;

use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use gatebook_domain::attachment::TimeSource;
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageEncoder as _, ImageFormat, Rgb, RgbImage, RgbaImage};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{Developed, MOST_BYTES, Surroundings, develop};
use crate::photos::{LongestSide, PhotoError, PhotoPolicy, Taken};
use crate::view::CommandError;

const RED: [u8; 3] = [200, 20, 20];
const GREEN: [u8; 3] = [20, 180, 20];
const BLUE: [u8; 3] = [20, 20, 200];
const WHITE: [u8; 3] = [240, 240, 240];

/// A quarter of each color, from the top left to the bottom right.
fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width / 2, y < height / 2) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => WHITE,
        })
    })
}

fn jpeg(picture: &RgbImage, exif: &[Field]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    if !exif.is_empty() {
        let mut writer = Writer::new();
        for field in exif {
            writer.push_field(field);
        }
        let mut packed = Cursor::new(Vec::new());
        writer.write(&mut packed, false).unwrap();
        encoder.set_exif_metadata(packed.into_inner()).unwrap();
    }
    let (width, height) = picture.dimensions();
    encoder.write_image(picture.as_raw(), width, height, ExtendedColorType::Rgb8).unwrap();
    bytes
}

fn written_as(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn field(tag: Tag, value: Value) -> Field {
    Field { tag, ifd_num: In::PRIMARY, value }
}

fn text(tag: Tag, text: &str) -> Field {
    field(tag, Value::Ascii(vec![text.as_bytes().to_vec()]))
}

fn degrees(tag: Tag, parts: [u32; 3]) -> Field {
    field(tag, Value::Rational(parts.map(|num| Rational { num, denom: 1 }).to_vec()))
}

fn in_universal_time() -> Surroundings {
    Surroundings { zone: Some(TimeZone::UTC), ..Surroundings::default() }
}

fn developed(bytes: &[u8]) -> Result<Developed, PhotoError> {
    develop(bytes, &PhotoPolicy::default(), &in_universal_time())
}

fn by_camera(at: &str) -> Taken {
    Taken { at: at.parse().unwrap(), source: TimeSource::Camera }
}

fn sides(bytes: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory(bytes).unwrap();
    (picture.width(), picture.height())
}

fn kept_exif(bytes: &[u8]) -> Vec<Tag> {
    match exif::Reader::new().read_from_container(&mut Cursor::new(bytes)) {
        Ok(exif) => exif.fields().map(|field| field.tag).collect(),
        Err(_) => Vec::new(),
    }
}

fn corners(bytes: &[u8]) -> [[u8; 3]; 4] {
    let picture = image::load_from_memory(bytes).unwrap().into_rgb8();
    let (right, bottom) = (picture.width() - 4, picture.height() - 4);
    [(3, 3), (right, 3), (3, bottom), (right, bottom)].map(|(x, y)| picture.get_pixel(x, y).0)
}

fn is_about(seen: [u8; 3], meant: [u8; 3]) -> bool {
    seen.iter().zip(meant).all(|(seen, meant)| seen.abs_diff(meant) < 40)
}

#[test]
fn whichever_way_the_camera_was_held_the_photo_is_upright_and_says_so() {
    for number in 1..=8_u8 {
        let turned = Orientation::from_exif(number).unwrap();
        // What the sensor saw: undoing the turn that the number asks for.
        let undo = match turned {
            Orientation::Rotate90 => Orientation::Rotate270,
            Orientation::Rotate270 => Orientation::Rotate90,
            itself => itself,
        };
        let mut seen = DynamicImage::ImageRgb8(quarters(64, 32));
        seen.apply_orientation(undo);
        let exif = [field(Tag::Orientation, Value::Short(vec![u16::from(number)])), text(Tag::Make, "Cámara")];
        let done = developed(&jpeg(&seen.into_rgb8(), &exif)).unwrap();
        assert_eq!((done.width, done.height), (64, 32), "orientation {number}");
        for (seen, meant) in corners(&done.photo).into_iter().zip([RED, GREEN, BLUE, WHITE]) {
            assert!(is_about(seen, meant), "orientation {number}: {seen:?} for {meant:?}");
        }
        let read = exif::Reader::new().read_from_container(&mut Cursor::new(&done.photo)).unwrap();
        assert_eq!(read.get_field(Tag::Orientation, In::PRIMARY).unwrap().value.get_uint(0), Some(1));
    }
}

#[test]
fn the_longest_side_is_as_the_policy_wants_and_nothing_becomes_larger() {
    let wide = jpeg(&quarters(4000, 1000), &[]);
    let sizes = [
        (LongestSide::Original, (4000, 1000)),
        (LongestSide::P3072, (3072, 768)),
        (LongestSide::P2048, (2048, 512)),
        (LongestSide::P1024, (1024, 256)),
        (LongestSide::P640, (640, 160)),
    ];
    for (longest_side, expected) in sizes {
        let policy = PhotoPolicy { longest_side, ..PhotoPolicy::default() };
        let done = develop(&wide, &policy, &Surroundings::default()).unwrap();
        assert_eq!((sides(&done.photo), sides(&done.thumbnail)), (expected, (320, 80)), "{longest_side:?}");
    }
    let small = developed(&jpeg(&quarters(100, 50), &[])).unwrap();
    assert_eq!((sides(&small.photo), sides(&small.thumbnail)), ((100, 50), (100, 50)));
    let thread = developed(&jpeg(&quarters(6000, 2), &[])).unwrap();
    assert_eq!((sides(&thread.photo), sides(&thread.thumbnail)), ((2048, 1), (320, 1)));
}

#[test]
fn a_lower_quality_makes_fewer_bytes() {
    let noisy = RgbImage::from_fn(400, 300, |x, y| {
        Rgb([x * 7 + y * 13, (x * 3) ^ (y * 11), x * y].map(|value| u8::try_from(value % 256).unwrap()))
    });
    let bytes = jpeg(&noisy, &[]);
    let size = |quality| {
        let policy = PhotoPolicy { quality, ..PhotoPolicy::default() };
        develop(&bytes, &policy, &Surroundings::default()).unwrap().photo.len()
    };
    assert!(size(40) < size(82) && size(82) < size(95));
}

#[test]
fn png_webp_grey_and_transparent_pictures_become_jpeg_on_white() {
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let done = developed(&written_as(quarters(64, 32), format)).unwrap();
        assert!(done.photo.starts_with(&[0xff, 0xd8, 0xff]), "{format:?}");
        assert!(is_about(corners(&done.photo)[1], GREEN), "{format:?}");
    }
    let grey = image::GrayImage::from_pixel(20, 20, image::Luma([90]));
    let mut bytes = Vec::new();
    JpegEncoder::new(&mut bytes).write_image(grey.as_raw(), 20, 20, ExtendedColorType::L8).unwrap();
    assert!(is_about(corners(&developed(&bytes).unwrap().photo)[0], [90; 3]));
    let signature = written_as(RgbaImage::new(30, 20), ImageFormat::Png);
    assert!(is_about(corners(&developed(&signature).unwrap().photo)[0], [255; 3]));
}

#[test]
fn time_place_and_make_are_kept_and_everything_else_goes() {
    let exif = [
        text(Tag::Make, "Acme"),
        text(Tag::Model, "Phone 9"),
        text(Tag::Artist, "María Torres"),
        text(Tag::BodySerialNumber, "12345"),
        field(Tag::MakerNote, Value::Undefined(vec![7; 500], 0)),
        text(Tag::DateTimeOriginal, "2026:03:04 09:05:00"),
        text(Tag::OffsetTimeOriginal, "-06:00"),
        text(Tag::GPSLatitudeRef, "N"),
        degrees(Tag::GPSLatitude, [27, 30, 0]),
        text(Tag::GPSLongitudeRef, "W"),
        degrees(Tag::GPSLongitude, [99, 30, 36]),
    ];
    let done = developed(&jpeg(&quarters(64, 32), &exif)).unwrap();
    assert_eq!(done.taken, Some(by_camera("2026-03-04T15:05:00Z")));
    let position = done.position.unwrap();
    assert!((position.latitude - 27.5).abs() < 1e-9 && (position.longitude + 99.51).abs() < 1e-9, "{position:?}");
    let mut kept = kept_exif(&done.photo);
    kept.sort_by_key(ToString::to_string);
    let mut meant = vec![
        Tag::Make,
        Tag::Orientation,
        Tag::DateTimeOriginal,
        Tag::OffsetTimeOriginal,
        Tag::GPSLatitudeRef,
        Tag::GPSLatitude,
        Tag::GPSLongitudeRef,
        Tag::GPSLongitude,
    ];
    meant.sort_by_key(ToString::to_string);
    assert_eq!(kept, meant);
    assert_eq!(kept_exif(&done.thumbnail), []);
}

#[test]
fn a_stamp_is_written_at_the_bottom_only_if_the_policy_wants_one() {
    let bytes = jpeg(&RgbImage::from_pixel(640, 480, Rgb([120; 3])), &[]);
    let now = Some("2026-03-04T09:05:00Z".parse().unwrap());
    let stamp = vec!["Laredo Ñ".into(), "T-9".into()];
    let surroundings = Surroundings { now, stamp, ..in_universal_time() };
    let pixels = |stamp| {
        let policy = PhotoPolicy { stamp, ..PhotoPolicy::default() };
        let done = develop(&bytes, &policy, &surroundings).unwrap();
        image::load_from_memory(&done.photo).unwrap().into_rgb8()
    };
    let count = |picture: &RgbImage, rows: std::ops::Range<u32>, light: fn(u8) -> bool| {
        picture.enumerate_pixels().filter(|(_, y, pixel)| rows.contains(y) && light(pixel.0[1])).count()
    };
    let (plain, stamped) = (pixels(false), pixels(true));
    assert_eq!(count(&plain, 0..480, |light| !(110..=130).contains(&light)), 0);
    assert!(count(&stamped, 440..480, |light| light > 200) > 200);
    assert!(count(&stamped, 440..480, |light| light < 60) > 10_000);
    assert_eq!(count(&stamped, 0..430, |light| !(110..=130).contains(&light)), 0);
}

#[test]
fn what_is_no_picture_is_told_in_a_sentence_of_its_own() {
    let told = |bytes: &[u8]| CommandError::from(developed(bytes).unwrap_err()).message;
    assert!(told(b"").contains("empty"));
    assert!(told(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").contains("Most compatible"));
    assert!(told(b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic").contains("JPEG"));
    assert!(told(b"%PDF-1.7 and so on").contains("not a picture"));
    assert!(told(&[0xff, 0xd8, 0xff]).contains("damaged"));
    assert!(told(&vec![0; usize::try_from(MOST_BYTES).unwrap() + 1]).contains("up to 67 MB"));
}

#[test]
fn a_picture_cut_anywhere_is_broken_not_half_a_picture() {
    let picture = quarters(200, 100);
    let files =
        [jpeg(&picture, &[]), written_as(picture.clone(), ImageFormat::Png), written_as(picture, ImageFormat::WebP)];
    for bytes in files {
        for cut in [12, bytes.len() / 4, bytes.len() / 2, bytes.len() * 3 / 4, bytes.len() - 20] {
            assert!(matches!(developed(&bytes[..cut]), Err(PhotoError::Broken(_))), "{:?} at {cut}", &bytes[..4]);
        }
    }
}

/// The chunk as PNG wants it.
fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut sum = !0_u32;
    for byte in name.iter().chain(data) {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], &name, data, &(!sum).to_be_bytes()].concat()
}

#[test]
fn absurd_sizes_are_refused_before_anything_is_unfolded() {
    let png = |width, height| hollow(width, height, 8, 6);
    let mut large = jpeg(&quarters(64, 32), &[]);
    let frame = large.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    large[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    for bytes in [png(60_000, 60_000), png(20_000, 20_000), large] {
        assert!(
            matches!(developed(&bytes), Err(PhotoError::TooManyPixels { .. } | PhotoError::Broken(_))),
            "{:?}",
            &bytes[..4]
        );
    }
    assert!(matches!(
        developed(&png(20_000, 20_000)),
        Err(PhotoError::TooManyPixels { width: 20_000, height: 20_000 })
    ));
}

/// A PNG of that size and kind of color whose pixels are not there.
fn hollow(width: u32, height: u32, depth: u8, color: u8) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, color, 0, 0, 0]].concat();
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(*b"IHDR", &header), &chunk(*b"IDAT", &[0x78, 1]), &chunk(*b"IEND", &[])].concat()
}

#[test]
fn a_picture_is_measured_by_what_it_unfolds_to_not_by_what_its_file_calls_a_pixel() {
    let is_too_large = |bytes: &[u8]| matches!(developed(bytes), Err(PhotoError::TooManyPixels { .. }));
    // Grey of one bit, grey of eight, grey with transparency: each becomes three bytes, and as many while it is turned.
    for (depth, color) in [(1, 0), (8, 0), (8, 4), (16, 0)] {
        assert!(is_too_large(&hollow(10_000, 9_000, depth, color)), "{depth} bits of color {color}");
    }
    for (depth, color) in [(8, 0), (8, 4), (8, 2), (8, 6)] {
        assert!(!is_too_large(&hollow(8_688, 5_792, depth, color)), "50 megapixels: {depth} bits of color {color}");
    }
    assert!(is_too_large(&hollow(8_688, 5_792, 16, 6)), "50 megapixels of 8 bytes");
}

#[test]
fn every_kind_of_color_becomes_what_it_shows_on_white() {
    use image::{GrayAlphaImage, GrayImage, ImageBuffer, Luma, LumaA, Rgba};
    let shows = |picture: DynamicImage| {
        let done = developed(&written_as(picture, ImageFormat::Png)).unwrap();
        image::load_from_memory(&done.photo).unwrap().into_rgb8()
    };
    let half = 128 * 257;
    let pictures: [(DynamicImage, [u8; 3]); 7] = [
        (GrayImage::from_pixel(40, 30, Luma([90])).into(), [90; 3]),
        (GrayAlphaImage::from_pixel(40, 30, LumaA([0, 128])).into(), [127; 3]),
        (RgbaImage::from_pixel(40, 30, Rgba([200, 0, 0, 128])).into(), [227, 127, 127]),
        (ImageBuffer::from_pixel(40, 30, Luma([90 * 257_u16])).into(), [90; 3]),
        (ImageBuffer::from_pixel(40, 30, LumaA([0_u16, half])).into(), [127; 3]),
        (ImageBuffer::from_pixel(40, 30, Rgb([200 * 257_u16, 0, 0])).into(), [200, 0, 0]),
        (ImageBuffer::from_pixel(40, 30, Rgba([200 * 257_u16, 0, 0, half])).into(), [227, 127, 127]),
    ];
    for (picture, meant) in pictures {
        let color = picture.color();
        assert!(shows(picture).pixels().all(|seen| is_about(seen.0, meant)), "{color:?}");
    }
}

#[test]
fn facts_come_from_png_and_webp_as_well_but_not_from_more_than_a_jpeg_could_have() {
    let exif = |padding: usize| {
        let mut writer = Writer::new();
        let taken = text(Tag::DateTimeOriginal, "2026:03:04 09:05:00");
        writer.push_field(&taken);
        let mut packed = Cursor::new(Vec::new());
        writer.write(&mut packed, false).unwrap();
        let mut packed = packed.into_inner();
        packed.resize(packed.len() + padding, 0);
        packed
    };
    let png = |exif: &[u8]| {
        let plain = written_as(quarters(64, 32), ImageFormat::Png);
        // After the header.
        [&plain[..33], &chunk(*b"eXIf", exif), &plain[33..]].concat()
    };
    let webp = |exif: &[u8]| {
        let plain = written_as(quarters(64, 32), ImageFormat::WebP);
        let length = u32::try_from(exif.len()).unwrap();
        let extended = [&b"VP8X\x0a\0\0\0\x08\0\0\0"[..], &[63, 0, 0, 31, 0, 0]].concat();
        let padding = vec![0; exif.len() % 2];
        let chunks = [&extended, &plain[12..], b"EXIF", &length.to_le_bytes(), exif, &padding].concat();
        let size = u32::try_from(chunks.len() + 4).unwrap();
        [b"RIFF", &size.to_le_bytes()[..], b"WEBP", &chunks].concat()
    };
    let taken = Some(by_camera("2026-03-04T09:05:00Z"));
    for (format, bytes) in
        [("PNG", [png(&exif(0)), png(&exif(64 * 1024))]), ("WebP", [webp(&exif(0)), webp(&exif(64 * 1024))])]
    {
        let [with, without] = bytes.map(|bytes| developed(&bytes).unwrap());
        assert_eq!((with.taken, without.taken), (taken, None), "{format}");
        assert_eq!((without.width, without.height), (64, 32), "the photo is taken all the same");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_bring_the_app_down(
        head in 0..6_usize,
        mut bytes in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        const HEADS: [&[u8]; 6] =
            [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\0\0\0WEBPVP8 ", b"RIFF\xff\0\0\0WEBPVP8L", b"\0\0\0\x18ftypheic"];
        bytes.splice(0..0, HEADS[head].iter().copied());
        prop_assert!(developed(&bytes).is_err());
    }

    #[test]
    fn a_picture_with_bytes_changed_is_a_picture_or_an_error(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        format in 0..3_usize,
    ) {
        let exif = [text(Tag::Make, "Acme"), field(Tag::Orientation, Value::Short(vec![6]))];
        let mut bytes = match format {
            0 => jpeg(&quarters(48, 32), &exif),
            1 => written_as(quarters(48, 32), ImageFormat::Png),
            _ => written_as(quarters(48, 32), ImageFormat::WebP),
        };
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(done) = developed(&bytes) {
            prop_assert!(done.width.max(done.height) <= 2048);
        }
    }
}
