//! Readers' reactions to comments.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::reaction;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, TryInsertResult,
};

use super::page::Sql;
use super::{Result, Snapshot, StoreError, WriteTx};
use crate::domain::article::Article;
use crate::domain::ids::{CommentId, UserId};
use crate::domain::reaction::{ReactionCount, ReactionKind};

/// Whose reaction, to what.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Reacted {
    /// To which comment.
    pub comment: CommentId,
    /// Whose.
    pub user: UserId,
    /// Which.
    pub kind: ReactionKind,
}

/// Counts as a JSON array of pairs, as the event log keeps them.
pub(super) fn counts_to_json(counts: &[ReactionCount]) -> String {
    let pairs: Vec<(&str, i32)> = counts.iter().map(|count| (count.kind.name(), count.count)).collect();
    serde_json::json!(pairs).to_string()
}

pub(super) fn counts_from_json(json: Option<&str>) -> Result<Vec<ReactionCount>> {
    let corrupt = || StoreError::Corrupt(format!("reactions {json:?}"));
    let pairs: Vec<(String, i32)> = serde_json::from_str(json.unwrap_or("[]")).map_err(|_| corrupt())?;
    pairs
        .into_iter()
        .map(|(kind, count)| {
            Ok(ReactionCount { kind: ReactionKind::from_name(&kind).ok_or_else(corrupt)?, count })
        })
        .collect()
}

pub(super) async fn counts(
    conn: &impl ConnectionTrait,
    comments: &[CommentId],
) -> Result<HashMap<CommentId, Vec<ReactionCount>>> {
    let mut sql = Sql::new("SELECT comment_id, kind, COUNT(*) AS count FROM reaction WHERE comment_id IN (");
    let places = sql.bind_all(comments.iter().map(|id| id.0));
    sql.push(&places).push(") GROUP BY comment_id, kind");
    let mut counts: HashMap<CommentId, Vec<ReactionCount>> = HashMap::new();
    for row in conn.query_all_raw(sql.build(conn.get_database_backend())).await? {
        let kind: String = row.try_get("", "kind")?;
        let kind = ReactionKind::from_name(&kind).ok_or_else(|| super::rows::unknown("reaction", &kind))?;
        let count: i64 = row.try_get("", "count")?;
        counts
            .entry(CommentId(row.try_get("", "comment_id")?))
            .or_default()
            .push(ReactionCount { kind, count: i32::try_from(count).unwrap_or(i32::MAX) });
    }
    for list in counts.values_mut() {
        list.sort_by_key(|count| count.kind);
    }
    Ok(counts)
}

impl Snapshot {
    /// The reactions to several comments, by kind; a comment without any is left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn reaction_counts(
        &self,
        comments: &[CommentId],
    ) -> Result<HashMap<CommentId, Vec<ReactionCount>>> {
        counts(&self.conn, comments).await
    }

    /// How a person has reacted to several comments; a comment that they have not reacted to is left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn reacted(
        &self,
        user: UserId,
        comments: &[CommentId],
    ) -> Result<HashMap<CommentId, Vec<ReactionKind>>> {
        let rows: Vec<(uuid::Uuid, String)> = reaction::Entity::find()
            .select_only()
            .columns([reaction::Column::CommentId, reaction::Column::Kind])
            .filter(reaction::Column::UserId.eq(user.0))
            .filter(reaction::Column::CommentId.is_in(comments.iter().map(|id| id.0)))
            .into_tuple()
            .all(&self.conn)
            .await?;
        let mut reacted: HashMap<CommentId, Vec<ReactionKind>> = HashMap::new();
        for (comment, kind) in rows {
            let kind =
                ReactionKind::from_name(&kind).ok_or_else(|| super::rows::unknown("reaction", &kind))?;
            reacted.entry(CommentId(comment)).or_default().push(kind);
        }
        for kinds in reacted.values_mut() {
            kinds.sort_unstable();
        }
        Ok(reacted)
    }
}

impl WriteTx {
    /// Sets a reaction on or off under an article that this write has locked, and tells its readers.
    /// Returns whether that changed anything.
    ///
    /// # Errors
    /// The database failed.
    pub async fn react(
        &self,
        article: &mut Article,
        reacted: Reacted,
        on: bool,
        at: DateTime<Utc>,
    ) -> Result<bool> {
        let key = (reacted.comment.0, reacted.user.0, reacted.kind.name().to_owned());
        let changed = if on {
            let row = reaction::ActiveModel {
                comment_id: Set(key.0),
                user_id: Set(key.1),
                kind: Set(key.2),
                created_at: Set(at),
            };
            let insert = reaction::Entity::insert(row)
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .try_insert()
                .exec_without_returning(&self.conn)
                .await?;
            matches!(insert, TryInsertResult::Inserted(1..))
        } else {
            reaction::Entity::delete_by_id(key).exec(&self.conn).await?.rows_affected > 0
        };
        if changed {
            let mut sql = Sql::new("UPDATE comment SET score = score + ");
            let (delta, id) = (sql.bind(if on { 1 } else { -1 }), sql.bind(reacted.comment.0));
            sql.push(&delta).push(" WHERE id = ").push(&id);
            self.conn.execute_raw(sql.build(self.conn.get_database_backend())).await?;
            let counts = self.counts_of(reacted.comment).await?;
            self.append_article_event(article, counts, at).await?;
        }
        Ok(changed)
    }
}
