//! As many open files as there are connections: what the system allows a process at first is often a thousand.

/// Open files that are no connections of readers: the database, the bus, files, listeners.
const OTHERS: usize = 128;

/// With fewer connections than this an operator may want to do something about it.
const FEW: usize = 4_096;

/// Asks for as many open files as so many connections need: how many of them there may be.
pub fn enough_for(connections: usize) -> usize {
    let Some(files) = raise(connections.saturating_add(OTHERS)) else { return connections };
    let most = files.saturating_sub(OTHERS).max(files / 2);
    if most < connections.min(FEW) {
        tracing::warn!(
            files,
            connections = most,
            "this process may open few files, so there will be fewer connections than the limit says: ulimit -n, or LimitNOFILE"
        );
    }
    most.min(connections)
}

/// How many files there may be, now that as many as are wanted were asked for; `None`: as many as one likes.
#[cfg(unix)]
fn raise(wanted: usize) -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let current = limit.current?;
    let wanted = u64::try_from(wanted).ok()?.min(limit.maximum.unwrap_or(u64::MAX));
    let raised = wanted > current
        && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }).is_ok();
    usize::try_from(if raised { wanted } else { current }).ok()
}

#[cfg(not(unix))]
fn raise(_: usize) -> Option<usize> {
    None
}
