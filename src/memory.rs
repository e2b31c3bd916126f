//! What the process occupies, beside what it may.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::graphql::Load;

/// How often to look.
const EVERY: Duration = Duration::from_millis(250);
/// Bytes of a page of memory, as the kernel counts them for a process.
const PAGE: u64 = 4096;

/// Keeps `load` informed until `stopping` is cancelled. Where the system does not say what the process occupies,
/// memory is never short.
pub async fn watch(load: Arc<Load>, memory_mib: u64, stopping: CancellationToken) {
    let most = match memory_mib {
        0 => available().map(|bytes| bytes / 5 * 4),
        mib => Some(mib.saturating_mul(1024 * 1024)),
    };
    let (Some(most), Some(_)) = (most, resident()) else { return };
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopping.cancelled() => return,
        }
        if let Some(bytes) = resident() {
            // Once short, a tenth has to be free before it is not.
            let line = if load.is_short() { most / 10 * 9 } else { most };
            load.set_short(bytes > line);
        }
    }
}

/// Bytes that the process occupies.
#[must_use]
pub fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split(' ').nth(1)?.parse::<u64>().ok()? * PAGE)
}

/// Bytes that there are for it: its container's, or the machine's.
fn available() -> Option<u64> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    let container = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .into_iter()
        .find_map(|file| std::fs::read_to_string(file).ok()?.trim().parse::<u64>().ok());
    [machine.map(|kib| kib * 1024), container].into_iter().flatten().min()
}
