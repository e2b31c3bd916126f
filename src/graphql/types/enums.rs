//! The enums, shared between input and output.

use async_graphql::Enum;

use crate::domain::{
    action, article, comment, event, moderation, queue, reaction, sanction, statistics, user,
};
use crate::service;
use crate::store;

/// Where a comment stands.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "comment::CommentStatus")]
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

/// How a list of comments is ordered. Ties break by id: the order is total.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "store::CommentOrder")]
pub enum CommentOrder {
    /// The latest first.
    Newest,
    /// The earliest first.
    Oldest,
    /// The most approved replies first.
    MostReplies,
    /// The most reactions first.
    Top,
}

/// What a person is to the newsroom. Each role may do all that the one before it may.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "user::Role")]
pub enum Role {
    /// Reads and comments.
    Reader,
    /// Decides on comments.
    Moderator,
    /// Publishes articles and sets their commenting policy.
    Editor,
    /// Everything.
    Admin,
}

/// Whether new comments are taken.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "article::CommentingState")]
pub enum CommentingState {
    /// New comments are taken.
    Open,
    /// No new comments are taken.
    Closed,
}

/// When a moderator reads a comment.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "article::ModerationMode")]
pub enum ModerationMode {
    /// Before readers see it.
    Pre,
    /// After: it shows at once.
    Post,
}

/// What a reader can say of a comment with one click.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "reaction::ReactionKind")]
pub enum ReactionKind {
    /// Well put.
    Like,
    /// Worth knowing.
    Insightful,
    /// Said with respect, agreed with or not.
    Respect,
}

/// Why a comment is refused or reported.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "moderation::ReasonCode")]
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

/// What a line of a comment's history says was done.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "moderation::HistoryAction")]
pub enum HistoryAction {
    /// The author sent it in.
    Submitted,
    /// The author changed the words.
    Edited,
    /// The author took it back.
    Deleted,
    /// It was shown to readers.
    Approved,
    /// A moderator refused it.
    Rejected,
    /// A moderator called it spam.
    MarkedSpam,
    /// Readers' reports sent it back to the queue.
    Held,
    /// A moderator sent it back to the queue.
    Requeued,
    /// A bulk action was undone: it is again what it was before.
    Undone,
}

/// The lists that moderators work through.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "queue::QueueName")]
pub enum ModerationQueueName {
    /// Comments that await a decision.
    Pending,
    /// Comments that readers reported and nobody has decided on since.
    Reported,
    /// Comments called spam.
    Spam,
    /// Every comment that its author has not taken back.
    All,
}

/// Why a follower has to start over from a query.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "event::ResetReason")]
pub enum FeedResetReason {
    /// The history no longer reaches back to the cursor.
    Trimmed,
    /// The cursor names an event that this service does not have: it was restored from a backup.
    Restored,
}

/// Why a write was refused.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "service::RefusalCode")]
pub enum UserErrorCode {
    /// Fewer characters than asked for.
    TooShort,
    /// More characters than allowed.
    TooLong,
    /// The article takes no comments.
    CommentingClosed,
    /// Too many comments in a short time: wait a while.
    TooMany,
    /// The same text was sent in before.
    Repeated,
    /// It has words that are not accepted.
    BannedWords,
    /// It has more links than are accepted, or one that is not.
    Links,
    /// Another rule of the newsroom does not accept it.
    NotAccepted,
    /// The comment is not one that readers see.
    ParentNotVisible,
    /// The thread is as deep as threads get.
    TooDeep,
    /// It changed since it was read: the payload holds what it is now.
    Conflict,
    /// The time for changes is over.
    EditWindowClosed,
    /// Its state allows no change of words.
    NotEditable,
    /// Its author deleted it: that is final.
    Deleted,
    /// The key was used for another request.
    IdempotencyKeyReused,
    /// A value is missing or not of its form.
    Invalid,
    /// One does not report what one wrote.
    OwnComment,
    /// The person is the last administrator: nobody would be left who may administer.
    LastAdmin,
    /// The name or the password is not right.
    WrongCredentials,
    /// There is nothing with that id.
    NotFound,
    /// The newsroom takes nothing from the viewer any more.
    Banned,
    /// The newsroom takes nothing from the viewer for a time; the message says until when.
    Suspended,
}

/// What a newsroom does about a person. It binds what they do as a reader.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "sanction::SanctionKind")]
pub enum SanctionKind {
    /// They may not comment, edit, react or report any more.
    Ban,
    /// They may not do so until a time.
    Suspend,
    /// What they write is read by a moderator before readers see it.
    Premoderate,
    /// No sanction.
    None,
}

/// What is done to many comments at once.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(name = "ModerationActionKind", remote = "action::ActionKind")]
pub enum ActionKind {
    /// A moderator decided on a selection.
    Bulk,
    /// All that a person wrote was refused.
    RejectAll,
    /// What another action changed was brought back.
    Undo,
    /// A person's account was deleted, and all that they wrote with it: nothing brings it back.
    Erase,
}

/// The length of one slice of statistics.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "statistics::Bucket")]
pub enum StatisticsBucket {
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// Seven times 24 hours.
    Week,
}
