//! What passes between Rust, Kotlin, Swift and the pages.

use gatebook_client::Surroundings;
use gatebook_client::background::Outcome;
use serde::{Deserialize, Serialize};

/// How background sync stands, for the support page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The system can run rounds while the app is not open.
    pub supported: bool,
    /// The person or the organisation has switched background work off for this app.
    pub restricted: bool,
    /// The last round that the system began.
    pub last_round: Option<LastRound>,
}

/// What the device is connected by and runs on now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SystemNow {
    /// Bytes cost nothing.
    pub unmetered: bool,
    /// The battery is to be saved.
    pub saves_battery: bool,
    /// There may be another way to the server than before.
    pub is_new_way: bool,
}

impl From<SystemNow> for Surroundings {
    fn from(now: SystemNow) -> Self {
        Self { unmetered: now.unmetered, saves_battery: now.saves_battery }
    }
}

/// Where the app is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScreenNow {
    /// A person sees it. Not so in a process that the system has started for a task.
    pub on_screen: bool,
}

/// A round that the system began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastRound {
    /// Milliseconds since 1970, by this device's clock.
    pub ended_at: i64,
    /// How it ended.
    pub outcome: RoundOutcome,
}

/// [`Outcome`] by name and, towards Kotlin and Swift, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundOutcome {
    /// Up to date already, or not enrolled.
    NothingToDo,
    /// It went through.
    Success,
    /// It is to be tried again.
    Retry,
}

impl RoundOutcome {
    /// The number that Kotlin (`Rounds.kt`) and Swift (`Rounds.swift`) know it by.
    pub const fn code(self) -> i32 {
        match self {
            Self::NothingToDo => 0,
            Self::Success => 1,
            Self::Retry => 2,
        }
    }
}

impl From<Outcome> for RoundOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::NothingToDo => Self::NothingToDo,
            Outcome::Success => Self::Success,
            Outcome::Retry => Self::Retry,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kotlin_and_swift_write_what_they_tell_by_the_names_that_are_read() {
        let kotlin = include_str!("../android/src/main/java/BackgroundSyncPlugin.kt");
        let swift = include_str!("../ios/Sources/BackgroundSyncPlugin.swift");
        let system = SystemNow { unmetered: true, saves_battery: false, is_new_way: true };
        for told in [serde_json::to_value(system), serde_json::to_value(ScreenNow { on_screen: true })] {
            for name in told.unwrap().as_object().unwrap().keys() {
                assert!(kotlin.contains(&format!(".put(\"{name}\", ")), "Kotlin: {name}");
                assert!(swift.contains(&format!("\"{name}\": ")), "Swift: {name}");
            }
        }
        assert_eq!(Surroundings::from(system), Surroundings { unmetered: true, saves_battery: false });
    }

    #[test]
    fn kotlin_and_swift_know_the_outcomes_by_the_same_numbers() {
        let kotlin = include_str!("../android/src/main/java/Rounds.kt");
        let swift = include_str!("../ios/Sources/Rounds.swift");
        for (outcome, in_kotlin, in_swift) in [
            (RoundOutcome::NothingToDo, "NOTHING_TO_DO", "nothingToDo"),
            (RoundOutcome::Success, "SUCCESS", "success"),
            (RoundOutcome::Retry, "RETRY", "retry"),
        ] {
            let code = outcome.code();
            assert!(kotlin.contains(&format!("const val {in_kotlin} = {code}\n")), "{in_kotlin}");
            assert!(swift.contains(&format!("case {in_swift} = {code}\n")), "{in_swift}");
        }
    }
}
