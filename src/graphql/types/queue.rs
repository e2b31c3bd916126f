//! What happens in the moderators' queues, as they are told it.

use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::comment::Comment;
use super::enums::ModerationQueueName;
use super::event::{FeedReset, corrupt};
use super::moderation::Claim;
use super::user::User;
use crate::domain::event::Event;
use crate::domain::ids::{CommentId, UserId};
use crate::domain::queue::{QueueCounts, QueueEventKind, QueueName};
use crate::domain::{comment, moderation};
use crate::feed::{FeedItem, Happening};
use crate::graphql::connection::connection;
use crate::graphql::context::{Scope, scope};
use crate::graphql::error::Result;
use crate::graphql::id::GlobalId;

/// Something that moderators see happen in their queues.
#[derive(Interface)]
#[graphql(field(name = "occurred_at", ty = "&DateTime<Utc>", desc = "When it happened."))]
pub enum ModerationEvent {
    /// A comment came into a queue.
    CommentEnteredQueue(CommentEnteredQueue),
    /// It left one.
    CommentLeftQueue(CommentLeftQueue),
    /// Somebody opened it, or let it go.
    CommentClaimed(CommentClaimed),
    /// Its author changed the words.
    CommentEditedInQueue(CommentEditedInQueue),
    /// Start over.
    FeedReset(FeedReset),
}

/// A comment came into a queue.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CommentEnteredQueue {
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// Into which queue.
    queue: ModerationQueueName,
    #[graphql(skip)]
    comment: Arc<comment::Comment>,
}

/// A comment left a queue.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CommentLeftQueue {
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// Which queue.
    queue: ModerationQueueName,
    #[graphql(skip)]
    comment_id: CommentId,
    #[graphql(skip)]
    by: Option<UserId>,
}

/// A moderator opened a comment, or let it go. A claim that nobody renews ends by itself when it expires; no
/// event tells of that.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CommentClaimed {
    /// When it happened.
    occurred_at: DateTime<Utc>,
    #[graphql(skip)]
    comment_id: CommentId,
    #[graphql(skip)]
    claim: Option<moderation::Claim>,
}

/// The author of a comment changed its words: its revision is another one now.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CommentEditedInQueue {
    /// When it happened.
    occurred_at: DateTime<Utc>,
    #[graphql(skip)]
    comment: Arc<comment::Comment>,
}

#[async_graphql::ComplexObject]
impl CommentEnteredQueue {
    /// The comment as it is now; without words if its author has taken it back since.
    async fn comment(&self) -> Comment {
        Comment(Arc::clone(&self.comment))
    }
}

#[async_graphql::ComplexObject]
impl CommentEditedInQueue {
    /// The comment as it is now; without words if its author has taken it back since.
    async fn comment(&self) -> Comment {
        Comment(Arc::clone(&self.comment))
    }
}

#[async_graphql::ComplexObject]
impl CommentLeftQueue {
    /// Which comment.
    async fn comment_id(&self) -> ID {
        GlobalId::Comment(self.comment_id).encode()
    }

    /// By whose doing: the moderator who decided, or the author. Null where the account is gone.
    async fn by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.by {
            Some(by) => Ok(scope(ctx)?.user(by).await?.map(User)),
            None => Ok(None),
        }
    }
}

#[async_graphql::ComplexObject]
impl CommentClaimed {
    /// Which comment.
    async fn comment_id(&self) -> ID {
        GlobalId::Comment(self.comment_id).encode()
    }

    /// Who has it, and until when; null: it was let go.
    async fn claim(&self) -> Option<Claim> {
        self.claim.map(Claim)
    }
}

impl ModerationEvent {
    /// An event of the log, with its comment.
    ///
    /// # Errors
    /// The event's comment is gone from the store: a fault.
    pub fn new(happening: Happening) -> Result<Self> {
        let Happening { event, comment } = happening;
        let event = match event {
            Event::Queue(event) => event,
            Event::Article(_) => return Err(corrupt("the moderators' log has an event of an article")),
        };
        let comment = || comment.ok_or_else(|| corrupt("an event's comment is missing"));
        let (occurred_at, comment_id) = (event.at, event.comment_id);
        Ok(match event.kind {
            QueueEventKind::Entered(queue) => {
                let queue = queue.into();
                Self::CommentEnteredQueue(CommentEnteredQueue { occurred_at, queue, comment: comment()? })
            }
            QueueEventKind::Left(queue, by) => {
                let queue = queue.into();
                Self::CommentLeftQueue(CommentLeftQueue { occurred_at, queue, comment_id, by })
            }
            QueueEventKind::Claimed(claim) => {
                Self::CommentClaimed(CommentClaimed { occurred_at, comment_id, claim })
            }
            QueueEventKind::Edited => {
                Self::CommentEditedInQueue(CommentEditedInQueue { occurred_at, comment: comment()? })
            }
        })
    }
}

/// How many comments a queue holds.
#[derive(SimpleObject)]
pub struct ModerationQueueCount {
    /// Which queue.
    name: ModerationQueueName,
    /// How many.
    count: i64,
}

/// The counts of every queue.
pub fn queue_counts(counts: &QueueCounts) -> Vec<ModerationQueueCount> {
    QueueName::ALL
        .into_iter()
        .map(|queue| ModerationQueueCount { name: queue.into(), count: counts.of(queue) })
        .collect()
}

/// One step of the moderators' log.
pub struct ModerationUpdate {
    item: FeedItem,
}

impl From<FeedItem> for ModerationUpdate {
    fn from(item: FeedItem) -> Self {
        Self { item }
    }
}

/// One step of the moderators' log.
#[Object]
impl ModerationUpdate {
    /// The place after this event: subscribe with `after:` this to go on from here.
    async fn cursor(&self) -> String {
        self.item.cursor().encode()
    }

    /// What happened.
    async fn event(&self) -> Result<ModerationEvent> {
        match self.item.clone() {
            FeedItem::Happening(happening) => ModerationEvent::new(happening),
            FeedItem::Reset { reason, cursor } => {
                Ok(ModerationEvent::FeedReset(FeedReset::new(reason, cursor.at_micros)))
            }
        }
    }

    /// What every queue holds after this event, however late it is read.
    async fn queues(&self, ctx: &Context<'_>) -> Result<Vec<ModerationQueueCount>> {
        Ok(queue_counts(&match &self.item {
            FeedItem::Happening(Happening { event: Event::Queue(event), .. }) => event.counts,
            FeedItem::Happening(_) | FeedItem::Reset { .. } => {
                scope(ctx)?.snapshot().await?.queue_counts().await?
            }
        }))
    }
}

connection!(
    ModerationEventConnection,
    ModerationEventEdge,
    ModerationEvent,
    QueueEventTotal,
    "events of the queues",
    "What happened."
);

/// How many events the moderators' log has had.
pub struct QueueEventTotal(pub i64);

impl QueueEventTotal {
    #[expect(clippy::unused_async, reason = "every connection's total is awaited")]
    async fn count(&self, _: &Scope) -> Result<i64> {
        Ok(self.0)
    }
}

/// Where the queues stand.
pub struct ModerationState {
    /// The log's position.
    pub cursor: String,
    /// What every queue holds.
    pub counts: QueueCounts,
}

/// Where the queues stand: what each holds, and from where to follow what happens in them.
#[Object]
impl ModerationState {
    /// Subscribe to `moderationEvents` with `after:` this, and nothing that happens later is missed.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// What every queue holds.
    async fn queues(&self) -> Vec<ModerationQueueCount> {
        queue_counts(&self.counts)
    }
}
