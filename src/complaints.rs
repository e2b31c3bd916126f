//! A log that stays readable while something goes on being wrong.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Of what stays wrong, one line of log from each place and this long.
const EVERY: Duration = Duration::from_secs(30);

/// Lets one complaint through per half minute.
#[derive(Debug, Default)]
pub(crate) struct Complaints(Mutex<Option<Instant>>);

impl Complaints {
    /// Whether it is time for one: then it counts as made.
    pub(crate) fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= EVERY);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_in_half_a_minute() {
        let complaints = Complaints::default();
        assert!(complaints.is_due());
        assert!(!complaints.is_due());
        tokio::time::advance(EVERY).await;
        assert!(complaints.is_due() && !complaints.is_due());
    }
}
