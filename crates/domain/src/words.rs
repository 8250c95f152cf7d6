//! The words in which fields and values are told to operators.

use crate::equipment::EquipmentClass;
use crate::signature::SignatureRole;

/// What people call a class of equipment.
#[must_use]
pub const fn class_word(class: EquipmentClass) -> &'static str {
    match class {
        EquipmentClass::Tractor => "tractor",
        EquipmentClass::Trailer => "trailer",
        EquipmentClass::IsoContainer | EquipmentClass::DomesticContainer => "container",
        EquipmentClass::Chassis => "chassis",
        EquipmentClass::Genset => "genset",
    }
}

/// Whose signature it is.
#[must_use]
pub const fn role_words(role: SignatureRole) -> &'static str {
    match role {
        SignatureRole::AuthorDriver => "driver",
        SignatureRole::RepairCertifier => "repair certifier",
        SignatureRole::ReviewingDriver => "reviewing driver",
        SignatureRole::Releasing => "releasing carrier",
        SignatureRole::Receiving => "receiving carrier",
    }
}

/// A whole number as people write it: `412,345`.
#[must_use]
pub fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `service_brakes` becomes "Service brakes".
#[must_use]
pub fn humanize(name: &str) -> String {
    capitalize(name.replace('_', " ").trim())
}

/// With a capital at the beginning.
pub(crate) fn capitalize(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// On one line and no longer than `longest` characters; what is cut off shows as `…`.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let line: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let line = line.trim();
    if line.chars().count() <= longest {
        return line.to_owned();
    }
    let kept: String = line.chars().take(longest - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_words() {
        assert_eq!(humanize("service_brakes"), "Service brakes");
        assert_eq!(humanize("_"), "");
    }

    #[test]
    fn long_texts_are_cut_with_an_ellipsis_inside_the_limit() {
        assert_eq!(one_line("two\nlines", 20), "two lines");
        assert_eq!(one_line("abcdef", 6), "abcdef");
        assert_eq!(one_line("abcdefg", 6), "abcde…");
    }
}
