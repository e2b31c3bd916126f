//! Local accounts and people whom a host site vouches for: how they sign in.

use chrono::{DateTime, Utc};
use entity::{account, user};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::{Result, Store, StoreError, WriteTx, rows};
use crate::domain::ids::UserId;
use crate::domain::user::{Role, User, UserKind};

/// A person who is more than a guest, for those who run the service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Who.
    pub user: User,
    /// How they came to be known here.
    pub kind: UserKind,
    /// Whether they can sign in with a password.
    pub has_password: bool,
    /// When they came.
    pub created_at: DateTime<Utc>,
}

impl Member {
    fn of(user: user::Model, account: Option<account::Model>) -> Result<Self> {
        let kind = kind(&user.kind)?;
        let created_at = user.created_at;
        let has_password = account.is_some_and(|account| account.password_hash.is_some());
        Ok(Self { user: rows::user(user.id, user.display_name, &user.role)?, kind, has_password, created_at })
    }
}

fn kind(name: &str) -> Result<UserKind> {
    UserKind::from_name(name).ok_or_else(|| StoreError::Corrupt(format!("a person of the kind {name:?}")))
}

/// What local accounts sign in with: their name, however it is capitalised.
#[must_use]
pub fn login(name: &str) -> String {
    crate::domain::text::single_line(name).to_lowercase()
}

impl Store {
    /// Everybody but guests and those who deleted their accounts, in the order in which they came.
    ///
    /// # Errors
    /// The database failed.
    pub async fn members(&self) -> Result<Vec<Member>> {
        let found = user::Entity::find()
            .filter(user::Column::Kind.is_not_in([UserKind::Guest.name(), UserKind::Deleted.name()]))
            .order_by_asc(user::Column::Id)
            .all(&self.reader)
            .await?;
        // By the whole table: it has as many rows as there are members, and some guests who signed out.
        let mut accounts: std::collections::HashMap<Uuid, account::Model> = account::Entity::find()
            .all(&self.reader)
            .await?
            .into_iter()
            .map(|account| (account.user_id, account))
            .collect();
        found
            .into_iter()
            .map(|user| {
                let account = accounts.remove(&user.id);
                Member::of(user, account)
            })
            .collect()
    }

    /// One person, a guest or not, or what is left of a deleted account.
    ///
    /// # Errors
    /// The database failed.
    pub async fn member(&self, id: UserId) -> Result<Option<Member>> {
        let Some(user) = user::Entity::find_by_id(id.0).one(&self.reader).await? else { return Ok(None) };
        let account = account::Entity::find_by_id(id.0).one(&self.reader).await?;
        Member::of(user, account).map(Some)
    }

    /// How a person came to be known here; `None`: there is no such person.
    ///
    /// # Errors
    /// The database failed.
    pub async fn kind_of(&self, id: UserId) -> Result<Option<UserKind>> {
        let row = user::Entity::find_by_id(id.0).one(&self.reader).await?;
        row.map(|row| kind(&row.kind)).transpose()
    }

    /// Whoever signs in with that name, and the hash of their password.
    ///
    /// # Errors
    /// The database failed.
    pub async fn password_of(&self, name: &str) -> Result<Option<(User, String)>> {
        let account =
            account::Entity::find().filter(account::Column::Login.eq(login(name))).one(&self.reader).await?;
        let Some(account::Model { user_id, password_hash: Some(hash), .. }) = account else {
            return Ok(None);
        };
        let id = UserId(user_id);
        Ok(self.latest().users(&[id]).await?.remove(&id).map(|user| (user, hash)))
    }
}

/// A person whom a host site vouches for, as its token says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Introduced<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `sub`.
    pub subject: &'a str,
    /// Their name.
    pub name: &'a str,
    /// Their role.
    pub role: Role,
    /// When the token was issued: only a later one changes name or role.
    pub as_of: DateTime<Utc>,
}

impl WriteTx {
    /// Writes a person whom a host site vouches for, as part of this write. `deleted_at`: when they deleted the account
    /// that they had before; by what was signed until then, nobody is this person.
    ///
    /// # Errors
    /// [`StoreError::is_duplicate`]: they are known by now.
    pub async fn introduce(
        &self,
        id: UserId,
        who: &Introduced<'_>,
        deleted_at: Option<DateTime<Utc>>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let user = User { id, display_name: who.name.to_owned(), role: who.role };
        self.add_user(&user, UserKind::Sso, at).await?;
        let row = account::ActiveModel {
            user_id: Set(id.0),
            issuer: Set(Some(who.issuer.to_owned())),
            subject: Set(Some(who.subject.to_owned())),
            claims_at: Set(Some(who.as_of)),
            signed_out_at: Set(deleted_at),
            epoch: Set(0),
            ..Default::default()
        };
        account::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(())
    }

    /// Takes name and role from a token, unless a later one has been here. Every node hears of it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn reintroduce(&self, id: UserId, who: &Introduced<'_>, at: DateTime<Utc>) -> Result<()> {
        let is_latest = account::Entity::update_many()
            .col_expr(account::Column::ClaimsAt, Expr::value(who.as_of))
            .filter(account::Column::UserId.eq(id.0))
            .filter(account::Column::ClaimsAt.lt(who.as_of))
            .exec(&self.conn)
            .await?
            .rows_affected
            > 0;
        if !is_latest {
            return Ok(());
        }
        user::Entity::update_many()
            .col_expr(user::Column::DisplayName, Expr::value(who.name))
            .col_expr(user::Column::Role, Expr::value(who.role.name()))
            .filter(user::Column::Id.eq(id.0))
            .exec(&self.conn)
            .await?;
        self.standing_changed(id, None, at).await
    }

    /// Lets a person sign in under their name with this password. All their sessions end.
    ///
    /// # Errors
    /// [`StoreError::is_duplicate`]: somebody else signs in under that name.
    pub async fn set_password(&self, user: &User, hash: String, at: DateTime<Utc>) -> Result<()> {
        self.touch_account(user.id).await?;
        account::Entity::update_many()
            .col_expr(account::Column::Login, Expr::value(login(&user.display_name)))
            .col_expr(account::Column::PasswordHash, Expr::value(hash))
            .filter(account::Column::UserId.eq(user.id.0))
            .exec(&self.conn)
            .await?;
        self.end_sessions(user.id, at).await
    }
}
