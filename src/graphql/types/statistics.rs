//! What moderation came to, for the desk's charts.

use std::sync::Arc;

use async_graphql::{Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::enums::StatisticsBucket;
use super::user::User;
use crate::domain::statistics::{self, ModeratorTally, RuleTally, Statistics, Tally};

/// What moderation came to over a stretch of time.
pub struct ModerationStatistics(Arc<Statistics>);

impl ModerationStatistics {
    pub fn new(statistics: Statistics) -> Self {
        Self(Arc::new(statistics))
    }
}

/// What moderation came to over a stretch of time.
#[Object]
impl ModerationStatistics {
    /// When it begins, in whole seconds.
    async fn from(&self) -> DateTime<Utc> {
        self.0.period.from()
    }

    /// When it is over, in whole seconds: what happens at that instant is no longer counted.
    async fn to(&self) -> DateTime<Utc> {
        self.0.period.to()
    }

    /// How it is cut.
    async fn bucket(&self) -> StatisticsBucket {
        self.0.period.bucket().into()
    }

    /// All of it together.
    async fn total(&self) -> ModerationTally {
        ModerationTally::of(&self.0.total)
    }

    /// Slice by slice, the earliest first, at most 400; those in which nothing happened are there as well. The last
    /// one ends where the whole does, and may be shorter than the others.
    async fn slices(&self) -> Vec<StatisticsSlice> {
        let slice = |(number, tally)| StatisticsSlice {
            from: self.0.period.start_of(number),
            tally: ModerationTally::of(tally),
        };
        (0..).zip(&self.0.slices).map(slice).collect()
    }

    /// The rules that held most, the busiest first, at most 50. A comment that several rules held counts for each.
    async fn held_by(&self) -> Vec<RuleStatistics> {
        self.0.rules.iter().map(RuleStatistics::of).collect()
    }

    /// Who decided most, the busiest first, at most 50.
    async fn decided_by(&self) -> Vec<ModeratorStatistics> {
        self.0.moderators.iter().cloned().map(ModeratorStatistics).collect()
    }
}

/// One slice of a period.
#[derive(SimpleObject)]
pub struct StatisticsSlice {
    /// When it begins.
    from: DateTime<Utc>,
    /// What happened in it.
    tally: ModerationTally,
}

/// What was sent in and decided in some stretch of time.
#[derive(SimpleObject)]
pub struct ModerationTally {
    /// Comments sent in.
    submitted: i64,
    /// Those of them that were held for a moderator.
    held: i64,
    /// Decisions of moderators, on comments of whatever age.
    decisions: i64,
    /// Decisions to show a comment.
    approved: i64,
    /// Decisions to refuse one.
    rejected: i64,
    /// Decisions to call one spam.
    spam: i64,
    /// How long what was decided had waited; null where nothing that waited was decided.
    time_to_decision: Option<TimeToDecision>,
}

impl ModerationTally {
    fn of(tally: &Tally) -> Self {
        Self {
            submitted: tally.submitted,
            held: tally.held,
            decisions: tally.decisions.total(),
            approved: tally.decisions.approved,
            rejected: tally.decisions.rejected,
            spam: tally.decisions.spam,
            time_to_decision: tally.waits.map(TimeToDecision::from),
        }
    }
}

/// How long comments waited from when they were held, or held again after an edit, until somebody decided.
/// Percentiles are waits that happened, by the nearest rank.
#[derive(SimpleObject)]
pub struct TimeToDecision {
    /// How many waits were measured.
    count: i64,
    /// Half waited at most so long, in seconds.
    p50_seconds: i64,
    /// Nine in ten waited at most so long, in seconds.
    p90_seconds: i64,
}

impl From<statistics::Waits> for TimeToDecision {
    fn from(waits: statistics::Waits) -> Self {
        Self {
            count: waits.count,
            p50_seconds: waits.p50.num_seconds(),
            p90_seconds: waits.p90.num_seconds(),
        }
    }
}

/// What one rule held, of what was sent in, and what became of it.
#[derive(SimpleObject)]
pub struct RuleStatistics {
    /// The rule's name, as in `heldBecause`.
    rule: String,
    /// Comments that it held.
    held: i64,
    /// Those of them that readers see now: many mean that the rule is too strict.
    approved: i64,
    /// Those of them that are rejected or spam now.
    refused: i64,
    /// Those of them that still wait.
    waiting: i64,
}

impl RuleStatistics {
    fn of(tally: &RuleTally) -> Self {
        let RuleTally { rule, held, approved, refused, waiting } = tally.clone();
        Self { rule, held, approved, refused, waiting }
    }
}

/// What one moderator decided.
pub struct ModeratorStatistics(ModeratorTally);

/// What one moderator decided.
#[Object]
impl ModeratorStatistics {
    /// Who; null: those whose accounts are gone.
    async fn moderator(&self) -> Option<User> {
        self.0.moderator.clone().map(User)
    }

    /// Decisions, all of them.
    async fn decisions(&self) -> i64 {
        self.0.decisions.total()
    }

    /// Decisions to show a comment.
    async fn approved(&self) -> i64 {
        self.0.decisions.approved
    }

    /// Decisions to refuse one.
    async fn rejected(&self) -> i64 {
        self.0.decisions.rejected
    }

    /// Decisions to call one spam.
    async fn spam(&self) -> i64 {
        self.0.decisions.spam
    }
}
