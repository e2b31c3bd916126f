//! What a session is worth now, and the log by which nodes hear that it changed.

use chrono::{DateTime, Utc};
use entity::{account, ended_session, standing_change};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::page::Sql;
use super::{Result, Snapshot, Store, StoreError, WriteTx, rows};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::user::{Role, User, UserKind};

/// How far the clock of a host site may be ahead: what tokens are taken by.
pub const CLOCKS_DIFFER: chrono::Duration = chrono::Duration::seconds(30);

/// A person and one of their sessions, as they stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Who, as of now.
    pub user: User,
    /// Tokens of ours were issued in this epoch, or count no more.
    pub epoch: i32,
    /// Tokens of others were issued after this, or count no more.
    pub signed_out_at: Option<DateTime<Utc>>,
    /// Whether this session was ended.
    pub is_ended: bool,
    /// When the token was issued that name and role were taken from, where a host site vouches.
    pub claims_at: Option<DateTime<Utc>>,
}

/// A line of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StandingChange {
    /// In the order of commits, without gaps.
    pub sequence: i64,
    /// Whose standing.
    pub user: UserId,
    /// Of which session; `None`: of all.
    pub session: Option<SessionId>,
}

#[derive(FromQueryResult)]
struct StandingRow {
    id: Uuid,
    display_name: String,
    role: String,
    epoch: Option<i32>,
    signed_out_at: Option<DateTime<Utc>>,
    claims_at: Option<DateTime<Utc>>,
    ended: Option<Uuid>,
}

impl TryFrom<StandingRow> for Standing {
    type Error = StoreError;

    fn try_from(row: StandingRow) -> Result<Self> {
        Ok(Self {
            user: rows::user(row.id, row.display_name, &row.role)?,
            epoch: row.epoch.unwrap_or(0),
            signed_out_at: row.signed_out_at,
            is_ended: row.ended.is_some(),
            claims_at: row.claims_at,
        })
    }
}

const STANDING: &str = "SELECT u.id, u.display_name, u.role, a.epoch, a.signed_out_at, a.claims_at, e.session_id AS ended \
     FROM \"user\" u LEFT JOIN account a ON a.user_id = u.id LEFT JOIN ended_session e ON e.session_id = ";

impl Snapshot {
    /// How a person and a session stand; `None`: the account is gone.
    ///
    /// # Errors
    /// The database failed.
    pub async fn standing(&self, user: UserId, session: SessionId) -> Result<Option<Standing>> {
        let mut sql = Sql::new(STANDING);
        let session = sql.bind(session.0);
        let user = sql.bind(user.0);
        let deleted = sql.bind(UserKind::Deleted.name());
        sql.push(&format!("{session} WHERE u.id = {user} AND u.kind <> {deleted}"));
        self.one_standing(sql).await
    }

    /// The same of whomever a host site vouches for; `None`: they have not been here.
    ///
    /// # Errors
    /// The database failed.
    pub async fn standing_of_subject(
        &self,
        issuer: &str,
        subject: &str,
        session: SessionId,
    ) -> Result<Option<Standing>> {
        let mut sql = Sql::new(STANDING);
        let session = sql.bind(session.0);
        let (issuer, subject) = (sql.bind(issuer), sql.bind(subject));
        sql.push(&format!("{session} WHERE a.issuer = {issuer} AND a.subject = {subject}"));
        self.one_standing(sql).await
    }

    async fn one_standing(&self, sql: Sql) -> Result<Option<Standing>> {
        let statement = sql.build(self.conn.get_database_backend());
        let row = StandingRow::find_by_statement(statement).one(&self.conn).await?;
        row.map(Standing::try_from).transpose()
    }
}

impl Store {
    /// The epoch that a new session of a person begins in; `None`: there is no such person.
    ///
    /// # Errors
    /// The database failed.
    pub async fn epoch(&self, user: UserId) -> Result<Option<i32>> {
        let standing = self.latest().standing(user, SessionId(Uuid::nil())).await?;
        Ok(standing.map(|standing| standing.epoch))
    }

    /// The changes after a number, in their order, at most `limit`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn standing_changes(&self, after: i64, limit: u64) -> Result<Vec<StandingChange>> {
        let rows = standing_change::Entity::find()
            .filter(standing_change::Column::Sequence.gt(after))
            .order_by_asc(standing_change::Column::Sequence)
            .limit(limit)
            .all(&self.reader)
            .await?;
        let change = |row: standing_change::Model| StandingChange {
            sequence: row.sequence,
            user: UserId(row.user_id),
            session: row.session_id.map(SessionId),
        };
        Ok(rows.into_iter().map(change).collect())
    }

    /// Forgets ended sessions that would be over by now, and changes that every node has heard of.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_standings(&self, now: DateTime<Utc>, heard_by: DateTime<Utc>) -> Result<()> {
        ended_session::Entity::delete_many()
            .filter(ended_session::Column::ExpiresAt.lt(now))
            .exec(&self.writer)
            .await?;
        standing_change::Entity::delete_many()
            .filter(standing_change::Column::At.lt(heard_by))
            .exec(&self.writer)
            .await?;
        Ok(())
    }
}

impl WriteTx {
    /// Ends one session, which would have ended by itself at `expires_at`. Ending it twice is ending it once.
    ///
    /// # Errors
    /// The database failed, or there is no such person.
    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        expires_at: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let row = ended_session::ActiveModel {
            session_id: Set(session.0),
            user_id: Set(user.0),
            expires_at: Set(expires_at),
        };
        ended_session::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&self.conn)
            .await?;
        self.standing_changed(user, Some(session), at).await
    }

    /// Ends every session that a person has, wherever it was begun.
    ///
    /// # Errors
    /// The database failed, or there is no such person.
    pub async fn end_sessions(&self, user: UserId, at: DateTime<Utc>) -> Result<()> {
        self.touch_account(user).await?;
        account::Entity::update_many()
            .col_expr(account::Column::Epoch, ExprTrait::add(Expr::col(account::Column::Epoch), 1))
            .col_expr(account::Column::SignedOutAt, Expr::value(at))
            .filter(account::Column::UserId.eq(user.0))
            .exec(&self.conn)
            .await?;
        self.sign_out_those_ahead(user, at).await?;
        self.standing_changed(user, None, at).await
    }

    /// Has a sign-out take in a token that came from a host site whose clock is ahead.
    pub(super) async fn sign_out_those_ahead(&self, user: UserId, at: DateTime<Utc>) -> Result<()> {
        account::Entity::update_many()
            .col_expr(account::Column::SignedOutAt, Expr::col(account::Column::ClaimsAt))
            .filter(account::Column::UserId.eq(user.0))
            .filter(account::Column::ClaimsAt.gt(at))
            .filter(account::Column::ClaimsAt.lte(at + CLOCKS_DIFFER))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Gives a person another role. Tells whether there is such a person, whose account is not deleted.
    ///
    /// # Errors
    /// The database failed.
    pub async fn set_role(&self, user: UserId, role: Role, at: DateTime<Utc>) -> Result<bool> {
        let changed = entity::user::Entity::update_many()
            .col_expr(entity::user::Column::Role, Expr::value(role.name()))
            .filter(entity::user::Column::Id.eq(user.0))
            .filter(entity::user::Column::Kind.ne(UserKind::Deleted.name()))
            .exec(&self.conn)
            .await?
            .rows_affected;
        if changed > 0 {
            self.standing_changed(user, None, at).await?;
        }
        Ok(changed > 0)
    }

    /// Notes that a person's standing changed: sessions, role, or the account itself, deleted. Every node
    /// reads it within a second or two and looks again. Call it last: it holds a lock until the commit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn standing_changed(
        &self,
        user: UserId,
        session: Option<SessionId>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let next =
            Sql::new("UPDATE standing_head SET sequence = sequence + 1 WHERE id = 1 RETURNING sequence");
        let row = self.conn.query_one_raw(next.build(self.conn.get_database_backend())).await?;
        let row = row.ok_or_else(|| StoreError::Corrupt("standing_head has no row".to_owned()))?;
        let change = standing_change::ActiveModel {
            sequence: Set(row.try_get("", "sequence")?),
            user_id: Set(user.0),
            session_id: Set(session.map(|session| session.0)),
            at: Set(at),
        };
        standing_change::Entity::insert(change).exec_without_returning(&self.conn).await?;
        Ok(())
    }

    /// Makes sure that a person has an account's row.
    pub(super) async fn touch_account(&self, user: UserId) -> Result<()> {
        let row = account::ActiveModel { user_id: Set(user.0), epoch: Set(0), ..Default::default() };
        account::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&self.conn)
            .await?;
        Ok(())
    }
}
