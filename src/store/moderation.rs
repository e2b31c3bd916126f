//! The moderators' queues, and the history of what they decided.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbBackend, QueryResult};

use super::comments::{COLUMNS, JOIN_AUTHOR, fetch};
use super::page::{Keyset, Page, PageRequest, Sort, Sql};
use super::rows::{reason_code, status, unknown, user};
use super::{Result, Snapshot};
use crate::domain::comment::{Comment, CommentStatus};
use crate::domain::ids::{ActionId, ArticleId, CommentId, EntryId, UserId};
use crate::domain::moderation::{HistoryAction, HistoryEntry};
use crate::domain::queue::QueueName;

/// Which comments of a queue are asked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct QueueFilter {
    /// Which queue.
    pub queue: QueueName,
    /// Only of this article.
    pub article: Option<ArticleId>,
    /// Only by this person.
    pub author: Option<UserId>,
    /// Only with these words in the text as written; the letters a to z in either case.
    pub text: Option<String>,
}

/// The longest waiting first.
const OLDEST: Sort = Sort { key: "created_at", descending: false, is_time: true };
/// History lines of one comment that a request gets, the latest.
const HISTORY_MAX: i64 = 200;

impl QueueFilter {
    fn restrict(&self, sql: &mut Sql, backend: DbBackend) {
        match self.queue {
            QueueName::Pending => with_status(sql, "=", CommentStatus::Pending),
            QueueName::Spam => with_status(sql, "=", CommentStatus::Spam),
            QueueName::All => with_status(sql, "<>", CommentStatus::Deleted),
            QueueName::Reported => {
                sql.push(" WHERE comment.open_reports > 0");
            }
        }
        for (column, id) in
            [("article_id", self.article.map(|id| id.0)), ("author_id", self.author.map(|id| id.0))]
        {
            if let Some(id) = id {
                let id = sql.bind(id);
                sql.push(&format!(" AND comment.{column} = {id}"));
            }
        }
        if let Some(text) = &self.text {
            let escaped =
                text.to_ascii_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let pattern = sql.bind(format!("%{escaped}%"));
            // The letters of ASCII in either case, on both: SQLite's LIKE knows no others.
            let body = match backend {
                DbBackend::Postgres => r#"lower(comment.body COLLATE "C")"#,
                _ => "comment.body",
            };
            sql.push(&format!(" AND {body} LIKE {pattern} ESCAPE '\\'"));
        }
    }

    /// Whether it is a queue as a whole.
    const fn is_all_of_it(&self) -> bool {
        self.article.is_none() && self.author.is_none() && self.text.is_none()
    }

    /// A comment's position in a queue.
    #[must_use]
    pub const fn position(comment: &Comment) -> Keyset {
        Keyset { key: comment.created_at.timestamp_micros(), id: comment.id.0 }
    }
}

fn with_status(sql: &mut Sql, is: &str, status: CommentStatus) {
    let status = sql.bind(status.name());
    sql.push(&format!(" WHERE comment.status {is} {status}"));
}

impl Snapshot {
    /// A page of a queue.
    ///
    /// # Errors
    /// The database failed.
    pub async fn queue(&self, filter: &QueueFilter, request: PageRequest) -> Result<Page<Comment>> {
        let mut sql = Sql::new(&format!("SELECT {COLUMNS} FROM comment{JOIN_AUTHOR}"));
        filter.restrict(&mut sql, self.conn.get_database_backend());
        OLDEST.page(&mut sql, "comment", &request);
        let rows = fetch(&self.conn, sql).await?;
        Page::of(rows, &request).try_map(Comment::try_from)
    }

    /// How many comments a queue holds. Of a queue as a whole that is kept; with a filter they are counted.
    ///
    /// # Errors
    /// The database failed.
    pub async fn queue_total(&self, filter: &QueueFilter) -> Result<i64> {
        if filter.is_all_of_it() {
            return Ok(self.queue_counts().await?.of(filter.queue));
        }
        let mut sql = Sql::new("SELECT COUNT(*) AS count FROM comment");
        filter.restrict(&mut sql, self.conn.get_database_backend());
        let row = self.conn.query_one_raw(sql.build(self.conn.get_database_backend())).await?;
        row.map_or(Ok(0), |row| Ok(row.try_get("", "count")?))
    }

    /// The latest lines of history of several comments, each list in the order of time.
    ///
    /// # Errors
    /// The database failed.
    pub async fn histories(&self, comments: &[CommentId]) -> Result<HashMap<CommentId, Vec<HistoryEntry>>> {
        // An empty list is no SQL to PostgreSQL.
        if comments.is_empty() {
            return Ok(HashMap::new());
        }
        let mut sql = Sql::new(
            r#"SELECT h.*, actor.display_name AS actor_name, actor.role AS actor_role FROM (
             SELECT moderation_entry.*, ROW_NUMBER() OVER (PARTITION BY comment_id ORDER BY revision DESC) AS place
             FROM moderation_entry WHERE comment_id IN ("#,
        );
        let places = sql.bind_all(comments.iter().map(|id| id.0));
        let limit = sql.bind(HISTORY_MAX);
        sql.push(&format!(
            r#"{places})) AS h LEFT JOIN "user" AS actor ON actor.id = h.actor_id WHERE h.place <= {limit} ORDER BY h.revision"#
        ));
        let mut lists: HashMap<CommentId, Vec<HistoryEntry>> = HashMap::new();
        for row in self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await? {
            let entry = history_entry(&row)?;
            lists.entry(entry.comment_id).or_default().push(entry);
        }
        Ok(lists)
    }
}

/// A line of history out of its columns, and its actor's `actor_name` and `actor_role`.
pub(super) fn history_entry(row: &QueryResult) -> Result<HistoryEntry> {
    let action: String = row.try_get("", "action")?;
    let from: Option<String> = row.try_get("", "from_status")?;
    let to: String = row.try_get("", "to_status")?;
    let reason: Option<String> = row.try_get("", "reason")?;
    let actor: (Option<_>, Option<String>, Option<String>) =
        (row.try_get("", "actor_id")?, row.try_get("", "actor_name")?, row.try_get("", "actor_role")?);
    let by = match actor {
        (Some(id), Some(name), Some(role)) => Some(user(id, name, &role)?),
        _ => None,
    };
    Ok(HistoryEntry {
        id: EntryId(row.try_get("", "id")?),
        comment_id: CommentId(row.try_get("", "comment_id")?),
        action: HistoryAction::from_name(&action).ok_or_else(|| unknown("action", &action))?,
        by,
        from: from.as_deref().map(status).transpose()?,
        to: status(&to)?,
        reason: reason.as_deref().map(reason_code).transpose()?,
        note: row.try_get("", "note")?,
        at: row.try_get("", "at")?,
        bulk: row.try_get::<Option<_>>("", "action_id")?.map(ActionId),
    })
}
