//! The record of a person: what became of what they wrote, what was done about them, and what they decided; and what a
//! moderators' action changed. Both hang off lists, so each is read for several owners in one statement, through the index
//! that finds it for one.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use uuid::Uuid;

use super::comments::{COLUMNS, CommentOrder, JOIN_AUTHOR, fetch};
use super::moderation::history_entry;
use super::page::{Direction, Page, PageRequest, Sql};
use super::rows::{status, user};
use super::sanctions::sanction;
use super::{Result, Snapshot, StoreError};
use crate::domain::comment::{Comment, CommentStatus};
use crate::domain::ids::{ActionId, EntryId, UserId};
use crate::domain::moderation::{HistoryAction, HistoryEntry};
use crate::domain::sanction::SanctionEntry;

/// How many comments of one person are in each state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StatusCounts {
    /// Those that await a decision.
    pub pending: i64,
    /// Those that readers see.
    pub approved: i64,
    /// Those that were refused.
    pub rejected: i64,
    /// Those called spam.
    pub spam: i64,
    /// Those that the person took back.
    pub deleted: i64,
}

impl StatusCounts {
    /// Of one state; `None`: of all.
    #[must_use]
    pub const fn of(&self, status: Option<CommentStatus>) -> i64 {
        match status {
            None => self.pending + self.approved + self.rejected + self.spam + self.deleted,
            Some(CommentStatus::Pending) => self.pending,
            Some(CommentStatus::Approved) => self.approved,
            Some(CommentStatus::Rejected) => self.rejected,
            Some(CommentStatus::Spam) => self.spam,
            Some(CommentStatus::Deleted) => self.deleted,
        }
    }

    const fn set(&mut self, status: CommentStatus, count: i64) {
        match status {
            CommentStatus::Pending => self.pending = count,
            CommentStatus::Approved => self.approved = count,
            CommentStatus::Rejected => self.rejected = count,
            CommentStatus::Spam => self.spam = count,
            CommentStatus::Deleted => self.deleted = count,
        }
    }
}

/// A list of the record whose lines stand in the order of their ids, the latest first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lines {
    /// The sanctions on the person.
    Sanctions,
    /// The sanctions that the person imposed, or lifted.
    Imposed,
    /// What the person decided on comments.
    Decisions,
    /// What an action changed: its owner is the action.
    Changes,
}

/// What counts as a decision.
const DECISIONS: [HistoryAction; 5] = [
    HistoryAction::Approved,
    HistoryAction::Rejected,
    HistoryAction::MarkedSpam,
    HistoryAction::Requeued,
    HistoryAction::Undone,
];

impl Lines {
    const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Sanctions => ("user_sanction", "user_id"),
            Self::Imposed => ("user_sanction", "actor_id"),
            Self::Decisions => ("moderation_entry", "actor_id"),
            Self::Changes => ("moderation_entry", "action_id"),
        }
    }

    fn restrict(self, sql: &mut Sql) {
        if self == Self::Decisions {
            let actions = sql.bind_all(DECISIONS.map(HistoryAction::name));
            sql.push(&format!(" AND c.action IN ({actions})"));
        }
    }
}

/// The columns of a line of history, with its actor's.
const HISTORY: &str = "moderation_entry.*, actor.display_name AS actor_name, actor.role AS actor_role";

/// People, or actions, asked about in one statement.
const PEOPLE_AT_ONCE: usize = 200;

impl Snapshot {
    /// How many comments of each person are in each state; who wrote none is left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn status_counts(&self, people: &[UserId]) -> Result<HashMap<UserId, StatusCounts>> {
        let mut counts: HashMap<UserId, StatusCounts> = HashMap::new();
        for people in people.chunks(PEOPLE_AT_ONCE) {
            let mut sql =
                Sql::new("SELECT author_id, status, COUNT(*) AS count FROM comment WHERE author_id IN (");
            let places = sql.bind_all(people.iter().map(|id| id.0));
            sql.push(&places).push(") GROUP BY author_id, status");
            for row in self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await? {
                let name: String = row.try_get("", "status")?;
                let author = UserId(row.try_get("", "author_id")?);
                counts.entry(author).or_default().set(status(&name)?, row.try_get("", "count")?);
            }
        }
        Ok(counts)
    }

    /// A page of what each person wrote, in that state or whatever state, the latest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn written(
        &self,
        people: &[UserId],
        status: Option<CommentStatus>,
        request: PageRequest,
    ) -> Result<HashMap<UserId, Page<Comment>>> {
        let mut rows: HashMap<UserId, Vec<Comment>> = HashMap::new();
        for people in people.chunks(PEOPLE_AT_ONCE) {
            let backend = self.conn.get_database_backend();
            let mut sql = of_each(backend, &uuids(people), COLUMNS, ("comment", "author_id"), |sql| {
                if let Some(status) = status {
                    let status = sql.bind(status.name());
                    sql.push(&format!(" AND c.status = {status}"));
                }
                CommentOrder::Newest.sort().page(sql, "c", &request);
            });
            sql.push(JOIN_AUTHOR);
            for row in fetch(&self.conn, sql).await? {
                let author = row.author_id.map(UserId);
                let comment = Comment::try_from(row)?;
                rows.entry(author.ok_or_else(nobodys)?).or_default().push(comment);
            }
        }
        let page = |mut comments: Vec<Comment>| {
            comments.sort_by_key(|comment| {
                let place = CommentOrder::Newest.position(comment);
                (place.key, place.id)
            });
            if request.direction == Direction::Forward {
                comments.reverse();
            }
            Page::of(comments, &request)
        };
        Ok(rows.into_iter().map(|(author, comments)| (author, page(comments))).collect())
    }

    /// A page of the sanctions on each person, or of those that each imposed.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sanctions_over_time(
        &self,
        people: &[UserId],
        which: Lines,
        request: PageRequest<EntryId>,
    ) -> Result<HashMap<UserId, Page<SanctionEntry>>> {
        let columns = "user_sanction.*, actor.display_name AS actor_name, actor.role AS actor_role";
        let which = (columns, which);
        let lists = self.lines(uuids(people), which, request, sanction_entry, |line| line.id).await?;
        Ok(lists.into_iter().map(|(person, page)| (UserId(person), page)).collect())
    }

    /// A page of what each person decided on comments.
    ///
    /// # Errors
    /// The database failed.
    pub async fn decisions(
        &self,
        people: &[UserId],
        request: PageRequest<EntryId>,
    ) -> Result<HashMap<UserId, Page<HistoryEntry>>> {
        let which = (HISTORY, Lines::Decisions);
        let lists = self.lines(uuids(people), which, request, history_entry, |line| line.id).await?;
        Ok(lists.into_iter().map(|(person, page)| (UserId(person), page)).collect())
    }

    /// A page of what each action changed, the latest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn changes(
        &self,
        actions: &[ActionId],
        request: PageRequest<EntryId>,
    ) -> Result<HashMap<ActionId, Page<HistoryEntry>>> {
        let actions = actions.iter().map(|id| id.0).collect();
        let lists =
            self.lines(actions, (HISTORY, Lines::Changes), request, history_entry, |line| line.id).await?;
        Ok(lists.into_iter().map(|(action, page)| (ActionId(action), page)).collect())
    }

    /// A page of what all moderators decided on comments: a walk back through the table's own order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn everybodys_decisions(&self, request: PageRequest<EntryId>) -> Result<Page<HistoryEntry>> {
        let mut sql = Sql::new(
            r#"SELECT c.*, actor.display_name AS actor_name, actor.role AS actor_role FROM moderation_entry AS c
               JOIN "user" AS actor ON actor.id = c.actor_id WHERE TRUE"#,
        );
        Lines::Decisions.restrict(&mut sql);
        if let Some(EntryId(after)) = request.after {
            let after = sql.bind(after);
            sql.push(&format!(" AND c.id < {after}"));
        }
        let limit = sql.bind(i64::from(request.limit) + 1);
        sql.push(&format!(" ORDER BY c.id DESC LIMIT {limit}"));
        let rows = self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await?;
        Ok(Page::of(rows.iter().map(history_entry).collect::<Result<_>>()?, &request))
    }

    /// How many decisions there are of moderators whose accounts are there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn decision_count(&self) -> Result<i64> {
        let mut sql =
            Sql::new("SELECT COUNT(*) AS count FROM moderation_entry AS c WHERE c.actor_id IS NOT NULL");
        Lines::Decisions.restrict(&mut sql);
        let row = self.conn.query_one_raw(sql.build(self.conn.get_database_backend())).await?;
        row.map_or(Ok(0), |row| Ok(row.try_get("", "count")?))
    }

    async fn lines<T>(
        &self,
        owners: Vec<Uuid>,
        (columns, which): (&str, Lines),
        request: PageRequest<EntryId>,
        read: impl Fn(&QueryResult) -> Result<T>,
        id: impl Fn(&T) -> EntryId,
    ) -> Result<HashMap<Uuid, Page<T>>> {
        let (table, owner) = which.place();
        let backend = self.conn.get_database_backend();
        let mut lists: HashMap<Uuid, Vec<T>> = HashMap::new();
        for owners in owners.chunks(PEOPLE_AT_ONCE) {
            let mut sql = of_each(backend, owners, columns, which.place(), |sql| {
                which.restrict(sql);
                if let Some(EntryId(after)) = request.after {
                    let after = sql.bind(after);
                    sql.push(&format!(" AND c.id < {after}"));
                }
                let limit = sql.bind(i64::from(request.limit) + 1);
                sql.push(&format!(" ORDER BY c.id DESC LIMIT {limit}"));
            });
            sql.push(&format!(r#" LEFT JOIN "user" AS actor ON actor.id = {table}.actor_id"#));
            for row in self.conn.query_all_raw(sql.build(backend)).await? {
                lists.entry(row.try_get("", owner)?).or_default().push(read(&row)?);
            }
        }
        let page = |mut lines: Vec<T>| {
            lines.sort_by_key(|line| std::cmp::Reverse(id(line)));
            Page::of(lines, &request)
        };
        Ok(lists.into_iter().map(|(owner, lines)| (owner, page(lines))).collect())
    }

    /// How many lines such a list of each person has; who has none is left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn line_counts(&self, people: &[UserId], which: Lines) -> Result<HashMap<UserId, i64>> {
        let counts = self.counts(uuids(people), which).await?;
        Ok(counts.into_iter().map(|(person, count)| (UserId(person), count)).collect())
    }

    /// How many comments each action changed; what changed none is left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn change_counts(&self, actions: &[ActionId]) -> Result<HashMap<ActionId, i64>> {
        let actions = actions.iter().map(|id| id.0).collect();
        let counts = self.counts(actions, Lines::Changes).await?;
        Ok(counts.into_iter().map(|(action, count)| (ActionId(action), count)).collect())
    }

    async fn counts(&self, owners: Vec<Uuid>, which: Lines) -> Result<HashMap<Uuid, i64>> {
        let (table, owner) = which.place();
        let mut counts = HashMap::new();
        for owners in owners.chunks(PEOPLE_AT_ONCE) {
            let mut sql = Sql::new(&format!(
                "SELECT c.{owner} AS owner, COUNT(*) AS count FROM {table} AS c WHERE c.{owner} IN ("
            ));
            let places = sql.bind_all(owners.iter().copied());
            sql.push(&places).push(")");
            which.restrict(&mut sql);
            sql.push(&format!(" GROUP BY c.{owner}"));
            for row in self.conn.query_all_raw(sql.build(self.conn.get_database_backend())).await? {
                counts.insert(row.try_get("", "owner")?, row.try_get("", "count")?);
            }
        }
        Ok(counts)
    }
}

fn uuids(people: &[UserId]) -> Vec<Uuid> {
    people.iter().map(|id| id.0).collect()
}

/// The rows of a table that each of several owners has, of each as many as `some` lets through. PostgreSQL has
/// LATERAL for it; SQLite evaluates a correlated `IN (… LIMIT n)` once per owner, through the same index.
fn of_each(
    backend: DbBackend,
    owners: &[Uuid],
    columns: &str,
    (table, owner): (&str, &str),
    some: impl FnOnce(&mut Sql),
) -> Sql {
    let mut sql = Sql::new(&format!("SELECT {columns} FROM (VALUES "));
    let places: Vec<String> = owners.iter().map(|id| format!("({})", sql.bind(*id))).collect();
    sql.push(&places.join(", "));
    let closing = match backend {
        DbBackend::Postgres => {
            sql.push(&format!(
                ") AS one(id) CROSS JOIN LATERAL (SELECT c.* FROM {table} AS c WHERE c.{owner} = one.id"
            ));
            format!(") AS {table}")
        }
        _ => {
            sql.push(&format!(
                ") AS one JOIN {table} ON {table}.id IN (SELECT c.id FROM {table} AS c WHERE c.{owner} = one.column1"
            ));
            ")".to_owned()
        }
    };
    some(&mut sql);
    sql.push(&closing);
    sql
}

fn nobodys() -> StoreError {
    StoreError::Corrupt("a comment of a person has no author".into())
}

fn sanction_entry(row: &QueryResult) -> Result<SanctionEntry> {
    let kind: String = row.try_get("", "kind")?;
    let actor: (Option<_>, Option<String>, Option<String>) =
        (row.try_get("", "actor_id")?, row.try_get("", "actor_name")?, row.try_get("", "actor_role")?);
    let by = match actor {
        (Some(id), Some(name), Some(role)) => Some(user(id, name, &role)?),
        _ => None,
    };
    Ok(SanctionEntry {
        id: EntryId(row.try_get("", "id")?),
        user_id: UserId(row.try_get("", "user_id")?),
        sanction: sanction(&kind, row.try_get("", "until")?)?,
        reason: row.try_get("", "reason")?,
        by,
        action: row.try_get::<Option<_>>("", "action_id")?.map(ActionId),
        at: row.try_get("", "at")?,
    })
}
