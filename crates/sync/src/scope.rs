//! Which records a device receives.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A set of records that travels under one cursor. Each record is in exactly one. Written `org` or `yard:<uuid>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Reference data of the organisation.
    Org,
    /// What happens at one yard.
    Yard(Uuid),
}

impl Scope {
    /// The scope of a record with that yard, or none.
    #[must_use]
    pub fn of(yard_id: Option<Uuid>) -> Self {
        yard_id.map_or(Self::Org, Self::Yard)
    }

    /// The yard, if it is one.
    #[must_use]
    pub const fn yard_id(self) -> Option<Uuid> {
        match self {
            Self::Org => None,
            Self::Yard(id) => Some(id),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Org => f.write_str("org"),
            Self::Yard(id) => write!(f, "yard:{id}"),
        }
    }
}

/// The text is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a scope; scopes are \"org\" and \"yard:<uuid>\"")]
pub struct NotAScope(String);

impl FromStr for Scope {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "org" {
            return Ok(Self::Org);
        }
        text.strip_prefix("yard:")
            .and_then(|id| id.parse().ok())
            .map(Self::Yard)
            .ok_or_else(|| NotAScope(text.to_owned()))
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reads_back_as_it_is_written() {
        for scope in [Scope::Org, Scope::Yard(Uuid::from_u128(7))] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_is_allowed() {
        for text in ["", "Org", "yard:", "yard:7", "tenant:1"] {
            let error = text.parse::<Scope>().unwrap_err();
            assert!(error.to_string().contains("yard:<uuid>"));
        }
    }
}
