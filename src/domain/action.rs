//! What is done to many comments at once, under one id, and may be undone under it.

use chrono::{DateTime, Utc};

use super::comment::CommentStatus;
use super::ids::{ActionId, UserId};
use super::moderation::ReasonCode;

/// The kinds of actions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ActionKind {
    /// A moderator decided on a selection.
    Bulk,
    /// All that a person wrote was refused.
    RejectAll,
    /// What another action changed was brought back.
    Undo,
    /// A person's account was deleted: all that they wrote is erased. It can't be undone.
    Erase,
}

impl ActionKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Bulk, Self::RejectAll, Self::Undo, Self::Erase];

    /// The name that the API and the store use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bulk => "BULK",
            Self::RejectAll => "REJECT_ALL",
            Self::Undo => "UNDO",
            Self::Erase => "ERASE",
        }
    }

    /// The kind with that [`ActionKind::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An action as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BulkAction {
    /// Which.
    pub id: ActionId,
    /// What kind.
    pub kind: ActionKind,
    /// Whose; `None` once their account is gone.
    pub by: Option<UserId>,
    /// What the comments were to become; `None` for an undo.
    pub to: Option<CommentStatus>,
    /// Why.
    pub reason: Option<ReasonCode>,
    /// What the moderator noted down.
    pub note: Option<String>,
    /// Whose comments, where it is about a person.
    pub user: Option<UserId>,
    /// The action that it undoes.
    pub undoes: Option<ActionId>,
    /// The action that undoes it.
    pub undone_by: Option<ActionId>,
    /// When it began.
    pub at: DateTime<Utc>,
    /// When its last comment was done; `None`: a node goes on with it.
    pub finished_at: Option<DateTime<Utc>>,
}
