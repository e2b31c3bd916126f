//! What moderation came to, counted from its record. Four statements, however long the period is and however
//! much happened in it; the databases differ in how they read a time as a number and a list out of JSON, no more.

use chrono::Duration;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};

use super::page::Sql;
use super::rows::user;
use super::{Result, Snapshot};
use crate::domain::statistics::{Decisions, ModeratorTally, Period, RuleTally, Statistics, Tally, Waits};

/// Rules, and moderators, that one answer lists: those with the most.
const LISTED: i64 = 50;

/// Lines of the record that a moderator's decision wrote.
const DECIDED: &str = "entry.action IN ('APPROVED', 'REJECTED', 'MARKED_SPAM')";

/// Three sums of decisions.
const SUMS: &str = "SUM(CASE WHEN entry.action = 'APPROVED' THEN 1 ELSE 0 END) AS approved, \
     SUM(CASE WHEN entry.action = 'REJECTED' THEN 1 ELSE 0 END) AS rejected, \
     SUM(CASE WHEN entry.action = 'MARKED_SPAM' THEN 1 ELSE 0 END) AS spam";

impl Snapshot {
    /// What moderation came to in a period.
    ///
    /// # Errors
    /// The database failed.
    pub async fn statistics(&self, period: Period) -> Result<Statistics> {
        let slices = usize::try_from(period.slices()).unwrap_or(0);
        let mut statistics = Statistics {
            period,
            total: Tally::default(),
            slices: vec![Tally::default(); slices],
            rules: Vec::new(),
            moderators: Vec::new(),
        };
        self.tally(&mut statistics).await?;
        self.waits(&mut statistics).await?;
        statistics.rules = self.rules_that_held(&period).await?;
        statistics.moderators = self.moderators_who_decided(&period).await?;
        Ok(statistics)
    }

    async fn tally(&self, statistics: &mut Statistics) -> Result<()> {
        let mut sql = Sql::new("SELECT ");
        let slice = self.slice(&mut sql, &statistics.period);
        sql.push(&format!(
            "{slice} AS slice, SUM(CASE WHEN entry.action = 'SUBMITTED' THEN 1 ELSE 0 END) AS submitted, \
             SUM(CASE WHEN entry.action = 'SUBMITTED' AND entry.to_status = 'PENDING' THEN 1 ELSE 0 END) AS held, \
             {SUMS} FROM moderation_entry AS entry WHERE "
        ));
        within(&mut sql, &statistics.period);
        sql.push(" GROUP BY 1");
        for row in self.rows(sql).await? {
            let Some(tally) = slice_of(&row, &mut statistics.slices)? else { continue };
            tally.submitted = row.try_get("", "submitted")?;
            tally.held = row.try_get("", "held")?;
            tally.decisions = decisions(&row)?;
            let (tally, total) = (*tally, &mut statistics.total);
            total.submitted += tally.submitted;
            total.held += tally.held;
            total.decisions.approved += tally.decisions.approved;
            total.decisions.rejected += tally.decisions.rejected;
            total.decisions.spam += tally.decisions.spam;
        }
        Ok(())
    }

    /// A wait is from when a comment last began to wait until somebody decided; by the nearest rank, for each slice
    /// and for all of them.
    async fn waits(&self, statistics: &mut Statistics) -> Result<()> {
        let mut sql = Sql::new("WITH waits AS (SELECT ");
        let slice = self.slice(&mut sql, &statistics.period);
        let (until, since) = (self.seconds("entry.at"), self.seconds("began.at"));
        sql.push(&format!(
            "{slice} AS slice, {until} - (SELECT MAX({since}) FROM moderation_entry AS began \
             WHERE began.comment_id = entry.comment_id AND began.to_status = 'PENDING' AND began.at <= entry.at \
             AND (began.from_status IS NULL OR began.from_status <> 'PENDING')) AS waited \
             FROM moderation_entry AS entry WHERE entry.from_status = 'PENDING' AND {DECIDED} AND "
        ));
        within(&mut sql, &statistics.period);
        sql.push(
            "), ranked AS (SELECT slice, waited, \
             ROW_NUMBER() OVER (PARTITION BY slice ORDER BY waited) AS place, COUNT(*) OVER (PARTITION BY slice) AS number, \
             ROW_NUMBER() OVER (ORDER BY waited) AS total_place, COUNT(*) OVER () AS total_number \
             FROM waits WHERE waited IS NOT NULL) SELECT slice, MAX(number) AS number, MAX(total_number) AS total_number",
        );
        for (name, prefix, percent) in
            [("p50", "", 50), ("p90", "", 90), ("total_p50", "total_", 50), ("total_p90", "total_", 90)]
        {
            sql.push(&format!(
                ", MAX(CASE WHEN {prefix}place = ({prefix}number * {percent} + 99) / 100 THEN waited END) AS {name}"
            ));
        }
        sql.push(" FROM ranked GROUP BY slice");
        let mut total = Waits::default();
        for row in self.rows(sql).await? {
            let wait = |name: &str| -> Result<Option<Duration>> {
                Ok(row.try_get::<Option<i64>>("", name)?.map(Duration::seconds))
            };
            total.count = row.try_get("", "total_number")?;
            // The one row of a rank lies in one slice.
            total.p50 = wait("total_p50")?.unwrap_or(total.p50);
            total.p90 = wait("total_p90")?.unwrap_or(total.p90);
            let (count, p50, p90) = (row.try_get("", "number")?, wait("p50")?, wait("p90")?);
            if let Some(tally) = slice_of(&row, &mut statistics.slices)? {
                tally.waits = p50.zip(p90).map(|(p50, p90)| Waits { count, p50, p90 });
            }
        }
        statistics.total.waits = (total.count > 0).then_some(total);
        Ok(())
    }

    async fn rules_that_held(&self, period: &Period) -> Result<Vec<RuleTally>> {
        let (name, list) = match self.conn.get_database_backend() {
            DbBackend::Postgres => (
                "trace.value ->> 0",
                "CROSS JOIN LATERAL json_array_elements(CAST(comment.held_because AS json)) AS trace(value)",
            ),
            _ => ("json_extract(trace.value, '$[0]')", "JOIN json_each(comment.held_because) AS trace"),
        };
        let mut sql = Sql::new(&format!(
            "SELECT {name} AS rule, COUNT(*) AS held, \
             SUM(CASE WHEN comment.status = 'APPROVED' THEN 1 ELSE 0 END) AS approved, \
             SUM(CASE WHEN comment.status IN ('REJECTED', 'SPAM') THEN 1 ELSE 0 END) AS refused, \
             SUM(CASE WHEN comment.status = 'PENDING' THEN 1 ELSE 0 END) AS waiting \
             FROM moderation_entry AS entry JOIN comment ON comment.id = entry.comment_id {list} \
             WHERE entry.action = 'SUBMITTED' AND "
        ));
        within(&mut sql, period);
        let limit = sql.bind(LISTED);
        sql.push(&format!(" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {limit}"));
        let rule = |row: QueryResult| {
            Ok(RuleTally {
                rule: row.try_get("", "rule")?,
                held: row.try_get("", "held")?,
                approved: row.try_get("", "approved")?,
                refused: row.try_get("", "refused")?,
                waiting: row.try_get("", "waiting")?,
            })
        };
        self.rows(sql).await?.into_iter().map(rule).collect()
    }

    async fn moderators_who_decided(&self, period: &Period) -> Result<Vec<ModeratorTally>> {
        let mut sql = Sql::new(&format!(
            "SELECT entry.actor_id, actor.display_name, actor.role, COUNT(*) AS decided, {SUMS} \
             FROM moderation_entry AS entry LEFT JOIN \"user\" AS actor ON actor.id = entry.actor_id WHERE {DECIDED} AND "
        ));
        within(&mut sql, period);
        let limit = sql.bind(LISTED);
        sql.push(&format!(
            " GROUP BY entry.actor_id, actor.display_name, actor.role \
             ORDER BY decided DESC, entry.actor_id LIMIT {limit}"
        ));
        let moderator = |row: QueryResult| {
            let person: (Option<_>, Option<String>, Option<String>) =
                (row.try_get("", "actor_id")?, row.try_get("", "display_name")?, row.try_get("", "role")?);
            let moderator = match person {
                (Some(id), Some(name), Some(role)) => Some(user(id, name, &role)?),
                _ => None,
            };
            Ok(ModeratorTally { moderator, decisions: decisions(&row)? })
        };
        self.rows(sql).await?.into_iter().map(moderator).collect()
    }

    /// The number of the slice that an entry lies in.
    fn slice(&self, sql: &mut Sql, period: &Period) -> String {
        let (from, size) = (sql.bind(period.from().timestamp()), period.bucket().lasts().num_seconds());
        format!("({} - {from}) / {size}", self.seconds("entry.at"))
    }

    /// A time as whole seconds since the Unix epoch.
    fn seconds(&self, column: &str) -> String {
        match self.conn.get_database_backend() {
            DbBackend::Postgres => format!("CAST(FLOOR(EXTRACT(EPOCH FROM {column})) AS BIGINT)"),
            _ => format!("CAST(strftime('%s', {column}) AS INTEGER)"),
        }
    }

    async fn rows(&self, sql: Sql) -> Result<Vec<QueryResult>> {
        Ok(self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await?)
    }
}

fn within(sql: &mut Sql, period: &Period) {
    let (from, to) = (sql.bind(period.from()), sql.bind(period.to()));
    sql.push(&format!("entry.at >= {from} AND entry.at < {to}"));
}

fn decisions(row: &QueryResult) -> Result<Decisions> {
    Ok(Decisions {
        approved: row.try_get("", "approved")?,
        rejected: row.try_get("", "rejected")?,
        spam: row.try_get("", "spam")?,
    })
}

fn slice_of<'t>(row: &QueryResult, slices: &'t mut [Tally]) -> Result<Option<&'t mut Tally>> {
    let slice: i64 = row.try_get("", "slice")?;
    Ok(usize::try_from(slice).ok().and_then(|slice| slices.get_mut(slice)))
}
