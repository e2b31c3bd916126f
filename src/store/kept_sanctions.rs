//! Sanctions that outlive an account. Of whoever signs in at a host site and deletes their account while a sanction binds
//! them, that sanction and its end stay, under a digest of who they are there; it is imposed again when they come back, and
//! forgotten with it, or when it ends. Guests and local accounts leave nothing: a guest is nobody in particular, and a local
//! account is made by an operator, who knows for whom.

use chrono::{DateTime, Utc};
use entity::{account, kept_sanction, setting};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};

use super::sanctions::sanction;
use super::{CheckReport, Introduced, NewSanction, Result, Snapshot, Store, Violation, WriteTx};
use crate::domain::ids::{EntryId, UserId};
use crate::domain::sanction::Sanction;

/// The setting that holds the digests' key.
const KEY: &str = "kept_sanction_key";
/// What a person whom a kept sanction binds again is told.
const REASON: &str = "It was imposed on an account that you have deleted since.";

impl WriteTx {
    /// Keeps the sanction on a person whose account this write is about to delete, if they can come back. `fresh_key`: the
    /// digests' key from now on, unless there is one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn keep_sanction(&self, user: UserId, sanction: Sanction, fresh_key: String) -> Result<()> {
        let account = account::Entity::find_by_id(user.0).one(&self.conn).await?;
        let Some((issuer, subject)) = account.and_then(|row| row.issuer.zip(row.subject)) else {
            return Ok(());
        };
        let fresh = setting::ActiveModel { key: Set(KEY.to_owned()), value: Set(fresh_key) };
        setting::Entity::insert(fresh)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&self.conn)
            .await?;
        let Some(key) = key(&self.conn).await? else { return Ok(()) };
        let person = digest(&key, &issuer, &subject);
        kept_sanction::Entity::delete_by_id(&person).exec(&self.conn).await?;
        let row = kept_sanction::ActiveModel {
            person: Set(person),
            kind: Set(sanction.kind().name().to_owned()),
            until: Set(sanction.until()),
        };
        kept_sanction::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(())
    }

    /// Imposes on somebody who was just introduced what was kept of them, if it is still in force, and keeps it no longer.
    ///
    /// # Errors
    /// The database failed.
    pub async fn impose_kept(
        &self,
        user: UserId,
        who: &Introduced<'_>,
        entry: EntryId,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let Some(key) = key(&self.conn).await? else { return Ok(()) };
        let person = digest(&key, who.issuer, who.subject);
        let Some(row) = kept_sanction::Entity::find_by_id(&person).one(&self.conn).await? else {
            return Ok(());
        };
        kept_sanction::Entity::delete_by_id(person).exec(&self.conn).await?;
        let kept = sanction(&row.kind, row.until)?.filter(|sanction| sanction.is_in_force(at));
        let Some(sanction) = kept else { return Ok(()) };
        let (sanction, reason) = (Some(sanction), Some(REASON.to_owned()));
        self.sanction(NewSanction { id: entry, user, sanction, reason, by: None, action: None, at }).await
    }
}

impl Store {
    /// Forgets kept sanctions that have run out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_kept_sanctions(&self, now: DateTime<Utc>) -> Result<()> {
        kept_sanction::Entity::delete_many()
            .filter(kept_sanction::Column::Until.lte(now))
            .exec(&self.writer)
            .await?;
        Ok(())
    }
}

impl Snapshot {
    /// What is kept is a sanction, and of nobody who is here: those are under it themselves.
    pub(super) async fn check_kept_sanctions(&self, report: &mut CheckReport) -> Result<()> {
        let kept = kept_sanction::Entity::find().all(&self.conn).await?;
        let Some(key) = key(&self.conn).await? else { return Ok(()) };
        let here =
            account::Entity::find().filter(account::Column::Subject.is_not_null()).all(&self.conn).await?;
        let here: std::collections::HashSet<String> = here
            .into_iter()
            .filter_map(|row| row.issuer.zip(row.subject))
            .map(|(issuer, subject)| digest(&key, &issuer, &subject))
            .collect();
        let mut find = |what: String| {
            report.violations.push(Violation { article: "The table kept_sanction".to_owned(), what });
        };
        for row in kept {
            if !matches!(sanction(&row.kind, row.until), Ok(Some(_))) {
                find(format!("keeps {:?} of somebody, which is no sanction", row.kind));
            }
            if here.contains(&row.person) {
                find("keeps a sanction of somebody who is here".to_owned());
            }
        }
        Ok(())
    }
}

async fn key(conn: &impl ConnectionTrait) -> Result<Option<String>> {
    Ok(setting::Entity::find_by_id(KEY).one(conn).await?.map(|row| row.value))
}

fn digest(key: &str, issuer: &str, subject: &str) -> String {
    let mut digest = Sha256::new();
    for part in [key, issuer, subject] {
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
