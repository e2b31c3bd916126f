//! What was done about people: the sanction that holds stands in the person's row, its history beside it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{user, user_sanction};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::LockType,
};

use super::rows::{self, unknown};
use super::{Result, Snapshot, StoreError, WriteTx};
use crate::domain::ids::{ActionId, EntryId, UserId};
use crate::domain::sanction::{Imposed, Sanction, SanctionKind};
use crate::domain::user::{Role, User, UserKind};

/// A sanction to be written, or its end.
#[derive(Clone, Debug)]
pub struct NewSanction {
    /// The line of the person's history.
    pub id: EntryId,
    /// About whom.
    pub user: UserId,
    /// Which; `None` lifts the one that is there.
    pub sanction: Option<Sanction>,
    /// Why, as the person is told.
    pub reason: Option<String>,
    /// By whom; `None`: it was kept of an account that they deleted.
    pub by: Option<UserId>,
    /// The bulk action that refuses their comments along with it.
    pub action: Option<ActionId>,
    /// When.
    pub at: DateTime<Utc>,
}

impl WriteTx {
    /// A person who is about to write, with the sanction on them. Their row is held until the end of the
    /// write: a sanction that is imposed meanwhile waits, and then finds all that they wrote. So does the deletion
    /// of their account; after it, nobody is there to write.
    ///
    /// # Errors
    /// The database failed.
    pub async fn writer(&self, id: UserId) -> Result<Option<(User, Option<Imposed>)>> {
        self.person(id, LockType::Share).await
    }

    /// A person with the sanction on them, whom this write is to sanction: nobody else does meanwhile, and
    /// whatever they are writing is finished first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn lock_person(&self, id: UserId) -> Result<Option<(User, Option<Imposed>)>> {
        self.person(id, LockType::Update).await
    }

    /// Whether somebody but that person is an administrator who can sign in: a guest can't, once their token has run out.
    /// Whoever takes the role from somebody asks this first of
    /// all: it locks all who have the role, so of two who do so at once the second finds what the first has left.
    ///
    /// # Errors
    /// The database failed.
    pub async fn has_another_admin(&self, than: UserId) -> Result<bool> {
        let admins = user::Entity::find()
            .select_only()
            .column(user::Column::Id)
            .filter(user::Column::Role.eq(Role::Admin.name()))
            .filter(user::Column::Kind.is_in([UserKind::Local.name(), UserKind::Sso.name()]))
            .order_by_asc(user::Column::Id);
        let admins = match self.conn.get_database_backend() {
            DbBackend::Postgres => admins.lock(LockType::Update),
            _ => admins,
        };
        let admins: Vec<uuid::Uuid> = admins.into_tuple().all(&self.conn).await?;
        Ok(admins.into_iter().any(|id| id != than.0))
    }

    async fn person(&self, id: UserId, lock: LockType) -> Result<Option<(User, Option<Imposed>)>> {
        let select = user::Entity::find_by_id(id.0);
        let select = match self.conn.get_database_backend() {
            DbBackend::Postgres => select.lock(lock),
            _ => select,
        };
        let row = select.one(&self.conn).await?;
        row.filter(|row| row.kind != UserKind::Deleted.name())
            .map(|row| {
                let imposed = imposed(&row)?;
                Ok((rows::user(row.id, row.display_name, &row.role)?, imposed))
            })
            .transpose()
    }

    /// Imposes a sanction on a person whom this write has locked, or lifts it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sanction(&self, new: NewSanction) -> Result<()> {
        let until = new.sanction.and_then(Sanction::until);
        let row = user::ActiveModel {
            sanction: Set(new.sanction.map(|sanction| sanction.kind().name().to_owned())),
            sanction_until: Set(until),
            sanction_reason: Set(new.sanction.and(new.reason.clone())),
            ..Default::default()
        };
        user::Entity::update_many().set(row).filter(user::Column::Id.eq(new.user.0)).exec(&self.conn).await?;
        let kind = new.sanction.map_or(SanctionKind::None, Sanction::kind);
        let row = user_sanction::ActiveModel {
            id: Set(new.id.0),
            user_id: Set(new.user.0),
            kind: Set(kind.name().to_owned()),
            until: Set(until),
            reason: Set(new.reason),
            actor_id: Set(new.by.map(|id| id.0)),
            action_id: Set(new.action.map(|id| id.0)),
            at: Set(new.at),
        };
        user_sanction::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(())
    }
}

impl Snapshot {
    /// The sanctions on several people, one that has run out among them; who has none is left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sanctions(&self, people: &[UserId]) -> Result<HashMap<UserId, Imposed>> {
        let rows = user::Entity::find()
            .filter(user::Column::Id.is_in(people.iter().map(|id| id.0)))
            .filter(user::Column::Sanction.is_not_null())
            .all(&self.conn)
            .await?;
        let with_id = |row: user::Model| Ok(imposed(&row)?.map(|imposed| (UserId(row.id), imposed)));
        rows.into_iter().filter_map(|row| with_id(row).transpose()).collect()
    }
}

fn imposed(row: &user::Model) -> Result<Option<Imposed>> {
    let Some(kind) = &row.sanction else { return Ok(None) };
    let sanction = sanction(kind, row.sanction_until)?;
    Ok(sanction.map(|sanction| Imposed { sanction, reason: row.sanction_reason.clone() }))
}

/// A sanction out of its columns; `None`: there is none.
pub(super) fn sanction(kind: &str, until: Option<DateTime<Utc>>) -> Result<Option<Sanction>> {
    let kind = SanctionKind::from_name(kind).ok_or_else(|| unknown("sanction", kind))?;
    Ok(match kind {
        SanctionKind::None => None,
        SanctionKind::Ban => Some(Sanction::Ban),
        SanctionKind::Premoderate => Some(Sanction::Premoderate),
        SanctionKind::Suspend => {
            let until = until.ok_or_else(|| StoreError::Corrupt("a suspension without an end".into()))?;
            Some(Sanction::Suspend { until })
        }
    })
}
