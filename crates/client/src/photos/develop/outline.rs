//! What a JPEG says of its colors, and whether its last line has come: read marker by marker, before anything is unfolded.

use jpeg_decoder::ColorTransform;

const START_OF_SCAN: u8 = 0xda;
const END: u8 = 0xd9;
/// Coefficients of a block, a bit each.
const ALL: u64 = u64::MAX;

/// What the markers say.
#[derive(Debug, Default)]
pub(super) struct Outline {
    is_jfif: bool,
    /// How Adobe's marker says that colors were transformed.
    adobe: Option<u8>,
    components: Vec<Component>,
    is_progressive: bool,
    has_restarts: bool,
    /// Where what belongs to the picture ends, if every coefficient has come and the end marker has not.
    ends_at: Option<usize>,
}

#[derive(Debug)]
struct Component {
    id: u8,
    /// The coefficients that have come in full.
    come: u64,
}

impl Outline {
    /// Reads as far as the markers make sense. The decoder tells what is wrong with the rest.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut outline = Self::default();
        let mut rest = 2;
        while let Some(next) = outline.read_one(bytes, rest) {
            rest = next;
        }
        outline
    }

    /// See the field.
    pub(super) const fn ends_at(&self) -> Option<usize> {
        self.ends_at
    }

    /// How the decoder is to transform the colors, where it does not find out by itself: Adobe's marker says it, unless
    /// the file is JFIF, which knows one kind of color only.
    pub(super) fn colors(&self) -> Option<ColorTransform> {
        match (self.components.len(), self.is_jfif, self.adobe?) {
            (3, false, 0) => Some(ColorTransform::RGB),
            (3, false, _) => Some(ColorTransform::YCbCr),
            (4, _, 0) => Some(ColorTransform::CMYK),
            (4, ..) => Some(ColorTransform::YCCK),
            _ => None,
        }
    }

    /// Whether 255 is no ink, as whoever writes Adobe's marker has it; otherwise 255 is full ink.
    pub(super) const fn is_inverted(&self) -> bool {
        self.adobe.is_some()
    }

    /// Reads the next marker and what belongs to it. Returns where the one after it may begin.
    fn read_one(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        let (marker, after) = marker(bytes, from)?;
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            return Some(after);
        }
        if marker == END {
            return None;
        }
        let length = usize::from(u16::from_be_bytes(*bytes.get(after..)?.first_chunk()?));
        let segment = bytes.get(after + 2..after.checked_add(length)?)?;
        match marker {
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => self.read_frame(marker, segment)?,
            0xdd => self.has_restarts = segment.iter().any(|byte| *byte != 0),
            0xe0 if segment.starts_with(b"JFIF\0") => self.is_jfif = true,
            0xee if segment.starts_with(b"Adobe") => self.adobe = segment.get(11).copied().or(self.adobe),
            START_OF_SCAN => {
                self.read_scan(segment)?;
                let end = end_of_scan(bytes, after + length, self.has_restarts);
                if !self.has_come() {
                    return Some(end);
                }
                let is_marked = self::marker(bytes, end).is_some_and(|(marker, _)| marker == END);
                // Whatever follows is no part of the picture.
                self.ends_at = (!is_marked).then_some(end);
                return None;
            }
            _ => {}
        }
        Some(after + length)
    }

    fn read_frame(&mut self, marker: u8, segment: &[u8]) -> Option<()> {
        if !self.components.is_empty() {
            return None;
        }
        let count = usize::from(*segment.get(5)?);
        let components = segment.get(6..6 + 3 * count)?;
        self.components = components.chunks_exact(3).map(|component| Component { id: component[0], come: 0 }).collect();
        self.is_progressive = matches!(marker, 0xc2 | 0xca);
        Some(())
    }

    fn read_scan(&mut self, segment: &[u8]) -> Option<()> {
        let count = usize::from(*segment.first()?);
        let ids = segment.get(1..=2 * count)?.chunks_exact(2).map(|component| component[0]);
        let [first, last, approximation] = *segment.get(1 + 2 * count..)?.first_chunk()?;
        let come = match approximation & 0x0f {
            _ if !self.is_progressive => ALL,
            0 if first <= last && last < 64 => (ALL << first) & (ALL >> (63 - last)),
            // The last bits of these are still to come.
            _ => 0,
        };
        for id in ids {
            for component in self.components.iter_mut().filter(|component| component.id == id) {
                component.come |= come;
            }
        }
        Some(())
    }

    fn has_come(&self) -> bool {
        !self.components.is_empty() && self.components.iter().all(|component| component.come == ALL)
    }
}

/// The next marker, and the place behind it.
fn marker(bytes: &[u8], from: usize) -> Option<(u8, usize)> {
    let mut from = from;
    loop {
        let begin = from + bytes.get(from..)?.iter().position(|byte| *byte == 0xff)?;
        let at = begin + bytes[begin..].iter().position(|byte| *byte != 0xff)?;
        if bytes[at] != 0 {
            return Some((bytes[at], at + 1));
        }
        from = at + 1;
    }
}

/// Where the coded bytes of a scan end: at the first marker that does not belong among them, or where there are no more.
fn end_of_scan(bytes: &[u8], from: usize, has_restarts: bool) -> usize {
    let (mut from, mut restart) = (from, 0xd0);
    while let Some((marker, after)) = marker(bytes, from) {
        if !has_restarts || marker != restart {
            break;
        }
        restart = 0xd0 | (restart + 1) & 7;
        from = after;
    }
    let coded = bytes.get(from..).unwrap_or_default();
    let stop = |at: usize| coded.get(at + 1).is_none_or(|next| *next != 0);
    let end = coded.iter().enumerate().position(|(at, byte)| *byte == 0xff && stop(at));
    from + end.unwrap_or(coded.len())
}
