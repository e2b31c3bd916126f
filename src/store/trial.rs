//! What a trial of rules reads: the last comments, and what came before them, in a fixed number of bounded statements.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::comments::{COLUMNS, JOIN_AUTHOR, fetch};
use super::page::Sql;
use super::{Result, Snapshot};
use crate::domain::comment::{Comment, CommentStatus};
use crate::domain::ids::{ArticleId, CommentId, UserId};
use crate::domain::rules::TextDigest;
use crate::domain::rules::settings::Settings;
use crate::domain::rules::trial::{Past, Said};

/// Rows of the past that are read for one trial; beyond them, a trial knows less of it.
const PAST_MAX: i64 = 50_000;

impl Snapshot {
    /// The last comments that still have their words, the latest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn last_comments(&self, article: Option<ArticleId>, limit: u32) -> Result<Vec<Comment>> {
        let mut sql =
            Sql::new(&format!("SELECT {COLUMNS} FROM comment{JOIN_AUTHOR} WHERE comment.status <> "));
        let deleted = sql.bind(CommentStatus::Deleted.name());
        sql.push(&deleted);
        if let Some(article) = article {
            let article = sql.bind(article.0);
            sql.push(&format!(" AND comment.article_id = {article}"));
        }
        let limit = sql.bind(i64::from(limit));
        // Ids follow time.
        sql.push(&format!(" ORDER BY comment.id DESC LIMIT {limit}"));
        fetch(&self.conn, sql).await?.into_iter().map(Comment::try_from).collect()
    }

    /// What came before the comments of a trial, as far as the rules look back.
    ///
    /// # Errors
    /// The database failed.
    pub async fn past_of(
        &self,
        comments: &[Comment],
        texts: &[TextDigest],
        settings: &Settings,
    ) -> Result<Past> {
        let mut people: Vec<Uuid> =
            comments.iter().filter_map(|comment| comment.author.as_ref().map(|author| author.id.0)).collect();
        people.sort_unstable();
        people.dedup();
        let Some(earliest) = comments.iter().map(|comment| comment.created_at).min() else {
            return Ok(Past::default());
        };
        let since = |minutes: u32| earliest - Duration::minutes(i64::from(minutes));
        Ok(Past {
            sent: self.sent_by(&people, since(settings.rate.minutes)).await?,
            published: self.first_published(&people, settings.newcomers.approved).await?,
            said: self.said(texts, since(settings.repeats.minutes)).await?,
        })
    }

    async fn sent_by(
        &self,
        people: &[Uuid],
        since: DateTime<Utc>,
    ) -> Result<HashMap<UserId, Vec<DateTime<Utc>>>> {
        let mut sql = Sql::new("SELECT author_id, created_at AS at FROM comment WHERE created_at > ");
        let since = sql.bind(since);
        let people = sql.bind_all(people.iter().copied());
        let limit = sql.bind(PAST_MAX);
        sql.push(&format!("{since} AND author_id IN ({people}) ORDER BY created_at DESC LIMIT {limit}"));
        self.times(sql).await
    }

    async fn first_published(
        &self,
        people: &[Uuid],
        each: u32,
    ) -> Result<HashMap<UserId, Vec<DateTime<Utc>>>> {
        let mut sql = Sql::new(
            "SELECT author_id, at FROM (SELECT author_id, first_published_at AS at, ROW_NUMBER() OVER \
             (PARTITION BY author_id ORDER BY first_published_at) AS place FROM comment \
             WHERE first_published_at IS NOT NULL AND author_id IN (",
        );
        let people = sql.bind_all(people.iter().copied());
        let (each, limit) = (sql.bind(i64::from(each)), sql.bind(PAST_MAX));
        sql.push(&format!("{people})) AS firsts WHERE place <= {each} LIMIT {limit}"));
        self.times(sql).await
    }

    async fn times(&self, sql: Sql) -> Result<HashMap<UserId, Vec<DateTime<Utc>>>> {
        let mut times: HashMap<UserId, Vec<DateTime<Utc>>> = HashMap::new();
        for row in self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await? {
            times.entry(UserId(row.try_get("", "author_id")?)).or_default().push(row.try_get("", "at")?);
        }
        Ok(times)
    }

    async fn said(&self, texts: &[TextDigest], since: DateTime<Utc>) -> Result<Vec<Said>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql =
            Sql::new("SELECT comment_id, author_id, at, text_digest FROM submission_mark WHERE at > ");
        let since = sql.bind(since);
        let texts = sql.bind_all(texts.iter().map(|text| text.0.to_vec()));
        let limit = sql.bind(PAST_MAX);
        sql.push(&format!("{since} AND text_digest IN ({texts}) ORDER BY at DESC LIMIT {limit}"));
        let mut said = Vec::new();
        for row in self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await? {
            let digest: Vec<u8> = row.try_get("", "text_digest")?;
            if let Ok(bytes) = digest.try_into() {
                said.push(Said {
                    comment: CommentId(row.try_get("", "comment_id")?),
                    author: UserId(row.try_get("", "author_id")?),
                    at: row.try_get("", "at")?,
                    text: TextDigest(bytes),
                });
            }
        }
        Ok(said)
    }
}
