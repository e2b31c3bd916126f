//! Time and ids come in from outside, so that a test can move the one and foresee the other.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SubsecRound, Utc};
use uuid::{NoContext, Timestamp, Uuid};

/// An instant in UTC, in whole microseconds: the finest that both databases keep.
pub type Instant = DateTime<Utc>;

/// Where "now" comes from.
#[derive(Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is moved: microseconds since the Unix epoch.
    Manual(AtomicI64),
}

impl Clock {
    /// A clock that shows `at` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(at: Instant) -> Self {
        Self::Manual(AtomicI64::new(at.timestamp_micros()))
    }

    /// The present instant, truncated to microseconds.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    #[must_use]
    pub fn now(&self) -> Instant {
        match self {
            Self::System => Utc::now().trunc_subsecs(6),
            Self::Manual(micros) => {
                DateTime::from_timestamp_micros(micros.load(Ordering::Acquire)).unwrap_or_default()
            }
        }
    }

    /// Moves a manual clock forward; the system's clock is not ours to move.
    pub fn advance(&self, by: chrono::Duration) {
        if let Self::Manual(micros) = self {
            micros.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::AcqRel);
        }
    }

    /// A new time-ordered id (UUIDv7, RFC 9562) for the present instant.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos()))
    }
}
