//! Reading.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};

use super::Site;
use super::connection::{PageArgs, keyset, keyset_cursor};
use super::context::scope;
use super::error::{GraphError, Result};
use super::id::{GlobalId, article_id, comment_id, user_id};
use super::mutation::rules::{self, ModerationRulesTryInput, ModerationRulesTryPayload};
use super::types::action::ModerationAction;
use super::types::article::{Article, ArticleConnection, ArticleTotal};
use super::types::comment::{Comment, CommentConnection, CommentTotal, comment_connection};
use super::types::enums::{ModerationQueueName, StatisticsBucket};
use super::types::event::{ArticleEvent, ArticleEventConnection, EventTotal, FeedReset};
use super::types::node::Node;
use super::types::queue::{ModerationEvent, ModerationEventConnection, ModerationState, QueueEventTotal};
use super::types::record::{DecisionConnection, everybodys_decisions};
use super::types::rules::ModerationRules;
use super::types::statistics::ModerationStatistics;
use super::types::user::{User, Viewer as ViewerType};
use crate::domain::cursor::FeedCursor;
use crate::domain::event::{Event, LogId, ResetReason};
use crate::domain::ids::CommentId;
use crate::domain::policy::{self, Permission};
use crate::domain::statistics::Period;
use crate::domain::user::Viewer;
use crate::feed::Happening;
use crate::service::Service;
use crate::store::{ArticleFilter, EventsAfter, Page, QueueFilter};

/// Everything that can be read.
pub struct Query;

/// Marks cursors of articles, and of the queues.
const ARTICLES: u8 = b'a';
const QUEUE: u8 = b'q';

/// Ids that `nodes`, and slugs that `articles` takes at once.
const NODES_MAX: usize = 100;

/// Characters that a search of a queue takes.
const SEARCHED_MIN: usize = 2;
const SEARCHED_MAX: usize = 200;

/// Everything that can be read.
#[Object]
impl Query {
    /// An article, by its slug or by the address of its page; null if there is none.
    async fn article(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The name in the article's address.")] slug: Option<String>,
        #[graphql(
            desc = "The address of the article's page, as `Article.url` gives it. What stands after a `#` does not \
                    count, nor does a slash at the end."
        )]
        url: Option<String>,
    ) -> Result<Option<Article>> {
        let snapshot = scope(ctx)?.snapshot().await?;
        let site = ctx.data_unchecked::<Site>();
        let article = match (slug, url) {
            (Some(slug), None) => snapshot.article_by_slug(&slug).await?,
            (None, Some(url)) => {
                let url = url.split('#').next().unwrap_or_default();
                match (snapshot.article_by_url(url).await?, site.slug_of(url)) {
                    (None, Some(slug)) => snapshot.article_by_slug(slug).await?,
                    (found, _) => found,
                }
            }
            (Some(_), Some(_)) | (None, None) => {
                let message = "Name the article either by its `slug` or by its `url`.";
                return Err(GraphError::new("BAD_INPUT", message));
            }
        };
        Ok(article.map(|article| Article(Arc::new(article))))
    }

    /// Articles, the latest first.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection, and three filters")]
    async fn articles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the beginning, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only of this part of the paper.")] section: Option<String>,
        #[graphql(desc = "Only with this tag.")] tag: Option<String>,
        #[graphql(desc = "Only with one of these slugs, at most 100.")] slugs: Option<Vec<String>>,
    ) -> Result<ArticleConnection> {
        if slugs.as_ref().is_some_and(|slugs| slugs.len() > NODES_MAX) {
            return Err(GraphError::new("BAD_INPUT", format!("Ask for at most {NODES_MAX} slugs at once.")));
        }
        let request = PageArgs { first, after, last, before }.request(|cursor| keyset(ARTICLES, cursor))?;
        let filter = ArticleFilter { section, tag, slugs };
        let page = scope(ctx)?.snapshot().await?.article_page(&filter, request).await?;
        let cursor = |article: &crate::domain::article::Article| keyset_cursor(ARTICLES, article.position());
        Ok(ArticleConnection::new(page, ArticleTotal(filter), cursor, |article| Article(Arc::new(article))))
    }

    /// A comment by id.
    async fn comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The comment's id.")] id: ID,
    ) -> Option<Result<Comment>> {
        Some(find_comment(ctx, &id).await)
    }

    /// A person by id: for moderators anybody, for others themselves.
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person's id.")] id: ID,
    ) -> Option<Result<User>> {
        let find = async || {
            let (scope, id) = (scope(ctx)?, user_id(&id)?);
            policy::require_record(&scope.viewer, id)?;
            scope.user(id).await?.map(User).ok_or_else(|| GraphError::not_found("user"))
        };
        Some(find().await)
    }

    /// Whatever has that id.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A global id.")] id: ID,
    ) -> Option<Result<Node>> {
        Some(find_node(ctx, &id).await)
    }

    /// Whatever has those ids, in their order; null for one that there is not.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global ids, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Result<Node>>>> {
        if ids.len() > NODES_MAX {
            let message = format!("{} ids are too many: ask for at most {NODES_MAX} at once.", ids.len());
            return Err(GraphError::new("BAD_PAGE_SIZE", message));
        }
        let nodes = ids.iter().map(async |id| Some(find_node(ctx, id).await));
        Ok(futures_util::future::join_all(nodes).await)
    }

    /// The person who asks; null for somebody who is not signed in.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<ViewerType>> {
        Ok(match scope(ctx)?.viewer.clone() {
            Viewer::Anonymous => None,
            Viewer::Known { user, expires_at, .. } => Some(ViewerType { user, expires_at }),
        })
    }

    /// An article's feed without a subscription: the same events, for pollers and caches. Where the cursor
    /// has no place in the feed, the one entry is a `FeedReset`.
    async fn article_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose feed.")] article_id: ID,
        #[graphql(desc = "Only what happened after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the beginning, at most 100.", default = 100)] first: i32,
    ) -> Result<ArticleEventConnection> {
        let log = LogId::Article(self::article_id(&article_id)?);
        let (page, total) = log_page(ctx, log, after, first, ArticleEvent::new, ArticleEvent::reset).await?;
        Ok(ArticleEventConnection::new(
            page,
            EventTotal(total),
            |(cursor, _)| cursor.encode(),
            |(_, event)| event,
        ))
    }

    /// The moderators' log without a subscription: the same events, for pollers. Where the cursor has no place
    /// in the log, the one entry is a `FeedReset`. For moderators.
    async fn moderation_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only what happened after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the beginning, at most 100.", default = 100)] first: i32,
    ) -> Result<ModerationEventConnection> {
        policy::require(&scope(ctx)?.viewer, Permission::Moderate)?;
        let reset = |reason, at| ModerationEvent::FeedReset(FeedReset::new(reason, at));
        let (page, total) = log_page(ctx, LogId::Queues, after, first, ModerationEvent::new, reset).await?;
        Ok(ModerationEventConnection::new(
            page,
            QueueEventTotal(total),
            |(cursor, _)| cursor.encode(),
            |(_, event)| event,
        ))
    }

    /// Where the moderators' queues stand: how many comments each holds, and from where to follow what happens
    /// in them. For moderators.
    async fn moderation_state(&self, ctx: &Context<'_>) -> Result<ModerationState> {
        let scope = scope(ctx)?;
        policy::require(&scope.viewer, Permission::Moderate)?;
        ctx.data_unchecked::<Service>().store.settle(LogId::Queues).await?;
        let snapshot = scope.snapshot().await?;
        let cursor = snapshot.queue_head().await?.cursor().encode();
        Ok(ModerationState { cursor, counts: snapshot.queue_counts().await? })
    }

    /// What moderators decided on comments, the latest first: all of them, as `UserRecord.decisions` has it of one.
    /// For moderators.
    async fn moderation_decisions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
    ) -> Result<DecisionConnection> {
        let scope = scope(ctx)?;
        policy::require(&scope.viewer, Permission::Moderate)?;
        everybodys_decisions(scope, first, after).await
    }

    /// The rules for submissions that are in force, with what is set of them. For moderators.
    async fn moderation_rules(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The article whose rules; none: the site's.")] article_id: Option<ID>,
    ) -> Result<ModerationRules> {
        rules::moderation_rules(ctx, article_id).await
    }

    /// What rules would have done to the last comments: a dry run, which writes nothing. Length, closing, sanctions,
    /// addresses, the article's mode and the hook are not tried. For moderators.
    async fn moderation_rules_try(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The rules, and on how many comments.")] input: ModerationRulesTryInput,
    ) -> Result<ModerationRulesTryPayload> {
        rules::moderation_rules_try(ctx, input).await
    }

    /// What moderators have to decide on, the longest waiting first. For moderators.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection, and its filters")]
    async fn moderation_queue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which queue.")] queue: ModerationQueueName,
        #[graphql(desc = "So many from the beginning, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only of this article.")] article_id: Option<ID>,
        #[graphql(desc = "Only by this person.")] author_id: Option<ID>,
        #[graphql(
            desc = "Only with these words in the text as written, 2 to 200 characters; the letters a to z in either case."
        )]
        text: Option<String>,
    ) -> Result<CommentConnection> {
        let scope = scope(ctx)?;
        policy::require(&scope.viewer, Permission::Moderate)?;
        let filter = QueueFilter {
            queue: queue.into(),
            article: article_id.as_ref().map(self::article_id).transpose()?,
            author: author_id.as_ref().map(user_id).transpose()?,
            text: text.as_deref().map(searched).transpose()?,
        };
        let request = PageArgs { first, after, last, before }.request(|cursor| keyset(QUEUE, cursor))?;
        let page = scope.snapshot().await?.queue(&filter, request).await?;
        Ok(comment_connection(page, CommentTotal::Queue(filter), |comment| {
            keyset_cursor(QUEUE, QueueFilter::position(comment))
        }))
    }

    /// What moderation came to over a stretch of time: at most 1,100 days, in at most 400 slices. For moderators.
    async fn moderation_statistics(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "When it begins. The first slice begins here: pass your midnight for slices of your days."
        )]
        from: DateTime<Utc>,
        #[graphql(desc = "When it is over.")] to: DateTime<Utc>,
        #[graphql(desc = "How long a slice is.", default_with = "StatisticsBucket::Day")]
        bucket: StatisticsBucket,
    ) -> Result<ModerationStatistics> {
        let scope = scope(ctx)?;
        policy::require(&scope.viewer, Permission::Moderate)?;
        let period = Period::new(from, to, bucket.into())?;
        Ok(ModerationStatistics::new(scope.snapshot().await?.statistics(period).await?))
    }
}

/// Words to look for, trimmed.
fn searched(text: &str) -> Result<String> {
    let text = text.trim();
    if (SEARCHED_MIN..=SEARCHED_MAX).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    let message = format!("Look for {SEARCHED_MIN} to {SEARCHED_MAX} characters.");
    Err(GraphError::new("BAD_SEARCH", message))
}

/// A page of a log for a poller, each event with the cursor after it; and how many events the log has had.
async fn log_page<E>(
    ctx: &Context<'_>,
    log: LogId,
    after: Option<String>,
    first: i32,
    event: impl Fn(Happening) -> Result<E>,
    reset: impl Fn(ResetReason, i64) -> E,
) -> Result<(Page<(FeedCursor, E)>, i64)> {
    let request = PageArgs { first: Some(first), ..PageArgs::default() }.request(|_| None::<()>)?;
    ctx.data_unchecked::<Service>().store.settle(log).await?;
    let snapshot = scope(ctx)?.snapshot().await?;
    let head = snapshot.head(log).await?.ok_or_else(|| GraphError::not_found("article"))?;
    let cursor = match after {
        Some(after) => FeedCursor::decode(&after, log)?,
        None => FeedCursor::beginning(log),
    };
    let mut events = match snapshot.events_after(&head, &cursor, u64::from(request.limit) + 1).await? {
        EventsAfter::Events(events) => events,
        EventsAfter::Reset(reason) => {
            let items = vec![(head.cursor(), reset(reason, head.cursor().at_micros))];
            return Ok((Page { items, has_next: false, has_previous: false }, head.sequence));
        }
    };
    let has_next = events.len() > request.limit as usize;
    events.truncate(request.limit as usize);
    let mut ids: Vec<CommentId> = events.iter().filter_map(Event::comment_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let comments = snapshot.comments(&ids).await?.into_iter().map(|comment| (comment.id, Arc::new(comment)));
    let comments: HashMap<_, _> = comments.collect();
    let item = |happened: Event| {
        let comment = happened.comment_id().and_then(|id| comments.get(&id).cloned());
        Ok((FeedCursor::after(&happened), event(Happening { event: happened, comment })?))
    };
    let items = events.into_iter().map(item).collect::<Result<_>>()?;
    Ok((Page { items, has_next, has_previous: cursor.sequence > 0 }, head.sequence))
}

async fn find_comment(ctx: &Context<'_>, id: &ID) -> Result<Comment> {
    let comment = scope(ctx)?.comment(comment_id(id)?).await?;
    comment.map(Comment).ok_or_else(|| GraphError::not_found("comment"))
}

async fn find_node(ctx: &Context<'_>, id: &ID) -> Result<Node> {
    let scope = scope(ctx)?;
    match GlobalId::decode(id)? {
        GlobalId::Comment(_) => Ok(Node::Comment(find_comment(ctx, id).await?)),
        GlobalId::Article(id) => {
            let article = scope.article(id).await?;
            article
                .map(|article| Node::Article(Article(article)))
                .ok_or_else(|| GraphError::not_found("article"))
        }
        GlobalId::User(id) => {
            let user = scope.user(id).await?;
            user.map(|user| Node::User(User(user))).ok_or_else(|| GraphError::not_found("user"))
        }
        GlobalId::Action(id) => {
            policy::require(&scope.viewer, Permission::Moderate)?;
            let action = scope.action(id).await?;
            action
                .map(|action| Node::Action(ModerationAction(action)))
                .ok_or_else(|| GraphError::not_found("action"))
        }
        GlobalId::KeyPoint(id) => {
            let point = scope.snapshot().await?.key_point(id).await?;
            point
                .map(|point| Node::KeyPoint(super::types::article::KeyPoint(point)))
                .ok_or_else(|| GraphError::not_found("key point"))
        }
    }
}
