//! The log that moderators follow. One log of all that happens in the queues has no lock of its own that
//! writers could take without waiting for each other's commits. So a change writes its events unnumbered, in
//! its own transaction; whoever reads the log numbers what it finds first, in short transactions that lock the
//! head alone. Within one comment the order of writing is the order of its changes, which its article's lock
//! puts one after the other; between comments any order is right, and once given it stays.
//!
//! What the queues hold is the head's counts and whatever is not numbered yet: a sum, so it can't drift.

use chrono::{DateTime, Utc};
use entity::{queue_event, queue_log};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::LockType,
};

use super::page::Sql;
use super::rows::unknown;
use super::{Head, Result, Snapshot, Store, StoreError, WriteTx};
use crate::domain::comment::Comment;
use crate::domain::event::LogId;
use crate::domain::ids::{CommentId, UserId};
use crate::domain::moderation::Claim;
use crate::domain::queue::{self, QueueCounts, QueueEvent, QueueEventKind, QueueName};

/// Events numbered in one transaction.
const BATCH: u64 = 500;

impl WriteTx {
    /// Writes what a change of a comment means in the queues.
    pub(super) async fn tell_moderators(
        &self,
        before: Option<&Comment>,
        after: &Comment,
        by: Option<UserId>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        self.append_to_queues(after.id, queue::changes(before, after, by, at), at).await
    }

    /// Writes events of one comment, in order.
    pub(super) async fn append_to_queues(
        &self,
        comment: CommentId,
        kinds: Vec<QueueEventKind>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        if kinds.is_empty() {
            return Ok(());
        }
        let rows = kinds.into_iter().map(|kind| {
            let (actor, until) = match kind {
                QueueEventKind::Left(_, by) => (by, None),
                QueueEventKind::Claimed(Some(claim)) => (Some(claim.by), Some(claim.until)),
                QueueEventKind::Claimed(None) | QueueEventKind::Entered(_) | QueueEventKind::Edited => {
                    (None, None)
                }
            };
            queue_event::ActiveModel {
                kind: Set(kind.name().to_owned()),
                queue: Set(kind.queue().map(|queue| queue.name().to_owned())),
                comment_id: Set(comment.0),
                actor_id: Set(actor.map(|id| id.0)),
                claimed_until: Set(until),
                at: Set(at),
                ..Default::default()
            }
        });
        queue_event::Entity::insert_many(rows).exec_without_returning(&self.conn).await?;
        Ok(())
    }

    /// Numbers some of what is not numbered yet; how many.
    async fn number_some(&self) -> Result<u64> {
        let head = queue_log::Entity::find_by_id(1);
        let head = match self.conn.get_database_backend() {
            DbBackend::Postgres => head.lock(LockType::Update),
            _ => head,
        };
        let mut head = head.one(&self.conn).await?.ok_or_else(no_head)?;
        let rows = queue_event::Entity::find()
            .filter(queue_event::Column::Sequence.is_null())
            .order_by_asc(queue_event::Column::Id)
            .limit(BATCH)
            .all(&self.conn)
            .await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let numbered = rows.len() as u64;
        let mut counts = counts_of(&head);
        let mut sql =
            Sql::new(r#"WITH numbered(id, sequence, at, pending, reported, spam, "all") AS (VALUES "#);
        let mut values = Vec::with_capacity(rows.len());
        for row in rows {
            head.sequence += 1;
            // Clocks of several nodes differ: time within the log never runs backwards.
            let at = head.at.map_or(row.at, |last| row.at.max(last));
            head.at = Some(at);
            counts.take(&kind_of(&row)?);
            let numbers = [row.id, head.sequence].map(|number| sql.bind(number));
            let at = sql.bind(at);
            let counted = QueueName::ALL.map(|queue| sql.bind(counts.of(queue)));
            values.push(format!("({}, {at}, {})", numbers.join(", "), counted.join(", ")));
        }
        sql.push(&values.join(", ")).push(
            r#") UPDATE queue_event SET sequence = numbered.sequence, at = numbered.at, pending = numbered.pending,
             reported = numbered.reported, spam = numbered.spam, "all" = numbered."all"
             FROM numbered WHERE queue_event.id = numbered.id"#,
        );
        self.conn.execute_raw(sql.build(self.conn.get_database_backend())).await?;
        let row = queue_log::ActiveModel {
            id: Set(1),
            sequence: Set(head.sequence),
            at: Set(head.at),
            pending: Set(counts.pending),
            reported: Set(counts.reported),
            spam: Set(counts.spam),
            all: Set(counts.all),
        };
        queue_log::Entity::update(row).exec(&self.conn).await?;
        Ok(numbered)
    }
}

impl Store {
    /// Numbers the events that were committed before this call.
    ///
    /// # Errors
    /// The database failed.
    pub async fn number_queue_events(&self) -> Result<()> {
        // Asked first: most of the time there is nothing to do, and asking holds nobody up.
        while self.latest().has_unnumbered().await? {
            let tx = self.write().await?;
            let numbered = tx.number_some().await?;
            tx.commit().await?;
            if numbered < BATCH {
                break;
            }
        }
        Ok(())
    }

    /// Deletes numbered events older than `before`, except the last, at most `limit` at a time. Returns how
    /// many went.
    ///
    /// # Errors
    /// The database failed.
    pub async fn trim_queue_events(&self, before: DateTime<Utc>, limit: u64) -> Result<u64> {
        let mut sql = Sql::new(
            "DELETE FROM queue_event WHERE id IN (SELECT e.id FROM queue_event AS e JOIN queue_log AS l ON l.id = 1 \
             WHERE e.sequence < l.sequence AND e.at < ",
        );
        let before = sql.bind(before);
        let limit = sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        sql.push(&before).push(" ORDER BY e.sequence LIMIT ").push(&limit).push(")");
        Ok(self.writer.execute_raw(sql.build(self.backend())).await?.rows_affected())
    }
}

impl Snapshot {
    async fn has_unnumbered(&self) -> Result<bool> {
        let sql = Sql::new("SELECT id FROM queue_event WHERE sequence IS NULL LIMIT 1");
        Ok(self.conn.query_one_raw(sql.build(self.conn.get_database_backend())).await?.is_some())
    }

    /// How far the moderators' log is numbered.
    ///
    /// # Errors
    /// The database failed.
    pub async fn queue_head(&self) -> Result<Head> {
        let head = queue_log::Entity::find_by_id(1).one(&self.conn).await?.ok_or_else(no_head)?;
        Ok(Head { log: LogId::Queues, sequence: head.sequence, at: head.at })
    }

    /// At most `limit` events of the moderators' log after a sequence, in order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn queue_events_after(&self, sequence: i64, limit: u64) -> Result<Vec<QueueEvent>> {
        self.queue_rows_after(sequence, limit).await?.into_iter().map(QueueEvent::try_from).collect()
    }

    /// [`Snapshot::queue_events_after`], as they stand in the table.
    pub(super) async fn queue_rows_after(
        &self,
        sequence: i64,
        limit: u64,
    ) -> Result<Vec<queue_event::Model>> {
        let rows = queue_event::Entity::find()
            .filter(queue_event::Column::Sequence.gt(sequence))
            .order_by_asc(queue_event::Column::Sequence)
            .limit(limit);
        Ok(rows.all(&self.conn).await?)
    }

    /// What every queue holds, in one statement.
    ///
    /// # Errors
    /// The database failed.
    pub async fn queue_counts(&self) -> Result<QueueCounts> {
        let sql = Sql::new(
            r#"SELECT l.pending, l.reported, l.spam, l."all", e.queue, e.kind, e.events FROM queue_log AS l LEFT JOIN
             (SELECT queue, kind, COUNT(*) AS events FROM queue_event WHERE sequence IS NULL AND queue IS NOT NULL
             GROUP BY queue, kind) AS e ON 1 = 1 WHERE l.id = 1"#,
        );
        let rows = self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await?;
        let first = rows.first().ok_or_else(no_head)?;
        let mut counts = QueueCounts {
            pending: first.try_get("", "pending")?,
            reported: first.try_get("", "reported")?,
            spam: first.try_get("", "spam")?,
            all: first.try_get("", "all")?,
        };
        for row in rows {
            let (queue, kind): (Option<String>, Option<String>) =
                (row.try_get("", "queue")?, row.try_get("", "kind")?);
            let (Some(queue), Some(kind)) = (queue, kind) else { continue };
            let events: i64 = row.try_get("", "events")?;
            let queue = QueueName::from_name(&queue).ok_or_else(|| unknown("queue", &queue))?;
            counts.add(queue, if kind == "LEFT" { -events } else { events });
        }
        Ok(counts)
    }
}

fn no_head() -> StoreError {
    StoreError::Corrupt("the moderators' log has no head".into())
}

fn counts_of(head: &queue_log::Model) -> QueueCounts {
    QueueCounts { pending: head.pending, reported: head.reported, spam: head.spam, all: head.all }
}

pub(super) fn kind_of(row: &queue_event::Model) -> Result<QueueEventKind> {
    let queue = || {
        let name = row.queue.as_deref().unwrap_or_default();
        QueueName::from_name(name).ok_or_else(|| unknown("queue", name))
    };
    Ok(match row.kind.as_str() {
        "ENTERED" => QueueEventKind::Entered(queue()?),
        "LEFT" => QueueEventKind::Left(queue()?, row.actor_id.map(UserId)),
        "CLAIMED" => QueueEventKind::Claimed(
            row.actor_id.zip(row.claimed_until).map(|(by, until)| Claim { by: UserId(by), until }),
        ),
        "RELEASED" => QueueEventKind::Claimed(None),
        "EDITED" => QueueEventKind::Edited,
        other => return Err(unknown("queue event", other)),
    })
}

impl TryFrom<queue_event::Model> for QueueEvent {
    type Error = StoreError;

    fn try_from(row: queue_event::Model) -> Result<Self> {
        let kind = kind_of(&row)?;
        let missing = || StoreError::Corrupt(format!("queue event {} is numbered in part", row.id));
        let counted = |count: Option<i64>| count.ok_or_else(missing);
        Ok(Self {
            sequence: counted(row.sequence)?,
            at: row.at,
            comment_id: CommentId(row.comment_id),
            kind,
            counts: QueueCounts {
                pending: counted(row.pending)?,
                reported: counted(row.reported)?,
                spam: counted(row.spam)?,
                all: counted(row.all)?,
            },
        })
    }
}
