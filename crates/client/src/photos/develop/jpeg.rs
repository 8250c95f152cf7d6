//! A JPEG becomes pixels: at a fraction of its size if a smaller one is wanted, and whole even if its end marker is
//! missing, as with cameras that write none.

use std::io::Read;

use image::RgbImage;
use jpeg_decoder::{CodingProcess, Decoder, ImageInfo, PixelFormat};

use super::decode::{MOST_PIXELS, MOST_SIDE, MOST_UNFOLDED, TURNING, check, high, to_rgb};
use super::outline::Outline;
use crate::photos::PhotoError;
use crate::photos::folder::sha256;

/// Bytes of coefficients: a progressive JPEG is held whole before its first pixel.
const MOST_COEFFICIENTS: u64 = 400_000_000;
/// As many coded bits as the decoder reads ahead: all ones, all zeros.
const ONES: [u8; 16] = [0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0];
const ZEROS: [u8; 8] = [0; 8];
const END_MARKER: [u8; 2] = [0xff, 0xd9];

/// Decodes to RGB. With a longest side asked for, it comes at the smallest fraction of its size that is no smaller.
pub(super) fn decode(bytes: &[u8], longest: Option<u32>) -> Result<RgbImage, PhotoError> {
    let outline = Outline::of(bytes);
    let Some(end) = outline.ends_at() else { return unfold(bytes, &outline, longest) };
    let followed_by = |bits: &[u8]| {
        let picture = bytes[..end].chain(bits).chain(END_MARKER.as_slice());
        unfold(picture, &outline, longest)
    };
    // The decoder fills up what is missing and says nothing. All lines have come only if it does not matter with what.
    let print = sha256(followed_by(&ONES)?.as_raw());
    let picture = followed_by(&ZEROS)?;
    if sha256(picture.as_raw()) != print {
        return Err(PhotoError::Broken("its last lines are missing".to_owned()));
    }
    Ok(picture)
}

fn unfold(reader: impl Read, outline: &Outline, longest: Option<u32>) -> Result<RgbImage, PhotoError> {
    let mut decoder = Decoder::new(reader);
    decoder.read_info().map_err(told)?;
    let info = decoder.info().ok_or_else(|| PhotoError::Broken("it has no size".to_owned()))?;
    check_held_whole(info)?;
    let (mut width, mut height) = (info.width, info.height);
    if let Some(longest) = longest.and_then(|longest| u16::try_from(longest).ok()) {
        let (across, down) = if width >= height { (longest, u16::MAX) } else { (u16::MAX, longest) };
        (width, height) = decoder.scale(across, down).map_err(told)?;
    }
    // A plane for each color first, then all of them together.
    let channels = info.pixel_format.pixel_bytes() as u64;
    let pixels = u64::from(width) * u64::from(height);
    check(pixels, (2 * channels).max(TURNING), (info.width.into(), info.height.into()))?;
    decoder.set_max_decoding_buffer_size(usize::try_from(MOST_UNFOLDED / 2).unwrap_or(usize::MAX));
    if let Some(colors) = outline.colors() {
        decoder.set_color_transform(colors);
    }
    let samples = decoder.decode().map_err(told)?;
    if samples.len() as u64 != pixels * channels {
        return Err(PhotoError::Broken("its pixels are not as it says".to_owned()));
    }
    let rgb = match info.pixel_format {
        PixelFormat::RGB24 => samples,
        PixelFormat::L8 => to_rgb::<1>(samples, |[grey]| [grey; 3]),
        PixelFormat::L16 => to_rgb::<2>(samples, |[first, second]| [high([first, second]); 3]),
        // The decoder hands every CMYK over upside down.
        PixelFormat::CMYK32 if outline.is_inverted() => to_rgb(samples, from_ink),
        PixelFormat::CMYK32 => to_rgb(samples, |left| from_ink(left.map(|left| u8::MAX - left))),
    };
    RgbImage::from_raw(u32::from(width), u32::from(height), rgb)
        .ok_or_else(|| PhotoError::Broken("pixels are missing".to_owned()))
}

/// What is coded in a way that is not read here is not damaged: taken again, it would be so again.
fn told(error: jpeg_decoder::Error) -> PhotoError {
    match error {
        jpeg_decoder::Error::Unsupported(_) => PhotoError::NotAPicture,
        error => PhotoError::Broken(error.to_string()),
    }
}

/// Whether it has no more pixels and coefficients than are held at once.
fn check_held_whole(info: ImageInfo) -> Result<(), PhotoError> {
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    let pixels = u64::from(width) * u64::from(height);
    let is_held_whole = info.coding_process != CodingProcess::DctSequential;
    if width.max(height) > MOST_SIDE
        || pixels > MOST_PIXELS
        || (is_held_whole && pixels * info.pixel_format.pixel_bytes() as u64 * 2 > MOST_COEFFICIENTS)
    {
        return Err(PhotoError::TooManyPixels { width, height });
    }
    Ok(())
}

/// 255 is full ink.
fn from_ink([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| {
        let light = u16::from(u8::MAX - ink) * u16::from(u8::MAX - black) / 255;
        u8::try_from(light).unwrap_or(u8::MAX)
    })
}
