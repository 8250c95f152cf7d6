//! Pictures to take photos of.

use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};

/// A file with a picture that no other seed has.
pub(crate) fn picture(folder: &Path, seed: u8) -> PathBuf {
    let path = folder.join(format!("{seed}.jpg"));
    std::fs::write(&path, jpeg(seed)).unwrap();
    path
}

/// A picture as a camera makes it, larger than what is kept.
pub(crate) fn jpeg(seed: u8) -> Vec<u8> {
    let grain = |x: u32, y: u32| u8::try_from((x * 7 + y * 13 + x * y / 64) % 256).expect("less than 256");
    let picture =
        RgbImage::from_fn(2400, 1600, |x, y| Rgb([grain(x, y), grain(y, x).wrapping_add(seed * 40), seed * 50]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}
