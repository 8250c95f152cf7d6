//! Time, place and unit, written visibly into the picture.

use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts as _};
use image::RgbImage;

/// Pixels of a letter in the font, each way.
const LETTER: u32 = 8;
/// The longest side at which a pixel of the font is a pixel of the picture.
const ONE_TO_ONE: u32 = 640;
/// Lines and letters that are written; what is longer is cut.
const MOST_LINES: usize = 4;
const MOST_LETTERS: usize = 60;

/// Writes the lines on a darkened bar at the bottom.
pub(super) fn write(picture: &mut RgbImage, lines: &[String]) {
    let lines: Vec<Vec<char>> = lines
        .iter()
        .filter(|line| !line.is_empty())
        .take(MOST_LINES)
        .map(|line| line.chars().take(MOST_LETTERS).collect())
        .collect();
    let widest = lines.iter().map(Vec::len).max().and_then(|letters| u32::try_from(letters).ok()).unwrap_or(0);
    if widest == 0 {
        return;
    }
    let (width, height) = picture.dimensions();
    let count = u32::try_from(lines.len()).unwrap_or(1);
    let size = (width.max(height) / ONE_TO_ONE).min(width / ((widest + 1) * LETTER)).max(1);
    let (letter, row) = (LETTER * size, (LETTER + 2) * size);
    let top = height.saturating_sub(count * row + 2 * size);
    for y in top..height {
        for x in 0..width {
            picture.get_pixel_mut(x, y).0 = picture.get_pixel(x, y).0.map(|light| light / 3);
        }
    }
    for (line, at) in lines.iter().zip(0..) {
        for (character, place) in line.iter().zip(0..) {
            draw(picture, *character, (letter / 2 + place * letter, top + 2 * size + at * row), size);
        }
    }
}

fn draw(picture: &mut RgbImage, character: char, (left, top): (u32, u32), size: u32) {
    let glyph = BASIC_FONTS.get(character).or_else(|| LATIN_FONTS.get(character)).or_else(|| BASIC_FONTS.get('?'));
    for (bits, y) in glyph.unwrap_or_default().into_iter().zip(0..) {
        for x in (0..LETTER).filter(|x| bits >> x & 1 == 1) {
            for (dx, dy) in (0..size).flat_map(|dx| (0..size).map(move |dy| (dx, dy))) {
                if let Some(pixel) = picture.get_pixel_mut_checked(left + x * size + dx, top + y * size + dy) {
                    pixel.0 = [255; 3];
                }
            }
        }
    }
}
