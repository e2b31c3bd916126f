//! The first result of a write, so that a retry gets it again instead of writing twice.

use chrono::{DateTime, Utc};
use entity::idempotency_key;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::page::Sql;
use super::{Result, Store, WriteTx};
use crate::domain::ids::UserId;

/// What a write is remembered by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remembered {
    /// Whose key.
    pub user: UserId,
    /// The key.
    pub key: String,
    /// A digest of the input.
    pub fingerprint: String,
}

/// What a key stands for already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FirstResult {
    /// This very write, which made or changed the comment (or bulk action) of that id.
    Same(Uuid),
    /// Another write: the key is used up.
    Other,
}

impl WriteTx {
    /// What a key stands for, if anything.
    ///
    /// # Errors
    /// The database failed.
    pub async fn first_result(&self, of: &Remembered) -> Result<Option<FirstResult>> {
        let row = idempotency_key::Entity::find_by_id((of.user.0, of.key.clone())).one(&self.conn).await?;
        Ok(row.map(|row| {
            if row.fingerprint == of.fingerprint {
                FirstResult::Same(row.comment_id)
            } else {
                FirstResult::Other
            }
        }))
    }

    /// Remembers the result of this write: the id of the comment, or of the bulk action.
    ///
    /// # Errors
    /// [`StoreError::is_duplicate`](super::StoreError::is_duplicate) where a concurrent retry came first.
    pub async fn remember(&self, what: Remembered, result: Uuid, at: DateTime<Utc>) -> Result<()> {
        let row = idempotency_key::ActiveModel {
            user_id: Set(what.user.0),
            key: Set(what.key),
            fingerprint: Set(what.fingerprint),
            comment_id: Set(result),
            created_at: Set(at),
        };
        idempotency_key::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(())
    }
}

impl Store {
    /// Forgets keys older than `before`, at most `limit` at a time. Returns how many went.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_keys(&self, before: DateTime<Utc>, limit: u64) -> Result<u64> {
        let mut sql = Sql::new(
            "DELETE FROM idempotency_key WHERE (user_id, key) IN (SELECT user_id, key FROM idempotency_key WHERE created_at < ",
        );
        let before = sql.bind(before);
        let limit = sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        sql.push(&format!("{before} ORDER BY created_at LIMIT {limit})"));
        Ok(self.writer.execute_raw(sql.build(self.backend())).await?.rows_affected())
    }

    /// Forgets sign-in codes that can no longer be used.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_codes(&self, now: DateTime<Utc>) -> Result<u64> {
        let gone = entity::sign_in_code::Entity::delete_many()
            .filter(entity::sign_in_code::Column::ExpiresAt.lt(now))
            .exec(&self.writer)
            .await?;
        Ok(gone.rows_affected)
    }
}
