//! What moderation came to over a stretch of time, cut into slices of one length.

use chrono::{DateTime, Duration, Utc};

use super::user::User;

/// The length of a slice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Bucket {
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// Seven times 24 hours.
    Week,
}

impl Bucket {
    /// Its length.
    #[must_use]
    pub const fn lasts(self) -> Duration {
        match self {
            Self::Hour => Duration::hours(1),
            Self::Day => Duration::days(1),
            Self::Week => Duration::weeks(1),
        }
    }
}

/// The most slices that one question is answered in.
pub const SLICES_MAX: i64 = 400;
/// The longest stretch of time that one question reads.
pub const RANGE_MAX: Duration = Duration::days(1_100);

/// From when to when, and how it is cut. The first slice begins at `from`, wherever in a day that is: the caller's
/// midnight makes slices of the caller's days. The last one ends at `to`, and may be shorter than the others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Period {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    bucket: Bucket,
}

/// Why a period is not one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadPeriod {
    /// It ends before it begins, or at once.
    #[error("`to` must be later than `from`.")]
    Empty,
    /// More slices than one question is answered in.
    #[error("That makes {0} slices: ask for at most {SLICES_MAX}, by a longer bucket or a shorter range.")]
    TooManySlices(i64),
    /// More time than one question reads.
    #[error("Ask for at most {} days at once.", RANGE_MAX.num_days())]
    TooLong,
}

impl Period {
    /// From `from`, inclusive, to `to`, exclusive. Both are cut to whole seconds.
    ///
    /// # Errors
    /// [`BadPeriod`].
    pub fn new(from: DateTime<Utc>, to: DateTime<Utc>, bucket: Bucket) -> Result<Self, BadPeriod> {
        let whole = |at: DateTime<Utc>| DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at);
        let period = Self { from: whole(from), to: whole(to), bucket };
        let length = period.to - period.from;
        if length <= Duration::zero() {
            return Err(BadPeriod::Empty);
        }
        if length > RANGE_MAX {
            return Err(BadPeriod::TooLong);
        }
        let slices = period.slices();
        if slices > SLICES_MAX { Err(BadPeriod::TooManySlices(slices)) } else { Ok(period) }
    }

    /// When it begins.
    #[must_use]
    pub const fn from(&self) -> DateTime<Utc> {
        self.from
    }

    /// When it is over.
    #[must_use]
    pub const fn to(&self) -> DateTime<Utc> {
        self.to
    }

    /// How it is cut.
    #[must_use]
    pub const fn bucket(&self) -> Bucket {
        self.bucket
    }

    /// How many slices it has.
    #[must_use]
    pub const fn slices(&self) -> i64 {
        let size = self.bucket.lasts().num_seconds();
        (self.to.timestamp() - self.from.timestamp() + size - 1) / size
    }

    /// When the slice of that number begins, the first being 0.
    #[must_use]
    pub fn start_of(&self, slice: i64) -> DateTime<Utc> {
        let offset = self.bucket.lasts().num_seconds().saturating_mul(slice);
        self.from + Duration::seconds(offset)
    }
}

/// How long comments waited for a decision, by the nearest rank: of 10 waits, the 9th is the 90th percentile.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Waits {
    /// How many were measured.
    pub count: i64,
    /// Half waited at most so long.
    pub p50: Duration,
    /// Nine in ten waited at most so long.
    pub p90: Duration,
}

/// What was decided.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Decisions {
    /// Shown to readers.
    pub approved: i64,
    /// Refused.
    pub rejected: i64,
    /// Called spam.
    pub spam: i64,
}

impl Decisions {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> i64 {
        self.approved + self.rejected + self.spam
    }
}

/// What happened in one slice of the period, or in all of it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Comments sent in.
    pub submitted: i64,
    /// Those of them that were held for a moderator.
    pub held: i64,
    /// What moderators decided.
    pub decisions: Decisions,
    /// How long what was decided had waited; `None` where nothing that waited was decided.
    pub waits: Option<Waits>,
}

/// What one rule held, and what became of it since.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleTally {
    /// The rule's name.
    pub rule: String,
    /// Comments that it held.
    pub held: i64,
    /// Those of them that readers see now.
    pub approved: i64,
    /// Those of them that are rejected or spam now.
    pub refused: i64,
    /// Those of them that still wait.
    pub waiting: i64,
}

/// What one moderator decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModeratorTally {
    /// Who; `None`: those whose accounts are gone.
    pub moderator: Option<User>,
    /// What.
    pub decisions: Decisions,
}

/// What moderation came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statistics {
    /// Of when.
    pub period: Period,
    /// All of it.
    pub total: Tally,
    /// Slice by slice, none left out.
    pub slices: Vec<Tally>,
    /// The rules that held most, the busiest first.
    pub rules: Vec<RuleTally>,
    /// The moderators who decided most, the busiest first.
    pub moderators: Vec<ModeratorTally>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap_or_default()
    }

    #[test]
    fn the_last_slice_may_be_shorter() {
        let period = Period::new(at(0), at(3_601), Bucket::Hour).unwrap();
        assert_eq!(period.slices(), 2);
        assert_eq!(period.start_of(1), at(3_600));
        assert_eq!(Period::new(at(0), at(3_600), Bucket::Hour).unwrap().slices(), 1);
    }

    #[test]
    fn a_period_is_bounded() {
        assert_eq!(Period::new(at(5), at(5), Bucket::Day), Err(BadPeriod::Empty));
        let hours = |count: i64| Period::new(at(0), at(3_600 * count), Bucket::Hour);
        assert!(hours(SLICES_MAX).is_ok());
        assert_eq!(hours(SLICES_MAX + 1), Err(BadPeriod::TooManySlices(SLICES_MAX + 1)));
        assert_eq!(
            Period::new(at(0), at(0) + RANGE_MAX + Duration::seconds(1), Bucket::Week),
            Err(BadPeriod::TooLong)
        );
    }
}
