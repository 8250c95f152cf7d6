//! When a round runs: a pure planner, and the task that does what it says.

mod network;
mod plan;
mod run;

pub use plan::{Attempts, Event, Plan, Situation, plan};
pub(crate) use network::{NetworkWatch, watch as watch_network};
pub(crate) use run::{Handle, spawn};
