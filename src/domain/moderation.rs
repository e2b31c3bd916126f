//! What moderators decide, and the record of it.

use chrono::{DateTime, Duration, Utc};

use super::comment::CommentStatus;
use super::ids::{ActionId, CommentId, EntryId, UserId};
use super::user::User;

/// Why a comment was refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReasonCode {
    /// It insults or threatens.
    Abuse,
    /// It attacks people for what they are.
    Hate,
    /// It is not about the story.
    OffTopic,
    /// It says what is not so, or misleads.
    Misinformation,
    /// It tells what is private to somebody.
    PersonalInformation,
    /// It advertises.
    Advertising,
    /// Another reason; the note says which.
    Other,
}

impl ReasonCode {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Abuse,
        Self::Hate,
        Self::OffTopic,
        Self::Misinformation,
        Self::PersonalInformation,
        Self::Advertising,
        Self::Other,
    ];

    /// The name that the API and the store use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Abuse => "ABUSE",
            Self::Hate => "HATE",
            Self::OffTopic => "OFF_TOPIC",
            Self::Misinformation => "MISINFORMATION",
            Self::PersonalInformation => "PERSONAL_INFORMATION",
            Self::Advertising => "ADVERTISING",
            Self::Other => "OTHER",
        }
    }

    /// The reason with that [`ReasonCode::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// What the history says was done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HistoryAction {
    /// The author sent it in.
    Submitted,
    /// The author changed the words.
    Edited,
    /// The author took it back.
    Deleted,
    /// A moderator, or the article's policy, showed it to readers.
    Approved,
    /// A moderator refused it.
    Rejected,
    /// A moderator called it spam.
    MarkedSpam,
    /// Readers' reports sent it back to the queue.
    Held,
    /// A moderator sent it back to the queue.
    Requeued,
    /// A bulk action on it was undone.
    Undone,
}

impl HistoryAction {
    /// Every action.
    pub const ALL: [Self; 9] = [
        Self::Submitted,
        Self::Edited,
        Self::Deleted,
        Self::Approved,
        Self::Rejected,
        Self::MarkedSpam,
        Self::Held,
        Self::Requeued,
        Self::Undone,
    ];

    /// The name that the API and the store use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Edited => "EDITED",
            Self::Deleted => "DELETED",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::MarkedSpam => "MARKED_SPAM",
            Self::Held => "HELD",
            Self::Requeued => "REQUEUED",
            Self::Undone => "UNDONE",
        }
    }

    /// The action with that [`HistoryAction::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// One line of a comment's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryEntry {
    /// Which line.
    pub id: EntryId,
    /// Of which comment.
    pub comment_id: CommentId,
    /// What was done.
    pub action: HistoryAction,
    /// By whom; `None`: by the article's policy, or by somebody whose account is gone.
    pub by: Option<User>,
    /// The status before; `None` when it was submitted.
    pub from: Option<CommentStatus>,
    /// The status after.
    pub to: CommentStatus,
    /// Why.
    pub reason: Option<ReasonCode>,
    /// What the moderator noted down.
    pub note: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// The bulk action that it was part of.
    pub bulk: Option<ActionId>,
}

/// A moderator's hold on a comment: the others see that somebody is at it. It ends by itself, and binds nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Who.
    pub by: UserId,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// How long a claim lasts.
pub const CLAIM_LASTS: Duration = Duration::minutes(5);

/// What a report weighs: how often its reporter was right, from 0 to 1. Somebody without a record counts one half; each
/// report that a moderator followed or did not follow moves it (Laplace's rule of succession).
#[must_use]
pub fn reporter_accuracy(right: u32, wrong: u32) -> f64 {
    (f64::from(right) + 1.0) / (f64::from(right) + f64::from(wrong) + 2.0)
}
