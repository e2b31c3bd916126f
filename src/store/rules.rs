//! What a newsroom sets of the rules, and what the rules remember of submissions.

use chrono::{DateTime, Utc};
use entity::{moderation_rules, submission_mark};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::page::Sql;
use super::{Result, Snapshot, Store, StoreError, WriteTx};
use crate::domain::comment::CommentStatus;
use crate::domain::ids::{ArticleId, CommentId, UserId};
use crate::domain::rules::{Facts, Layer, TextDigest};

/// Whose rules.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RuleScope {
    /// The site's.
    Site,
    /// An article's own.
    Article(ArticleId),
}

impl RuleScope {
    const fn id(self) -> Uuid {
        match self {
            Self::Site => Uuid::nil(),
            Self::Article(ArticleId(id)) => id,
        }
    }
}

/// A layer of rules as it is stored.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StoredLayer {
    /// Rises with each change; 0: nothing was set yet.
    pub revision: i32,
    /// What is set.
    pub layer: Layer,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// By whom; `None` once the account is gone.
    pub updated_by: Option<UserId>,
}

/// Where a submission came from, as far as the rules remember: a digest that only this installation can make.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AddressDigest(pub [u8; 16]);

/// What the rules ask of the past. A limit of 0 asks nothing; counts stop at their limits.
#[derive(Clone, Copy, Debug)]
pub struct FactsWanted {
    /// About whom.
    pub author: UserId,
    /// The person's comments since then, and up to how many.
    pub person: (DateTime<Utc>, u32),
    /// The address's likewise.
    pub address: Option<(AddressDigest, DateTime<Utc>, u32)>,
    /// The same text since then, and up to how many of others'.
    pub text: Option<(TextDigest, DateTime<Utc>, u32)>,
    /// The person's approved comments, up to how many.
    pub approved: u32,
}

/// What the rules remember of a submission.
#[derive(Clone, Copy, Debug)]
pub struct NewMark {
    /// Which comment it became.
    pub comment: CommentId,
    /// Whose.
    pub author: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// Of its text.
    pub text: Option<TextDigest>,
    /// Of where it came from.
    pub address: Option<AddressDigest>,
}

impl Snapshot {
    /// The revisions of the site's rules and of an article's own, in one cheap statement; 0 for none.
    ///
    /// # Errors
    /// The database failed.
    pub async fn rule_revisions(&self, article: Option<ArticleId>) -> Result<(i32, i32)> {
        let scopes = [RuleScope::Site].into_iter().chain(article.map(RuleScope::Article)).map(RuleScope::id);
        let rows: Vec<(Uuid, i32)> = moderation_rules::Entity::find()
            .select_only()
            .columns([moderation_rules::Column::ScopeId, moderation_rules::Column::Revision])
            .filter(moderation_rules::Column::ScopeId.is_in(scopes))
            .into_tuple()
            .all(&self.conn)
            .await?;
        let of = |id: Uuid| rows.iter().find(|(scope, _)| *scope == id).map_or(0, |(_, revision)| *revision);
        Ok((of(Uuid::nil()), article.map_or(0, |article| of(article.0))))
    }

    /// What is set; the empty layer of revision 0 where nothing was.
    ///
    /// # Errors
    /// The database failed.
    pub async fn rule_layer(&self, scope: RuleScope) -> Result<StoredLayer> {
        let row = moderation_rules::Entity::find_by_id(scope.id()).one(&self.conn).await?;
        row.map_or_else(|| Ok(StoredLayer::default()), StoredLayer::try_from)
    }

    ///
    /// # Errors
    /// The database failed.
    pub async fn submission_facts(&self, wanted: &FactsWanted) -> Result<Facts> {
        facts(&self.conn, wanted).await
    }
}

impl WriteTx {
    /// Takes a person's submissions in turn, on whatever node they arrive: what is counted of the past holds until this
    /// write ends. Locked before any article. Returns whether there is such a person.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_turn(&self, author: UserId) -> Result<bool> {
        let mut sql = Sql::new(r#"SELECT id FROM "user" WHERE id = "#);
        let id = sql.bind(author.0);
        sql.push(&id);
        if self.conn.get_database_backend() == DbBackend::Postgres {
            sql.push(" FOR NO KEY UPDATE");
        }
        Ok(self.conn.query_one_raw(sql.build(self.conn.get_database_backend())).await?.is_some())
    }

    /// What came before a submission, in one statement.
    ///
    /// # Errors
    /// The database failed.
    pub async fn submission_facts(&self, wanted: &FactsWanted) -> Result<Facts> {
        facts(&self.conn, wanted).await
    }

    /// Remembers a submission for the rules.
    ///
    /// # Errors
    /// The database failed.
    pub async fn mark_submission(&self, mark: NewMark) -> Result<()> {
        let row = submission_mark::ActiveModel {
            comment_id: Set(mark.comment.0),
            author_id: Set(mark.author.0),
            at: Set(mark.at),
            text_digest: Set(mark.text.map(|digest| digest.0.to_vec())),
            address_digest: Set(mark.address.map(|digest| digest.0.to_vec())),
        };
        submission_mark::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(())
    }

    /// Remembers a comment by the words that it has now: what it said before an edit, nobody repeats any more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn mark_edit(&self, comment: CommentId, text: Option<TextDigest>) -> Result<()> {
        let row = submission_mark::ActiveModel {
            text_digest: Set(text.map(|digest| digest.0.to_vec())),
            ..Default::default()
        };
        submission_mark::Entity::update_many()
            .set(row)
            .filter(submission_mark::Column::CommentId.eq(comment.0))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// What is set, as of this write.
    ///
    /// # Errors
    /// The database failed.
    pub async fn rule_layer(&self, scope: RuleScope) -> Result<StoredLayer> {
        let row = moderation_rules::Entity::find_by_id(scope.id()).one(&self.conn).await?;
        row.map_or_else(|| Ok(StoredLayer::default()), StoredLayer::try_from)
    }

    /// Writes a layer over the one of the revision before. Returns whether that one was still there: of two writers at
    /// once, one is told no, or meets [`StoreError::is_duplicate`].
    ///
    /// # Errors
    /// The database failed.
    pub async fn set_rule_layer(&self, scope: RuleScope, new: &StoredLayer) -> Result<bool> {
        let json = serde_json::to_string(&new.layer)
            .map_err(|error| StoreError::Corrupt(format!("rules: {error}")))?;
        let row = moderation_rules::ActiveModel {
            scope_id: Set(scope.id()),
            revision: Set(new.revision),
            rules: Set(json),
            updated_at: Set(new.updated_at.unwrap_or_default()),
            updated_by: Set(new.updated_by.map(|id| id.0)),
        };
        if new.revision == 1 {
            moderation_rules::Entity::insert(row).exec_without_returning(&self.conn).await?;
            return Ok(true);
        }
        let written = moderation_rules::Entity::update_many()
            .set(row)
            .filter(moderation_rules::Column::ScopeId.eq(scope.id()))
            .filter(moderation_rules::Column::Revision.eq(new.revision - 1))
            .exec(&self.conn)
            .await?;
        Ok(written.rows_affected > 0)
    }
}

impl Store {
    /// Forgets marks older than `before`, at most `limit` at a time. Returns how many went.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_marks(&self, before: DateTime<Utc>, limit: u64) -> Result<u64> {
        let mut sql = Sql::new(
            "DELETE FROM submission_mark WHERE comment_id IN (SELECT comment_id FROM submission_mark WHERE at < ",
        );
        let (before, limit) = (sql.bind(before), sql.bind(i64::try_from(limit).unwrap_or(i64::MAX)));
        sql.push(&format!("{before} ORDER BY at LIMIT {limit})"));
        Ok(self.writer.execute_raw(sql.build(self.backend())).await?.rows_affected())
    }
}

impl TryFrom<moderation_rules::Model> for StoredLayer {
    type Error = StoreError;

    fn try_from(row: moderation_rules::Model) -> Result<Self> {
        let layer = serde_json::from_str(&row.rules)
            .map_err(|error| StoreError::Corrupt(format!("rules of {}: {error}", row.scope_id)))?;
        Ok(Self {
            revision: row.revision,
            layer,
            updated_at: Some(row.updated_at),
            updated_by: row.updated_by.map(UserId),
        })
    }
}

async fn facts(conn: &impl ConnectionTrait, wanted: &FactsWanted) -> Result<Facts> {
    let mut sql = Sql::new("SELECT ");
    let author = sql.bind(wanted.author.0);
    let since = sql.bind(wanted.person.0);
    count(
        &mut sql,
        "by_person",
        "submission_mark",
        &format!("author_id = {author} AND at > {since}"),
        wanted.person.1,
    );
    if let Some((digest, since, limit)) = wanted.address {
        let (digest, since) = (sql.bind(digest.0.to_vec()), sql.bind(since));
        sql.push(", ");
        count(
            &mut sql,
            "from_address",
            "submission_mark",
            &format!("address_digest = {digest} AND at > {since}"),
            limit,
        );
    }
    if let Some((digest, since, limit)) = wanted.text {
        let (digest, since) = (sql.bind(digest.0.to_vec()), sql.bind(since));
        let same = format!("text_digest = {digest} AND at > {since} AND author_id");
        sql.push(", ");
        count(&mut sql, "own_repeats", "submission_mark", &format!("{same} = {author}"), 1);
        sql.push(", ");
        count(&mut sql, "others_repeats", "submission_mark", &format!("{same} <> {author}"), limit);
    }
    let approved = sql.bind(CommentStatus::Approved.name());
    sql.push(", ");
    count(
        &mut sql,
        "approved",
        "comment",
        &format!("author_id = {author} AND status = {approved}"),
        wanted.approved,
    );
    let row = conn.query_one_raw(sql.build(conn.get_database_backend())).await?;
    let row = row.ok_or_else(|| StoreError::Corrupt("a SELECT without FROM gave no row".to_owned()))?;
    let counted = |column: &str| -> Result<u32> {
        let count: i64 = row.try_get("", column)?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    };
    Ok(Facts {
        by_person: counted("by_person")?,
        from_address: if wanted.address.is_some() { counted("from_address")? } else { 0 },
        own_repeats: if wanted.text.is_some() { counted("own_repeats")? } else { 0 },
        others_repeats: if wanted.text.is_some() { counted("others_repeats")? } else { 0 },
        approved: counted("approved")?,
        hook: None,
    })
}

/// A count that stops at `limit`: what comes after makes no difference to a rule.
fn count(sql: &mut Sql, name: &str, table: &str, condition: &str, limit: u32) {
    let limit = sql.bind(i64::from(limit));
    sql.push(&format!(
        "(SELECT COUNT(*) FROM (SELECT 1 AS one FROM {table} WHERE {condition} LIMIT {limit}) AS counted) AS {name}"
    ));
}
