//! Pictures become smaller, never larger.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

use crate::photos::PhotoError;

/// Brings the longest side to `longest`; a smaller picture is left as it is.
pub(super) fn to_longest_side(picture: RgbImage, longest: Option<u32>) -> Result<RgbImage, PhotoError> {
    let (width, height) = picture.dimensions();
    let Some(longest) = longest.filter(|longest| width.max(height) > *longest) else {
        return Ok(picture);
    };
    let (to_width, to_height) = fitted(width, height, longest);
    let broken = |error: &dyn std::fmt::Display| PhotoError::Broken(error.to_string());
    let from = ImageRef::new(width, height, picture.as_raw(), PixelType::U8x3).map_err(|error| broken(&error))?;
    let mut to = Image::new(to_width, to_height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize(&from, &mut to, &options).map_err(|error| broken(&error))?;
    RgbImage::from_raw(to_width, to_height, to.into_vec()).ok_or_else(|| broken(&"pixels are missing"))
}

/// Sides in the same proportion, the longest of them `longest`.
fn fitted(width: u32, height: u32, longest: u32) -> (u32, u32) {
    let shortened = |side: u32| {
        let (side, longest, of) = (u64::from(side), u64::from(longest), u64::from(width.max(height)));
        u32::try_from((side * longest + of / 2) / of).map_or(1, |side| side.max(1))
    };
    (shortened(width), shortened(height))
}
