//! What is done to many comments at once: the action, and the lines of history that name it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{moderation_action, moderation_entry};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::LockType,
};

use super::page::Sql;
use super::rows::{reason_code, state, status, unknown};
use super::{Result, Snapshot, StoreError, WriteTx};
use crate::domain::action::{ActionKind, BulkAction};
use crate::domain::comment::{CommentState, CommentStatus};
use crate::domain::ids::{ActionId, CommentId, EntryId, UserId};

/// A change that an action made to one comment: what an undo needs to know of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Undoable {
    /// The line of history.
    pub entry: EntryId,
    /// Of which comment.
    pub comment: CommentId,
    /// The comment's revision after it: another one by now means that somebody changed it since.
    pub revision: i32,
    /// What the comment was before.
    pub before: CommentState,
    /// The open reports that the change dealt with.
    pub reports: i32,
}

impl WriteTx {
    /// Writes an action; `outcomes` is what a retry is told.
    ///
    /// # Errors
    /// The database failed.
    pub async fn insert_action(&self, action: &BulkAction, outcomes: Option<String>) -> Result<()> {
        let row = moderation_action::ActiveModel {
            id: Set(action.id.0),
            kind: Set(action.kind.name().to_owned()),
            actor_id: Set(action.by.map(|id| id.0)),
            to_status: Set(action.to.map(|status| status.name().to_owned())),
            reason: Set(action.reason.map(|reason| reason.name().to_owned())),
            note: Set(action.note.clone()),
            user_id: Set(action.user.map(|id| id.0)),
            undoes: Set(action.undoes.map(|id| id.0)),
            undone_by: Set(action.undone_by.map(|id| id.0)),
            outcomes: Set(outcomes),
            at: Set(action.at),
            finished_at: Set(action.finished_at),
        };
        moderation_action::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(())
    }

    /// An action, locked until the end of the write; it is locked before any article.
    ///
    /// # Errors
    /// The database failed.
    pub async fn lock_action(&self, id: ActionId) -> Result<Option<BulkAction>> {
        let select = moderation_action::Entity::find_by_id(id.0);
        let select = match self.conn.get_database_backend() {
            DbBackend::Postgres => select.lock(LockType::Update),
            _ => select,
        };
        select.one(&self.conn).await?.map(BulkAction::try_from).transpose()
    }

    /// What a retry of an action is told.
    ///
    /// # Errors
    /// The database failed.
    pub async fn outcomes(&self, id: ActionId) -> Result<Option<String>> {
        let row = moderation_action::Entity::find_by_id(id.0).one(&self.conn).await?;
        Ok(row.and_then(|row| row.outcomes))
    }

    /// Writes that an action has come to its end, and what undoes it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn update_action(&self, action: &BulkAction) -> Result<()> {
        let row = moderation_action::ActiveModel {
            undone_by: Set(action.undone_by.map(|id| id.0)),
            finished_at: Set(action.finished_at),
            ..Default::default()
        };
        moderation_action::Entity::update_many()
            .set(row)
            .filter(moderation_action::Column::Id.eq(action.id.0))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// What an action changed, after a line of history, at most `limit` of it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn changes_of(
        &self,
        action: ActionId,
        after: Option<EntryId>,
        limit: u64,
    ) -> Result<Vec<Undoable>> {
        let mut select =
            moderation_entry::Entity::find().filter(moderation_entry::Column::ActionId.eq(action.0));
        if let Some(after) = after {
            select = select.filter(moderation_entry::Column::Id.gt(after.0));
        }
        let rows = select.order_by_asc(moderation_entry::Column::Id).limit(limit).all(&self.conn).await?;
        let undoable = |row: moderation_entry::Model| {
            let from = row.from_status.ok_or_else(|| {
                StoreError::Corrupt(format!("line {} of a bulk action has no status before it", row.id))
            })?;
            Ok(Undoable {
                entry: EntryId(row.id),
                comment: CommentId(row.comment_id),
                revision: row.revision,
                before: state(row.comment_id, (from, row.from_at, row.from_by, row.from_reason))?,
                reports: row.from_reports,
            })
        };
        rows.into_iter().map(undoable).collect()
    }

    /// The revisions to which an action brought several comments; those that it did not change are left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn changed_by(
        &self,
        action: ActionId,
        comments: &[CommentId],
    ) -> Result<HashMap<CommentId, i32>> {
        let rows: Vec<(uuid::Uuid, i32)> = moderation_entry::Entity::find()
            .select_only()
            .columns([moderation_entry::Column::CommentId, moderation_entry::Column::Revision])
            .filter(moderation_entry::Column::ActionId.eq(action.0))
            .filter(moderation_entry::Column::CommentId.is_in(comments.iter().map(|id| id.0)))
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(|(comment, revision)| (CommentId(comment), revision)).collect())
    }

    /// Comments of a person that still have a word to say (pending or approved), which an action has not
    /// been at yet: by id, after one, at most `limit`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn unrefused_of(
        &self,
        author: UserId,
        action: ActionId,
        after: CommentId,
        limit: u64,
    ) -> Result<Vec<CommentId>> {
        let mut sql = Sql::new("SELECT id FROM comment WHERE author_id = ");
        let (author, after) = (sql.bind(author.0), sql.bind(after.0));
        let standing =
            sql.bind_all([CommentStatus::Pending, CommentStatus::Approved].map(CommentStatus::name));
        let (action, limit) = (sql.bind(action.0), sql.bind(i64::try_from(limit).unwrap_or(i64::MAX)));
        sql.push(&format!(
            "{author} AND id > {after} AND status IN ({standing}) AND NOT EXISTS (SELECT 1 FROM moderation_entry AS e \
             WHERE e.comment_id = comment.id AND e.action_id = {action}) ORDER BY id LIMIT {limit}"
        ));
        let rows = self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await?;
        rows.iter().map(|row| Ok(CommentId(row.try_get("", "id")?))).collect()
    }
}

impl Snapshot {
    /// Several actions; what there is not is left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn actions(&self, ids: &[ActionId]) -> Result<HashMap<ActionId, BulkAction>> {
        let rows = moderation_action::Entity::find()
            .filter(moderation_action::Column::Id.is_in(ids.iter().map(|id| id.0)))
            .all(&self.conn)
            .await?;
        rows.into_iter().map(|row| Ok((ActionId(row.id), BulkAction::try_from(row)?))).collect()
    }

    /// Actions that began before `before` and are not finished: whoever was at them is gone.
    ///
    /// # Errors
    /// The database failed.
    pub async fn unfinished_actions(&self, before: DateTime<Utc>, limit: u64) -> Result<Vec<BulkAction>> {
        let rows = moderation_action::Entity::find()
            .filter(moderation_action::Column::FinishedAt.is_null())
            .filter(moderation_action::Column::At.lt(before))
            .order_by_asc(moderation_action::Column::At)
            .limit(limit)
            .all(&self.conn)
            .await?;
        rows.into_iter().map(BulkAction::try_from).collect()
    }
}

impl TryFrom<moderation_action::Model> for BulkAction {
    type Error = StoreError;

    fn try_from(row: moderation_action::Model) -> Result<Self> {
        Ok(Self {
            id: ActionId(row.id),
            kind: ActionKind::from_name(&row.kind).ok_or_else(|| unknown("bulk action", &row.kind))?,
            by: row.actor_id.map(UserId),
            to: row.to_status.as_deref().map(status).transpose()?,
            reason: row.reason.as_deref().map(reason_code).transpose()?,
            note: row.note,
            user: row.user_id.map(UserId),
            undoes: row.undoes.map(ActionId),
            undone_by: row.undone_by.map(ActionId),
            at: row.at,
            finished_at: row.finished_at,
        })
    }
}
