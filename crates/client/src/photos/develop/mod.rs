//! From a camera's bytes to what is kept: decoded, turned upright, scaled, stamped, encoded anew with the few facts that
//! are kept of its EXIF, and its thumbnail. Pure: bytes and policy in, bytes out.

mod decode;
mod facts;
mod jpeg;
mod outline;
mod scale;
mod stamp;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use gatebook_domain::attachment::Position;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder as _, RgbImage};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{PhotoError, PhotoPolicy};
use facts::Facts;

/// Bytes of a picture that is taken in.
pub const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// What photos are kept and sent as.
pub const MEDIA_TYPE: &str = "image/jpeg";
const THUMBNAIL_QUALITY: u8 = 75;

/// What is known of a photo besides its bytes.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Zone of the yard: a camera's clock without a zone is taken to show its time.
    pub zone: Option<TimeZone>,
    /// When it came, for a picture that does not say when it was taken.
    pub now: Option<Timestamp>,
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
    /// When it was taken, by the picture's own word.
    pub taken_at: Option<Timestamp>,
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
    let zone = surroundings.zone.clone().unwrap_or(TimeZone::UTC);
    let taken_at = facts.taken_at(&zone);
    if policy.stamp {
        // A picture chosen from the gallery is of when it was taken, not of when it was chosen.
        let time = taken_at.or(surroundings.now).map(|time| time.to_zoned(zone));
        let time = time.map(|time| time.strftime("%Y-%m-%d %H:%M").to_string());
        let lines: Vec<String> = time.into_iter().chain(surroundings.stamp.iter().cloned()).collect();
        stamp::write(&mut picture, &lines);
    }
    let (width, height) = picture.dimensions();
    let exif = facts.kept();
    let photo = encode(&picture, policy.quality.clamp(1, 100), exif)?;
    let thumbnail = scale::to_longest_side(picture, Some(policy.thumbnail.max(1)))?;
    let thumbnail = encode(&thumbnail, THUMBNAIL_QUALITY, None)?;
    Ok(Developed { photo, thumbnail, width, height, taken_at, position: facts.position() })
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
