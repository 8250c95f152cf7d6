//! The order of names in lists: as people look for them in the app's language, not as their characters are numbered.

use std::cmp::Ordering;
use std::sync::LazyLock;

use icu_collator::options::CollatorOptions;
use icu_collator::{Collator, CollatorBorrowed};
use icu_locale_core::{Locale, locale};

/// The language that the app speaks.
const LANGUAGE: Locale = locale!("en");

static COLLATOR: LazyLock<CollatorBorrowed<'static>> = LazyLock::new(|| {
    Collator::try_new(LANGUAGE.into(), CollatorOptions::default()).expect("the order of every language is built in")
});

/// Which of two names comes first.
pub(crate) fn compare(one: &str, other: &str) -> Ordering {
    COLLATOR.compare(one, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_the_language() {
        let mut names =
            ["Zavala", "Ávila", "alonso", "Núñez", "Nunez", "Ochoa", "A\u{301}lvarez", "Eagle Pass", "Éagle"];
        names.sort_by(|one, other| compare(one, other));
        assert_eq!(
            names,
            ["alonso", "A\u{301}lvarez", "Ávila", "Éagle", "Eagle Pass", "Nunez", "Núñez", "Ochoa", "Zavala"]
        );
    }
}
