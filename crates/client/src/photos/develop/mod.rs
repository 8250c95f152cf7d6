//! From a camera's bytes to what is kept: decoded, turned upright, scaled, stamped, encoded anew with the few facts that
//! are kept of its EXIF, and its thumbnail. Pure: bytes and policy in, bytes out.

mod clock;
mod decode;
mod facts;
mod jpeg;
mod outline;
mod scale;
mod stamp;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use gatebook_domain::attachment::{Position, TimeSource};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder as _, RgbImage};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Origin, PhotoError, PhotoPolicy, Taken};
use facts::Facts;

/// Bytes of a picture that is taken in.
pub const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// What photos are kept and sent as.
pub const MEDIA_TYPE: &str = "image/jpeg";
const THUMBNAIL_QUALITY: u8 = 75;

/// What is known of a photo besides its bytes.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Zone of the yard: a camera's clock without a zone is taken to show its time. Without it no time is stamped.
    pub zone: Option<TimeZone>,
    /// When it came.
    pub now: Option<Timestamp>,
    /// How it came.
    pub origin: Origin,
    /// What is written visibly into the picture after the time, if the policy says so: place, unit; one line each.
    pub stamp: Vec<String>,
}

/// A photo as it is kept.
#[derive(Debug, Clone)]
pub struct Developed {
    /// JPEG.
    pub photo: Vec<u8>,
    /// JPEG.
    pub thumbnail: Vec<u8>,
    /// From left to right, upright.
    pub width: u32,
    /// From top to bottom, upright.
    pub height: u32,
    /// When it was taken, if that is known.
    pub taken: Option<Taken>,
    /// Where, by the picture's own word.
    pub position: Option<Position>,
}

/// Develops a photo.
///
/// # Errors
/// The file is not a picture that can be opened; each reason has its own error.
pub fn develop(bytes: &[u8], policy: &PhotoPolicy, surroundings: &Surroundings) -> Result<Developed, PhotoError> {
    // A decoder that meets what its authors did not foresee is a broken picture, not a broken app.
    let done = catch_unwind(AssertUnwindSafe(|| develop_trusting(bytes, policy, surroundings)));
    done.unwrap_or_else(|_| Err(PhotoError::Broken("the decoder gave up".to_owned())))
}

fn develop_trusting(bytes: &[u8], policy: &PhotoPolicy, surroundings: &Surroundings) -> Result<Developed, PhotoError> {
    let format = decode::recognise(bytes)?;
    let facts = Facts::read(bytes);
    let decoded = decode::decode(bytes, format, policy.longest_side.pixels())?;
    let scaled = scale::to_longest_side(decoded, policy.longest_side.pixels())?;
    let mut upright = DynamicImage::ImageRgb8(scaled);
    upright.apply_orientation(facts.orientation());
    let mut picture = upright.into_rgb8();
    let taken = taken(&facts, surroundings);
    if policy.stamp {
        let time = stamped_time(taken, surroundings);
        let lines: Vec<String> = time.into_iter().chain(surroundings.stamp.iter().cloned()).collect();
        stamp::write(&mut picture, &lines);
    }
    let (width, height) = picture.dimensions();
    let exif = facts.kept();
    let photo = encode(&picture, policy.quality.clamp(1, 100), exif)?;
    let thumbnail = scale::to_longest_side(picture, Some(policy.thumbnail.max(1)))?;
    let thumbnail = encode(&thumbnail, THUMBNAIL_QUALITY, None)?;
    Ok(Developed { photo, thumbnail, width, height, taken, position: facts.position() })
}

/// The camera's clock first, and then the device's if its camera took it; last the times of files, which may be later.
fn taken(facts: &Facts, surroundings: &Surroundings) -> Option<Taken> {
    let zone = surroundings.zone.as_ref();
    let (by_camera, file_at) = match surroundings.origin {
        Origin::Camera => (true, None),
        Origin::Chosen { file_at } => (false, file_at),
    };
    let told = |source: TimeSource| move |at: Timestamp| Taken { at, source };
    facts
        .taken_at(zone)
        .map(told(TimeSource::Camera))
        .or_else(|| surroundings.now.filter(|_| by_camera).map(told(TimeSource::Device)))
        .or_else(|| facts.digitized_at(zone).map(told(TimeSource::Digitized)))
        .or_else(|| facts.changed_at(zone).or(file_at).map(told(TimeSource::File)))
}

/// The time as the stamp shows it, by the yard's clock. Where it is not when the picture was taken, the stamp says what it is.
fn stamped_time(taken: Option<Taken>, surroundings: &Surroundings) -> Option<String> {
    let (what, at) = match taken {
        Some(Taken { at, source: TimeSource::Camera | TimeSource::Device }) => ("", at),
        Some(Taken { at, source: TimeSource::Digitized }) => ("Digitized ", at),
        Some(Taken { at, source: TimeSource::File }) => ("File of ", at),
        None => ("Added ", surroundings.now?),
    };
    Some(format!("{what}{}", at.to_zoned(surroundings.zone.clone()?).strftime("%Y-%m-%d %H:%M")))
}

fn encode(picture: &RgbImage, quality: u8, exif: Option<Vec<u8>>) -> Result<Vec<u8>, PhotoError> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    let broken = |error: image::ImageError| PhotoError::Broken(error.to_string());
    if let Some(exif) = exif {
        encoder.set_exif_metadata(exif).map_err(|error| PhotoError::Broken(error.to_string()))?;
    }
    let (width, height) = picture.dimensions();
    encoder.write_image(picture.as_raw(), width, height, ExtendedColorType::Rgb8).map_err(broken)?;
    Ok(bytes)
}
