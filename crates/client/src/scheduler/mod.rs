//! When a round runs: a pure planner, and the task that does what it says.

mod network;
mod plan;
mod run;

pub(crate) use network::{NetworkWatch, watch as watch_network};
pub use plan::{Attempts, Event, Plan, Situation, plan};
pub(crate) use run::{Handle, jitter, problem_of, spawn};
