//! What support gets to see of a device, and what leaves it as a file: a snapshot to look into, everything pending, and
//! diagnostics. Secrets stay behind: what may be shown is listed in [`scrub`], and all else is not.

mod archive;
mod diagnostics;
mod export;
mod log_file;
mod scrub;
mod snapshot;
#[cfg(test)]
mod tests;

pub use archive::ArchiveError;
pub use diagnostics::{Diagnosed, Surroundings};
pub use export::{Exported, SupportView};
pub use log_file::LogFile;
pub use snapshot::{Refused, Snapshot, SnapshotTable};

pub(crate) use diagnostics::write_diagnostics;
pub(crate) use export::{export_pending, view};
