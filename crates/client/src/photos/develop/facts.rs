//! What a picture says of itself (EXIF): read with distrust, and the little that is kept of it.

use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Exif, Field, In, Reader, Tag, Value};
use gatebook_domain::attachment::Position;
use image::metadata::Orientation;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::clock;

/// What is kept beside place and the satellites' time. The rest (serial numbers, owners' names, previews, notes) goes.
const KEPT: [Tag; 8] = [
    Tag::Make,
    Tag::DateTimeOriginal,
    Tag::OffsetTimeOriginal,
    Tag::SubSecTimeOriginal,
    Tag::DateTimeDigitized,
    Tag::OffsetTimeDigitized,
    Tag::DateTime,
    Tag::OffsetTime,
];
/// Kept if they make a position: a viewer would show the Gulf of Guinea for zeros.
const PLACE: [Tag; 7] = [
    Tag::GPSLatitudeRef,
    Tag::GPSLatitude,
    Tag::GPSLongitudeRef,
    Tag::GPSLongitude,
    Tag::GPSAltitudeRef,
    Tag::GPSAltitude,
    Tag::GPSHPositioningError,
];
/// Kept if it can be the camera's own.
const SATELLITE_TIME: [Tag; 2] = [Tag::GPSTimeStamp, Tag::GPSDateStamp];
/// Bytes of EXIF that are looked at: as much as a JPEG can have. A PNG or WebP could bring a thousand times that, and
/// what is read of it would take many times as much again.
const MOST_BYTES: usize = 64 * 1024;
/// Bytes or numbers of one value that is kept.
const MOST_OF_A_VALUE: usize = 64;

/// The EXIF of a picture, if it has any.
pub(super) struct Facts(Option<Exif>);

impl Facts {
    /// What can be read of it; damaged parts are passed over.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut reader = Reader::new();
        reader.continue_on_error(true);
        let read = match block(bytes) {
            Block::Bounded => reader.read_from_container(&mut Cursor::new(bytes)),
            Block::At(exif) if exif.len() <= MOST_BYTES => reader.read_raw(exif.to_vec()),
            Block::At(_) | Block::None => return Self(None),
        };
        Self(read.or_else(|error| error.distill_partial_result(|_| ())).ok())
    }

    /// How the picture has to be turned to be upright.
    pub(super) fn orientation(&self) -> Orientation {
        self.value(Tag::Orientation)
            .and_then(|value| value.get_uint(0))
            .and_then(|number| u8::try_from(number).ok())
            .and_then(Orientation::from_exif)
            .unwrap_or(Orientation::NoTransforms)
    }

    /// When it was taken, by the camera's clock. Where that tells no offset, the satellites may, and else the yard's zone, if
    /// it is known.
    pub(super) fn taken_at(&self, zone: Option<&TimeZone>) -> Option<Timestamp> {
        let shown = self.shown(Tag::DateTimeOriginal)?;
        let offset = self.ascii(Tag::OffsetTimeOriginal).and_then(clock::offset);
        let offset = offset.or_else(|| clock::offset_by_satellites(shown, self.satellite_time()?, zone));
        clock::instant(shown, offset, zone)
    }

    /// When it was made into bytes: by a scanner, or by a camera that tells no more.
    pub(super) fn digitized_at(&self, zone: Option<&TimeZone>) -> Option<Timestamp> {
        self.told_at(Tag::DateTimeDigitized, Tag::OffsetTimeDigitized, zone)
    }

    /// When its file was made or last changed.
    pub(super) fn changed_at(&self, zone: Option<&TimeZone>) -> Option<Timestamp> {
        self.told_at(Tag::DateTime, Tag::OffsetTime, zone)
    }

    /// Where it was taken. Zero degrees both ways is what is left where a position was taken out.
    pub(super) fn position(&self) -> Option<Position> {
        let latitude = self.degrees(Tag::GPSLatitude, Tag::GPSLatitudeRef, *b"NS", 90.0)?;
        let longitude = self.degrees(Tag::GPSLongitude, Tag::GPSLongitudeRef, *b"EW", 180.0)?;
        if latitude == 0.0 && longitude == 0.0 {
            return None;
        }
        let accuracy_m = self.rationals(Tag::GPSHPositioningError).and_then(|values| values.first().copied());
        Some(Position { latitude, longitude, accuracy_m })
    }

    /// The EXIF that goes into the developed picture, which is upright.
    pub(super) fn kept(&self) -> Option<Vec<u8>> {
        let upright = Field { tag: Tag::Orientation, ifd_num: In::PRIMARY, value: Value::Short(vec![1]) };
        let place = PLACE.into_iter().filter(|_| self.position().is_some());
        let satellites = SATELLITE_TIME.into_iter().filter(|_| self.is_satellite_time_the_cameras());
        let kept = KEPT.into_iter().chain(place).chain(satellites);
        let fields: Vec<&Field> =
            kept.filter_map(|tag| self.field(tag)).filter(|field| is_harmless(&field.value)).collect();
        if fields.is_empty() {
            return None;
        }
        let mut writer = Writer::new();
        writer.push_field(&upright);
        for field in fields {
            writer.push_field(field);
        }
        let mut bytes = Cursor::new(Vec::new());
        writer.write(&mut bytes, true).ok()?;
        Some(bytes.into_inner())
    }

    fn field(&self, tag: Tag) -> Option<&Field> {
        self.0.as_ref()?.get_field(tag, In::PRIMARY)
    }

    fn value(&self, tag: Tag) -> Option<&Value> {
        self.field(tag).map(|field| &field.value)
    }

    fn ascii(&self, tag: Tag) -> Option<&str> {
        match self.value(tag)? {
            Value::Ascii(texts) => std::str::from_utf8(texts.first()?).ok().map(str::trim),
            _ => None,
        }
    }

    /// The numbers of a value; none of them is infinite.
    fn rationals(&self, tag: Tag) -> Option<Vec<f64>> {
        let Value::Rational(values) = self.value(tag)? else { return None };
        let numbers: Vec<f64> = values.iter().take(MOST_OF_A_VALUE).map(exif::Rational::to_f64).collect();
        numbers.iter().all(|number| number.is_finite()).then_some(numbers)
    }

    fn degrees(&self, tag: Tag, reference: Tag, [positive, negative]: [u8; 2], most: f64) -> Option<f64> {
        let sign = match self.ascii(reference)?.as_bytes().first()?.to_ascii_uppercase() {
            letter if letter == positive => 1.0,
            letter if letter == negative => -1.0,
            // Half of the world is the wrong half.
            _ => return None,
        };
        let parts = self.rationals(tag)?;
        let [degrees, minutes, seconds] = [0, 1, 2].map(|at| parts.get(at).copied().unwrap_or(0.0));
        let value = degrees + minutes / 60.0 + seconds / 3600.0;
        // Whoever rounds up writes 60.
        let is_one = !parts.is_empty() && value <= most && minutes <= 60.0 && seconds <= 60.0;
        is_one.then_some(sign * value)
    }

    fn shown(&self, tag: Tag) -> Option<DateTime> {
        self.ascii(tag).and_then(clock::shown)
    }

    fn told_at(&self, time: Tag, offset: Tag, zone: Option<&TimeZone>) -> Option<Timestamp> {
        clock::instant(self.shown(time)?, self.ascii(offset).and_then(clock::offset), zone)
    }

    fn is_satellite_time_the_cameras(&self) -> bool {
        let times = self.shown(Tag::DateTimeOriginal).zip(self.satellite_time());
        times.is_some_and(|(shown, satellites)| clock::can_be_one_moment(shown, satellites))
    }

    fn satellite_time(&self) -> Option<Timestamp> {
        let mut date = self.ascii(Tag::GPSDateStamp)?.split(':').map(|part| part.parse::<i16>().ok());
        let (year, month, day) = (date.next()??, date.next()??, date.next()??);
        let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        let clock = self.rationals(Tag::GPSTimeStamp)?;
        #[expect(clippy::cast_possible_truncation, reason = "what is out of range becomes a time that there is not")]
        let [hour, minute, second] = [0, 1, 2].map(|at| clock.get(at).map(|number| *number as i8));
        let time = Time::new(hour?, minute?, second?, 0).ok()?;
        TimeZone::UTC.to_timestamp(date.to_datetime(time)).ok()
    }
}

/// Where a file has its EXIF.
enum Block<'a> {
    /// In a segment of a JPEG, which is small.
    Bounded,
    At(&'a [u8]),
    None,
}

fn block(bytes: &[u8]) -> Block<'_> {
    let found = match bytes {
        [0x89, b'P', b'N', b'G', ..] => chunk(bytes, 8, *b"eXIf", |head| {
            let (length, name) = head.split_first_chunk()?;
            Some((name.first_chunk()?, u32::from_be_bytes(*length), 4))
        }),
        [b'R', b'I', b'F', b'F', ..] => chunk(bytes, 12, *b"EXIF", |head| {
            let (name, length) = head.split_first_chunk()?;
            let length = u32::from_le_bytes(*length.first_chunk()?);
            // Of an odd length one byte more, so that the next begins at an even place.
            Some((name, length, length % 2))
        }),
        _ => return Block::Bounded,
    };
    found.map_or(Block::None, Block::At)
}

/// The first chunk of that name. `head` reads one's name, length, and what follows its bytes.
fn chunk(
    bytes: &[u8],
    first: usize,
    wanted: [u8; 4],
    head: impl Fn(&[u8]) -> Option<(&[u8; 4], u32, u32)>,
) -> Option<&[u8]> {
    let mut rest = bytes.get(first..)?;
    loop {
        let (name, length, after) = head(rest.get(..8)?)?;
        let length = usize::try_from(length).ok()?;
        if *name == wanted {
            return rest.get(8..)?.get(..length);
        }
        rest = rest.get(8..)?.get(length.checked_add(usize::try_from(after).ok()?)?..)?;
    }
}

/// Small, and of a type that the fields kept have.
fn is_harmless(value: &Value) -> bool {
    match value {
        Value::Ascii(texts) => texts.len() == 1 && texts[0].len() <= MOST_OF_A_VALUE,
        Value::Byte(numbers) => numbers.len() <= MOST_OF_A_VALUE,
        Value::Rational(numbers) => numbers.len() <= MOST_OF_A_VALUE,
        _ => false,
    }
}
