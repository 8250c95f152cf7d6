//! A world of simulated devices and a simulated network around the real client and the real server, in virtual time.
//! One seed decides everything that happens; a run checks the promises of the sync contract throughout and at the end.
//!
//! Real are the device's store over SQLite, its sync round, its planner and the scheduler's steps, the server's
//! reconcile code over SQLite, and the JSON between them. Simulated are the clocks, the ids, the network, and what kills
//! a process. See the README for what is injected, what is checked, and what was found.
#![cfg(feature = "simulation")]
#![allow(
    clippy::unnecessary_wraps,
    reason = "whatever happens in a world ends alike, whether it can break an invariant or not"
)]

mod clock;
mod dice;
mod kill;
mod minimise;
mod oracle;
mod picture;
mod run;
mod script;
mod story;
mod tally;
mod templates;
mod world;

pub use gatebook_sync::simulation::Bug;
pub use run::Bench;
pub use tally::{Invariant, Tally, Violation};
pub use world::Outcome;
