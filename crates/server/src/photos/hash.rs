//! SHA-256 of bytes, by which they are named, and the checksums that come with a chunk.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use sha2::Digest as _;
use tokio::task::{JoinError, JoinHandle};

/// SHA-256 of a photo's bytes: its name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ContentHash(pub [u8; 32]);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// It is not 64 small hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoHash;

impl FromStr for ContentHash {
    type Err = NoHash;

    fn from_str(text: &str) -> Result<Self, NoHash> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(NoHash),
        };
        let digits: &[u8; 64] = text.as_bytes().try_into().map_err(|_| NoHash)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

/// Computes a [`ContentHash`].
#[derive(Clone, Default)]
pub(crate) struct ContentHasher(sha2::Sha256);

impl ContentHasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> ContentHash {
        ContentHash(self.0.finalize().into())
    }
}

/// Computes a [`ContentHash`] of what arrives, beside the receiving of it.
#[derive(Default)]
pub(crate) struct Hashing {
    hasher: ContentHasher,
    gathered: Vec<Bytes>,
    waiting: usize,
    batch: Option<JoinHandle<ContentHasher>>,
}

impl Hashing {
    /// Hashed at a time: enough to be worth another thread, little enough to be done soon after the last byte.
    const BATCH: usize = 256 * 1024;

    pub(crate) async fn update(&mut self, bytes: Bytes) -> Result<(), JoinError> {
        self.waiting += bytes.len();
        self.gathered.push(bytes);
        if self.waiting >= Self::BATCH {
            self.hand_over().await?;
        }
        Ok(())
    }

    /// The hash of what has come so far.
    pub(crate) async fn so_far(&mut self) -> Result<ContentHash, JoinError> {
        self.hand_over().await?;
        self.settle().await?;
        Ok(self.hasher.clone().finish())
    }

    async fn hand_over(&mut self) -> Result<(), JoinError> {
        self.settle().await?;
        let (mut hasher, batch) = (std::mem::take(&mut self.hasher), std::mem::take(&mut self.gathered));
        self.waiting = 0;
        self.batch = Some(tokio::task::spawn_blocking(move || {
            for bytes in batch {
                hasher.update(&bytes);
            }
            hasher
        }));
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), JoinError> {
        if let Some(batch) = self.batch.take() {
            self.hasher = batch.await?;
        }
        Ok(())
    }
}

/// What a chunk should add up to, as its sender reckoned (tus, `Upload-Checksum`).
pub(crate) struct Checksum {
    expected: Vec<u8>,
    hasher: Hasher,
}

enum Hasher {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

/// The algorithms that are taken, as tus names them.
pub(crate) const ALGORITHMS: &str = "sha1,sha256";

impl FromStr for Checksum {
    type Err = &'static str;

    fn from_str(header: &str) -> Result<Self, Self::Err> {
        let (algorithm, expected) = header.trim().split_once(' ').ok_or("Upload-Checksum: <algorithm> <Base64>")?;
        let hasher = match algorithm {
            "sha1" => Hasher::Sha1(sha1::Sha1::default()),
            "sha256" => Hasher::Sha256(sha2::Sha256::default()),
            _ => return Err("Checksums are taken by sha1 and sha256."),
        };
        let expected = BASE64.decode(expected.trim()).map_err(|_| "The checksum is not Base64.")?;
        Ok(Self { expected, hasher })
    }
}

impl Checksum {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// The hash that it is, if it is by SHA-256.
    pub(crate) fn as_hash(&self) -> Option<ContentHash> {
        match self.hasher {
            Hasher::Sha256(_) => self.expected.as_slice().try_into().ok().map(ContentHash),
            Hasher::Sha1(_) => None,
        }
    }

    /// Whether just that came.
    pub(crate) fn came_right(self) -> bool {
        match self.hasher {
            Hasher::Sha1(hasher) => hasher.finalize().as_slice() == self.expected,
            Hasher::Sha256(hasher) => hasher.finalize().as_slice() == self.expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_and_written_in_one_way_only() {
        let mut hasher = ContentHasher::default();
        hasher.update(b"abc");
        let hash = hasher.finish();
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), text);
        assert_eq!(text.parse(), Ok(hash));
        for wrong in [&text[1..], &text.to_uppercase(), &format!("{}g", &text[1..]), &format!("{text}0"), ""] {
            assert_eq!(wrong.parse::<ContentHash>(), Err(NoHash), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_hash_beside_receiving_is_the_hash_of_all_of_it_in_order() {
        for size in [0, 1, Hashing::BATCH - 1, Hashing::BATCH, 3 * Hashing::BATCH + 5] {
            let bytes: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let (mut hashing, mut hasher) = (Hashing::default(), ContentHasher::default());
            for piece in bytes.chunks(70_000) {
                hashing.update(Bytes::copy_from_slice(piece)).await.unwrap();
            }
            hasher.update(&bytes);
            assert_eq!(hashing.so_far().await.unwrap(), hasher.finish(), "{size}");
        }
    }

    #[test]
    fn checksums_by_sha1_and_sha256_tell_right_from_wrong() {
        let right = ["sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="];
        for header in right {
            for (bytes, is_right) in [(b"abc", true), (b"abd", false)] {
                let mut checksum: Checksum = header.parse().map_err(|error| format!("{header}: {error}")).unwrap();
                checksum.update(bytes);
                assert_eq!(checksum.came_right(), is_right, "{header}");
            }
        }
        for malformed in ["", "sha1", "md5 AAAA", "sha1 *"] {
            assert!(malformed.parse::<Checksum>().is_err(), "{malformed}");
        }
    }
}
