//! Verifying what moderators go by: the queues' log and counts, and the sanctions on people.

use std::collections::HashMap;

use entity::{queue_event, queue_log, user, user_sanction};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::page::Sql;
use super::queue_log::kind_of;
use super::{CheckReport, Result, Snapshot, StoreError, Violation};
use crate::domain::queue::{QueueCounts, QueueEvent, QueueName};
use crate::domain::sanction::SanctionKind;

/// Events read at once.
const BATCH: u64 = 1_000;

/// What was read; where it is no version's of this program, that is found.
fn readable<T>(read: Result<T>, found: &mut Vec<String>) -> Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(StoreError::Corrupt(what)) => {
            found.push(format!("can't be read: {what}"));
            Ok(None)
        }
        Err(error @ (StoreError::Database(_) | StoreError::Together(_))) => Err(error),
    }
}

impl Snapshot {
    /// The queues hold what their counts say; the log has no gap, and each event's counts follow from those of
    /// the one before it. What can't be read is named, as everything else that is wrong is.
    pub(super) async fn check_queues(&self, report: &mut CheckReport) -> Result<()> {
        let mut found = Vec::new();
        self.check_unnumbered(&mut found).await?;
        if let Some(kept) = readable(self.queue_counts().await, &mut found)? {
            let counted = self.recount().await?;
            for queue in QueueName::ALL {
                let (kept, counted) = (kept.of(queue), counted.of(queue));
                if kept != counted {
                    found.push(format!("count {kept} in {}; there are {counted}", queue.name()));
                }
            }
        }
        let ends = self.check_numbered(report, &mut found).await?;
        if let Some(head) = readable(self.queue_head().await, &mut found)?
            && ends != head.sequence
        {
            found.push(format!("are at event {}; their log ends with {ends}", head.sequence));
        }
        found.dedup();
        let log = |what| Violation { article: "The moderators' queues".to_owned(), what };
        report.violations.extend(found.into_iter().map(log));
        Ok(())
    }

    /// The numbered part of the log; answers the number that it ends with.
    async fn check_numbered(&self, report: &mut CheckReport, found: &mut Vec<String>) -> Result<i64> {
        let mut last: Option<QueueEvent> = None;
        let mut place = 0;
        loop {
            let rows = self.queue_rows_after(place, BATCH).await?;
            let read = rows.len() as u64;
            report.events += read;
            for row in rows {
                let sequence = row.sequence.unwrap_or(place);
                if place > 0 && sequence != place + 1 {
                    found.push(format!("have no event between {place} and {sequence}"));
                    last = None;
                }
                place = sequence;
                let Some(event) = readable(QueueEvent::try_from(row), found)? else {
                    last = None;
                    continue;
                };
                if let Some(last) = &last {
                    let mut counts = last.counts;
                    counts.take(&event.kind);
                    if event.counts != counts {
                        found.push(format!("say {:?} at event {sequence}; {counts:?} follows", event.counts));
                    }
                }
                last = Some(event);
            }
            if read < BATCH {
                return Ok(place);
            }
        }
    }

    /// Nothing hangs under what is not there: foreign keys see to it, unless somebody worked without them.
    pub(super) async fn check_strays(&self, report: &mut CheckReport) -> Result<()> {
        for (table, column, above) in [
            ("comment", "article_id", "article"),
            ("article_event", "article_id", "article"),
            ("moderation_entry", "comment_id", "comment"),
            ("report", "comment_id", "comment"),
            ("reaction", "comment_id", "comment"),
        ] {
            let sql = Sql::new(&format!(
                "SELECT COUNT(*) AS count FROM {table} WHERE NOT EXISTS \
                 (SELECT 1 FROM {above} WHERE {above}.id = {table}.{column})"
            ));
            let row = self.conn.query_one_raw(sql.build(self.conn.get_database_backend())).await?;
            let count: i64 = row.map_or(Ok(0), |row| row.try_get("", "count"))?;
            if count > 0 {
                let what = format!("has {count} rows whose {above} is not there");
                report.violations.push(Violation { article: format!("The table {table}"), what });
            }
        }
        Ok(())
    }

    /// Events that wait for their number are well-formed: whoever numbers them would stop there otherwise.
    async fn check_unnumbered(&self, found: &mut Vec<String>) -> Result<()> {
        let waiting = queue_event::Entity::find()
            .filter(queue_event::Column::Sequence.is_null())
            .limit(BATCH)
            .all(&self.conn)
            .await?;
        let odd = waiting.iter().filter(|row| kind_of(row).is_err());
        found.extend(odd.map(|row| format!("have an event {} of no kind", row.id)));
        let heads = queue_log::Entity::find().all(&self.conn).await?.len();
        if heads != 1 {
            found.push(format!("have {heads} heads"));
        }
        Ok(())
    }

    async fn recount(&self) -> Result<QueueCounts> {
        let sql = Sql::new(
            r#"SELECT COUNT(CASE WHEN status = 'PENDING' THEN 1 END) AS pending,
             COUNT(CASE WHEN open_reports > 0 THEN 1 END) AS reported,
             COUNT(CASE WHEN status = 'SPAM' THEN 1 END) AS spam,
             COUNT(CASE WHEN status <> 'DELETED' THEN 1 END) AS "all" FROM comment"#,
        );
        let row = self.conn.query_one_raw(sql.build(self.conn.get_database_backend())).await?;
        let Some(row) = row else { return Ok(QueueCounts::default()) };
        Ok(QueueCounts {
            pending: row.try_get("", "pending")?,
            reported: row.try_get("", "reported")?,
            spam: row.try_get("", "spam")?,
            all: row.try_get("", "all")?,
        })
    }

    /// The sanction that holds is the last line of its history.
    pub(super) async fn check_sanctions(&self, report: &mut CheckReport) -> Result<()> {
        let lines =
            user_sanction::Entity::find().order_by_asc(user_sanction::Column::Id).all(&self.conn).await?;
        let last: HashMap<_, _> = lines.into_iter().map(|line| (line.user_id, line)).collect();
        let with_history =
            Query::select().column(user_sanction::Column::UserId).from(user_sanction::Entity).to_owned();
        let sanctioned_or_was = Condition::any()
            .add(user::Column::Sanction.is_not_null())
            .add(user::Column::Id.in_subquery(with_history));
        let people = user::Entity::find().filter(sanctioned_or_was).all(&self.conn).await?;
        for person in people {
            let none = SanctionKind::None.name();
            let says = last.get(&person.id).map_or((none, None), |line| (line.kind.as_str(), line.until));
            let stands = (person.sanction.as_deref().unwrap_or(none), person.sanction_until);
            if says != stands {
                let article = format!("Person {}", person.id);
                let what = format!("is under {}; their history ends with {}", stands.0, says.0);
                report.violations.push(Violation { article, what });
            }
        }
        Ok(())
    }
}
