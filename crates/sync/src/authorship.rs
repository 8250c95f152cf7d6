//! How well it is known who wrote something.

use serde::{Deserialize, Serialize};

/// How well the server knows who made a write. Filed with each version when it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum Authorship {
    /// The person proved to the server who they are.
    Proved,
    /// A device names the person, and nobody has checked it.
    Claimed,
    /// Somebody at the office, by a token or by the server's own command line.
    Office,
    /// The server itself: a notice, or what it says of a photo that it holds.
    Server,
}

impl Authorship {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Proved, Self::Claimed, Self::Office, Self::Server];

    /// Its name, as on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Claimed => "claimed",
            Self::Office => "office",
            Self::Server => "server",
        }
    }

    /// The one of that name, if this version knows it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|authorship| authorship.name() == name)
    }

    /// Whether what is closed or voided may be changed on this word. Whom a device merely names decides nothing: anybody
    /// who holds the device can name anybody.
    #[must_use]
    pub const fn may_reopen(self) -> bool {
        matches!(self, Self::Proved | Self::Office)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_wire_and_are_read_back() {
        for authorship in Authorship::ALL {
            assert_eq!(serde_json::to_value(authorship).unwrap(), authorship.name());
            assert_eq!(Authorship::named(authorship.name()), Some(authorship));
        }
        assert_eq!(Authorship::named("of a later version"), None);
    }

    #[test]
    fn whom_a_device_names_does_not_open_what_the_office_closed() {
        let may: Vec<_> = Authorship::ALL.into_iter().filter(|authorship| authorship.may_reopen()).collect();
        assert_eq!(may, [Authorship::Proved, Authorship::Office]);
    }
}
