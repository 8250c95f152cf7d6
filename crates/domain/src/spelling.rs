//! The one cleaning that every identifier gets, and the letters by which texts are searched.
//!
//! What is pasted, dictated or read by a scanner holds more than is seen: characters without a width, marks of the writing
//! direction, wide letters, and every sort of dash. None of that tells two numbers apart, so none of it is kept in an
//! identifier, and none of it matters where identifiers are validated, compared or looked up. Device and server ask here,
//! so that nothing is refused by the one for a spelling that the other takes.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::props::{Dash, DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// As it is kept: in Unicode's compatibility composition (NFKC), without what is not seen, every dash a hyphen, and at most
/// one blank in a row. Capitals and small letters stay.
#[must_use]
pub fn cleaned(text: &str) -> String {
    let seen: String = ComposingNormalizerBorrowed::new_nfkc()
        .normalize(text)
        .chars()
        .filter(|&character| !is_unseen(character))
        .map(|character| if CodePointSetData::new::<Dash>().contains(character) { '-' } else { character })
        .collect();
    // A mark that stood behind something unseen stands behind a letter now, and may be one with it.
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(&seen).into_owned();
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether nothing of it is seen: it is empty, or made of blanks and characters without a shape.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|character| character.is_whitespace() || is_unseen(character))
}

/// As it is searched: small letters and digits alone, without accents and other marks.
#[must_use]
pub fn folded(text: &str) -> String {
    // Small letters first: those of some capitals come with a mark of their own.
    DecomposingNormalizerBorrowed::new_nfkd()
        .normalize(&text.to_lowercase())
        .chars()
        .flat_map(char::to_lowercase)
        .filter(|&character| character.is_alphanumeric() && category(character) != GeneralCategory::NonspacingMark)
        .collect()
}

/// Control and format characters, and what has no shape of its own, such as a variation selector. Blanks are seen.
fn is_unseen(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control() && !character.is_whitespace();
    }
    let has_no_shape = matches!(category(character), GeneralCategory::Control | GeneralCategory::Format);
    has_no_shape && !character.is_whitespace()
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_seen_is_not_kept() {
        for (pasted, kept) in [
            ("CSQU\u{200b}3054383", "CSQU3054383"),
            ("\u{202a}CSQU3054383\u{202c}", "CSQU3054383"),
            ("\u{2066}PX-20931\u{2069}", "PX-20931"),
            ("\u{feff}PX\u{ad}20931\u{200e}", "PX20931"),
            ("7\u{fe0f}\u{20e3}", "7\u{20e3}"),
            ("\u{1d}PX-1\0", "PX-1"),
        ] {
            assert_eq!(cleaned(pasted), kept, "{pasted:?}");
        }
    }

    #[test]
    fn every_dash_is_a_hyphen() {
        for dash in ['-', '\u{2010}', '\u{2011}', '–', '—', '―', '−', '﹣', '－', '⁻', '﹘', '〜'] {
            assert_eq!(cleaned(&format!("PX{dash}20931")), "PX-20931", "{dash:?}");
        }
    }

    #[test]
    fn wide_letters_are_letters_and_blanks_are_one_blank() {
        assert_eq!(cleaned(" ＰＸ\u{3000}\u{a0}２０９３１\t"), "PX 20931");
        assert_eq!(cleaned("Rı\u{301}o"), "Rı\u{301}o");
        assert_eq!(cleaned("Ri\u{301}o"), "Río");
    }

    #[test]
    fn nothing_that_is_seen_is_blank() {
        for blank in ["", " ", "\u{a0}\n", "\u{200b}", "\u{202a}\u{202c} ", "\u{3164}"] {
            assert!(is_blank(blank), "{blank:?}");
        }
        for seen in ["-", " x", "\u{200b}1", "。"] {
            assert!(!is_blank(seen), "{seen:?}");
        }
    }

    #[test]
    fn texts_are_searched_without_accents_blanks_and_signs() {
        for spelling in ["Río Bravo", "rio-bravo", "RI\u{301}O BRAVO", "Ri\u{200b}o  Brävo", "ＲＩＯ ＢＲＡＶＯ"]
        {
            assert_eq!(folded(spelling), "riobravo", "{spelling:?}");
        }
        assert_eq!(folded("Año Ștefănești İzmir"), "anostefanestiizmir");
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(text in any::<String>()) {
            let once = cleaned(&text);
            prop_assert_eq!(cleaned(&once), once);
        }

        #[test]
        fn a_text_is_blank_when_nothing_is_left_of_it(text in "[\\u{20}\\u{200b}\\u{202a}\\u{ad}\\u{fe0f}\\u{e0020}x-]{0,6}") {
            prop_assert_eq!(is_blank(&text), cleaned(&text).is_empty());
        }

        #[test]
        fn what_is_searched_is_searched_as_it_is(text in any::<String>()) {
            let once = folded(&text);
            prop_assert_eq!(folded(&once), once);
        }
    }
}
