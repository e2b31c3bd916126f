//! Readers' reports of comments.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::report;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, TryInsertResult};
use uuid::Uuid;

use super::page::Sql;
use super::{Result, Snapshot, WriteTx};
use crate::domain::ids::{CommentId, UserId};
use crate::domain::moderation::ReasonCode;

/// A reader's report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// Which.
    pub id: Uuid,
    /// Why.
    pub reason: ReasonCode,
    /// In the reader's words.
    pub note: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A report to be written.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// Its id.
    pub id: Uuid,
    /// Of which comment.
    pub comment: CommentId,
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
        let comment = new.comment;
        let row = report::ActiveModel {
            id: Set(new.id),
            comment_id: Set(comment.0),
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
            let id = sql.bind(comment.0);
            sql.push(&id);
            self.conn.execute_raw(sql.build(self.conn.get_database_backend())).await?;
        }
        Ok(written)
    }
}

impl Snapshot {
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
        for row in self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await? {
            let list = lists.entry(CommentId(row.try_get("", "comment_id")?)).or_default();
            list.1 = row.try_get("", "total")?;
            let position: i32 = row.try_get("", "position")?;
            if position == 1 {
                let reason: String = row.try_get("", "reason")?;
                list.0.push(Report {
                    id: row.try_get("", "id")?,
                    reason: ReasonCode::from_name(&reason)
                        .ok_or_else(|| super::rows::unknown("reason", &reason))?,
                    note: row.try_get("", "note")?,
                    created_at: row.try_get("", "created_at")?,
                });
            }
        }
        Ok(lists)
    }
}
