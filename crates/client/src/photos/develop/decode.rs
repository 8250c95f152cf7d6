//! Bytes become pixels, within bounds that hold before anything is unfolded.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, RgbImage};
use jpeg_decoder::{CodingProcess, Decoder, PixelFormat};

use super::MOST_BYTES;
use crate::photos::PhotoError;

/// Pixels along one side that are believed.
const MOST_SIDE: u32 = 32_768;
/// Pixels of a picture that is read at a fraction of its size while it is decoded.
const MOST_PIXELS: u64 = 210_000_000;
/// Bytes that the unfolded picture may take.
const MOST_UNFOLDED: u64 = 200_000_000;
/// Bytes of coefficients: a progressive JPEG is held whole before its first pixel.
const MOST_COEFFICIENTS: u64 = 400_000_000;

/// What the first bytes say it is.
///
/// # Errors
/// Nothing that is read here.
pub(super) fn recognise(bytes: &[u8]) -> Result<ImageFormat, PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    if bytes.len() as u64 > MOST_BYTES {
        return Err(PhotoError::TooManyBytes { bytes: bytes.len() as u64, most: MOST_BYTES });
    }
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Ok(ImageFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Ok(ImageFormat::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(ImageFormat::WebP),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] if is_heic(brand) => Err(PhotoError::Heic),
        _ => Err(PhotoError::NotAPicture),
    }
}

fn is_heic(brand: &[u8]) -> bool {
    const BRANDS: [&[u8]; 8] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"];
    BRANDS.iter().any(|known| brand.starts_with(known))
}

/// Decodes to RGB. With a longest side asked for, a JPEG comes at the smallest fraction of its size that is no smaller.
pub(super) fn decode(bytes: &[u8], format: ImageFormat, longest: Option<u32>) -> Result<RgbImage, PhotoError> {
    match format {
        ImageFormat::Jpeg => jpeg(bytes, longest),
        format => other(bytes, format),
    }
}

fn jpeg(bytes: &[u8], longest: Option<u32>) -> Result<RgbImage, PhotoError> {
    let broken = |error: jpeg_decoder::Error| PhotoError::Broken(error.to_string());
    let mut decoder = Decoder::new(bytes);
    decoder.read_info().map_err(broken)?;
    let info = decoder.info().ok_or_else(|| PhotoError::Broken("it has no size".to_owned()))?;
    let (full_width, full_height) = (u32::from(info.width), u32::from(info.height));
    let too_many = PhotoError::TooManyPixels { width: full_width, height: full_height };
    let pixels = u64::from(full_width) * u64::from(full_height);
    let channels = info.pixel_format.pixel_bytes() as u64;
    let is_held_whole = info.coding_process != CodingProcess::DctSequential;
    if full_width.max(full_height) > MOST_SIDE
        || pixels > MOST_PIXELS
        || (is_held_whole && pixels * channels * 2 > MOST_COEFFICIENTS)
    {
        return Err(too_many);
    }
    let (mut width, mut height) = (info.width, info.height);
    if let Some(longest) = longest.and_then(|longest| u16::try_from(longest).ok()) {
        let (across, down) = if width >= height { (longest, u16::MAX) } else { (u16::MAX, longest) };
        (width, height) = decoder.scale(across, down).map_err(broken)?;
    }
    let unfolded = u64::from(width) * u64::from(height) * channels;
    if unfolded > MOST_UNFOLDED {
        return Err(too_many);
    }
    decoder.set_max_decoding_buffer_size(usize::try_from(MOST_UNFOLDED).unwrap_or(usize::MAX));
    let samples = decoder.decode().map_err(broken)?;
    let rgb = match info.pixel_format {
        PixelFormat::RGB24 => samples,
        PixelFormat::L8 => samples.into_iter().flat_map(|grey| [grey; 3]).collect(),
        PixelFormat::L16 => {
            samples.as_chunks::<2>().0.iter().flat_map(|grey| [u16::from_ne_bytes(*grey).to_be_bytes()[0]; 3]).collect()
        }
        PixelFormat::CMYK32 => samples.as_chunks::<4>().0.iter().flat_map(|ink| from_cmyk(*ink)).collect(),
    };
    RgbImage::from_raw(u32::from(width), u32::from(height), rgb)
        .ok_or_else(|| PhotoError::Broken("pixels are missing".to_owned()))
}

/// As Adobe's applications write it: 255 is no ink.
fn from_cmyk([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| {
        let light = u16::from(ink) * u16::from(black) / 255;
        u8::try_from(light).unwrap_or(u8::MAX)
    })
}

fn other(bytes: &[u8], format: ImageFormat) -> Result<RgbImage, PhotoError> {
    let broken = |error: image::ImageError| PhotoError::Broken(error.to_string());
    let mut limits = Limits::default();
    limits.max_alloc = Some(2 * MOST_UNFOLDED);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > MOST_SIDE || decoder.total_bytes() > MOST_UNFOLDED {
        return Err(PhotoError::TooManyPixels { width, height });
    }
    let image = DynamicImage::from_decoder(decoder).map_err(broken)?;
    Ok(if image.color().has_alpha() { on_white(&image) } else { image.into_rgb8() })
}

/// What is transparent (the paper of a drawn signature) is white.
fn on_white(image: &DynamicImage) -> RgbImage {
    let rgba = image.to_rgba8();
    let (width, height) = rgba.dimensions();
    let mut rgb = RgbImage::new(width, height);
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [red, green, blue, opacity] = from.0;
        to.0 = [red, green, blue].map(|light| {
            let (light, opacity) = (u32::from(light), u32::from(opacity));
            u8::try_from((light * opacity + 255 * (255 - opacity)) / 255).unwrap_or(u8::MAX)
        });
    }
    rgb
}
