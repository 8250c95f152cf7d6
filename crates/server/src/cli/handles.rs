//! File handles: each connection takes one, and the operating system gives a process few until it asks for more.

/// What the server needs besides connections: its database, photos that are read and written, the store.
const OTHERS: u64 = 256;

/// Asks for as many as there may be, and tells how many connections that allows: as many as wanted, if it does.
pub(super) fn connections(wanted: usize) -> usize {
    let allowed = allowed(handles());
    if allowed < wanted {
        tracing::warn!(allowed, wanted, "the limit on file handles allows fewer connections; see `ulimit -Hn`");
    }
    allowed.min(wanted)
}

/// How many connections so many handles allow; `None` for no limit.
fn allowed(handles: Option<u64>) -> usize {
    // With very few, what is left is shared.
    let left = handles.map(|handles| handles.saturating_sub(OTHERS).max(handles / 2).max(1));
    left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn handles() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit on file handles stays as it is");
            limit.current
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn handles() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_handles_are_left_for_files() {
        for (handles, connections) in [(100_000, 99_744), (1_024, 768), (300, 150), (1, 1)] {
            assert_eq!(allowed(Some(handles)), connections, "{handles}");
        }
        assert_eq!(allowed(None), usize::MAX);
    }
}
