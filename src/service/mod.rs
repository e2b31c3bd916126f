//! The use cases: check, write, commit, and only then tell. Each takes the viewer first and asks the policy.

pub mod articles;
pub mod bulk;
pub mod comments;
pub mod erasure;
pub mod export;
pub mod hook;
pub mod import;
mod judging;
pub mod moderation;
pub mod readers;
pub mod rule_settings;
pub mod rulebook;
pub mod sanctions;
pub mod sessions;
pub mod trial;
pub mod undo;

use std::sync::Arc;

use crate::bus::{EventBus, Hint, Topic};
use crate::clock::Clock;
use crate::domain::article::Article;
use crate::domain::comment::{Comment, Refused as StateRefused};
use crate::domain::policy::Denied;
use crate::domain::rules::{NotTaken, Rule};
use crate::domain::sanction::Barred;
use crate::service::rulebook::Rulebook;
use crate::store::{Store, StoreError};

/// What the use cases need.
#[derive(Clone)]
pub struct Service {
    /// Where everything is kept.
    pub store: Store,
    /// Whom to tell after a commit.
    pub bus: Arc<dyn EventBus>,
    /// Time and ids.
    pub clock: Arc<Clock>,
    /// The rules for submissions.
    pub rulebook: Arc<Rulebook>,
}

/// Why a request as a whole failed: the caller may not, names what is not there, or it is our fault.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The caller names what is not there.
    #[error("There is no {0} with that id.")]
    NotFound(&'static str),
    /// Our fault.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Failure {
    /// All that a write refers to was read in the same transaction, but for the person who writes: a token
    /// outlives an account, and a restore from a backup.
    fn from(error: StoreError) -> Self {
        if error.is_missing_reference() { Self::Denied(Denied::Gone) } else { Self::Store(error) }
    }
}

/// Why a write was refused, in terms that the person who asked can act on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Which kind.
    pub code: RefusalCode,
    /// What to do about it.
    pub message: String,
    /// The path of the input field, empty where it is about none.
    pub field: Vec<&'static str>,
}

/// The kinds of refusal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum RefusalCode {
    /// Fewer characters than asked for.
    TooShort,
    /// More characters than allowed.
    TooLong,
    /// The article takes no comments.
    CommentingClosed,
    /// Too many in a short time.
    TooMany,
    /// The same text was sent in before.
    Repeated,
    /// Words that are not accepted.
    BannedWords,
    /// Links that are not accepted.
    Links,
    /// Another rule of the newsroom.
    NotAccepted,
    /// The comment replied to is not one that readers see.
    ParentNotVisible,
    /// The thread is as deep as threads get.
    TooDeep,
    /// It changed since it was read.
    Conflict,
    /// The time for changes is over.
    EditWindowClosed,
    /// Its state allows no change of words.
    NotEditable,
    /// Its author deleted it.
    Deleted,
    /// The key was used for something else.
    IdempotencyKeyReused,
    /// A value is missing or not of its form.
    Invalid,
    /// One does not report what one wrote.
    OwnComment,
    /// Nobody would be left who may administer.
    LastAdmin,
    /// The name or the password is not right.
    WrongCredentials,
    /// There is nothing with that id.
    NotFound,
    /// The newsroom takes nothing from this person any more.
    Banned,
    /// The newsroom takes nothing from this person for a time.
    Suspended,
}

impl Refusal {
    /// A refusal about one input field.
    #[must_use]
    pub fn of(code: RefusalCode, field: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: vec![field] }
    }
}

impl From<NotTaken> for Refusal {
    fn from(not_taken: NotTaken) -> Self {
        let (code, field) = match not_taken {
            NotTaken::TooShort { .. } => (RefusalCode::TooShort, "body"),
            NotTaken::TooLong { .. } => (RefusalCode::TooLong, "body"),
            NotTaken::Closed => (RefusalCode::CommentingClosed, "articleId"),
            NotTaken::ByRule(rule) => (RefusalCode::from(rule), "body"),
        };
        Self::of(code, field, not_taken.to_string())
    }
}

impl From<Rule> for RefusalCode {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::Rate | Rule::AddressRate => Self::TooMany,
            Rule::Repeat => Self::Repeated,
            Rule::BannedWords | Rule::SuspectWords => Self::BannedWords,
            Rule::Links => Self::Links,
            Rule::Newcomer
            | Rule::PersonPremoderated
            | Rule::PreModeration
            | Rule::Hook
            | Rule::Reports
            | Rule::Edited => Self::NotAccepted,
        }
    }
}

impl From<Barred> for Refusal {
    fn from(barred: Barred) -> Self {
        let code = match barred {
            Barred::Banned(_) => RefusalCode::Banned,
            Barred::Suspended { .. } => RefusalCode::Suspended,
        };
        Self { code, message: barred.to_string(), field: Vec::new() }
    }
}

impl From<StateRefused> for Refusal {
    fn from(refused: StateRefused) -> Self {
        let code = match refused {
            StateRefused::Deleted => RefusalCode::Deleted,
            StateRefused::NotEditable => RefusalCode::NotEditable,
        };
        Self::of(code, "id", refused.to_string())
    }
}

/// A write that was not done, and what is there instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused<T> {
    /// Why.
    pub reasons: Vec<Refusal>,
    /// What is there, where that helps: on a conflict, what somebody else made of it.
    pub current: Option<Box<T>>,
}

impl<T> From<Refusal> for Refused<T> {
    fn from(reason: Refusal) -> Self {
        Self { reasons: vec![reason], current: None }
    }
}

impl<T> Refused<T> {
    /// Refused because of what is there by now.
    fn conflict(current: Option<T>, message: impl Into<String>) -> Self {
        let reasons = vec![Refusal::of(RefusalCode::Conflict, "revision", message)];
        Self { reasons, current: current.map(Box::new) }
    }
}

/// What a write comes to: done, refused, or failed.
pub type Outcome<T> = Result<Result<T, Refused<T>>, Failure>;

/// Refuses a write for one reason.
fn refuse<T>(code: RefusalCode, field: &'static str, message: impl Into<String>) -> Outcome<T> {
    Ok(Err(Refusal::of(code, field, message).into()))
}

/// The conflict of somebody who read another revision of a comment.
fn stale(current: Comment, read: i32) -> Refused<Comment> {
    let message = format!(
        "The comment is at revision {now}, not {read}: read it again, then decide.",
        now = current.revision
    );
    Refused::conflict(Some(current), message)
}

impl Service {
    /// Tells the nodes how far an article's log has come. A hint: it may get lost, and nothing with it.
    fn announce(&self, article: &Article) {
        #[cfg(feature = "planted-bugs")]
        if crate::planted::is_told_before_commit() {
            return;
        }
        self.bus.publish(Hint { topic: Topic::Article(article.id), sequence: article.sequence });
    }

    /// Tells the nodes that something happened in the queues. It has no number yet: whoever follows gives it one.
    fn announce_queues(&self) {
        self.bus.publish(Hint { topic: Topic::Moderation, sequence: 0 });
    }

    /// Tells of a change of a comment: the moderators, and the readers if `told` is no longer where their log ends.
    fn announce_change(&self, article: &Article, told: i64) {
        if article.sequence > told {
            self.announce(article);
        }
        self.announce_queues();
    }
}
