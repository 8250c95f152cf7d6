//! What the device is connected by and runs on, as the operating system tells it: how freely bytes and battery may be spent.

use crate::photos::Network;

/// How things stand around the device. Until somebody says otherwise, bytes are taken to cost and the battery to be full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// Bytes cost nothing.
    pub unmetered: bool,
    /// The person has the battery saved: what comes by itself, and what is large, can wait.
    pub saves_battery: bool,
}

impl Surroundings {
    /// A computer on its cable or the yard's Wi-Fi.
    pub const DESKTOP: Self = Self { unmetered: true, saves_battery: false };

    /// What photos may count on. To send a large one takes battery as it takes bytes, so it waits for both.
    #[must_use]
    pub const fn for_photos(self) -> Network {
        if self.unmetered && !self.saves_battery { Network::Unmetered } else { Network::Metered }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_photos_go_where_bytes_are_free_and_the_battery_is_not_saved() {
        assert_eq!(Surroundings::DESKTOP.for_photos(), Network::Unmetered);
        for (unmetered, saves_battery) in [(false, false), (false, true), (true, true)] {
            assert_eq!(Surroundings { unmetered, saves_battery }.for_photos(), Network::Metered);
        }
        assert_eq!(Surroundings::default().for_photos(), Network::Metered, "until somebody says otherwise");
    }
}
