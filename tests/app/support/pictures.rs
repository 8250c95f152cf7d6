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
    let (sky, ground, wheel) = (Rgb([176, 196, 210]), Rgb([84, 84, 80]), Rgb([20, 20, 22]));
    let (trailer, tractor) = (Rgb([232, 230, 222]), Rgb([150, 40 + seed * 30, 60]));
    let is_wheel = |x: u32, y: u32| {
        [620_u32, 760, 1560, 1700, 2050].iter().any(|at| x.abs_diff(*at).pow(2) + y.abs_diff(1200).pow(2) < 70 * 70)
    };
    let picture = RgbImage::from_fn(2400, 1600, |x, y| match (x, y) {
        _ if is_wheel(x, y) => wheel,
        (400..1750, 500..1150) => trailer,
        (1770..2150, 760..1180) => tractor,
        (_, 1180..) => ground,
        _ => sky,
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}
