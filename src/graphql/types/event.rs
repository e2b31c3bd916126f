//! What happened to an article, as its readers are told it.

use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::article::{Article, CommentPolicy};
use super::comment::{Comment, ReactionCount};
use super::enums::FeedResetReason;
use crate::domain::comment::ReaderChange;
use crate::domain::cursor::FeedCursor;
use crate::domain::event::{self, EventKind};
use crate::domain::ids::{ArticleId, CommentId};
use crate::feed::{FeedItem, Happening};
use crate::graphql::connection::connection;
use crate::graphql::context::{Scope, scope};
use crate::graphql::error::{GraphError, Result};
use crate::graphql::id::GlobalId;

/// Something that readers of an article see happen.
#[derive(Interface)]
#[graphql(field(name = "occurred_at", ty = "&DateTime<Utc>", desc = "When it happened."))]
pub enum ArticleEvent {
    /// A comment appeared.
    CommentPublished(CommentPublished),
    /// Its words changed.
    CommentEdited(CommentEdited),
    /// It went.
    CommentRemoved(CommentRemoved),
    /// It came back.
    CommentRestored(CommentRestored),
    /// Its counts moved.
    CommentCountsChanged(CommentCountsChanged),
    /// The article's words changed.
    ArticleUpdated(ArticleUpdated),
    /// Commenting opened, closed, or came under other rules.
    CommentingChanged(CommentingChanged),
    /// Start over.
    FeedReset(FeedReset),
}

/// A comment appeared for the first time.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CommentPublished {
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// The article's approved comments as of this event.
    comment_count: i32,
    #[graphql(skip)]
    comment: Arc<crate::domain::comment::Comment>,
}

/// The words of a comment changed.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CommentEdited {
    /// When it happened.
    occurred_at: DateTime<Utc>,
    #[graphql(skip)]
    comment: Arc<crate::domain::comment::Comment>,
}

/// A comment is no longer to be seen: refused, deleted, or held again after an edit.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CommentRemoved {
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// The article's approved comments as of this event.
    comment_count: i32,
    #[graphql(skip)]
    comment_id: CommentId,
}

/// A comment that had been removed is to be seen again.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CommentRestored {
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// The article's approved comments as of this event.
    comment_count: i32,
    #[graphql(skip)]
    comment: Arc<crate::domain::comment::Comment>,
}

/// The counts of a comment moved.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CommentCountsChanged {
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// Its approved direct replies as of this event.
    reply_count: i32,
    /// Its reactions as of this event.
    reactions: Vec<ReactionCount>,
    #[graphql(skip)]
    comment_id: CommentId,
}

/// The words of the article changed.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct ArticleUpdated {
    /// When it happened.
    occurred_at: DateTime<Utc>,
    #[graphql(skip)]
    article_id: ArticleId,
}

/// Commenting opened, closed, or came under other rules.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CommentingChanged {
    /// When it happened.
    occurred_at: DateTime<Utc>,
    #[graphql(skip)]
    article_id: ArticleId,
}

/// The cursor has no place in the feed: query again, and go on from this event's cursor.
#[derive(SimpleObject)]
pub struct FeedReset {
    /// When the feed last moved.
    pub(super) occurred_at: DateTime<Utc>,
    /// Why.
    reason: FeedResetReason,
}

impl FeedReset {
    /// What tells a follower to start over from a log that last moved then.
    #[must_use]
    pub fn new(reason: event::ResetReason, at_micros: i64) -> Self {
        let occurred_at = DateTime::from_timestamp_micros(at_micros).unwrap_or_default();
        Self { occurred_at, reason: reason.into() }
    }
}

macro_rules! with_comment {
    ($($event:ident),+) => {$(
        #[async_graphql::ComplexObject]
        impl $event {
            /// The comment as it is now: a tombstone if it has been removed since.
            async fn comment(&self) -> Comment {
                Comment(Arc::clone(&self.comment))
            }
        }
    )+};
}
with_comment!(CommentPublished, CommentEdited, CommentRestored);

macro_rules! with_comment_id {
    ($($event:ident),+) => {$(
        #[async_graphql::ComplexObject]
        impl $event {
            /// Which comment.
            async fn comment_id(&self) -> ID {
                GlobalId::Comment(self.comment_id).encode()
            }
        }
    )+};
}
with_comment_id!(CommentRemoved, CommentCountsChanged);

#[async_graphql::ComplexObject]
impl ArticleUpdated {
    /// The article as it is now.
    async fn article(&self, ctx: &Context<'_>) -> Result<Article> {
        article(ctx, self.article_id).await
    }
}

#[async_graphql::ComplexObject]
impl CommentingChanged {
    /// The rules as they are now.
    async fn comment_policy(&self, ctx: &Context<'_>) -> Result<CommentPolicy> {
        Ok(CommentPolicy(article(ctx, self.article_id).await?.0.policy.clone()))
    }
}

/// What a log holds that can't be shown.
pub fn corrupt(what: &str) -> GraphError {
    GraphError::fault(&crate::store::StoreError::Corrupt(what.to_owned()))
}

async fn article(ctx: &Context<'_>, id: ArticleId) -> Result<Article> {
    let article = scope(ctx)?.article(id).await?;
    article.map(Article).ok_or_else(|| GraphError::not_found("article"))
}

impl ArticleEvent {
    /// An event of the log, with its comment.
    ///
    /// # Errors
    /// The event's comment is gone from the store: a fault.
    pub fn new(happening: Happening) -> Result<Self> {
        let Happening { event, comment } = happening;
        let event::ArticleEvent { article_id, at, comment_count, kind, .. } = match event {
            event::Event::Article(event) => event,
            event::Event::Queue(_) => return Err(corrupt("an article's log has an event of the queues")),
        };
        let comment = || comment.clone().ok_or_else(|| corrupt("an event's comment is missing"));
        let occurred_at = at;
        Ok(match kind {
            EventKind::Comment(ReaderChange::Published, _) => {
                Self::CommentPublished(CommentPublished { occurred_at, comment_count, comment: comment()? })
            }
            EventKind::Comment(ReaderChange::Restored, _) => {
                Self::CommentRestored(CommentRestored { occurred_at, comment_count, comment: comment()? })
            }
            EventKind::Comment(ReaderChange::Edited, _) => {
                Self::CommentEdited(CommentEdited { occurred_at, comment: comment()? })
            }
            EventKind::Comment(ReaderChange::Removed, comment_id) => {
                Self::CommentRemoved(CommentRemoved { occurred_at, comment_count, comment_id })
            }
            EventKind::CountsChanged { comment_id, reply_count, reactions } => {
                let reactions = reactions.into_iter().map(ReactionCount::from).collect();
                Self::CommentCountsChanged(CommentCountsChanged {
                    occurred_at,
                    reply_count,
                    reactions,
                    comment_id,
                })
            }
            EventKind::ArticleUpdated => Self::ArticleUpdated(ArticleUpdated { occurred_at, article_id }),
            EventKind::CommentingChanged => {
                Self::CommentingChanged(CommentingChanged { occurred_at, article_id })
            }
        })
    }

    /// What tells a reader to start over.
    #[must_use]
    pub fn reset(reason: event::ResetReason, at_micros: i64) -> Self {
        Self::FeedReset(FeedReset::new(reason, at_micros))
    }
}

/// One step of an article's feed.
pub struct ArticleEventUpdate {
    item: FeedItem,
}

impl From<FeedItem> for ArticleEventUpdate {
    fn from(item: FeedItem) -> Self {
        Self { item }
    }
}

/// One step of an article's feed.
#[Object]
impl ArticleEventUpdate {
    /// The place after this event: subscribe with `after:` this to go on from here.
    async fn cursor(&self) -> String {
        self.item.cursor().encode()
    }

    /// What happened.
    async fn event(&self) -> Result<ArticleEvent> {
        match self.item.clone() {
            FeedItem::Happening(happening) => ArticleEvent::new(happening),
            FeedItem::Reset { reason, cursor } => Ok(ArticleEvent::reset(reason, cursor.at_micros)),
        }
    }
}

/// A newly approved comment.
pub struct CommentApprovedUpdate {
    cursor: FeedCursor,
    comment_count: i32,
    comment: Arc<crate::domain::comment::Comment>,
}

impl CommentApprovedUpdate {
    /// The update of an event that shows a comment.
    #[must_use]
    pub fn new(happening: Happening) -> Option<Self> {
        let comment_count = match &happening.event {
            event::Event::Article(event) => event.comment_count,
            event::Event::Queue(_) => return None,
        };
        Some(Self { cursor: FeedCursor::after(&happening.event), comment_count, comment: happening.comment? })
    }
}

/// A newly approved comment.
#[Object]
impl CommentApprovedUpdate {
    /// The place after this event: subscribe with `after:` this to go on from here.
    async fn cursor(&self) -> String {
        self.cursor.encode()
    }

    /// The comment as it is now: a tombstone if it has been removed since.
    async fn comment(&self) -> Comment {
        Comment(Arc::clone(&self.comment))
    }

    /// The article's approved comments as of this event, however late it is read.
    async fn comment_count(&self) -> i32 {
        self.comment_count
    }
}

connection!(ArticleEventConnection, ArticleEventEdge, ArticleEvent, EventTotal, "events", "What happened.");

/// How many events an article has had.
pub struct EventTotal(pub i64);

impl EventTotal {
    #[expect(clippy::unused_async, reason = "every connection's total is awaited")]
    async fn count(&self, _: &Scope) -> Result<i64> {
        Ok(self.0)
    }
}
