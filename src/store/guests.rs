//! Guests who came, did nothing, and can't come back.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use sea_orm::ConnectionTrait;

use super::page::Sql;
use super::{Result, Store};
use crate::domain::user::{Role, UserKind};

/// How far back from the limit it looks, so that guests who stay are not looked at for ever.
const LOOKS_BACK: chrono::Duration = chrono::Duration::days(30);

impl Store {
    /// Forgets guests who came before `before` and of whom nothing is there: no comment, reaction or report, nothing that was
    /// done about them or by them, and no other name elsewhere. By then their tokens must have run out. At most `limit` at a
    /// time; returns how many went.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_guests(&self, before: DateTime<Utc>, limit: u64) -> Result<u64> {
        let mut sql = Sql::new(
            r#"DELETE FROM "user" WHERE id IN (SELECT guest.id FROM "user" AS guest WHERE guest.id >= "#,
        );
        let (from, to) = (sql.bind(first_id(before - LOOKS_BACK)), sql.bind(first_id(before)));
        let (kind, role) = (sql.bind(UserKind::Guest.name()), sql.bind(Role::Reader.name()));
        sql.push(&format!(
            "{from} AND guest.id < {to} AND guest.kind = {kind} AND guest.role = {role} AND guest.sanction IS NULL"
        ));
        for (table, column) in [
            ("comment", "author_id"),
            ("reaction", "user_id"),
            ("report", "user_id"),
            ("user_sanction", "user_id"),
            ("user_sanction", "actor_id"),
            ("moderation_entry", "actor_id"),
            ("imported", "id"),
        ] {
            sql.push(&format!(" AND NOT EXISTS (SELECT 1 FROM {table} AS it WHERE it.{column} = guest.id)"));
        }
        let limit = sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        sql.push(&format!(" LIMIT {limit})"));
        let done = self.writer.execute_raw(sql.build(self.backend())).await?;
        Ok(done.rows_affected())
    }
}

/// The least id of that millisecond (RFC 9562, section 5.7): ids follow time.
fn first_id(at: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(at.timestamp_millis()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}
