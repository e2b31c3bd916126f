//! A comment in its thread.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::article::Article;
use super::enums::{CommentOrder, CommentStatus, ReactionKind};
use super::moderation::{Claim, HeldBecause, HistoryEntry, ReportConnection, report_connection};
use super::user::User;
use crate::domain::comment::{self, CommentState};
use crate::domain::ids::{CommentId, UserId};
use crate::domain::policy::{self, Permission};
use crate::graphql::connection::{PageArgs, connection, keyset, keyset_cursor};
use crate::graphql::context::{Scope, scope};
use crate::graphql::error::{GraphError, Result};
use crate::graphql::id::GlobalId;
use crate::service::Service;
use crate::store::{self, Level, Page, QueueFilter};

/// A reader's comment. Where it was removed but has visible replies it stays as a tombstone: id, depth and
/// replies, without author and text.
pub struct Comment(pub Arc<comment::Comment>);

/// How many people reacted to a comment in one way.
#[derive(SimpleObject)]
pub struct ReactionCount {
    /// How.
    kind: ReactionKind,
    /// How many people.
    count: i32,
}

impl From<crate::domain::reaction::ReactionCount> for ReactionCount {
    fn from(count: crate::domain::reaction::ReactionCount) -> Self {
        Self { kind: count.kind.into(), count: count.count }
    }
}

connection!(CommentConnection, CommentEdge, Comment, CommentTotal, "comments", "The comment.");

/// What a connection of comments counts.
pub enum CommentTotal {
    /// A level of a thread.
    Level(Level),
    /// All below a comment.
    Below(Arc<comment::Comment>),
    /// All by a person.
    By(UserId),
    /// All by a person in that state; in any, if in none.
    Written(UserId, Option<comment::CommentStatus>),
    /// All in a queue.
    Queue(QueueFilter),
}

impl CommentTotal {
    async fn count(&self, scope: &Scope) -> Result<i64> {
        Ok(match self {
            Self::Level(level) => scope.level_count(*level).await?,
            Self::Below(comment) => scope.snapshot().await?.descendant_total(comment).await?,
            Self::By(author) => scope.snapshot().await?.comments_by_total(*author).await?,
            Self::Written(author, status) => scope.status_counts(*author).await?.of(*status),
            Self::Queue(filter) => scope.snapshot().await?.queue_total(filter).await?,
        })
    }
}

/// A connection of a page of comments.
pub fn comment_connection(
    page: Page<comment::Comment>,
    total: CommentTotal,
    cursor: impl Fn(&comment::Comment) -> String,
) -> CommentConnection {
    CommentConnection::new(page, total, cursor, |comment| Comment(Arc::new(comment)))
}

/// The mark of an order in cursors: one of another order has no place in a list.
const fn mark(order: store::CommentOrder) -> u8 {
    match order {
        store::CommentOrder::Newest => b'n',
        store::CommentOrder::Oldest => b't',
        store::CommentOrder::MostReplies => b'r',
        store::CommentOrder::Top => b's',
    }
}

/// A page of a level: what `comments` of an article and `replies` of a comment both are.
pub async fn level(
    ctx: &Context<'_>,
    level: Level,
    order: CommentOrder,
    args: PageArgs,
) -> Result<CommentConnection> {
    let order = store::CommentOrder::from(order);
    let request = args.request(|cursor| keyset(mark(order), cursor))?;
    let page = scope(ctx)?.level((level, order, request)).await?;
    let cursor = |comment: &Arc<comment::Comment>| keyset_cursor(mark(order), order.position(comment));
    Ok(CommentConnection::new(page, CommentTotal::Level(level), cursor, Comment))
}

impl Comment {
    fn words<T>(&self, ctx: &Context<'_>, words: impl FnOnce(&comment::Comment) -> T) -> Result<Option<T>> {
        Ok(scope(ctx)?.shows_words(&self.0).then(|| words(&self.0)))
    }

    fn for_moderators(&self, ctx: &Context<'_>) -> Result<()> {
        Ok(policy::require(&scope(ctx)?.viewer, Permission::Moderate)?)
    }
}

/// A reader's comment. Where it was removed but has visible replies it stays as a tombstone: id, depth and
/// replies, without author and text.
#[Object]
impl Comment {
    /// The comment's id.
    pub async fn id(&self) -> ID {
        GlobalId::Comment(self.0.id).encode()
    }

    /// The words, in Markdown, as written. Null on a tombstone.
    async fn body(&self, ctx: &Context<'_>) -> Result<Option<&str>> {
        Ok(scope(ctx)?.shows_words(&self.0).then_some(&*self.0.body))
    }

    /// The words as sanitised HTML. Null on a tombstone.
    async fn body_html(&self, ctx: &Context<'_>) -> Result<Option<&str>> {
        Ok(scope(ctx)?.shows_words(&self.0).then_some(&*self.0.body_html))
    }

    /// Where it stands. Whether a comment was refused as spam or for another reason is the moderators' and
    /// the author's to know: to others it was refused.
    async fn status(&self, ctx: &Context<'_>) -> Result<CommentStatus> {
        let status = CommentStatus::from(self.0.state.status());
        let refused = matches!(status, CommentStatus::Spam | CommentStatus::Rejected);
        Ok(if refused && !scope(ctx)?.shows_words(&self.0) { CommentStatus::Rejected } else { status })
    }

    /// Who wrote it. Null on a tombstone, and once the account is gone.
    async fn author(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(self.words(ctx, |comment| comment.author.clone())?.flatten().map(User))
    }

    /// When it was submitted.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When its words last changed; null if they never did.
    async fn edited_at(&self) -> Option<DateTime<Utc>> {
        self.0.edited_at
    }

    /// Since when readers see it; null while they don't.
    async fn approved_at(&self) -> Option<DateTime<Utc>> {
        match self.0.state {
            CommentState::Approved { at, .. } => Some(at),
            CommentState::Pending
            | CommentState::Rejected { .. }
            | CommentState::Spam { .. }
            | CommentState::Deleted { .. } => None,
        }
    }

    /// Comments above it: 0 for a top-level comment.
    async fn depth(&self) -> i32 {
        self.0.path.depth()
    }

    /// Rises with each edit and each decision: name the one that you read when you edit or decide.
    async fn revision(&self) -> i32 {
        self.0.revision
    }

    /// Approved direct replies.
    async fn reply_count(&self) -> i32 {
        self.0.reply_count
    }

    /// How many people reacted, by kind; kinds that nobody chose are left out.
    async fn reactions(&self, ctx: &Context<'_>) -> Result<Vec<ReactionCount>> {
        let counts = scope(ctx)?.reactions(self.0.id).await?;
        Ok(counts.into_iter().map(ReactionCount::from).collect())
    }

    /// Whether the viewer reacted.
    async fn viewer_has_reacted(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(!scope(ctx)?.reacted(self.0.id).await?.is_empty())
    }

    /// How the viewer reacted.
    async fn viewer_reactions(&self, ctx: &Context<'_>) -> Result<Vec<ReactionKind>> {
        Ok(scope(ctx)?.reacted(self.0.id).await?.into_iter().map(ReactionKind::from).collect())
    }

    /// Whether the viewer may change the words now.
    async fn viewer_can_edit(&self, ctx: &Context<'_>) -> Result<bool> {
        let (scope, now) = (scope(ctx)?, ctx.data_unchecked::<Service>().clock.now());
        match scope.viewer.id().filter(|_| policy::may_edit(&scope.viewer, &self.0, now)) {
            // Whoever may not write may not change what they wrote either.
            Some(author) => Ok(scope.sanction(author).await?.is_none_or(|it| it.check(now).is_ok())),
            None => Ok(false),
        }
    }

    /// Whether the viewer may take it back.
    async fn viewer_can_delete(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(policy::may_delete(&scope(ctx)?.viewer, &self.0))
    }

    /// The comment that it replies to; null at the top level.
    async fn parent(&self, ctx: &Context<'_>) -> Result<Option<Comment>> {
        match self.0.parent_id {
            Some(parent) => Ok(scope(ctx)?.comment(parent).await?.map(Comment)),
            None => Ok(None),
        }
    }

    /// The article that it stands under.
    async fn article(&self, ctx: &Context<'_>) -> Result<Article> {
        let article = scope(ctx)?.article(self.0.article_id).await?;
        article.map(Article).ok_or_else(|| GraphError::not_found("article"))
    }

    /// The comments above it, the top-level one first.
    async fn ancestors(&self, ctx: &Context<'_>) -> Result<Vec<Comment>> {
        let scope = scope(ctx)?;
        let above = self.0.path.ancestors();
        let above = futures_util::future::try_join_all(above.into_iter().map(|id| scope.comment(id))).await?;
        Ok(above.into_iter().flatten().map(Comment).collect())
    }

    /// The replies that readers see: approved ones, and tombstones above approved ones.
    async fn replies(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the beginning, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
        #[graphql(desc = "The order.", default_with = "CommentOrder::Oldest")] order_by: CommentOrder,
    ) -> Result<CommentConnection> {
        let args = PageArgs { first, after, last, before };
        level(ctx, Level::Replies(self.0.id), order_by, args).await
    }

    /// All that readers see below it, in pre-order, each with its depth: a whole thread under a budget.
    async fn descendants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the beginning, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<CommentConnection> {
        let request = PageArgs { first, after, last, before }.request(place_in_thread)?;
        let page = scope(ctx)?.snapshot().await?.descendants(&self.0, request).await?;
        let total = CommentTotal::Below(Arc::clone(&self.0));
        Ok(comment_connection(page, total, |comment| thread_cursor(comment.id)))
    }

    /// Why it was held, for moderators.
    async fn held_because(&self, ctx: &Context<'_>) -> Option<Result<Vec<HeldBecause>>> {
        Some(
            self.for_moderators(ctx)
                .map(|()| self.0.held_because.iter().cloned().map(HeldBecause::from).collect()),
        )
    }

    /// What readers reported, for moderators; the latest first.
    async fn reports(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
    ) -> Option<Result<ReportConnection>> {
        Some(match self.for_moderators(ctx) {
            Ok(()) => report_connection(ctx, self.0.id, first, after).await,
            Err(error) => Err(error),
        })
    }

    /// What its open reports weigh together, for moderators: the sum of `Report.reporterAccuracy`; 0 without any.
    async fn report_score(&self, ctx: &Context<'_>) -> Option<Result<f64>> {
        if let Err(error) = self.for_moderators(ctx) {
            return Some(Err(error));
        }
        let read = async || scope(ctx)?.report_score(self.0.id).await;
        Some(read().await)
    }

    /// Which moderator has opened it, for moderators; null while nobody has.
    async fn claim(&self, ctx: &Context<'_>) -> Option<Result<Claim>> {
        if let Err(error) = self.for_moderators(ctx) {
            return Some(Err(error));
        }
        let now = ctx.data_unchecked::<Service>().clock.now();
        self.0.claim.filter(|claim| claim.until > now).map(|claim| Ok(Claim(claim)))
    }

    /// Everything that was done to it, for moderators; in the order of time, at most the last 200.
    async fn history(&self, ctx: &Context<'_>) -> Option<Result<Vec<HistoryEntry>>> {
        if let Err(error) = self.for_moderators(ctx) {
            return Some(Err(error));
        }
        let read = async || {
            let entries = scope(ctx)?.history(self.0.id).await?;
            Ok(entries.into_iter().map(HistoryEntry).collect())
        };
        Some(read().await)
    }
}

/// Marks cursors of whole threads.
const THREAD: u8 = b'd';

fn thread_cursor(comment: CommentId) -> String {
    let mut bytes = [THREAD; 17];
    bytes[1..].copy_from_slice(comment.0.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn place_in_thread(cursor: &str) -> Option<CommentId> {
    let bytes: [u8; 17] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
    (bytes[0] == THREAD).then(|| Uuid::from_slice(&bytes[1..]).ok().map(CommentId)).flatten()
}
