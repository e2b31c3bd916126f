//! The lists that moderators work through, and what happens in them.

use chrono::{DateTime, Utc};

use super::comment::{Comment, CommentStatus};
use super::ids::{CommentId, UserId};
use super::moderation::Claim;

/// The lists that moderators work through.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum QueueName {
    /// Comments that await a decision.
    Pending,
    /// Comments that readers reported and nobody has looked at since.
    Reported,
    /// Comments called spam.
    Spam,
    /// Every comment that its author has not taken back.
    All,
}

impl QueueName {
    /// Every queue.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Reported, Self::Spam, Self::All];

    /// The name that the API and the store use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Reported => "REPORTED",
            Self::Spam => "SPAM",
            Self::All => "ALL",
        }
    }

    /// The queue with that [`QueueName::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|queue| queue.name() == name)
    }

    /// Whether it holds a comment of that status, with so many open reports.
    #[must_use]
    pub const fn holds(self, status: CommentStatus, open_reports: i32) -> bool {
        match self {
            Self::Pending => matches!(status, CommentStatus::Pending),
            Self::Reported => open_reports > 0,
            Self::Spam => matches!(status, CommentStatus::Spam),
            Self::All => !matches!(status, CommentStatus::Deleted),
        }
    }
}

/// How many comments each queue holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct QueueCounts {
    /// Of those that await a decision.
    pub pending: i64,
    /// Of those that readers reported.
    pub reported: i64,
    /// Of spam.
    pub spam: i64,
    /// Of all.
    pub all: i64,
}

impl QueueCounts {
    /// How many a queue holds.
    #[must_use]
    pub const fn of(&self, queue: QueueName) -> i64 {
        match queue {
            QueueName::Pending => self.pending,
            QueueName::Reported => self.reported,
            QueueName::Spam => self.spam,
            QueueName::All => self.all,
        }
    }

    /// Moves the counts as an event does.
    pub fn take(&mut self, kind: &QueueEventKind) {
        let (queue, delta) = match *kind {
            QueueEventKind::Entered(queue) => (queue, 1),
            QueueEventKind::Left(queue, _) => (queue, -1),
            QueueEventKind::Claimed(_) | QueueEventKind::Edited => return,
        };
        self.add(queue, delta);
    }

    /// Moves one count.
    pub const fn add(&mut self, queue: QueueName, delta: i64) {
        let count = match queue {
            QueueName::Pending => &mut self.pending,
            QueueName::Reported => &mut self.reported,
            QueueName::Spam => &mut self.spam,
            QueueName::All => &mut self.all,
        };
        *count += delta;
    }
}

/// One event of the log that moderators follow. Like those of articles it holds ids and counts, never words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueEvent {
    /// Its place in the log: from 1, without gaps.
    pub sequence: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Which comment.
    pub comment_id: CommentId,
    /// What.
    pub kind: QueueEventKind,
    /// What the queues hold after it.
    pub counts: QueueCounts,
}

/// What happened to a comment in the queues.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QueueEventKind {
    /// It came into a queue.
    Entered(QueueName),
    /// It left a queue, by whose doing; `None`: by a policy, or somebody whose account is gone.
    Left(QueueName, Option<UserId>),
    /// A moderator opened it; `None`: whoever had has let it go.
    Claimed(Option<Claim>),
    /// Its author changed the words.
    Edited,
}

impl QueueEventKind {
    /// The name that the store uses.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Entered(_) => "ENTERED",
            Self::Left(..) => "LEFT",
            Self::Claimed(Some(_)) => "CLAIMED",
            Self::Claimed(None) => "RELEASED",
            Self::Edited => "EDITED",
        }
    }

    /// The queue that was entered or left.
    #[must_use]
    pub const fn queue(&self) -> Option<QueueName> {
        match self {
            Self::Entered(queue) | Self::Left(queue, _) => Some(*queue),
            Self::Claimed(_) | Self::Edited => None,
        }
    }

    /// Whether words are no longer to be shown, to moderators either: what was rendered before it is stale.
    #[must_use]
    pub const fn takes_words_back(&self) -> bool {
        match self {
            // Its author has taken it back.
            Self::Left(QueueName::All, _) | Self::Edited => true,
            Self::Left(QueueName::Pending | QueueName::Reported | QueueName::Spam, _)
            | Self::Entered(_)
            | Self::Claimed(_) => false,
        }
    }
}

/// What a change of a comment means in the queues, in order; `before` is `None` for one that is new.
#[must_use]
pub fn changes(
    before: Option<&Comment>,
    after: &Comment,
    by: Option<UserId>,
    at: DateTime<Utc>,
) -> Vec<QueueEventKind> {
    let mut kinds = Vec::new();
    let holds =
        |queue: QueueName, comment: &Comment| queue.holds(comment.state.status(), comment.open_reports);
    if let Some(before) = before {
        let held = |comment: &Comment| comment.claim.filter(|claim| claim.until > at);
        if held(before).is_some() && after.claim.is_none() {
            kinds.push(QueueEventKind::Claimed(None));
        }
        if before.body != after.body && !matches!(after.state.status(), CommentStatus::Deleted) {
            kinds.push(QueueEventKind::Edited);
        }
    }
    for queue in QueueName::ALL {
        match (before.is_some_and(|before| holds(queue, before)), holds(queue, after)) {
            (true, false) => kinds.push(QueueEventKind::Left(queue, by)),
            (false, true) => kinds.push(QueueEventKind::Entered(queue)),
            (true, true) | (false, false) => {}
        }
    }
    kinds
}
