//! Whatever has a global id.

use async_graphql::{ID, Interface};

use super::action::ModerationAction;
use super::article::{Article, KeyPoint};
use super::comment::Comment;
use super::user::User;

/// Whatever has a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The global id."))]
pub enum Node {
    /// An article.
    Article(Article),
    /// A comment.
    Comment(Comment),
    /// A key point.
    KeyPoint(KeyPoint),
    /// What was done to many comments at once. For moderators.
    Action(ModerationAction),
    /// A person.
    User(User),
}
