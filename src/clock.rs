//! Time and ids come in from outside, so that a test can move the one and foresee the other.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SubsecRound, Utc};
use uuid::{ContextV7, Timestamp, Uuid};

/// An instant in UTC, in whole microseconds: the finest that both databases keep.
pub type Instant = DateTime<Utc>;

/// An instant as both databases keep it: what clients send is cut to that before it is compared with what is there.
#[must_use]
pub fn in_micros(at: Instant) -> Instant {
    at.trunc_subsecs(6)
}

/// Where "now" and new ids come from.
#[derive(Debug)]
pub struct Clock {
    source: Source,
    /// Makes every id of this clock greater than the one before it, also within one microsecond.
    sequence: Mutex<ContextV7>,
}

#[derive(Debug)]
enum Source {
    System,
    /// Stands still until it is moved: microseconds since the Unix epoch.
    Manual(AtomicI64),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::of(Source::System)
    }

    /// A clock that shows `at` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(at: Instant) -> Self {
        Self::of(Source::Manual(AtomicI64::new(at.timestamp_micros())))
    }

    fn of(source: Source) -> Self {
        // Ten bits hold the microseconds within a millisecond: ids of several nodes sort as well as their clocks agree.
        Self { source, sequence: Mutex::new(ContextV7::new().with_additional_precision_bits(10)) }
    }

    /// The present instant, truncated to microseconds.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    #[must_use]
    pub fn now(&self) -> Instant {
        match &self.source {
            Source::System => in_micros(Utc::now()),
            Source::Manual(micros) => {
                DateTime::from_timestamp_micros(micros.load(Ordering::Acquire)).unwrap_or_default()
            }
        }
    }

    /// Moves a manual clock forward; the system's clock is not ours to move.
    pub fn advance(&self, by: chrono::Duration) {
        if let Source::Manual(micros) = &self.source {
            micros.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::AcqRel);
        }
    }

    /// A new id (UUIDv7, RFC 9562) for the present instant, greater than all that this clock gave before, even if the machine's
    /// clock was set back in between.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        Uuid::new_v7(Timestamp::from_unix(&self.sequence, seconds, now.timestamp_subsec_nanos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_one_another_when_time_stands_still_and_when_it_is_set_back() {
        let clock = Clock::manual(DateTime::from_timestamp_micros(1_790_000_000_000_000).unwrap());
        let mut last = clock.new_id();
        for step in [0, 0, 1, 0, -5_000_000, 0, 1] {
            clock.advance(chrono::Duration::microseconds(step));
            for _ in 0..1_000 {
                let next = clock.new_id();
                assert!(next > last, "{next} after {last}");
                last = next;
            }
        }
    }

    #[test]
    fn ids_of_two_clocks_sort_by_their_microseconds() {
        let at = DateTime::from_timestamp_micros(1_790_000_000_000_000).unwrap();
        for micros in 1..1_000 {
            let (one, other) =
                (Clock::manual(at), Clock::manual(at + chrono::Duration::microseconds(micros)));
            assert!(one.new_id() < other.new_id(), "{micros} µs later");
        }
    }
}
