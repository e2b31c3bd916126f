//! Token buckets in this process: a table of a fixed size, so that a flood from a million addresses costs no
//! more memory than one from one. Two keys may meet in one bucket; which ones, nobody outside can know.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::{Rate, TooFast};

/// Buckets of one table: half a mebibyte.
const SLOTS: usize = 1 << 16;

/// The generic cell rate algorithm (ITU-T I.371): each bucket is the one instant at which it will be full.
pub(super) struct Buckets {
    /// Nanoseconds since `start`.
    full_at: Box<[AtomicU64]>,
    hasher: RandomState,
    start: Instant,
    /// What one takes, in nanoseconds.
    interval: u64,
    /// What an empty bucket lacks, in nanoseconds.
    depth: u64,
}

impl Buckets {
    pub(super) fn new(rate: Rate) -> Self {
        let interval = nanos(rate.interval());
        Self {
            full_at: std::iter::repeat_with(AtomicU64::default).take(SLOTS).collect(),
            hasher: RandomState::new(),
            start: Instant::now(),
            interval,
            depth: interval.saturating_mul(rate.burst.into()),
        }
    }

    /// Takes one from the bucket of `key`.
    pub(super) fn take(&self, key: &impl Hash) -> Result<(), TooFast> {
        let now = nanos(self.start.elapsed());
        // The remainder is below the number of slots.
        let slot = &self.full_at[(self.hasher.hash_one(key) % SLOTS as u64) as usize];
        let mut known = slot.load(Ordering::Relaxed);
        loop {
            let full_at = known.max(now) + self.interval;
            if let Some(wait) = full_at.checked_sub(now + self.depth).filter(|wait| *wait > 0) {
                return Err(TooFast(Duration::from_nanos(wait)));
            }
            match slot.compare_exchange_weak(known, full_at, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(newer) => known = newer,
            }
        }
    }
}

/// 584 years of them.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
