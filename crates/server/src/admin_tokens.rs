//! Tokens of the office: made under somebody's name, listed, taken back. A token is shown once, when it is made; what is
//! stored is its hash, and the beginning of that is what it is called by.

use std::fmt;

use gatebook_sync::wire::{ApiError, ApiErrorCode};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::access::{no_such, only_tenant};
use crate::error::{ServerError, refuse};
use crate::secret;
use crate::server::Server;
use crate::storage::{Admin, AdminToken};

/// Longest name, in characters.
const NAME: usize = 100;
/// Longest life, in days.
pub(crate) const MOST_DAYS: u32 = 3_650;
/// Digits of what a token is called by.
const ID: usize = 8;
/// So many digits of that say which one is meant.
const FEWEST: usize = 4;

impl Server {
    /// Makes a token for an admin of that name; what is done with it is filed under the name. It has no end. `tenant` may
    /// be left out where there is only one, and the name may be empty.
    ///
    /// # Errors
    /// There is no such tenant, the name cannot be kept, or the database failed.
    pub fn admin_token(&self, tenant: Option<Uuid>, name: &str) -> Result<String, ServerError> {
        self.make_admin_token(tenant, name, None)
    }

    /// The same, for so many days.
    ///
    /// # Errors
    /// As [`Self::admin_token`].
    pub fn admin_token_for(&self, tenant: Option<Uuid>, name: &str, days: u32) -> Result<String, ServerError> {
        self.make_admin_token(tenant, name, Some(days.clamp(1, MOST_DAYS)))
    }

    fn make_admin_token(&self, tenant: Option<Uuid>, name: &str, days: Option<u32>) -> Result<String, ServerError> {
        let name = name.trim();
        if name.chars().count() > NAME || name.chars().any(char::is_control) {
            let message = format!("A name for a token is one line of at most {NAME} characters.");
            return Err(refuse(ApiErrorCode::Malformed, message).into());
        }
        // When it was made matters where it has an end.
        let made_at = days.map(|_| self.inner.config.environment.now());
        let life = days.map(|days| SignedDuration::from_hours(i64::from(days) * 24));
        let expires_at = made_at.zip(life).map(|(made_at, life)| made_at.checked_add(life)).transpose();
        let expires_at = expires_at.map_err(|error| ServerError::unreadable("time", error))?;
        let token = secret::token()?;
        let (hash, name) = (secret::hash(&token), name.to_owned());
        let made = AdminToken { hash, name, made_at, expires_at, revoked_at: None };
        self.inner.storage.write(|writing| {
            let tenant = only_tenant(&writing.tenants(tenant)?)?;
            writing.put_admin_token(tenant, &made)
        })?;
        Ok(token)
    }

    /// Every token that a tenant's office was given, the newest last.
    pub(crate) fn admin_tokens(&self, tenant: Option<Uuid>) -> Result<Vec<AdminToken>, ServerError> {
        self.inner.storage.read(|reading| {
            let tenant = only_tenant(&reading.tenants(tenant)?)?;
            reading.admin_tokens(tenant)
        })
    }

    /// Takes a token back, by what the list calls it, or by its name where no other has the same. Whoever comes with it is
    /// not let in any more. Says which one it was.
    ///
    /// # Errors
    /// There is none, several fit, or the database failed.
    pub fn revoke_admin_token(&self, tenant: Option<Uuid>, which: &str) -> Result<String, ServerError> {
        let tokens = self.admin_tokens(tenant)?;
        let chosen = choose(which.trim(), &tokens)?;
        // First where no backup brings back the old, as with devices.
        self.inner.revocations.add_admin_token(&chosen.hash)?;
        let now = self.inner.config.environment.now();
        self.inner.storage.write(|writing| writing.revoke_admin_token(&chosen.hash, now))?;
        Ok(named(chosen))
    }

    /// Who an admin's token lets in.
    pub(crate) fn admin(&self, token: &str) -> Result<Admin, ApiError> {
        let hash = secret::hash(token);
        let (found, is_device) = self
            .inner
            .storage
            .read(|reading| Ok((reading.admin_of_token(&hash)?, reading.device_of_token(&hash)?.is_some())))?;
        let Some(found) = found else {
            return Err(if is_device {
                refuse(ApiErrorCode::Forbidden, "A device may not do this; it needs an admin's token.")
            } else {
                refuse(ApiErrorCode::Unauthenticated, "This token is not known here. Ask for a new admin token.")
            });
        };
        if found.is_revoked || self.inner.revocations.has_admin_token(&hash)? {
            let message = "This admin token was taken back. Ask for a new one.";
            return Err(refuse(ApiErrorCode::Unauthenticated, message));
        }
        if let Some(expired) = found.expires_at.filter(|at| *at <= self.inner.config.environment.now()) {
            let message = format!("This admin token was good until {}. Ask for a new one.", day(expired));
            return Err(refuse(ApiErrorCode::Unauthenticated, message));
        }
        Ok(found.admin)
    }
}

/// The one token meant by `given`: of those that were not taken back already, if there are any.
fn choose<'a>(given: &str, tokens: &'a [AdminToken]) -> Result<&'a AdminToken, ServerError> {
    let is_id = given.len() >= FEWEST && given.chars().all(|digit| digit.is_ascii_hexdigit());
    let fits = |token: &&AdminToken| {
        (!given.is_empty() && token.name == given) || (is_id && id(token).starts_with(&given.to_ascii_lowercase()))
    };
    let found: Vec<&AdminToken> = tokens.iter().filter(fits).collect();
    let live: Vec<&AdminToken> = found.iter().copied().filter(|token| token.revoked_at.is_none()).collect();
    match (live.as_slice(), found.as_slice()) {
        ([only], _) => Ok(*only),
        ([], [.., newest]) => Ok(*newest),
        ([], []) => Err(no_such("admin token", given)),
        (several, _) => {
            let told: Vec<String> = several.iter().map(|token| named(token)).collect();
            let message = format!("{given} fits {} admin tokens: {}. Say which one.", told.len(), told.join("; "));
            Err(refuse(ApiErrorCode::NotFound, message).into())
        }
    }
}

/// What a token is called by: digits of its hash, of which nobody learns the token.
pub(crate) fn id(token: &AdminToken) -> String {
    let [first, second, third, fourth, ..] = token.hash;
    format!("{:0ID$x}", u32::from_be_bytes([first, second, third, fourth]))
}

fn named(token: &AdminToken) -> String {
    if token.name.is_empty() { id(token) } else { format!("{} ({})", id(token), token.name) }
}

/// A day as people write it; of what matters to the hour, the office makes a new token.
fn day(at: Timestamp) -> impl fmt::Display {
    at.strftime("%Y-%m-%d")
}

/// What the list says of a token.
impl fmt::Display for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "(no name)" } else { &self.name };
        write!(f, "{}  {name}, ", id(self))?;
        match self.made_at {
            Some(made) => write!(f, "made {}, ", day(made))?,
            None => write!(f, "when it was made is not noted, ")?,
        }
        match (self.revoked_at, self.expires_at) {
            (Some(revoked), _) => write!(f, "taken back {}", day(revoked)),
            (None, Some(expires)) => write!(f, "good until {}", day(expires)),
            (None, None) => write!(f, "without an end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(first: u8, name: &str, is_revoked: bool) -> AdminToken {
        let mut hash = [0; 32];
        hash[..2].copy_from_slice(&[0xab, first]);
        let revoked_at = is_revoked.then_some(Timestamp::UNIX_EPOCH);
        AdminToken { hash, name: name.to_owned(), made_at: None, expires_at: None, revoked_at }
    }

    /// Which of them is meant.
    fn chosen(given: &str, tokens: &[AdminToken]) -> Option<u8> {
        choose(given, tokens).ok().map(|token| token.hash[1])
    }

    #[test]
    fn a_token_is_meant_by_its_digits_or_by_a_name_that_no_other_has() {
        let tokens = [
            token(1, "Dana", true),
            token(2, "Dana", false),
            token(3, "Luis", false),
            token(4, "Luis", false),
            token(5, "", false),
        ];
        assert_eq!(chosen("Dana", &tokens), Some(2), "the one that was taken back is not meant");
        assert_eq!(chosen("Luis", &tokens), None);
        assert_eq!(chosen("ab04", &tokens), Some(4));
        assert_eq!(chosen("AB040000", &tokens), Some(4));
        assert_eq!(chosen("ab01", &tokens), Some(1), "taken back twice is as good as once");
        for unclear in ["ab0", "ab", "", "ab09", "Nobody"] {
            assert_eq!(chosen(unclear, &tokens), None, "{unclear:?}");
        }
        let told = choose("Luis", &tokens).unwrap_err().to_string();
        assert!(told.contains("ab030000 (Luis); ab040000 (Luis)"), "{told}");
    }
}
