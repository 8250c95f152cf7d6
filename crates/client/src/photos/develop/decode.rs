//! Bytes become pixels, within bounds that hold before anything is unfolded.

use std::io::Cursor;

use image::{ColorType, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use super::{MOST_BYTES, jpeg};
use crate::photos::PhotoError;

/// Pixels along one side that are believed.
pub(super) const MOST_SIDE: u32 = 32_768;
/// Pixels of a picture that is read at a fraction of its size while it is decoded.
pub(super) const MOST_PIXELS: u64 = 210_000_000;
/// Bytes that an unfolded picture may take in memory beside its file and a JPEG's coefficients, counting everything that
/// is alive at once: what the decoder holds, the pixels as the file has them, the RGB they become, and its copy that is
/// turned upright. 50 megapixels of RGBA fit.
pub(super) const MOST_UNFOLDED: u64 = 400_000_000;
/// An RGB picture, and its copy while it is turned.
pub(super) const TURNING: u64 = 6;
/// What the WebP decoder holds for each pixel beside the picture: colors without their transparency or planes of a
/// frame, and transparency on its own.
const WEBP_ASIDE: u64 = 6;
/// Bytes that a PNG may take for what is not its pixels: color profiles and texts, which are packed.
const MOST_BESIDE_PIXELS: u64 = 64 * 1024 * 1024;

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
        ImageFormat::Jpeg => jpeg::decode(bytes, longest),
        format => other(bytes, format),
    }
}

/// Whether that many pixels, of that many bytes each, may be unfolded.
pub(super) fn check(pixels: u64, bytes_each: u64, (width, height): (u32, u32)) -> Result<(), PhotoError> {
    if pixels.saturating_mul(bytes_each) > MOST_UNFOLDED {
        return Err(PhotoError::TooManyPixels { width, height });
    }
    Ok(())
}

/// Makes RGB of pixels of `N` bytes, in the same buffer.
pub(super) fn to_rgb<const N: usize>(mut bytes: Vec<u8>, rgb: impl Fn([u8; N]) -> [u8; 3]) -> Vec<u8> {
    let pixels = bytes.len() / N;
    bytes.resize(pixels * N.max(3), 0);
    let mut convert = |at: usize| {
        let mut pixel = [0; N];
        pixel.copy_from_slice(&bytes[at * N..(at + 1) * N]);
        bytes[at * 3..(at + 1) * 3].copy_from_slice(&rgb(pixel));
    };
    // From the end at which nothing that is still to be read is written over.
    if N < 3 {
        (0..pixels).rev().for_each(&mut convert);
    } else {
        (0..pixels).for_each(&mut convert);
    }
    bytes.truncate(pixels * 3);
    bytes
}

/// The greater half of a number of 16 bits.
pub(super) const fn high(bytes: [u8; 2]) -> u8 {
    u16::from_ne_bytes(bytes).to_be_bytes()[0]
}

fn other(bytes: &[u8], format: ImageFormat) -> Result<RgbImage, PhotoError> {
    let broken = |error: image::ImageError| PhotoError::Broken(error.to_string());
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_BESIDE_PIXELS);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    let too_many = || PhotoError::TooManyPixels { width, height };
    if width.max(height) > MOST_SIDE {
        return Err(too_many());
    }
    let color = decoder.color_type();
    let pixel = u64::from(color.bytes_per_pixel());
    let aside = if format == ImageFormat::WebP { WEBP_ASIDE } else { 0 };
    check(u64::from(width) * u64::from(height), (pixel.max(3) + aside).max(TURNING), (width, height))?;
    let whole = usize::try_from(decoder.total_bytes()).map_err(|_| too_many())?;
    // With room for the RGB they become, so that they need not move.
    let mut samples = vec![0; whole.max(width as usize * height as usize * 3)];
    samples.truncate(whole);
    decoder.read_image(&mut samples).map_err(broken)?;
    let rgb = match color {
        ColorType::Rgb8 => samples,
        ColorType::L8 => to_rgb::<1>(samples, |[grey]| [grey; 3]),
        ColorType::La8 => to_rgb::<2>(samples, |[grey, opacity]| on_white([grey; 3], opacity)),
        ColorType::Rgba8 => to_rgb::<4>(samples, |[red, green, blue, opacity]| on_white([red, green, blue], opacity)),
        ColorType::L16 => to_rgb::<2>(samples, |[a, b]| [high([a, b]); 3]),
        ColorType::La16 => to_rgb::<4>(samples, |[a, b, c, d]| on_white([high([a, b]); 3], high([c, d]))),
        ColorType::Rgb16 => to_rgb::<6>(samples, |[a, b, c, d, e, f]| [[a, b], [c, d], [e, f]].map(high)),
        ColorType::Rgba16 => {
            to_rgb::<8>(samples, |[a, b, c, d, e, f, g, h]| on_white([[a, b], [c, d], [e, f]].map(high), high([g, h])))
        }
        _ => return Err(PhotoError::Broken(format!("its colors are {color:?}"))),
    };
    RgbImage::from_raw(width, height, rgb).ok_or_else(|| PhotoError::Broken("pixels are missing".to_owned()))
}

/// What is transparent (the paper of a drawn signature) is white.
fn on_white(light: [u8; 3], opacity: u8) -> [u8; 3] {
    light.map(|light| {
        let (light, opacity) = (u32::from(light), u32::from(opacity));
        u8::try_from((light * opacity + 255 * (255 - opacity)) / 255).unwrap_or(u8::MAX)
    })
}
