//! Verifying a store: everything that is kept twice for speed is counted again from what it stands for.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{article, article_event, comment, moderation_entry};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::page::Sql;
use super::{Result, Snapshot, Store};
use crate::domain::comment::ThreadPath;
use crate::domain::ids::CommentId;

/// Something that is not as it should be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{article} {what}")]
pub struct Violation {
    /// The article's slug, or what else it is about.
    pub article: String,
    /// What is wrong.
    pub what: String,
}

/// What a check looked at, and what it found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CheckReport {
    /// Articles looked at.
    pub articles: u64,
    /// Comments looked at.
    pub comments: u64,
    /// Events looked at.
    pub events: u64,
    /// Lines of history looked at.
    pub entries: u64,
    /// What is wrong; empty: nothing.
    pub violations: Vec<Violation>,
}

impl Store {
    /// Checks every invariant, article by article, on one view of the store.
    ///
    /// # Errors
    /// The database failed.
    pub async fn check(&self) -> Result<CheckReport> {
        let snapshot = self.snapshot().await?;
        let mut report = CheckReport {
            entries: moderation_entry::Entity::find().count(&snapshot.conn).await?,
            ..CheckReport::default()
        };
        let mut last = Uuid::nil();
        loop {
            let next = article::Entity::find()
                .filter(article::Column::Id.gt(last))
                .order_by_asc(article::Column::Id)
                .one(&snapshot.conn)
                .await?;
            let Some(article) = next else { break };
            last = article.id;
            snapshot.check_article(&article, &mut report).await?;
        }
        snapshot.check_strays(&mut report).await?;
        snapshot.check_queues(&mut report).await?;
        snapshot.check_sanctions(&mut report).await?;
        snapshot.check_kept_sanctions(&mut report).await?;
        Ok(report)
    }
}

/// What the comments of an article say that others should say of them.
#[derive(Default)]
struct Recount {
    approved: i32,
    replies: HashMap<CommentId, i32>,
    below: HashMap<CommentId, i32>,
    reactions: HashMap<Uuid, i32>,
    reports: HashMap<Uuid, i32>,
}

impl Snapshot {
    async fn check_article(&self, article: &article::Model, report: &mut CheckReport) -> Result<()> {
        let rows = comment::Entity::find()
            .filter(comment::Column::ArticleId.eq(article.id))
            .into_model::<BareComment>()
            .all(&self.conn)
            .await?;
        report.articles += 1;
        report.comments += rows.len() as u64;
        let mut found = Vec::new();
        let mut recount = Recount {
            reactions: self.counted("reaction", article.id).await?,
            reports: self.counted("report", article.id).await?,
            ..Recount::default()
        };
        for row in rows.iter().filter(|row| row.status == "APPROVED") {
            recount.approved += 1;
            if let Some(parent) = row.parent_id {
                *recount.replies.entry(CommentId(parent)).or_default() += 1;
            }
            for above in ThreadPath::from_bytes(row.path.clone()).ancestors() {
                *recount.below.entry(above).or_default() += 1;
            }
        }
        if article.comment_count != recount.approved {
            found.push(format!(
                "counts {} comments; {} are approved",
                article.comment_count, recount.approved
            ));
        }
        let by_id: HashMap<Uuid, &BareComment> = rows.iter().map(|row| (row.id, row)).collect();
        for row in &rows {
            row.check(&recount, &by_id, &mut found);
        }
        self.check_history(article.id, &by_id, &mut found).await?;
        self.check_log(article, &by_id, report, &mut found).await?;
        let slug = &article.slug;
        report.violations.extend(found.into_iter().map(|what| Violation { article: slug.clone(), what }));
        Ok(())
    }

    /// How many rows of a table each comment of an article has.
    async fn counted(&self, table: &'static str, article: Uuid) -> Result<HashMap<Uuid, i32>> {
        let mut sql = Sql::new(&format!(
            "SELECT comment_id, COUNT(*) AS count FROM {table} JOIN comment ON comment.id = comment_id \
             WHERE comment.article_id = "
        ));
        let article = sql.bind(article);
        sql.push(&article).push(" GROUP BY comment_id");
        let rows = self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await?;
        rows.iter()
            .map(|row| {
                let count: i64 = row.try_get("", "count")?;
                Ok((row.try_get("", "comment_id")?, i32::try_from(count).unwrap_or(i32::MAX)))
            })
            .collect()
    }

    /// There is a line of history for each revision, each begins where the one before it ended, and the last one
    /// says where the comment stands.
    async fn check_history(
        &self,
        article: Uuid,
        comments: &HashMap<Uuid, &BareComment>,
        found: &mut Vec<String>,
    ) -> Result<()> {
        let entries: Vec<(Uuid, Option<String>, String, i32)> = moderation_entry::Entity::find()
            .select_only()
            .columns([
                moderation_entry::Column::CommentId,
                moderation_entry::Column::FromStatus,
                moderation_entry::Column::ToStatus,
                moderation_entry::Column::Revision,
            ])
            .inner_join(comment::Entity)
            .filter(comment::Column::ArticleId.eq(article))
            .order_by_asc(moderation_entry::Column::Revision)
            .into_tuple()
            .all(&self.conn)
            .await?;
        let mut last: HashMap<Uuid, (String, i32)> = HashMap::new();
        for (comment, from, to, revision) in entries {
            let (before, lines) = last.get(&comment).map_or((None, 0), |(status, at)| (Some(status), *at));
            if revision != lines + 1 {
                found.push(format!(
                    "comment {comment} has a line of history for revision {revision} after that for {lines}"
                ));
            } else if from.as_ref() != before {
                let none = || "nothing".to_owned();
                found.push(format!(
                    "comment {comment} goes from {} at revision {revision} of its history; it was {}",
                    from.unwrap_or_else(none),
                    before.cloned().unwrap_or_else(none)
                ));
            }
            last.insert(comment, (to, revision));
        }
        for (id, comment) in comments {
            let says = (comment.status.clone(), comment.revision);
            match last.get(id) {
                Some(last) if *last == says => {}
                Some((status, revision)) => found.push(format!(
                    "comment {id} is {} at revision {}; its history ends with {status} at {revision}",
                    comment.status, comment.revision
                )),
                None => found.push(format!("comment {id} has no history")),
            }
        }
        Ok(())
    }

    /// The log has no gap, ends where the article says, and replaying it shows what is shown.
    async fn check_log(
        &self,
        article: &article::Model,
        comments: &HashMap<Uuid, &BareComment>,
        report: &mut CheckReport,
        found: &mut Vec<String>,
    ) -> Result<()> {
        let events = article_event::Entity::find()
            .filter(article_event::Column::ArticleId.eq(article.id))
            .order_by_asc(article_event::Column::Sequence)
            .all(&self.conn)
            .await?;
        report.events += events.len() as u64;
        for pair in events.windows(2) {
            if pair[1].sequence != pair[0].sequence + 1 {
                found.push(format!("has no event between {} and {}", pair[0].sequence, pair[1].sequence));
            }
        }
        let head = events.last().map_or(0, |event| event.sequence);
        if head != article.sequence {
            found.push(format!("is at event {}; its log ends with {head}", article.sequence));
        }
        if let Some(last) = events.last()
            && last.comment_count != article.comment_count
        {
            found.push(format!(
                "counts {} comments; its last event says {}",
                article.comment_count, last.comment_count
            ));
        }
        // A log that was trimmed does not say what was shown before it begins.
        let is_whole = events.first().is_none_or(|event| event.sequence == 1);
        let mut shown: HashMap<Uuid, bool> = HashMap::new();
        let mut count = events.first().map_or(0, |first| first.comment_count - moves(&first.kind));
        for event in &events {
            count += moves(&event.kind);
            if event.comment_count != count {
                let (says, sequence) = (event.comment_count, event.sequence);
                found.push(format!("counts {says} comments at event {sequence}; {count} follow"));
                count = says;
            }
            if let Some(comment) = event.comment_id
                && moves(&event.kind) != 0
            {
                shown.insert(comment, moves(&event.kind) > 0);
            }
        }
        if is_whole {
            let untold =
                comments.values().filter(|row| row.status == "APPROVED" && !shown.contains_key(&row.id));
            found.extend(
                untold.map(|row| format!("comment {} is APPROVED, which the log does not tell", row.id)),
            );
        }
        for (comment, shown) in shown {
            match comments.get(&comment) {
                Some(row) if (row.status == "APPROVED") == shown => {}
                Some(row) => found.push(format!(
                    "comment {comment} is {}, but the log says that readers {} it",
                    row.status,
                    if shown { "see" } else { "don't see" }
                )),
                None => found.push(format!("the log tells of comment {comment}, which is not there")),
            }
        }
        Ok(())
    }
}

/// What an event does to the number of comments that readers see.
fn moves(kind: &str) -> i32 {
    match kind {
        "PUBLISHED" | "RESTORED" => 1,
        "REMOVED" => -1,
        _ => 0,
    }
}

/// The columns of a comment that a check reads.
#[derive(Debug, sea_orm::FromQueryResult)]
struct BareComment {
    id: Uuid,
    article_id: Uuid,
    under_id: Uuid,
    parent_id: Option<Uuid>,
    path: Vec<u8>,
    status: String,
    revision: i32,
    shown: bool,
    reply_count: i32,
    descendant_count: i32,
    score: i32,
    open_reports: i32,
    first_published_at: Option<DateTime<Utc>>,
}

impl BareComment {
    fn check(&self, recount: &Recount, all: &HashMap<Uuid, &Self>, found: &mut Vec<String>) {
        let id = self.id;
        let mut expect = |what: &str, kept: i32, counted: i32| {
            if kept != counted {
                found.push(format!("comment {id} counts {kept} {what}; there are {counted}"));
            }
        };
        let replies = recount.replies.get(&CommentId(id)).copied().unwrap_or(0);
        let below = recount.below.get(&CommentId(id)).copied().unwrap_or(0);
        expect("replies", self.reply_count, replies);
        expect("comments below it", self.descendant_count, below);
        expect("reactions", self.score, recount.reactions.get(&id).copied().unwrap_or(0));
        let reports = recount.reports.get(&id).copied().unwrap_or(0);
        if self.open_reports < 0 || self.open_reports > reports {
            found.push(format!("comment {id} has {} open reports of {reports}", self.open_reports));
        }
        if self.status == "APPROVED" && self.first_published_at.is_none() {
            found.push(format!("comment {id} is approved and was never published"));
        }
        if self.shown != (self.status == "APPROVED" || below > 0) {
            found.push(format!("comment {id} stands in its thread where it should not, or the reverse"));
        }
        let parent = self.parent_id.and_then(|parent| all.get(&parent));
        if self.parent_id.is_some() && parent.is_none() {
            found.push(format!("comment {id} replies to one that is not under this article"));
        }
        let above = parent.map_or(&[][..], |parent| &parent.path);
        let path_is_right = self.path.strip_prefix(above) == Some(id.as_bytes().as_slice());
        if !path_is_right || self.under_id != self.parent_id.unwrap_or(self.article_id) {
            found.push(format!("comment {id} is not where its parent says"));
        }
    }
}
