//! Reading comments: by id, level by level, and whole threads.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use uuid::Uuid;

use super::page::{Direction, Keyset, Page, PageRequest, Sort, Sql};
use super::rows::CommentRow;
use super::{Result, Snapshot, WriteTx};
use crate::domain::comment::{Comment, CommentStatus, ThreadPath};
use crate::domain::ids::{ArticleId, CommentId, UserId};

/// How a level of a thread is ordered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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

impl CommentOrder {
    pub(super) const fn sort(self) -> Sort {
        match self {
            Self::Newest => Sort { key: "created_at", descending: true, is_time: true },
            Self::Oldest => Sort { key: "created_at", descending: false, is_time: true },
            Self::MostReplies => Sort { key: "reply_count", descending: true, is_time: false },
            Self::Top => Sort { key: "score", descending: true, is_time: false },
        }
    }

    /// A comment's position in that order.
    #[must_use]
    pub const fn position(self, comment: &Comment) -> Keyset {
        let key = match self {
            Self::Newest | Self::Oldest => comment.created_at.timestamp_micros(),
            Self::MostReplies => comment.reply_count as i64,
            Self::Top => comment.score as i64,
        };
        Keyset { key, id: comment.id.0 }
    }
}

/// The comments directly under an article or another comment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Level {
    /// The top level of an article.
    Top(ArticleId),
    /// The replies to a comment.
    Replies(CommentId),
}

impl Level {
    /// What the level hangs under.
    #[must_use]
    pub const fn under(self) -> Uuid {
        match self {
            Self::Top(ArticleId(id)) | Self::Replies(CommentId(id)) => id,
        }
    }
}

/// Levels read in one statement; more than a page's parents take several.
const LEVELS_AT_ONCE: usize = 200;

pub(super) const COLUMNS: &str = r#"comment.id, comment.article_id, comment.under_id, comment.parent_id, comment.path,
 comment.author_id, author.display_name AS author_name, author.role AS author_role, comment.body,
 comment.body_html, comment.status, comment.status_at, comment.status_by, comment.status_reason,
 comment.revision, comment.reply_count, comment.descendant_count, comment.score, comment.open_reports, comment.claimed_by,
 comment.claimed_until, comment.held_because,
 comment.created_at, comment.edited_at, comment.first_published_at"#;
pub(super) const JOIN_AUTHOR: &str = r#" LEFT JOIN "user" AS author ON author.id = comment.author_id"#;

pub(super) async fn fetch(conn: &impl ConnectionTrait, sql: Sql) -> Result<Vec<CommentRow>> {
    let rows = conn.query_all_raw(sql.build(conn.get_database_backend())).await?;
    Ok(rows
        .iter()
        .map(|row| CommentRow::from_query_result(row, ""))
        .collect::<std::result::Result<_, _>>()?)
}

pub(super) async fn comments_by_ids(conn: &impl ConnectionTrait, ids: &[CommentId]) -> Result<Vec<Comment>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(&format!("SELECT {COLUMNS} FROM comment{JOIN_AUTHOR} WHERE comment.id IN ("));
    let places = sql.bind_all(ids.iter().map(|id| id.0));
    sql.push(&places).push(")");
    fetch(conn, sql).await?.into_iter().map(Comment::try_from).collect()
}

impl WriteTx {
    /// The comment, as of now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn comment(&self, id: CommentId) -> Result<Option<Comment>> {
        Ok(comments_by_ids(&self.conn, &[id]).await?.pop())
    }
}

impl WriteTx {
    /// Those of the comments that exist, as of now, in no order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn comments(&self, ids: &[CommentId]) -> Result<Vec<Comment>> {
        comments_by_ids(&self.conn, ids).await
    }
}

impl Snapshot {
    /// The comment, whoever may see it: asking the policy is the caller's.
    ///
    /// # Errors
    /// The database failed.
    pub async fn comment(&self, id: CommentId) -> Result<Option<Comment>> {
        Ok(comments_by_ids(&self.conn, &[id]).await?.pop())
    }

    /// Those of the comments that exist, in no order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn comments(&self, ids: &[CommentId]) -> Result<Vec<Comment>> {
        comments_by_ids(&self.conn, ids).await
    }

    /// One page of what readers see of each level, in one statement: approved comments, and the tombstones
    /// above approved replies.
    ///
    /// # Errors
    /// The database failed.
    pub async fn levels(
        &self,
        levels: &[Level],
        order: CommentOrder,
        request: PageRequest,
    ) -> Result<HashMap<Level, Page<Comment>>> {
        let mut rows: HashMap<Uuid, Vec<Comment>> = HashMap::new();
        for levels in levels.chunks(LEVELS_AT_ONCE) {
            let sql = levels_statement(self.conn.get_database_backend(), levels, order, &request);
            for row in fetch(&self.conn, sql).await? {
                rows.entry(row.under_id).or_default().push(row.try_into()?);
            }
        }
        let descending = order.sort().descending != (request.direction == Direction::Backward);
        let page = |level: &Level| {
            let mut level_rows = rows.remove(&level.under()).unwrap_or_default();
            level_rows.sort_by_key(|comment| {
                let Keyset { key, id } = order.position(comment);
                (key, id)
            });
            if descending {
                level_rows.reverse();
            }
            (*level, Page::of(level_rows, &request))
        };
        Ok(levels.iter().map(page).collect())
    }

    /// How many comments readers see on each level; a level that has none is left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn level_counts(&self, levels: &[Level]) -> Result<HashMap<Uuid, i64>> {
        let mut counts = HashMap::new();
        for levels in levels.chunks(LEVELS_AT_ONCE) {
            let mut sql = Sql::new("SELECT under_id, COUNT(*) AS count FROM comment WHERE shown = ");
            let shown = sql.bind(true);
            let places = sql.bind_all(levels.iter().map(|level| level.under()));
            sql.push(&shown).push(" AND under_id IN (").push(&places).push(") GROUP BY under_id");
            for row in self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await? {
                counts.insert(row.try_get("", "under_id")?, row.try_get("", "count")?);
            }
        }
        Ok(counts)
    }

    /// A page of all that readers see below a comment, in pre-order; positions are comments.
    ///
    /// # Errors
    /// The database failed.
    pub async fn descendants(&self, of: &Comment, request: PageRequest<CommentId>) -> Result<Page<Comment>> {
        let mut sql = Sql::new(&format!("SELECT {COLUMNS} FROM comment{JOIN_AUTHOR} WHERE "));
        below(&mut sql, of);
        for (position, than) in [(request.after, ">"), (request.before, "<")] {
            if let Some(CommentId(id)) = position {
                let id = sql.bind(id);
                sql.push(&format!(" AND comment.path {than} (SELECT path FROM comment WHERE id = {id})"));
            }
        }
        let limit = sql.bind(i64::from(request.limit) + 1);
        let order = match request.direction {
            Direction::Forward => "ASC",
            Direction::Backward => "DESC",
        };
        sql.push(&format!(" ORDER BY comment.path {order} LIMIT {limit}"));
        let rows = fetch(&self.conn, sql).await?;
        Page::of(rows, &request).try_map(Comment::try_from)
    }

    /// How many comments readers see below a comment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn descendant_total(&self, of: &Comment) -> Result<i64> {
        let mut sql = Sql::new("SELECT COUNT(*) AS count FROM comment WHERE ");
        below(&mut sql, of);
        let row = self.conn.query_one_raw(sql.build(self.conn.get_database_backend())).await?;
        row.map_or(Ok(0), |row| Ok(row.try_get("", "count")?))
    }

    /// The latest comments that readers see of an article, at every depth.
    ///
    /// # Errors
    /// The database failed.
    pub async fn latest_comments(&self, article: ArticleId, limit: u32) -> Result<Vec<Comment>> {
        let mut sql =
            Sql::new(&format!("SELECT {COLUMNS} FROM comment{JOIN_AUTHOR} WHERE comment.article_id = "));
        let (article, approved) = (sql.bind(article.0), sql.bind(CommentStatus::Approved.name()));
        sql.push(&format!("{article} AND comment.status = {approved}"));
        let request = PageRequest::first(limit);
        CommentOrder::Newest.sort().page(&mut sql, "comment", &request);
        Page::of(fetch(&self.conn, sql).await?, &request).try_map(Comment::try_from).map(|page| page.items)
    }

    /// A page of what one person wrote, in whatever state, the latest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn comments_by(&self, author: UserId, request: PageRequest) -> Result<Page<Comment>> {
        let mut sql =
            Sql::new(&format!("SELECT {COLUMNS} FROM comment{JOIN_AUTHOR} WHERE comment.author_id = "));
        let author = sql.bind(author.0);
        sql.push(&author);
        CommentOrder::Newest.sort().page(&mut sql, "comment", &request);
        let rows = fetch(&self.conn, sql).await?;
        Page::of(rows, &request).try_map(Comment::try_from)
    }

    /// How many comments one person wrote.
    ///
    /// # Errors
    /// The database failed.
    pub async fn comments_by_total(&self, author: UserId) -> Result<i64> {
        let mut sql = Sql::new("SELECT COUNT(*) AS count FROM comment WHERE author_id = ");
        let author = sql.bind(author.0);
        sql.push(&author);
        let row = self.conn.query_one_raw(sql.build(self.conn.get_database_backend())).await?;
        row.map_or(Ok(0), |row| Ok(row.try_get("", "count")?))
    }
}

/// Everything shown under `of`: paths that begin with its own are the range up to its own with a last byte
/// that no id can begin with (UUIDv7 begin with their time: 0xff will not come before the year 10,000).
fn below(sql: &mut Sql, of: &Comment) {
    let mut end = of.path.as_bytes().to_vec();
    end.push(0xff);
    let article = sql.bind(of.article_id.0);
    let (from, to) = (sql.bind(of.path.as_bytes().to_vec()), sql.bind(end));
    let shown = sql.bind(true);
    sql.push(&format!(
        "comment.article_id = {article} AND comment.path > {from} AND comment.path < {to} AND comment.shown = {shown}"
    ));
}

/// The first rows of each of several groups. PostgreSQL has LATERAL for it; SQLite evaluates a correlated
/// `IN (… LIMIT n)` once per group, through the same index.
fn levels_statement(backend: DbBackend, levels: &[Level], order: CommentOrder, request: &PageRequest) -> Sql {
    let mut sql = Sql::new(&format!("SELECT {COLUMNS} FROM (VALUES "));
    let groups: Vec<String> = levels.iter().map(|level| format!("({})", sql.bind(level.under()))).collect();
    sql.push(&groups.join(", "));
    let (opening, closing) = match backend {
        DbBackend::Postgres => (
            ") AS level(under_id) CROSS JOIN LATERAL (SELECT c.* FROM comment AS c WHERE c.under_id = level.under_id",
            ") AS comment",
        ),
        _ => (
            ") AS level JOIN comment ON comment.id IN (SELECT c.id FROM comment AS c WHERE c.under_id = level.column1",
            ")",
        ),
    };
    let shown = sql.bind(true);
    sql.push(opening).push(&format!(" AND c.shown = {shown}"));
    order.sort().page(&mut sql, "c", request);
    sql.push(closing).push(JOIN_AUTHOR);
    sql
}

/// Where a new comment goes: under its parent, or at the top level.
pub(super) fn path_under(parent: Option<&Comment>, id: CommentId) -> ThreadPath {
    parent.map_or_else(|| ThreadPath::root(id), |parent| parent.path.child(id))
}
