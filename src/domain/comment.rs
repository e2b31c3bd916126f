//! A comment and its states: which there are, which change is allowed from which, and what a change
//! means to readers.

use chrono::{DateTime, Utc};

use super::article::ModerationMode;
use super::ids::{ArticleId, CommentId, UserId};
use super::moderation::{Claim, ReasonCode};
use super::rules::Trace;
use super::user::User;

/// The states, without what they hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CommentStatus {
    /// Awaits a moderator.
    Pending,
    /// Readers see it.
    Approved,
    /// A moderator refused it.
    Rejected,
    /// A moderator called it spam.
    Spam,
    /// Its author took it back: final.
    Deleted,
}

impl CommentStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Approved, Self::Rejected, Self::Spam, Self::Deleted];

    /// The name that the API and the store use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::Spam => "SPAM",
            Self::Deleted => "DELETED",
        }
    }

    /// The status with that [`CommentStatus::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// A comment's state, with what only that state has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommentState {
    /// Awaits a moderator.
    Pending,
    /// Readers see it.
    Approved {
        /// Since when.
        at: DateTime<Utc>,
        /// Who approved it; `None` where the article's policy did.
        by: Option<UserId>,
    },
    /// A moderator refused it.
    Rejected {
        /// Since when.
        at: DateTime<Utc>,
        /// Who refused it.
        by: Option<UserId>,
        /// Why.
        reason: Option<ReasonCode>,
    },
    /// A moderator called it spam.
    Spam {
        /// Since when.
        at: DateTime<Utc>,
        /// Who called it so.
        by: Option<UserId>,
    },
    /// Its author took it back: final, and the text is gone.
    Deleted {
        /// Since when.
        at: DateTime<Utc>,
        /// Who deleted it.
        by: Option<UserId>,
    },
}

/// What somebody does to a comment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// A moderator shows it to readers.
    Approve,
    /// A moderator refuses it.
    Reject(Option<ReasonCode>),
    /// A moderator calls it spam.
    MarkSpam,
    /// A moderator sends it back to the queue.
    Requeue,
    /// A moderator undoes a decision: it is again what it was before.
    Undo(CommentState),
    /// Its author changes the words.
    Edit,
    /// Its author takes it back.
    Delete,
}

/// Why an action is not possible from a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// Deleted is final.
    #[error("The comment was deleted by its author; that is final.")]
    Deleted,
    /// Refused comments keep the words they were refused for.
    #[error("A comment that a moderator has refused can't be edited.")]
    NotEditable,
}

/// What an action leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// It has that state already.
    Unchanged,
    /// The new state.
    Changed(CommentState),
}

impl CommentState {
    /// Which state.
    #[must_use]
    pub const fn status(&self) -> CommentStatus {
        match self {
            Self::Pending => CommentStatus::Pending,
            Self::Approved { .. } => CommentStatus::Approved,
            Self::Rejected { .. } => CommentStatus::Rejected,
            Self::Spam { .. } => CommentStatus::Spam,
            Self::Deleted { .. } => CommentStatus::Deleted,
        }
    }

    /// Whether readers see the comment's words.
    #[must_use]
    pub const fn is_visible(&self) -> bool {
        match self {
            Self::Approved { .. } => true,
            Self::Pending | Self::Rejected { .. } | Self::Spam { .. } | Self::Deleted { .. } => false,
        }
    }

    /// Whether readers see it because a moderator let it through.
    #[must_use]
    pub const fn was_read(&self) -> bool {
        match self {
            Self::Approved { by, .. } => by.is_some(),
            Self::Pending | Self::Rejected { .. } | Self::Spam { .. } | Self::Deleted { .. } => false,
        }
    }

    /// The same state, where a moderator has read what is reported and lets it stand; `None`: readers don't see it.
    #[must_use]
    pub const fn kept(&self, by: Option<UserId>) -> Option<Self> {
        match self {
            Self::Approved { at, .. } => Some(Self::Approved { at: *at, by }),
            Self::Pending | Self::Rejected { .. } | Self::Spam { .. } | Self::Deleted { .. } => None,
        }
    }

    /// Where `action` leads from here.
    ///
    /// Words that a moderator has not read do not replace words that one has: editing a comment that a moderator
    /// approved sends it back to the queue, and so does editing any approved comment of a pre-moderated article.
    ///
    /// # Errors
    /// The named [`Refused`] where the action is not possible.
    pub fn after(
        &self,
        action: Action,
        mode: ModerationMode,
        at: DateTime<Utc>,
        by: Option<UserId>,
    ) -> Result<Next, Refused> {
        use CommentStatus as S;
        let next = match (action, self.status()) {
            (_, S::Deleted) if action == Action::Delete => return Ok(Next::Unchanged),
            (_, S::Deleted) => return Err(Refused::Deleted),

            (Action::Approve, S::Approved)
            | (Action::Reject(_), S::Rejected)
            | (Action::MarkSpam, S::Spam)
            | (Action::Requeue, S::Pending) => {
                return Ok(Next::Unchanged);
            }
            (Action::Approve, S::Pending | S::Rejected | S::Spam) => Self::Approved { at, by },
            (Action::Reject(reason), S::Pending | S::Approved | S::Spam) => Self::Rejected { at, by, reason },
            (Action::MarkSpam, S::Pending | S::Approved | S::Rejected) => Self::Spam { at, by },

            (Action::Requeue, S::Approved | S::Rejected | S::Spam) => Self::Pending,
            // No decision leads away from deleted, so none can be undone to it.
            (Action::Undo(Self::Deleted { .. }), _) => return Err(Refused::Deleted),
            (Action::Undo(before), S::Pending | S::Approved | S::Rejected | S::Spam) => before,

            (Action::Edit, S::Pending) => Self::Pending,
            (Action::Edit, S::Approved) => match mode {
                ModerationMode::Post if !self.was_read() => *self,
                ModerationMode::Pre | ModerationMode::Post => Self::Pending,
            },
            (Action::Edit, S::Rejected | S::Spam) => return Err(Refused::NotEditable),

            (Action::Delete, S::Pending | S::Approved | S::Rejected | S::Spam) => Self::Deleted { at, by },
        };
        Ok(Next::Changed(next))
    }
}

/// What a change of a comment means to the readers of its article.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReaderChange {
    /// They see it for the first time.
    Published,
    /// They see it again.
    Restored,
    /// They see other words.
    Edited,
    /// They no longer see its words.
    Removed,
}

impl ReaderChange {
    /// The change from one state to the next; `seen_before`: whether readers ever saw the comment; `is_edited`: whether it
    /// has other words.
    #[must_use]
    pub const fn between(
        from: &CommentState,
        to: &CommentState,
        seen_before: bool,
        is_edited: bool,
    ) -> Option<Self> {
        match (from.is_visible(), to.is_visible()) {
            (false, true) if seen_before => Some(Self::Restored),
            (false, true) => Some(Self::Published),
            (true, false) => Some(Self::Removed),
            (true, true) if is_edited => Some(Self::Edited),
            (true, true) | (false, false) => None,
        }
    }

    /// By how much the change moves the count of visible comments.
    #[must_use]
    pub const fn count_delta(self) -> i32 {
        match self {
            Self::Published | Self::Restored => 1,
            Self::Edited => 0,
            Self::Removed => -1,
        }
    }
}

/// The place of a comment in its thread: the ids from the top-level comment down to itself, 16 bytes each.
/// Sorting by it is pre-order, alike on every database, because ids are time-ordered.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ThreadPath(Vec<u8>);

impl ThreadPath {
    /// How deep a reply can be; an index row of PostgreSQL holds about 160 levels.
    pub const DEPTH_MAX: i32 = 100;

    /// The path of a top-level comment.
    #[must_use]
    pub fn root(id: CommentId) -> Self {
        Self(id.0.as_bytes().to_vec())
    }

    /// The path of a reply.
    #[must_use]
    pub fn child(&self, id: CommentId) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len() + 16);
        bytes.extend_from_slice(&self.0);
        bytes.extend_from_slice(id.0.as_bytes());
        Self(bytes)
    }

    /// As read from the store.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// As written to the store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Replies above it: 0 for a top-level comment.
    #[must_use]
    pub fn depth(&self) -> i32 {
        i32::try_from(self.0.len() / 16).unwrap_or(i32::MAX) - 1
    }

    /// The comments above it, the top-level one first.
    #[must_use]
    pub fn ancestors(&self) -> Vec<CommentId> {
        let above = self.0.len().saturating_sub(16);
        self.0[..above]
            .chunks_exact(16)
            .filter_map(|chunk| uuid::Uuid::from_slice(chunk).ok().map(CommentId))
            .collect()
    }
}

/// A comment as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comment {
    /// Which.
    pub id: CommentId,
    /// Under which article.
    pub article_id: ArticleId,
    /// The comment it replies to.
    pub parent_id: Option<CommentId>,
    /// Its place in the thread.
    pub path: ThreadPath,
    /// Who wrote it; `None` once their account is gone.
    pub author: Option<User>,
    /// The words, in Markdown; empty once deleted.
    pub body: String,
    /// The words as sanitised HTML.
    pub body_html: String,
    /// Where it stands.
    pub state: CommentState,
    /// Rises by one with each edit and each decision, from 1.
    pub revision: i32,
    /// Approved direct replies.
    pub reply_count: i32,
    /// Approved comments anywhere below it: what keeps a removed comment as a tombstone.
    pub descendant_count: i32,
    /// Reactions, all kinds together.
    pub score: i32,
    /// Reports that no moderator has looked at yet.
    pub open_reports: i32,
    /// When it was submitted.
    pub created_at: DateTime<Utc>,
    /// When its words last changed.
    pub edited_at: Option<DateTime<Utc>>,
    /// When readers first saw it.
    pub first_published_at: Option<DateTime<Utc>>,
    /// Who has opened it to decide on it; it may have expired.
    pub claim: Option<Claim>,
    /// Why it was held.
    pub held_because: Vec<Trace>,
}

impl Comment {
    /// Whether it stands in its thread at all: approved, or the tombstone above approved replies.
    #[must_use]
    pub const fn is_shown(&self) -> bool {
        self.state.is_visible() || self.descendant_count > 0
    }
}

#[cfg(test)]
mod walks;

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_path_knows_what_is_above_it() {
        let (a, b, c) =
            (CommentId(Uuid::from_u128(1)), CommentId(Uuid::from_u128(2)), CommentId(Uuid::from_u128(3)));
        let path = ThreadPath::root(a).child(b).child(c);
        assert_eq!(path.depth(), 2);
        assert_eq!(path.ancestors(), [a, b]);
        assert!(ThreadPath::root(a).as_bytes() < path.as_bytes(), "pre-order");
    }

    #[test]
    fn an_edit_of_words_that_were_read_is_read_again() {
        let approved = |by| CommentState::Approved { at: DateTime::UNIX_EPOCH, by };
        let edit = |by, mode| approved(by).after(Action::Edit, mode, DateTime::UNIX_EPOCH, None);
        assert_eq!(edit(None, ModerationMode::Pre), Ok(Next::Changed(CommentState::Pending)));
        assert_eq!(edit(None, ModerationMode::Post), Ok(Next::Changed(approved(None))));
        let moderator = Some(UserId(Uuid::from_u128(1)));
        assert_eq!(edit(moderator, ModerationMode::Post), Ok(Next::Changed(CommentState::Pending)));
    }

    #[test]
    fn deleted_is_final() {
        let deleted = CommentState::Deleted { at: DateTime::UNIX_EPOCH, by: None };
        let undo = Action::Undo(CommentState::Pending);
        for action in
            [Action::Approve, Action::Reject(None), Action::MarkSpam, Action::Requeue, undo, Action::Edit]
        {
            let outcome = deleted.after(action, ModerationMode::Post, DateTime::UNIX_EPOCH, None);
            assert_eq!(outcome, Err(Refused::Deleted), "{action:?}");
        }
    }
}
