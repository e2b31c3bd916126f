//! What happened, as those who follow are told it: to an article, or in the moderators' queues.

use std::fmt;

use chrono::{DateTime, Utc};

use super::comment::ReaderChange;
use super::ids::{ArticleId, CommentId};
use super::queue::QueueEvent;
use super::reaction::ReactionCount;

/// A log that can be followed: each is numbered from 1, without gaps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LogId {
    /// What readers of an article see.
    Article(ArticleId),
    /// What moderators see happen in their queues.
    Queues,
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Article(id) => id.fmt(f),
            Self::Queues => f.write_str("the moderators' queues"),
        }
    }
}

/// One event of any log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Of an article's.
    Article(ArticleEvent),
    /// Of the moderators'.
    Queue(QueueEvent),
}

impl Event {
    /// Of which log.
    #[must_use]
    pub const fn log(&self) -> LogId {
        match self {
            Self::Article(event) => LogId::Article(event.article_id),
            Self::Queue(_) => LogId::Queues,
        }
    }

    /// Its place in the log: from 1, without gaps.
    #[must_use]
    pub const fn sequence(&self) -> i64 {
        match self {
            Self::Article(event) => event.sequence,
            Self::Queue(event) => event.sequence,
        }
    }

    /// When.
    #[must_use]
    pub const fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Article(event) => event.at,
            Self::Queue(event) => event.at,
        }
    }

    /// The comment that it is about.
    #[must_use]
    pub const fn comment_id(&self) -> Option<CommentId> {
        match self {
            Self::Article(event) => event.kind.comment_id(),
            Self::Queue(event) => Some(event.comment_id),
        }
    }

    /// Whether words that were to be seen are no longer to be shown: what was rendered before it is stale.
    #[must_use]
    pub const fn takes_words_back(&self) -> bool {
        match self {
            Self::Article(event) => event.kind.takes_words_back(),
            Self::Queue(event) => event.kind.takes_words_back(),
        }
    }
}

/// One event of an article's log. It holds ids and counts, never words: a replay can't show what has been
/// removed since.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArticleEvent {
    /// Of which article.
    pub article_id: ArticleId,
    /// Its place in the log: from 1, without gaps.
    pub sequence: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// The article's approved comments as of this event.
    pub comment_count: i32,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EventKind {
    /// A comment appeared, changed or went.
    Comment(ReaderChange, CommentId),
    /// A comment's counts moved.
    CountsChanged {
        /// Which comment's.
        comment_id: CommentId,
        /// Its approved direct replies as of this event.
        reply_count: i32,
        /// Its reactions as of this event.
        reactions: Vec<ReactionCount>,
    },
    /// The article's words changed.
    ArticleUpdated,
    /// Commenting opened, closed, or came under other rules.
    CommentingChanged,
}

impl EventKind {
    /// The name that the store uses.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Comment(ReaderChange::Published, _) => "PUBLISHED",
            Self::Comment(ReaderChange::Restored, _) => "RESTORED",
            Self::Comment(ReaderChange::Edited, _) => "EDITED",
            Self::Comment(ReaderChange::Removed, _) => "REMOVED",
            Self::CountsChanged { .. } => "COUNTS_CHANGED",
            Self::ArticleUpdated => "ARTICLE_UPDATED",
            Self::CommentingChanged => "COMMENTING_CHANGED",
        }
    }

    /// The comment that it is about.
    #[must_use]
    pub const fn comment_id(&self) -> Option<CommentId> {
        match self {
            Self::Comment(_, id) | Self::CountsChanged { comment_id: id, .. } => Some(*id),
            Self::ArticleUpdated | Self::CommentingChanged => None,
        }
    }

    /// Whether words that readers had seen are no longer to be shown: what was rendered before it is stale.
    #[must_use]
    pub const fn takes_words_back(&self) -> bool {
        match self {
            Self::Comment(ReaderChange::Removed | ReaderChange::Edited, _) => true,
            Self::Comment(ReaderChange::Published | ReaderChange::Restored, _)
            | Self::CountsChanged { .. }
            | Self::ArticleUpdated
            | Self::CommentingChanged => false,
        }
    }
}

/// Why a reader has to start over from a query.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ResetReason {
    /// The log no longer reaches back to the cursor.
    Trimmed,
    /// The cursor names an event that this log does not have: the store was restored from a backup.
    Restored,
}
