//! What was done to many comments at once. Whoever has one was let see it.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};

use super::enums::{ActionKind, CommentStatus, ReasonCode};
use super::moderation::HistoryEntry;
use super::record::{line_cursor, lines};
use super::user::User;
use crate::domain::action::BulkAction;
use crate::domain::ids::ActionId;
use crate::domain::moderation;
use crate::graphql::connection::connection;
use crate::graphql::context::{Scope, scope};
use crate::graphql::error::Result;
use crate::graphql::id::GlobalId;

/// Marks cursors of what an action changed.
const CHANGES: u8 = b'm';

/// What was done to many comments at once, and may be undone together. For moderators.
pub struct ModerationAction(pub BulkAction);

/// What was done to many comments at once, and may be undone together. For moderators.
#[Object]
impl ModerationAction {
    /// The action's id: `moderationUndo` takes it.
    pub async fn id(&self) -> ID {
        GlobalId::Action(self.0.id).encode()
    }

    /// What kind of action.
    async fn kind(&self) -> ActionKind {
        self.0.kind.into()
    }

    /// Whose it is; null once their account is gone.
    async fn by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.0.by {
            Some(id) => Ok(scope(ctx)?.user(id).await?.map(User)),
            None => Ok(None),
        }
    }

    /// What the comments were to become; null for an undo.
    async fn to(&self) -> Option<CommentStatus> {
        self.0.to.map(CommentStatus::from)
    }

    /// Why.
    async fn reason(&self) -> Option<ReasonCode> {
        self.0.reason.map(ReasonCode::from)
    }

    /// What the moderator noted down.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// Whose comments they were, where it is about a person.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.0.user {
            Some(id) => Ok(scope(ctx)?.user(id).await?.map(User)),
            None => Ok(None),
        }
    }

    /// The action that this one undoes.
    async fn undoes(&self, ctx: &Context<'_>) -> Result<Option<ModerationAction>> {
        other(ctx, self.0.undoes).await
    }

    /// The action that undoes this one.
    async fn undone_by(&self, ctx: &Context<'_>) -> Result<Option<ModerationAction>> {
        other(ctx, self.0.undone_by).await
    }

    /// When it began.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// When its last comment was done; null while it is under way.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.0.finished_at
    }

    /// What it changed, one line of history for each comment, the latest first. What it left alone is not there.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
    ) -> Result<ChangeConnection> {
        let page = scope(ctx)?.changes(self.0.id, lines(CHANGES, first, after)?).await?;
        let cursor = |entry: &moderation::HistoryEntry| line_cursor(CHANGES, entry.id);
        Ok(ChangeConnection::new(page, ChangeTotal(self.0.id), cursor, HistoryEntry))
    }
}

async fn other(ctx: &Context<'_>, id: Option<ActionId>) -> Result<Option<ModerationAction>> {
    match id {
        Some(id) => Ok(scope(ctx)?.action(id).await?.map(ModerationAction)),
        None => Ok(None),
    }
}

connection!(ChangeConnection, ChangeEdge, HistoryEntry, ChangeTotal, "changes", "The line of history.");

/// How many comments an action changed.
pub struct ChangeTotal(ActionId);

impl ChangeTotal {
    async fn count(&self, scope: &Scope) -> Result<i64> {
        scope.change_count(self.0).await
    }
}
