//! What a picture says of itself, and what is believed.

use exif::{Field, Rational, Tag, Value};
use gatebook_domain::attachment::TimeSource;

use super::super::{Surroundings, develop};
use super::{by_camera, degrees, developed, field, jpeg, kept_exif, quarters, text};
use crate::photos::{Origin, PhotoPolicy, Taken};

const NINE: &str = "2026:11:30 09:05:00";

/// At a yard in Laredo, five past noon on that day.
fn at_laredo(origin: Origin) -> Surroundings {
    let zone = gatebook_domain::zone::find("America/Chicago").unwrap();
    let now = "2026-11-30T18:05:00Z".parse().unwrap();
    Surroundings { zone: Some(zone), now: Some(now), origin, stamp: Vec::new() }
}

fn taken_as(exif: &[Field], origin: Origin) -> Option<Taken> {
    develop(&jpeg(&quarters(8, 8), exif), &PhotoPolicy::default(), &at_laredo(origin)).unwrap().taken
}

fn taken(exif: &[Field]) -> Option<Taken> {
    taken_as(exif, Origin::default())
}

fn satellites(date: &str, time: [u32; 3]) -> [Field; 2] {
    [text(Tag::GPSDateStamp, date), degrees(Tag::GPSTimeStamp, time)]
}

fn place(latitude: (&str, [u32; 3]), longitude: (&str, [u32; 3])) -> Vec<Field> {
    vec![
        text(Tag::GPSLatitudeRef, latitude.0),
        degrees(Tag::GPSLatitude, latitude.1),
        text(Tag::GPSLongitudeRef, longitude.0),
        degrees(Tag::GPSLongitude, longitude.1),
    ]
}

#[test]
fn the_camera_s_clock_tells_the_time_and_satellites_at_most_its_offset() {
    let shown = |satellites: [Field; 2]| taken(&[vec![text(Tag::DateTimeOriginal, NINE)], satellites.into()].concat());
    let at_the_yard = Some(by_camera("2026-11-30T15:05:00Z"));
    assert_eq!(taken(&[text(Tag::DateTimeOriginal, NINE)]), at_the_yard, "it shows the yard's time");
    assert_eq!(shown(satellites("2026:11:30", [15, 4, 1])), at_the_yard, "to the second of the camera");
    assert_eq!(shown(satellites("2026:11:30", [14, 52, 0])), at_the_yard, "the last fix is a quarter of an hour old");
    assert_eq!(shown(satellites("2026:11:30", [14, 4, 1])), Some(by_camera("2026-11-30T14:05:00Z")), "eastern time");
    assert_eq!(shown(satellites("2026:11:30", [3, 20, 0])), Some(by_camera("2026-11-30T03:20:00Z")), "Nepal");
    for (date, time) in [
        ("2007:04:16", [15, 5, 0]),
        ("1970:01:18", [19, 5, 52]),
        ("2026:11:30", [13, 57, 0]),
        ("2026:11:29", [18, 50, 0]),
        ("2026:11:30", [99, 0, 0]),
    ] {
        assert_eq!(shown(satellites(date, time)), at_the_yard, "{date} {time:?}");
    }
    assert_eq!(taken(&satellites("2026:11:30", [15, 4, 1])), None, "they tell nothing alone");
}

#[test]
fn satellites_tell_the_first_from_the_second_time_that_an_hour_comes() {
    let shown = |hour| {
        let camera = text(Tag::DateTimeOriginal, "2026:11:01 01:20:00");
        taken(&[vec![camera], satellites("2026:11:01", [hour, 19, 30]).into()].concat())
    };
    assert_eq!(shown(6), Some(by_camera("2026-11-01T06:20:00Z")));
    assert_eq!(shown(7), Some(by_camera("2026-11-01T07:20:00Z")));
}

#[test]
fn an_offset_that_no_place_has_is_none() {
    let with = |offset: &str| taken(&[text(Tag::DateTimeOriginal, NINE), text(Tag::OffsetTimeOriginal, offset)]);
    assert_eq!(with("-08:00"), Some(by_camera("2026-11-30T17:05:00Z")));
    assert_eq!(with("+05:45"), Some(by_camera("2026-11-30T03:20:00Z")));
    for wrong in ["", " ", "   :  ", "-18:00", "-06:07", "-6:00", "+-6:00", "-06:+0", "-99999999:00", "\u{e9}06:00"] {
        assert_eq!(with(wrong), Some(by_camera("2026-11-30T15:05:00Z")), "{wrong:?}");
    }
}

#[test]
fn only_the_app_s_own_camera_takes_a_picture_now() {
    let file_at = "2026-11-12T07:00:00Z".parse().unwrap();
    let (camera, from_a_file) = (Origin::Camera, Origin::Chosen { file_at: Some(file_at) });
    let told = |at: &str, source| Some(Taken { at: at.parse().unwrap(), source });
    let now = told("2026-11-30T18:05:00Z", TimeSource::Device);
    let original = text(Tag::DateTimeOriginal, NINE);
    let digitized = [text(Tag::DateTimeDigitized, "2026:11:20 08:00:00"), text(Tag::OffsetTimeDigitized, "-05:00")];
    let changed = [text(Tag::DateTime, "2026:11:21 08:00:00")];
    let both = [&digitized[..], &changed].concat();

    assert_eq!(taken_as(&[], camera), now);
    assert_eq!(taken_as(&both, camera), now);
    assert_eq!(taken_as(std::slice::from_ref(&original), camera), Some(by_camera("2026-11-30T15:05:00Z")));
    assert_eq!(taken_as(&[], Origin::default()), None, "nobody knows");
    assert_eq!(taken_as(&[], from_a_file), Some(Taken { at: file_at, source: TimeSource::File }));
    assert_eq!(taken_as(&changed, from_a_file), told("2026-11-21T14:00:00Z", TimeSource::File));
    assert_eq!(taken_as(&both, from_a_file), told("2026-11-20T13:00:00Z", TimeSource::Digitized));
    assert_eq!(taken_as(&[&both[..], &[original]].concat(), from_a_file), Some(by_camera("2026-11-30T15:05:00Z")));
}

#[test]
fn a_zone_that_nobody_knows_makes_no_time_of_a_camera_s_clock_and_stamps_none() {
    let nowhere = |exif: &[Field], now: &str| {
        let surroundings = Surroundings { zone: None, now: Some(now.parse().unwrap()), ..at_laredo(Origin::default()) };
        let policy = PhotoPolicy { stamp: true, ..PhotoPolicy::default() };
        develop(&jpeg(&quarters(640, 480), exif), &policy, &surroundings).unwrap()
    };
    let original = text(Tag::DateTimeOriginal, NINE);
    let [one, other] =
        ["2026-11-30T18:05:00Z", "2026-11-12T07:00:00Z"].map(|now| nowhere(std::slice::from_ref(&original), now));
    assert_eq!(one.taken, None);
    assert!(one.photo == other.photo, "no time is written into it");
    let with_its_own = nowhere(&[original.clone(), text(Tag::OffsetTimeOriginal, "-08:00")], "2026-11-30T18:05:00Z");
    assert_eq!(with_its_own.taken, Some(by_camera("2026-11-30T17:05:00Z")));
    let by_satellites =
        nowhere(&[vec![original], satellites("2026:11:30", [15, 4, 1]).into()].concat(), "2026-11-30T18:05:00Z");
    assert_eq!(by_satellites.taken, Some(by_camera("2026-11-30T15:05:00Z")));
}

#[test]
fn the_stamp_says_what_its_time_is_of() {
    let stamped = |exif: &[Field], origin| {
        let policy = PhotoPolicy { stamp: true, ..PhotoPolicy::default() };
        let done = develop(&jpeg(&quarters(640, 480), exif), &policy, &at_laredo(origin)).unwrap();
        image::load_from_memory(&done.photo).unwrap().into_rgb8()
    };
    let line = |line: &str| {
        let policy = PhotoPolicy { stamp: true, ..PhotoPolicy::default() };
        let surroundings = Surroundings { stamp: vec![line.to_owned()], ..Surroundings::default() };
        let done = develop(&jpeg(&quarters(640, 480), &[]), &policy, &surroundings).unwrap();
        image::load_from_memory(&done.photo).unwrap().into_rgb8()
    };
    let digitized = text(Tag::DateTimeDigitized, "2026:11:20 08:00:00");
    let file_at = Some("2026-11-12T07:00:00Z".parse().unwrap());
    assert!(stamped(&[text(Tag::DateTimeOriginal, NINE)], Origin::default()) == line("2026-11-30 09:05"));
    assert!(stamped(&[], Origin::Camera) == line("2026-11-30 12:05"));
    assert!(stamped(&[digitized], Origin::default()) == line("Digitized 2026-11-20 08:00"));
    assert!(stamped(&[], Origin::Chosen { file_at }) == line("File of 2026-11-12 01:00"));
    assert!(stamped(&[], Origin::default()) == line("Added 2026-11-30 12:05"));
}

#[test]
fn what_is_no_place_on_earth_is_no_position_and_is_not_kept_in_the_picture() {
    let (north, west) = (("N", [27, 30, 0]), ("W", [99, 30, 36]));
    let position = |exif: &[Field]| developed(&jpeg(&quarters(8, 8), exif)).unwrap().position;
    let laredo = position(&place(("n", north.1), ("West", west.1))).unwrap();
    assert!((laredo.latitude - 27.5).abs() < 1e-9 && (laredo.longitude + 99.51).abs() < 1e-9, "{laredo:?}");
    assert!(position(&place(("S", [0, 0, 0]), ("E", [6, 36, 0]))).is_some(), "on the equator");
    assert!(position(&place(("N", [26, 60, 60]), west)).is_some(), "rounded up");
    for wrong in [
        place(("N", [0, 0, 0]), ("E", [0, 0, 0])),
        place(("S", [0, 0, 0]), ("W", [0, 0, 0])),
        place(north, (" ", west.1)),
        place(north, ("", west.1)),
        place(north, ("N", west.1)),
        place(("E", north.1), west),
        place(("N", [27, 3000, 0]), west),
        place(("N", [27, 0, 3600]), west),
        place(("N", [91, 0, 0]), west),
        place(north, ("W", [181, 0, 0])),
    ] {
        let done = developed(&jpeg(&quarters(8, 8), &[vec![text(Tag::Make, "Acme")], wrong.clone()].concat())).unwrap();
        assert_eq!(done.position, None, "{wrong:?}");
        assert_eq!(kept_exif(&done.photo).len(), 2, "its make and that it is upright");
    }
}

#[test]
fn a_time_of_satellites_that_cannot_be_the_camera_s_is_not_kept_in_the_picture() {
    let keeps = |date: &str| {
        let exif = [vec![text(Tag::DateTimeOriginal, NINE)], satellites(date, [15, 5, 0]).into()].concat();
        kept_exif(&developed(&jpeg(&quarters(8, 8), &exif)).unwrap().photo).contains(&Tag::GPSDateStamp)
    };
    assert!(keeps("2026:11:30"));
    assert!(!keeps("2007:04:16") && !keeps("2026:12:01"));
}

#[test]
fn facts_that_make_no_sense_are_none() {
    let wrong = [
        text(Tag::DateTimeOriginal, "0000:00:00 99:99:99"),
        text(Tag::OffsetTimeOriginal, "-99999999:00"),
        text(Tag::GPSLatitudeRef, "N"),
        degrees(Tag::GPSLatitude, [200, 0, 0]),
        text(Tag::GPSLongitudeRef, "E"),
        field(Tag::GPSLongitude, Value::Rational(vec![Rational { num: 1, denom: 0 }])),
        field(Tag::Orientation, Value::Short(vec![99])),
        field(Tag::Make, Value::Ascii(vec![vec![b'x'; 5_000]])),
    ];
    let done = developed(&jpeg(&quarters(64, 32), &wrong)).unwrap();
    assert_eq!((done.taken, done.position, done.width), (None, None, 64));
    assert!(!kept_exif(&done.photo).contains(&Tag::Make));
}
