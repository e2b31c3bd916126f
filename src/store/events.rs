//! The event log: one per article, numbered under the article's row lock, so that the order of numbers is
//! the order of commits and there are no gaps.

use chrono::{DateTime, Utc};
use entity::{article, article_event};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::page::Sql;
use super::reactions::counts_to_json;
use super::{Result, Snapshot, Store, WriteTx};
use crate::domain::article::Article;
use crate::domain::cursor::FeedCursor;
use crate::domain::event::{ArticleEvent, Event, EventKind, LogId, ResetReason};
use crate::domain::ids::ArticleId;

/// How far a log has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Which log.
    pub log: LogId,
    /// The last event; 0 before the first.
    pub sequence: i64,
    /// When it happened.
    pub at: Option<DateTime<Utc>>,
}

impl Head {
    /// The cursor of somebody who has seen everything.
    #[must_use]
    pub fn cursor(&self) -> FeedCursor {
        FeedCursor::at(self.log, self.sequence, self.at)
    }
}

/// What a log has after a cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EventsAfter {
    /// The events, in sequence; fewer than asked for: there are no more.
    Events(Vec<Event>),
    /// The cursor has no place in this log: start over from a query.
    Reset(ResetReason),
}

impl WriteTx {
    /// Appends events to the log of an article that this write has locked, and writes the article's count
    /// with them. `article` is brought up to date.
    pub(super) async fn append(
        &self,
        article: &mut Article,
        kinds: Vec<EventKind>,
        comment_count: i32,
        at: DateTime<Utc>,
    ) -> Result<()> {
        // Clocks of several nodes differ: time within a log never runs backwards.
        let at = article.sequence_at.map_or(at, |last| at.max(last));
        let mut rows = Vec::with_capacity(kinds.len());
        for kind in kinds {
            article.sequence += 1;
            let (reply_count, reactions) = match &kind {
                EventKind::CountsChanged { reply_count, reactions, .. } => {
                    (Some(*reply_count), Some(counts_to_json(reactions)))
                }
                EventKind::Comment(..) | EventKind::ArticleUpdated | EventKind::CommentingChanged => {
                    (None, None)
                }
            };
            rows.push(article_event::ActiveModel {
                article_id: Set(article.id.0),
                sequence: Set(article.sequence),
                kind: Set(kind.name().to_owned()),
                comment_id: Set(kind.comment_id().map(|id| id.0)),
                comment_count: Set(comment_count),
                reply_count: Set(reply_count),
                reactions: Set(reactions),
                at: Set(at),
            });
        }
        article_event::Entity::insert_many(rows).exec_without_returning(&self.conn).await?;
        article.comment_count = comment_count;
        article.sequence_at = Some(at);
        let head = article::ActiveModel {
            comment_count: Set(comment_count),
            sequence: Set(article.sequence),
            sequence_at: Set(Some(at)),
            ..Default::default()
        };
        article::Entity::update_many()
            .set(head)
            .filter(article::Column::Id.eq(article.id.0))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Appends an event that is about the article itself.
    ///
    /// # Errors
    /// The database failed.
    pub async fn append_article_event(
        &self,
        article: &mut Article,
        kind: EventKind,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let count = article.comment_count;
        self.append(article, vec![kind], count, at).await
    }
}

impl Snapshot {
    /// How far the logs of several articles have come, in one statement.
    ///
    /// # Errors
    /// The database failed.
    pub async fn heads(&self, articles: &[ArticleId]) -> Result<Vec<Head>> {
        let mut heads = Vec::with_capacity(articles.len());
        // SQLite takes 32,766 values in a statement, PostgreSQL 65,535.
        for articles in articles.chunks(30_000) {
            let mut sql = Sql::new("SELECT id, sequence, sequence_at FROM article WHERE id IN (");
            let places = sql.bind_all(articles.iter().map(|id| id.0));
            sql.push(&places).push(")");
            for row in self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await? {
                heads.push(Head {
                    log: LogId::Article(ArticleId(row.try_get("", "id")?)),
                    sequence: row.try_get("", "sequence")?,
                    at: row.try_get("", "sequence_at")?,
                });
            }
        }
        Ok(heads)
    }

    /// How far a log has come; `None`: there is no such article.
    ///
    /// # Errors
    /// The database failed.
    pub async fn head(&self, log: LogId) -> Result<Option<Head>> {
        match log {
            LogId::Article(article) => Ok(self.heads(&[article]).await?.pop()),
            LogId::Queues => self.queue_head().await.map(Some),
        }
    }

    /// At most `limit` events of a log after a sequence, in order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn events_after_sequence(&self, log: LogId, sequence: i64, limit: u64) -> Result<Vec<Event>> {
        Ok(match log {
            LogId::Article(article) => {
                let events = self.article_events_after(article, sequence, limit).await?;
                events.into_iter().map(Event::Article).collect()
            }
            LogId::Queues => {
                let events = self.queue_events_after(sequence, limit).await?;
                events.into_iter().map(Event::Queue).collect()
            }
        })
    }

    async fn article_events_after(
        &self,
        article: ArticleId,
        sequence: i64,
        limit: u64,
    ) -> Result<Vec<ArticleEvent>> {
        article_event::Entity::find()
            .filter(article_event::Column::ArticleId.eq(article.0))
            .filter(article_event::Column::Sequence.gt(sequence))
            .order_by_asc(article_event::Column::Sequence)
            .limit(limit)
            .all(&self.conn)
            .await?
            .into_iter()
            .map(ArticleEvent::try_from)
            .collect()
    }

    /// Whether a cursor has a place in its log, given the log's head: the event that it names is
    /// the one that is there, and everything after it still is too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn placement(&self, head: &Head, cursor: &FeedCursor) -> Result<Option<ResetReason>> {
        if *cursor == head.cursor() {
            return Ok(None);
        }
        if cursor.sequence >= head.sequence {
            return Ok(Some(ResetReason::Restored));
        }
        let around = self.events_after_sequence(cursor.log, cursor.sequence - 1, 2).await?;
        let find = |sequence| around.iter().find(|event| event.sequence() == sequence);
        let named = find(cursor.sequence);
        Ok(match (named, find(cursor.sequence + 1)) {
            (Some(event), _) if event.at().timestamp_micros() != cursor.at_micros => {
                Some(ResetReason::Restored)
            }
            (_, None) => Some(ResetReason::Trimmed),
            (_, Some(_)) => None,
        })
    }

    /// At most `limit` events after a cursor.
    ///
    /// # Errors
    /// The database failed.
    pub async fn events_after(&self, head: &Head, cursor: &FeedCursor, limit: u64) -> Result<EventsAfter> {
        if let Some(reason) = self.placement(head, cursor).await? {
            return Ok(EventsAfter::Reset(reason));
        }
        let events = self.events_after_sequence(cursor.log, cursor.sequence, limit).await?;
        Ok(EventsAfter::Events(events))
    }
}

impl Store {
    /// How far several logs have come: one statement for all articles, and for the queues what numbering
    /// takes.
    ///
    /// # Errors
    /// The database failed.
    pub async fn heads(&self, logs: &[LogId]) -> Result<Vec<Head>> {
        let article = |log: &LogId| match log {
            LogId::Article(id) => Some(*id),
            LogId::Queues => None,
        };
        let articles: Vec<ArticleId> = logs.iter().filter_map(article).collect();
        let mut heads = self.latest().heads(&articles).await?;
        if logs.contains(&LogId::Queues) {
            // A store that takes no writes still tells how far everything has come.
            if let Err(error) = self.settle(LogId::Queues).await {
                tracing::warn!(%error, "numbering the moderators' log failed; trying again");
            }
            heads.push(self.latest().queue_head().await?);
        }
        Ok(heads)
    }

    /// Makes sure that every event of a log that is committed has its number.
    ///
    /// # Errors
    /// The database failed.
    pub async fn settle(&self, log: LogId) -> Result<()> {
        match log {
            LogId::Article(_) => Ok(()),
            LogId::Queues => self.number_queue_events().await,
        }
    }

    /// Forgets events older than `before`, except the last of each log, at most `limit` at a time.
    /// Returns how many went.
    ///
    /// # Errors
    /// The database failed.
    pub async fn trim_events(&self, before: DateTime<Utc>, limit: u64) -> Result<u64> {
        let mut sql = Sql::new(
            "DELETE FROM article_event WHERE (article_id, sequence) IN (SELECT e.article_id, e.sequence \
             FROM article_event AS e JOIN article AS a ON a.id = e.article_id WHERE e.sequence < a.sequence AND e.at < ",
        );
        let before = sql.bind(before);
        // Oldest first: what is left of a log is always its end, without a hole.
        sql.push(&before).push(" ORDER BY e.at, e.sequence LIMIT ");
        let limit = sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        sql.push(&limit).push(")");
        Ok(self.writer.execute_raw(sql.build(self.backend())).await?.rows_affected())
    }
}
