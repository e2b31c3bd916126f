//! How much runs at once, and what is turned away before memory is short.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::error::GraphError;
use crate::limits::{Limits, size};

/// How long a request waits for a turn.
const TURN_WAIT: Duration = Duration::from_secs(2);

/// See the module.
pub struct Load {
    turns: Semaphore,
    waiting: AtomicUsize,
    waiting_max: usize,
    bodies: Semaphore,
    short: AtomicBool,
}

impl Load {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let permits = |count: u64| Semaphore::new(size(count).clamp(1, Semaphore::MAX_PERMITS));
        Self {
            turns: permits(limits.executions),
            waiting: AtomicUsize::new(0),
            waiting_max: size(limits.executions_waiting),
            bodies: permits(limits.bodies_kib),
            short: AtomicBool::new(false),
        }
    }

    /// Whether memory is short: then nothing new is begun.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    /// Takes note of whether it is.
    pub fn set_short(&self, short: bool) {
        if self.short.swap(short, Ordering::Relaxed) != short {
            if short {
                tracing::warn!("memory is short: requests are turned away until it is not");
            } else {
                tracing::info!("memory is no longer short");
            }
        }
    }

    /// A turn to run, given back when dropped.
    ///
    /// # Errors
    /// `OVERLOADED`: memory is short, or there is too much to do.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>, GraphError> {
        if self.is_short() {
            return Err(GraphError::overloaded());
        }
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _left = Leaving(&self.waiting);
        if waiting >= self.waiting_max {
            return Err(GraphError::overloaded());
        }
        match timeout(TURN_WAIT, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(GraphError::overloaded()),
        }
    }

    /// Room for so much more of a large body; `None`: there is none.
    #[must_use]
    pub fn room(&self, kib: u32) -> Option<SemaphorePermit<'_>> {
        self.bodies.try_acquire_many(kib).ok()
    }
}

struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_turn_in_time_is_told_so() {
        let load = Load::new(&Limits { executions: 1, executions_waiting: 1, ..Limits::default() });
        let turn = load.turn().await.expect("nothing runs");
        let (first, second) = tokio::join!(load.turn(), load.turn());
        assert!(first.is_err() && second.is_err(), "one waited in vain, one had no place to wait");
        drop(turn);
        assert!(load.turn().await.is_ok());
        load.set_short(true);
        assert!(load.turn().await.is_err());
    }
}
