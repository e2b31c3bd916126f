//! Following.

use async_graphql::{Context, ID, Subscription as SubscriptionRoot};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio_stream::wrappers::ReceiverStream;

use super::context::scope;
use super::error::{GraphError, Result};
use super::id::article_id;
use super::types::event::{ArticleEventUpdate, CommentApprovedUpdate};
use super::types::queue::ModerationUpdate;
use crate::domain::cursor::FeedCursor;
use crate::domain::event::LogId;
use crate::domain::policy::{self, Permission};
use crate::feed::{Feed, FeedItem, Injected, Selection};

/// Everything that can be followed.
pub struct Subscription;

/// Everything that can be followed.
#[SubscriptionRoot]
impl Subscription {
    /// Newly approved comments of an article, each once and in order. With `after`, everything since that
    /// cursor comes first. Where the cursor has no place in the feed any more, it ends with the error
    /// `FEED_RESET`: start over from a query.
    async fn comment_approved(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose comments.")] article_id: ID,
        #[graphql(desc = "Only what happened after this cursor; none: from now on.")] after: Option<String>,
    ) -> Result<BoxStream<'static, Result<CommentApprovedUpdate>>> {
        let items = follow(ctx, LogId::Article(self::article_id(&article_id)?), after.as_deref()).await?;
        let updates = items.filter_map(async |item| match item {
            FeedItem::Happening(happening) => {
                let wanted = Selection::Approved.wants(&happening.event);
                wanted.then(|| CommentApprovedUpdate::new(happening).ok_or_else(missing))
            }
            FeedItem::Reset { .. } => Some(Err(GraphError::new(
                "FEED_RESET",
                "The feed no longer reaches back to `after`: start over from a query.",
            ))),
        });
        // The error is the last: there is nothing to go on from.
        let ended = updates.scan(false, |ended, update| {
            let item = (!*ended).then_some(update);
            *ended |= matches!(&item, Some(Err(_)));
            std::future::ready(item)
        });
        Ok(ended.boxed())
    }

    /// Everything that changes what a reader of an article sees, each event once and in order. With `after`,
    /// everything since that cursor comes first; where the cursor has no place in the feed any more, a
    /// `FeedReset` does.
    async fn article_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose events.")] article_id: ID,
        #[graphql(desc = "Only what happened after this cursor; none: from now on.")] after: Option<String>,
    ) -> Result<BoxStream<'static, ArticleEventUpdate>> {
        let items = follow(ctx, LogId::Article(self::article_id(&article_id)?), after.as_deref()).await?;
        Ok(items.map(ArticleEventUpdate::from).boxed())
    }

    /// Everything that happens in the moderators' queues, of all articles, each event once and in order, with
    /// what every queue holds after it. With `after`, everything since that cursor comes first; where the cursor
    /// has no place in the log any more, a `FeedReset` does. For moderators.
    async fn moderation_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only what happened after this cursor; none: from now on.")] after: Option<String>,
    ) -> Result<BoxStream<'static, ModerationUpdate>> {
        policy::require(&scope(ctx)?.viewer, Permission::Moderate)?;
        let items = follow(ctx, LogId::Queues, after.as_deref()).await?;
        Ok(items.map(ModerationUpdate::from).boxed())
    }
}

/// The events of a group that shares them, else followed alone.
async fn follow(ctx: &Context<'_>, log: LogId, after: Option<&str>) -> Result<BoxStream<'static, FeedItem>> {
    if let Some(items) = ctx.data_opt::<Injected>().and_then(Injected::take) {
        return Ok(ReceiverStream::new(items).boxed());
    }
    let after = after.map(|after| FeedCursor::decode(after, log)).transpose()?;
    let feed = ctx.data_unchecked::<Feed>().clone();
    let items = feed.follow(log, after).await?;

    Ok(items.boxed())
}

fn missing() -> GraphError {
    GraphError::fault(&crate::store::StoreError::Corrupt("an event's comment is missing".into()))
}
