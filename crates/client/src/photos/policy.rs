//! What the organisation wants of its photos: how large, how good, and what is written into them.

use serde::{Deserialize, Serialize};

/// To how many pixels the longest side of a photo is brought. A smaller picture is never made larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum LongestSide {
    /// As the camera took it.
    #[serde(rename = "original")]
    Original,
    /// 3072 pixels.
    #[serde(rename = "3072")]
    P3072,
    /// 2048 pixels: every letter of a placard is read, and a yard's link carries it.
    #[default]
    #[serde(rename = "2048")]
    P2048,
    /// 1024 pixels.
    #[serde(rename = "1024")]
    P1024,
    /// 640 pixels.
    #[serde(rename = "640")]
    P640,
}

impl LongestSide {
    /// In pixels; `None`: it is left as it is.
    #[must_use]
    pub const fn pixels(self) -> Option<u32> {
        match self {
            Self::Original => None,
            Self::P3072 => Some(3072),
            Self::P2048 => Some(2048),
            Self::P1024 => Some(1024),
            Self::P640 => Some(640),
        }
    }
}

/// How photos are developed, kept and sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(default)]
pub struct PhotoPolicy {
    /// How large.
    pub longest_side: LongestSide,
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// Longest side of the thumbnail, which is kept when the photo itself goes.
    pub thumbnail: u32,
    /// Time, place and unit are written visibly into the picture.
    pub stamp: bool,
    /// Photos larger than so many bytes are sent over Wi-Fi only; `None`: any network will do.
    #[cfg_attr(feature = "specta", specta(type = Option<u32>))]
    pub wifi_only_above: Option<u64>,
    /// Bytes that photos fetched again for viewing may take.
    #[cfg_attr(feature = "specta", specta(type = u32))]
    pub cache_bytes: u64,
    /// Bytes of the disk that are left free for everything else.
    #[cfg_attr(feature = "specta", specta(type = u32))]
    pub reserve_bytes: u64,
}

impl Default for PhotoPolicy {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            longest_side: LongestSide::default(),
            quality: 82,
            thumbnail: 320,
            stamp: false,
            wifi_only_above: None,
            cache_bytes: 64 * MIB,
            reserve_bytes: 64 * MIB,
        }
    }
}
