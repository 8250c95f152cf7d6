//! When a round runs: a pure planner, and the task that does what it says.

#[cfg(feature = "simulation")]
mod by_hand;
mod network;
mod plan;
mod run;
mod watchdog;

#[cfg(feature = "simulation")]
pub use by_hand::{ByHand, Due, Next};
pub(crate) use network::{NetworkWatch, watch as watch_network};
pub use plan::{Attempts, Event, Plan, Situation, missed, plan};
pub(crate) use run::{Handle, jitter, problem_of, retry_after_of, sign_out, spawn};
