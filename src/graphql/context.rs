//! What one request carries: who asks, what they may read, and one view of the store.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Context;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::batch::Batch;
use super::error::Result;
use super::record::RecordBatches;
use crate::domain::article::{Article, KeyPoint};
use crate::domain::comment::Comment;
use crate::domain::ids::{ArticleId, CommentId, UserId};
use crate::domain::moderation::HistoryEntry;
use crate::domain::policy;
use crate::domain::reaction::{ReactionCount, ReactionKind};
use crate::domain::sanction::Imposed;
use crate::domain::user::{User, Viewer};
use crate::service::Service;
use crate::store::{CommentOrder, Level, Page, PageRequest, Report, Snapshot};

/// Whose words a request shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lens {
    /// What the viewer may read.
    Viewer,
    /// What every reader may: events say the same to all, or they could not be shared.
    Readers,
}

/// See the module.
pub struct Scope {
    /// Who asks.
    pub viewer: Viewer,
    lens: Lens,
    service: Service,
    /// Whether the whole request sees one instant: queries do; writes and events see what is there now.
    frozen: bool,
    snapshot: OnceCell<Arc<Snapshot>>,
    pub(super) batches: Batches,
}

/// A level with how it is to be read.
pub(super) type LevelKey = (Level, CommentOrder, PageRequest);
/// A comment with how its reports are to be read.
pub(super) type ReportsKey = (CommentId, u32, Option<Uuid>);

/// What hangs off lists.
pub(super) struct Batches {
    pub articles: Batch<ArticleId, Arc<Article>>,
    pub comments: Batch<CommentId, Arc<Comment>>,
    pub levels: Batch<LevelKey, Page<Arc<Comment>>>,
    pub level_counts: Batch<Level, i64>,
    pub users: Batch<UserId, User>,
    pub sanctions: Batch<UserId, Imposed>,
    pub key_points: Batch<ArticleId, Vec<KeyPoint>>,
    pub tags: Batch<ArticleId, Vec<String>>,
    pub reactions: Batch<CommentId, Vec<ReactionCount>>,
    pub reacted: Batch<CommentId, Vec<ReactionKind>>,
    pub histories: Batch<CommentId, Vec<HistoryEntry>>,
    pub report_scores: Batch<CommentId, f64>,
    pub reports: Batch<ReportsKey, (Vec<Report>, i64)>,
    pub record: RecordBatches,
}

impl Scope {
    /// For a query: everything as of one instant.
    #[must_use]
    pub fn frozen(service: Service, viewer: Viewer) -> Self {
        Self::new(service, viewer, Lens::Viewer, true)
    }

    /// For a mutation: what it answers is read after it wrote.
    #[must_use]
    pub fn live(service: Service, viewer: Viewer) -> Self {
        Self::new(service, viewer, Lens::Viewer, false)
    }

    /// For a subscription: what all readers see, with the `viewer…` fields of one.
    #[must_use]
    pub fn events(service: Service, viewer: Viewer) -> Self {
        Self::new(service, viewer, Lens::Readers, false)
    }

    /// For a subscription of moderators: what this one sees, and all of them alike.
    #[must_use]
    pub fn desk(service: Service, viewer: Viewer) -> Self {
        Self::new(service, viewer, Lens::Viewer, false)
    }

    fn new(service: Service, viewer: Viewer, lens: Lens, frozen: bool) -> Self {
        let batches = Batches {
            articles: Batch::new(frozen),
            comments: Batch::new(frozen),
            levels: Batch::new(frozen),
            level_counts: Batch::new(frozen),
            users: Batch::new(frozen),
            sanctions: Batch::new(frozen),
            key_points: Batch::new(frozen),
            tags: Batch::new(frozen),
            reactions: Batch::new(frozen),
            reacted: Batch::new(frozen),
            histories: Batch::new(frozen),
            report_scores: Batch::new(frozen),
            reports: Batch::new(frozen),
            record: RecordBatches::new(frozen),
        };
        Self { viewer, lens, service, frozen, snapshot: OnceCell::new(), batches }
    }

    /// The request's view of the store.
    pub(super) async fn snapshot(&self) -> Result<Arc<Snapshot>> {
        Ok(self.view().await?)
    }

    pub(super) async fn view(&self) -> std::result::Result<Arc<Snapshot>, crate::store::StoreError> {
        let store = &self.service.store;
        if !self.frozen {
            store.settled().await?;
        }
        let open = async || Ok(Arc::new(if self.frozen { store.snapshot().await? } else { store.latest() }));
        self.snapshot.get_or_try_init(open).await.cloned()
    }

    /// Whether this request may show the words of a comment.
    pub(super) fn shows_words(&self, comment: &Comment) -> bool {
        #[cfg(feature = "planted-bugs")]
        if crate::planted::leaks_words() {
            return true;
        }
        match self.lens {
            Lens::Viewer => policy::may_read_words(&self.viewer, comment),
            Lens::Readers => comment.state.is_visible(),
        }
    }

    /// An article by id.
    pub(super) async fn article(&self, id: ArticleId) -> Result<Option<Arc<Article>>> {
        let read = async |ids: Vec<ArticleId>| {
            let articles = self.view().await?.articles(&ids).await?;
            Ok(articles.into_iter().map(|article| (article.id, Arc::new(article))).collect())
        };
        Ok(self.batches.articles.get(id, read).await?)
    }

    /// A comment by id, if the viewer may know of it.
    pub(super) async fn comment(&self, id: CommentId) -> Result<Option<Arc<Comment>>> {
        let read = async |ids: Vec<CommentId>| {
            let comments = self.view().await?.comments(&ids).await?;
            Ok(comments.into_iter().map(|comment| (comment.id, Arc::new(comment))).collect())
        };
        let comment = self.batches.comments.get(id, read).await?;
        Ok(comment.filter(|comment| match self.lens {
            Lens::Viewer => policy::may_see(&self.viewer, comment),
            Lens::Readers => comment.is_shown(),
        }))
    }

    /// A page of a level of a thread.
    pub(super) async fn level(&self, key: LevelKey) -> Result<Page<Arc<Comment>>> {
        let read = async |keys: Vec<LevelKey>| {
            let snapshot = self.view().await?;
            let mut pages = HashMap::new();
            let mut by_request: HashMap<(CommentOrder, PageRequest), Vec<Level>> = HashMap::new();
            for (level, order, request) in keys {
                by_request.entry((order, request)).or_default().push(level);
            }
            for ((order, request), levels) in by_request {
                for (level, page) in snapshot.levels(&levels, order, request).await? {
                    let page: Page<Arc<Comment>> =
                        page.try_map(|comment| Ok::<_, crate::store::StoreError>(Arc::new(comment)))?;
                    self.batches
                        .comments
                        .feed(page.items.iter().map(|comment| (comment.id, Arc::clone(comment))));
                    pages.insert((level, order, request), page);
                }
            }
            Ok(pages)
        };
        let empty = || Page { items: Vec::new(), has_next: false, has_previous: false };
        Ok(self.batches.levels.get(key, read).await?.unwrap_or_else(empty))
    }

    /// How many comments a level shows.
    pub(super) async fn level_count(&self, level: Level) -> Result<i64> {
        let read = async |levels: Vec<Level>| {
            let counts = self.view().await?.level_counts(&levels).await?;
            Ok(levels
                .into_iter()
                .map(|level| (level, counts.get(&level.under()).copied().unwrap_or(0)))
                .collect())
        };
        Ok(self.batches.level_counts.get(level, read).await?.unwrap_or(0))
    }

    /// A person by id.
    pub(super) async fn user(&self, id: UserId) -> Result<Option<User>> {
        let read = async |ids: Vec<UserId>| self.view().await?.users(&ids).await;
        Ok(self.batches.users.get(id, read).await?)
    }

    /// The sanction imposed on a person last; it may have run out.
    pub(super) async fn sanction(&self, id: UserId) -> Result<Option<Imposed>> {
        let read = async |ids: Vec<UserId>| self.view().await?.sanctions(&ids).await;
        Ok(self.batches.sanctions.get(id, read).await?)
    }

    /// An article's key points.
    pub(super) async fn key_points(&self, id: ArticleId) -> Result<Vec<KeyPoint>> {
        let read = async |ids: Vec<ArticleId>| self.view().await?.key_points(&ids).await;
        Ok(self.batches.key_points.get(id, read).await?.unwrap_or_default())
    }

    /// An article's tags.
    pub(super) async fn tags(&self, id: ArticleId) -> Result<Vec<String>> {
        let read = async |ids: Vec<ArticleId>| self.view().await?.tags(&ids).await;
        Ok(self.batches.tags.get(id, read).await?.unwrap_or_default())
    }

    /// A comment's reactions.
    pub(super) async fn reactions(&self, id: CommentId) -> Result<Vec<ReactionCount>> {
        let read = async |ids: Vec<CommentId>| self.view().await?.reaction_counts(&ids).await;
        Ok(self.batches.reactions.get(id, read).await?.unwrap_or_default())
    }

    /// How the viewer reacted to a comment.
    pub(super) async fn reacted(&self, id: CommentId) -> Result<Vec<ReactionKind>> {
        let Some(user) = self.viewer.id() else { return Ok(Vec::new()) };
        let read = async |ids: Vec<CommentId>| self.view().await?.reacted(user, &ids).await;
        Ok(self.batches.reacted.get(id, read).await?.unwrap_or_default())
    }

    /// A comment's history.
    pub(super) async fn history(&self, id: CommentId) -> Result<Vec<HistoryEntry>> {
        let read = async |ids: Vec<CommentId>| self.view().await?.histories(&ids).await;
        Ok(self.batches.histories.get(id, read).await?.unwrap_or_default())
    }

    /// What a comment's open reports weigh together.
    pub(super) async fn report_score(&self, id: CommentId) -> Result<f64> {
        let read = async |ids: Vec<CommentId>| self.view().await?.report_scores(&ids).await;
        Ok(self.batches.report_scores.get(id, read).await?.unwrap_or(0.0))
    }

    /// A comment's reports, the latest first, and how many there are.
    pub(super) async fn reports(&self, key: ReportsKey) -> Result<(Vec<Report>, i64)> {
        let read = async |keys: Vec<ReportsKey>| {
            let snapshot = self.view().await?;
            let mut by_request: HashMap<(u32, Option<Uuid>), Vec<CommentId>> = HashMap::new();
            for (comment, limit, after) in keys {
                by_request.entry((limit, after)).or_default().push(comment);
            }
            let mut lists = HashMap::new();
            for ((limit, after), comments) in by_request {
                for (comment, list) in snapshot.reports(&comments, limit, after).await? {
                    lists.insert((comment, limit, after), list);
                }
            }
            Ok(lists)
        };
        Ok(self.batches.reports.get(key, read).await?.unwrap_or_default())
    }
}

/// The request's scope. Every request is given one before it runs.
pub(super) fn scope<'c>(ctx: &Context<'c>) -> Result<&'c Scope> {
    ctx.data::<Scope>().map_err(|error| super::error::GraphError::new(crate::feed::INTERNAL, error.message))
}
