//! JPEGs that no encoder at hand makes, put together byte by byte: a row of blocks of one color each, so that a block is
//! one number for each component.

use image::{ImageFormat, RgbImage};

use super::super::decode::decode;
use super::{jpeg, quarters};
use crate::photos::PhotoError;

/// How a file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// One scan with everything.
    Interleaved,
    /// The same, with a restart between any two blocks.
    WithRestarts,
    /// A scan for each component.
    Apart,
    /// The mean of every block first, then the rest of each component.
    Progressive,
}

const LAYOUTS: [Layout; 4] = [Layout::Interleaved, Layout::WithRestarts, Layout::Apart, Layout::Progressive];

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], data].concat()
}

fn adobe(transform: u8) -> Vec<u8> {
    segment(0xee, &[b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat())
}

/// The coded bits of a scan: four of them tell the size of a difference, and a zero that nothing more is in a block.
#[derive(Default)]
struct Coded(Vec<bool>);

impl Coded {
    fn number(&mut self, number: i32, bits: u32) {
        self.0.extend((0..bits).rev().map(|bit| number >> bit & 1 == 1));
    }

    fn difference(&mut self, difference: i32) {
        let size = i32::BITS - difference.abs().leading_zeros();
        self.number(i32::try_from(size).unwrap(), 4);
        self.number(if difference < 0 { difference - 1 } else { difference }, size);
    }

    fn nothing_more(&mut self) {
        self.number(0, 1);
    }

    fn bytes(mut self) -> Vec<u8> {
        while !self.0.len().is_multiple_of(8) {
            self.0.push(true);
        }
        let bytes = self.0.chunks(8).map(|bits| bits.iter().fold(0_u8, |byte, bit| byte << 1 | u8::from(*bit)));
        bytes.flat_map(|byte| if byte == 0xff { vec![0xff, 0] } else { vec![byte] }).collect()
    }
}

/// The blocks of those components, each as its difference from the one before.
fn blocks_of<const N: usize>(components: &[usize], blocks: &[[u8; N]], is_all: bool) -> Vec<u8> {
    let mut coded = Coded::default();
    let mut before = [128; N];
    for block in blocks {
        for at in components {
            coded.difference((i32::from(block[*at]) - i32::from(before[*at])) * 8);
            if is_all {
                coded.nothing_more();
            }
        }
        before = *block;
    }
    coded.bytes()
}

/// A row of blocks, without the end marker.
fn row<const N: usize>(layout: Layout, before: &[u8], blocks: &[[u8; N]]) -> Vec<u8> {
    let all: Vec<usize> = (0..N).collect();
    let id = |at: &usize| u8::try_from(at + 1).unwrap();
    let is_progressive = layout == Layout::Progressive;
    let width = u16::try_from(blocks.len() * 8).unwrap().to_be_bytes();
    let components: Vec<u8> = all.iter().flat_map(|at| [id(at), 0x11, 0]).collect();
    let frame = [&[8, 0, 8][..], &width, &[u8::try_from(N).unwrap()], &components].concat();
    let sizes = [&[0, 0, 0, 0, 12][..], &[0; 12], &(0..12).collect::<Vec<u8>>()].concat();
    let nothing_more = [&[0x10, 1][..], &[0; 15], &[0]].concat();
    let scan = |of: &[usize], first: u8, last: u8, coded: Vec<u8>| {
        let components: Vec<u8> = of.iter().flat_map(|at| [id(at), 0]).collect();
        let head = [&[u8::try_from(of.len()).unwrap()][..], &components, &[first, last, 0]].concat();
        [segment(0xda, &head), coded].concat()
    };
    let head = [
        vec![0xff, 0xd8],
        before.to_vec(),
        segment(0xdb, &[&[0][..], &[1; 64]].concat()),
        segment(if is_progressive { 0xc2 } else { 0xc0 }, &frame),
        segment(0xc4, &[sizes, nothing_more].concat()),
    ]
    .concat();
    let scans = match layout {
        Layout::Interleaved => scan(&all, 0, 63, blocks_of(&all, blocks, true)),
        Layout::WithRestarts => {
            let marked = |(at, block): (usize, &[u8; N])| {
                let marker = [0xff, 0xd0 | u8::try_from(at % 8).unwrap()];
                let is_last = at + 1 == blocks.len();
                [&blocks_of(&all, &[*block], true)[..], if is_last { &[] } else { &marker }].concat()
            };
            let coded = blocks.iter().enumerate().flat_map(marked).collect();
            [segment(0xdd, &[0, 1]), scan(&all, 0, 63, coded)].concat()
        }
        Layout::Apart => all.chunks(1).flat_map(|one| scan(one, 0, 63, blocks_of(one, blocks, true))).collect(),
        Layout::Progressive => {
            let means = scan(&all, 0, 0, blocks_of(&all, blocks, false));
            let rest = all.chunks(1).flat_map(|one| {
                let mut coded = Coded::default();
                for _ in blocks {
                    coded.nothing_more();
                }
                scan(one, 1, 63, coded.bytes())
            });
            means.into_iter().chain(rest).collect()
        }
    };
    [head, scans].concat()
}

fn ended(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0xff, 0xd9]].concat()
}

fn decoded(bytes: &[u8]) -> Result<RgbImage, PhotoError> {
    decode(bytes, ImageFormat::Jpeg, None)
}

/// The color of each block.
fn colors(bytes: &[u8]) -> Vec<[u8; 3]> {
    let picture = decoded(bytes).unwrap();
    (0..picture.width() / 8).map(|block| picture.get_pixel(block * 8 + 4, 4).0).collect()
}

fn is_near(seen: &[[u8; 3]], meant: &[[u8; 3]]) -> bool {
    seen.len() == meant.len() && seen.as_flattened().iter().zip(meant.as_flattened()).all(|(a, b)| a.abs_diff(*b) <= 3)
}

/// Cyan, magenta, yellow and black as they are printed, and what that shows.
const INKS: [([u8; 4], [u8; 3]); 7] = [
    ([0, 0, 0, 0], [255, 255, 255]),
    ([255, 0, 0, 0], [0, 255, 255]),
    ([0, 255, 255, 0], [255, 0, 0]),
    ([0, 0, 0, 255], [0, 0, 0]),
    ([0, 0, 0, 128], [127, 127, 127]),
    ([40, 200, 80, 20], [198, 51, 161]),
    ([255, 255, 255, 255], [0, 0, 0]),
];

/// As libjpeg makes them.
fn to_ycc(rgb: [u8; 3]) -> [u8; 3] {
    let [red, green, blue] = rgb.map(f64::from);
    let light = 0.299 * red + 0.587 * green + 0.114 * blue;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 255")]
    [light, (blue - light) / 1.772 + 128.0, (red - light) / 1.402 + 128.0].map(|number| number.round() as u8)
}

#[test]
fn inks_show_their_colors_with_adobes_marker_and_without() {
    let meant = INKS.map(|(_, shown)| shown);
    let as_printed = INKS.map(|(inks, _)| inks);
    let upside_down = as_printed.map(|inks| inks.map(|ink| 255 - ink));
    let transformed = INKS.map(|([cyan, magenta, yellow, black], _)| {
        let [light, blue, red] = to_ycc([cyan, magenta, yellow]);
        [light, blue, red, 255 - black]
    });
    let jfif = segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    for layout in LAYOUTS {
        let files = [
            ("Adobe's CMYK", row(layout, &adobe(0), &upside_down)),
            ("Adobe's YCCK", row(layout, &adobe(2), &transformed)),
            ("Adobe's YCCK, called YCC", row(layout, &adobe(1), &transformed)),
            ("CMYK", row(layout, &[], &as_printed)),
            ("CMYK in JFIF", row(layout, &jfif, &as_printed)),
        ];
        for (name, bytes) in files {
            let seen = colors(&ended(&bytes));
            assert!(is_near(&seen, &meant), "{name}, {layout:?}: {seen:?}");
        }
    }
}

#[test]
fn three_components_are_what_adobes_marker_says_unless_the_file_is_jfif() {
    let meant = [[255, 0, 0], [0, 128, 255], [200, 190, 20]];
    let ycc = meant.map(to_ycc);
    let jfif = segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    let files = [
        ("no marker", row(Layout::Interleaved, &[], &ycc)),
        ("RGB", row(Layout::Interleaved, &adobe(0), &meant)),
        ("YCC", row(Layout::Interleaved, &adobe(1), &ycc)),
        ("YCCK with three", row(Layout::Interleaved, &adobe(2), &ycc)),
        ("JFIF", row(Layout::Interleaved, &jfif, &ycc)),
        ("JFIF with a marker", row(Layout::Interleaved, &[jfif.clone(), adobe(0)].concat(), &ycc)),
    ];
    for (name, bytes) in files {
        let seen = colors(&ended(&bytes));
        assert!(is_near(&seen, &meant), "{name}: {seen:?}");
    }
}

/// What stands behind a picture whose camera wrote no end marker.
fn trailers() -> Vec<(&'static str, Vec<u8>)> {
    let noise: Vec<u8> = (1..60_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    vec![
        ("nothing", Vec::new()),
        ("half an end marker", vec![0xff]),
        ("zeros", vec![0; 4096]),
        ("a phone's notes", [&b"\0\0\x01\x0aImage_UTC_Data1764493500000SEFH"[..], &[1, 0, 0, 0], b"SEFT"].concat()),
        ("a video", [&b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"[..], &noise].concat()),
        ("another picture", ended(&row(Layout::Interleaved, &[], &[[9_u8]]))),
        ("stray restarts", vec![7, 0xff, 0xd5, 0xff, 0xd5, 3, 0xff, 0xd3]),
        ("a segment cut short", vec![0xff, 0xe1, 0xff, 0xf0, 1, 2, 3]),
    ]
}

#[test]
fn a_jpeg_without_its_end_marker_is_whole_if_all_lines_have_come() {
    let blocks: [[u8; 3]; 20] =
        std::array::from_fn(|at| [11 * at, 200 - 7 * at, 13 * at].map(|it| it.to_le_bytes()[0]));
    let mut files: Vec<_> =
        LAYOUTS.iter().map(|layout| (format!("{layout:?}"), row(*layout, &adobe(0), &blocks))).collect();
    let camera = jpeg(&quarters(200, 100), &[]);
    files.push(("from an encoder".to_owned(), camera[..camera.len() - 2].to_vec()));
    for (name, bytes) in files {
        let meant = decoded(&ended(&bytes)).unwrap();
        for (behind, trailer) in trailers() {
            let seen = decoded(&[&bytes[..], &trailer].concat());
            assert!(seen.as_ref().is_ok_and(|seen| *seen == meant), "{name}, behind it {behind}: {seen:?}");
        }
    }
}

#[test]
fn a_jpeg_that_lacks_as_much_as_a_byte_of_a_line_is_broken() {
    let blocks: [[u8; 3]; 20] =
        std::array::from_fn(|at| [11 * at, 200 - 7 * at, 13 * at].map(|it| it.to_le_bytes()[0]));
    let camera = jpeg(&quarters(64, 32), &[]);
    let files = LAYOUTS.map(|layout| row(layout, &adobe(0), &blocks));
    for bytes in files.iter().map(Vec::as_slice).chain([&camera[..camera.len() - 2]]) {
        for cut in 4..bytes.len() {
            let seen = decoded(&bytes[..cut]);
            assert!(matches!(seen, Err(PhotoError::Broken(_))), "{cut} of {}: {seen:?}", bytes.len());
        }
    }
}

#[test]
fn what_is_coded_in_a_way_that_is_not_read_here_is_not_called_damaged() {
    let bytes = ended(&row(Layout::Interleaved, &[], &[[9_u8], [200]]));
    let frame = bytes.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    let (mut arithmetic, mut of_twelve_bits) = (bytes.clone(), bytes);
    arithmetic[frame + 1] = 0xc9;
    of_twelve_bits[frame + 1] = 0xc1;
    of_twelve_bits[frame + 4] = 12;
    for bytes in [arithmetic, of_twelve_bits] {
        assert!(matches!(decoded(&bytes), Err(PhotoError::NotAPicture)));
    }
}
