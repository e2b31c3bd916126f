//! People, how they sign in once, and what the store knows of itself.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{setting, sign_in_code, user};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use super::rows;
use super::{Result, Snapshot, Store, WriteTx};
use crate::domain::ids::UserId;
use crate::domain::user::{Role, User, UserKind};

impl Store {
    /// Writes a new person.
    ///
    /// # Errors
    /// The database failed.
    pub async fn add_user(&self, user: &User, kind: UserKind, at: DateTime<Utc>) -> Result<()> {
        let row = user_row(user, kind, at);
        user::Entity::insert(row).exec_without_returning(&self.writer).await?;
        Ok(())
    }

    /// The local account of that name and role, if there is one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn local_user(&self, name: &str, role: Role) -> Result<Option<User>> {
        let row = user::Entity::find()
            .filter(user::Column::Kind.eq(UserKind::Local.name()))
            .filter(user::Column::DisplayName.eq(name))
            .filter(user::Column::Role.eq(role.name()))
            .one(&self.reader)
            .await?;
        row.map(|row| rows::user(row.id, row.display_name, &row.role)).transpose()
    }

    /// A fact that the store keeps about itself.
    ///
    /// # Errors
    /// The database failed.
    pub async fn setting(&self, key: &str) -> Result<Option<String>> {
        Ok(setting::Entity::find_by_id(key).one(&self.writer).await?.map(|row| row.value))
    }

    /// Keeps a fact, unless there is one by that key; returns the one that holds.
    ///
    /// # Errors
    /// The database failed.
    pub async fn setting_or(&self, key: &str, value: String) -> Result<String> {
        let row = setting::ActiveModel { key: Set(key.to_owned()), value: Set(value.clone()) };
        setting::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&self.writer)
            .await?;
        Ok(self.setting(key).await?.unwrap_or(value))
    }

    /// Keeps the digest of a one-time code that signs a person in until `expires_at`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn add_sign_in_code(
        &self,
        code_hash: String,
        user: UserId,
        expires_at: DateTime<Utc>,
    ) -> Result<()> {
        let row = sign_in_code::ActiveModel {
            code_hash: Set(code_hash),
            user_id: Set(user.0),
            expires_at: Set(expires_at),
        };
        sign_in_code::Entity::insert(row).exec_without_returning(&self.writer).await?;
        Ok(())
    }

    /// Takes a one-time code out of the store; whom it signs in, if it was there and in time.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_sign_in_code(&self, code_hash: &str, now: DateTime<Utc>) -> Result<Option<User>> {
        let row = sign_in_code::Entity::find_by_id(code_hash).one(&self.writer).await?;
        let Some(row) = row else { return Ok(None) };
        // Whoever deletes the row has used the code: of two at once, one.
        let taken = sign_in_code::Entity::delete_by_id(code_hash).exec(&self.writer).await?.rows_affected;
        if taken == 0 || row.expires_at <= now {
            return Ok(None);
        }
        Ok(self.latest().users(&[UserId(row.user_id)]).await?.remove(&UserId(row.user_id)))
    }

    /// Whether the store holds no article and nobody yet.
    ///
    /// # Errors
    /// The database failed.
    pub async fn is_empty(&self) -> Result<bool> {
        let articles = entity::article::Entity::find().count(&self.writer).await?;
        Ok(articles == 0 && user::Entity::find().count(&self.writer).await? == 0)
    }
}

impl WriteTx {
    /// Writes a new person as part of this write.
    ///
    /// # Errors
    /// The database failed.
    pub async fn add_user(&self, user: &User, kind: UserKind, at: DateTime<Utc>) -> Result<()> {
        let row = user_row(user, kind, at);
        user::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(())
    }
}

impl Snapshot {
    /// Those of the people that exist.
    ///
    /// # Errors
    /// The database failed.
    pub async fn users(&self, ids: &[UserId]) -> Result<HashMap<UserId, User>> {
        let found = user::Entity::find()
            .filter(user::Column::Id.is_in(ids.iter().map(|id| id.0)))
            .all(&self.conn)
            .await?;
        found
            .into_iter()
            .map(|row| Ok((UserId(row.id), rows::user(row.id, row.display_name, &row.role)?)))
            .collect()
    }
}

fn user_row(user: &User, kind: UserKind, at: DateTime<Utc>) -> user::ActiveModel {
    user::ActiveModel {
        id: Set(user.id.0),
        kind: Set(kind.name().to_owned()),
        display_name: Set(user.display_name.clone()),
        role: Set(user.role.name().to_owned()),
        created_at: Set(at),
        ..Default::default()
    }
}
