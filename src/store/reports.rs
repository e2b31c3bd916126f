//! Readers' reports of comments.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::report;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, TryInsertResult};
use uuid::Uuid;

use super::page::Sql;
use super::{Result, Snapshot, WriteTx};
use crate::domain::comment::{Comment, CommentStatus};
use crate::domain::ids::{CommentId, UserId};
use crate::domain::moderation::{ReasonCode, reporter_accuracy};

/// A reader's report.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// Which.
    pub id: Uuid,
    /// Why.
    pub reason: ReasonCode,
    /// In the reader's words.
    pub note: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// How often its reporter was right, from 0 to 1.
    pub reporter_accuracy: f64,
}

/// A report to be written.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// Its id.
    pub id: Uuid,
    /// Of which comment, as it was read under its article's lock.
    pub comment: Comment,
    /// Whose.
    pub user: UserId,
    /// Why.
    pub reason: ReasonCode,
    /// In the reader's words.
    pub note: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

impl WriteTx {
    /// Writes a report, unless that person reported that comment before. Returns whether it was written.
    ///
    /// # Errors
    /// The database failed.
    pub async fn report(&self, new: NewReport) -> Result<bool> {
        let before = new.comment;
        let row = report::ActiveModel {
            id: Set(new.id),
            comment_id: Set(before.id.0),
            user_id: Set(new.user.0),
            reason: Set(new.reason.name().to_owned()),
            note: Set(new.note),
            created_at: Set(new.at),
        };
        let insert = report::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&self.conn)
            .await?;
        let written = matches!(insert, TryInsertResult::Inserted(1..));
        if written {
            let mut sql = Sql::new("UPDATE comment SET open_reports = open_reports + 1 WHERE id = ");
            let id = sql.bind(before.id.0);
            sql.push(&id);
            self.conn.execute_raw(sql.build(self.conn.get_database_backend())).await?;
            let after = Comment { open_reports: before.open_reports + 1, ..before.clone() };
            self.tell_moderators(Some(&before), &after, Some(new.user), new.at).await?;
        }
        Ok(written)
    }
}

impl WriteTx {
    /// What a comment's open reports weigh together, as of this write.
    ///
    /// # Errors
    /// The database failed.
    pub async fn report_score(&self, comment: CommentId) -> Result<f64> {
        Ok(scores(&self.conn, &[comment]).await?.remove(&comment).unwrap_or(0.0))
    }
}

/// Of one person, the last reports that their record is made of.
const RECORD_MAX: i64 = 200;
/// Open reports that are weighed at once.
const OPEN_MAX: i64 = 10_000;

/// What the open reports of several comments weigh, each by its reporter's record: two statements for all. The open ones
/// are the latest, as many as the comment counts. A comment without any is left out.
async fn scores(conn: &impl ConnectionTrait, comments: &[CommentId]) -> Result<HashMap<CommentId, f64>> {
    let mut sql = Sql::new(
        "SELECT comment_id, user_id FROM (SELECT r.comment_id, r.user_id, c.open_reports, ROW_NUMBER() OVER \
         (PARTITION BY r.comment_id ORDER BY r.id DESC) AS place FROM report AS r JOIN comment AS c \
         ON c.id = r.comment_id WHERE c.open_reports > 0 AND r.comment_id IN (",
    );
    let places = sql.bind_all(comments.iter().map(|id| id.0));
    let limit = sql.bind(OPEN_MAX);
    sql.push(&format!("{places})) AS latest WHERE place <= open_reports LIMIT {limit}"));
    let mut open: Vec<(CommentId, Uuid)> = Vec::new();
    for row in conn.query_all_raw(sql.build(conn.get_database_backend())).await? {
        open.push((CommentId(row.try_get("", "comment_id")?), row.try_get("", "user_id")?));
    }
    let accuracies = accuracies(conn, open.iter().map(|(_, reporter)| *reporter).collect()).await?;
    let mut scores = HashMap::new();
    for (comment, reporter) in open {
        *scores.entry(comment).or_insert(0.0) += weight(&accuracies, Some(&reporter));
    }
    Ok(scores)
}

fn weight(accuracies: &HashMap<Uuid, f64>, reporter: Option<&Uuid>) -> f64 {
    let known = reporter.and_then(|reporter| accuracies.get(reporter)).copied();
    known.unwrap_or_else(|| reporter_accuracy(0, 0))
}

/// How often people were right: a report was, where its comment has been refused since; it was not, where a moderator
/// approved the comment after it, or let it stand. Told from where the comments stand now, so an undone decision counts for nothing.
async fn accuracies(conn: &impl ConnectionTrait, mut people: Vec<Uuid>) -> Result<HashMap<Uuid, f64>> {
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    let mut sql = Sql::new("SELECT user_id, SUM(CASE WHEN status IN (");
    let refused = sql.bind_all([CommentStatus::Rejected.name(), CommentStatus::Spam.name()]);
    let approved = sql.bind(CommentStatus::Approved.name());
    let people = sql.bind_all(people);
    let limit = sql.bind(RECORD_MAX);
    sql.push(&format!(
        "{refused}) THEN 1 ELSE 0 END) AS was_right, SUM(CASE WHEN status = {approved} AND (status_at > created_at \
         OR looked_at > created_at) THEN 1 ELSE 0 END) AS was_wrong FROM (SELECT r.user_id, r.created_at, c.status, \
         c.status_at, c.looked_at, ROW_NUMBER() OVER (PARTITION BY r.user_id ORDER BY r.id DESC) AS place FROM report AS r JOIN comment AS c \
         ON c.id = r.comment_id WHERE r.user_id IN ({people})) AS latest WHERE place <= {limit} GROUP BY user_id"
    ));
    let mut accuracies = HashMap::new();
    for row in conn.query_all_raw(sql.build(conn.get_database_backend())).await? {
        let (right, wrong): (i64, i64) = (row.try_get("", "was_right")?, row.try_get("", "was_wrong")?);
        let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        accuracies.insert(row.try_get("", "user_id")?, reporter_accuracy(count(right), count(wrong)));
    }
    Ok(accuracies)
}

impl Snapshot {
    /// What the open reports of several comments weigh together; a comment without any is left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn report_scores(&self, comments: &[CommentId]) -> Result<HashMap<CommentId, f64>> {
        scores(&self.conn, comments).await
    }

    /// The latest reports of several comments, at most `limit` each, and how many there are of each.
    ///
    /// # Errors
    /// The database failed.
    pub async fn reports(
        &self,
        comments: &[CommentId],
        limit: u32,
        after: Option<Uuid>,
    ) -> Result<HashMap<CommentId, (Vec<Report>, i64)>> {
        let mut sql = Sql::new(
            "SELECT * FROM (SELECT r.*, ROW_NUMBER() OVER (PARTITION BY comment_id, position ORDER BY id DESC) AS place \
             FROM (SELECT report.*, COUNT(*) OVER (PARTITION BY comment_id) AS total, CASE WHEN ",
        );
        let after = sql.bind(after.unwrap_or(Uuid::max()));
        let places = sql.bind_all(comments.iter().map(|id| id.0));
        let limit = sql.bind(i64::from(limit) + 1);
        sql.push(&format!(
            "id < {after} THEN 1 ELSE 0 END AS position FROM report WHERE comment_id IN ({places})) AS r) AS ranked \
             WHERE (position = 1 AND place <= {limit}) OR place = 1 ORDER BY id DESC"
        ));
        let mut lists: HashMap<CommentId, (Vec<Report>, i64)> = HashMap::new();
        let mut reporters: HashMap<Uuid, Uuid> = HashMap::new();
        for row in self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await? {
            let list = lists.entry(CommentId(row.try_get("", "comment_id")?)).or_default();
            list.1 = row.try_get("", "total")?;
            let position: i32 = row.try_get("", "position")?;
            if position == 1 {
                let reason: String = row.try_get("", "reason")?;
                let id = row.try_get("", "id")?;
                reporters.insert(id, row.try_get("", "user_id")?);
                list.0.push(Report {
                    id,
                    reason: ReasonCode::from_name(&reason)
                        .ok_or_else(|| super::rows::unknown("reason", &reason))?,
                    note: row.try_get("", "note")?,
                    created_at: row.try_get("", "created_at")?,
                    reporter_accuracy: 0.0,
                });
            }
        }
        let accuracies = accuracies(&self.conn, reporters.values().copied().collect()).await?;
        for report in lists.values_mut().flat_map(|(list, _)| list) {
            let reporter = reporters.get(&report.id);
            report.reporter_accuracy = weight(&accuracies, reporter);
        }
        Ok(lists)
    }
}
