//! Pictures as a camera would give them, but so small that a world can take many.

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};

use crate::dice::Dice;

/// The picture of that number, as JPEG: the same each time, and unlike every other.
pub(crate) fn picture(number: u64) -> Vec<u8> {
    let mut dice = Dice::new(number, 0x9c);
    let side = u32::try_from(dice.within(8, 24)).expect("a small side");
    let noise = RgbImage::from_fn(side, side, |_, _| Rgb([0_u8; 3].map(|_| dice.next().to_be_bytes()[0])));
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 60).encode_image(&noise).expect("a picture in memory is a JPEG");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_picture_and_a_small_one() {
        assert_eq!(picture(7), picture(7));
        assert_ne!(picture(7), picture(8));
        assert!((0..50).all(|number| picture(number).len() < 4_000));
    }
}
