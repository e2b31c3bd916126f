//! A person's record: what became of what they wrote, what was done about them, and what they decided.

use async_graphql::{Context, ID, Object, SimpleObject};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::comment::{CommentConnection, CommentTotal, comment_connection};
use super::enums::{CommentStatus, SanctionKind};
use super::moderation::HistoryEntry;
use super::user::User;
use crate::domain::ids::{EntryId, UserId};
use crate::domain::policy::{self, Permission};
use crate::domain::sanction::{Sanction, SanctionKind as Kind};
use crate::domain::{comment, moderation, sanction};
use crate::graphql::connection::{PageArgs, connection, keyset, keyset_cursor};
use crate::graphql::context::{Scope, scope};
use crate::graphql::error::Result;
use crate::graphql::id::GlobalId;
use crate::store::{CommentOrder, Lines, PageRequest, StatusCounts};

/// Marks cursors of what a person wrote, of sanctions, and of decisions.
const WRITTEN: u8 = b'w';
const SANCTIONS: u8 = b'z';
const DECISIONS: u8 = b'd';

/// A person's record. Whoever has one was let see it.
pub struct UserRecord(pub UserId);

/// A person's record: what became of what they wrote, what was done about them, and what they decided.
#[Object]
impl UserRecord {
    /// How many of their comments stand where.
    async fn comment_counts(&self, ctx: &Context<'_>) -> Result<CommentCounts> {
        Ok(scope(ctx)?.status_counts(self.0).await?.into())
    }

    /// What they wrote, the latest first. What they took back has no words any more.
    async fn comments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the beginning, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only those that stand there.")] status: Option<CommentStatus>,
    ) -> Result<CommentConnection> {
        let request = PageArgs { first, after, last, before }.request(|cursor| keyset(WRITTEN, cursor))?;
        let status = status.map(comment::CommentStatus::from);
        let page = scope(ctx)?.written(self.0, status, request).await?;
        Ok(comment_connection(page, CommentTotal::Written(self.0, status), |comment| {
            keyset_cursor(WRITTEN, CommentOrder::Newest.position(comment))
        }))
    }

    /// What was done about them over time, the latest first; the end of a sanction, where somebody lifted it, is a
    /// line of its own.
    async fn sanctions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
    ) -> Result<SanctionEntryConnection> {
        self.sanction_lines(ctx, Lines::Sanctions, first, after).await
    }

    /// The sanctions that they imposed, or lifted, as a moderator; the latest first. For moderators.
    async fn sanctions_imposed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
    ) -> Option<Result<SanctionEntryConnection>> {
        let read = async || {
            policy::require(&scope(ctx)?.viewer, Permission::Moderate)?;
            self.sanction_lines(ctx, Lines::Imposed, first, after).await
        };
        Some(read().await)
    }

    /// What they decided on comments as a moderator, the latest first. For moderators.
    async fn decisions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
    ) -> Option<Result<DecisionConnection>> {
        let read = async || {
            let scope = scope(ctx)?;
            policy::require(&scope.viewer, Permission::Moderate)?;
            let page = scope.decisions(self.0, lines(DECISIONS, first, after)?).await?;
            let cursor = |entry: &moderation::HistoryEntry| line_cursor(DECISIONS, entry.id);
            Ok(DecisionConnection::new(page, LineTotal::Of(self.0, Lines::Decisions), cursor, HistoryEntry))
        };
        Some(read().await)
    }
}

impl UserRecord {
    async fn sanction_lines(
        &self,
        ctx: &Context<'_>,
        which: Lines,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<SanctionEntryConnection> {
        let page = scope(ctx)?.sanction_lines(self.0, which, lines(SANCTIONS, first, after)?).await?;
        let cursor = |entry: &sanction::SanctionEntry| line_cursor(SANCTIONS, entry.id);
        Ok(SanctionEntryConnection::new(page, LineTotal::Of(self.0, which), cursor, SanctionEntry))
    }
}

/// How many comments of a person stand where.
#[derive(SimpleObject)]
pub struct CommentCounts {
    /// All of them.
    total: i64,
    /// Those that await a moderator.
    pending: i64,
    /// Those that readers see.
    approved: i64,
    /// Those that were refused.
    rejected: i64,
    /// Those called spam.
    spam: i64,
    /// Those that the person took back.
    deleted: i64,
}

impl From<StatusCounts> for CommentCounts {
    fn from(counts: StatusCounts) -> Self {
        let StatusCounts { pending, approved, rejected, spam, deleted } = counts;
        Self { total: counts.of(None), pending, approved, rejected, spam, deleted }
    }
}

/// One line of what was done about a person.
pub struct SanctionEntry(pub sanction::SanctionEntry);

/// One line of what was done about a person.
#[Object]
impl SanctionEntry {
    /// About whom.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(scope(ctx)?.user(self.0.user_id).await?.map(User))
    }

    /// Which sanction; `NONE`: the one before it was lifted.
    async fn kind(&self) -> SanctionKind {
        self.0.sanction.map_or(Kind::None, Sanction::kind).into()
    }

    /// When it was to end by itself; null where it was not.
    async fn until(&self) -> Option<DateTime<Utc>> {
        self.0.sanction.and_then(Sanction::until)
    }

    /// Why, as the person is told.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// By whom, for moderators; null once that account is gone, and where it was kept of an account that the person
    /// deleted.
    async fn by(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        for_moderators(ctx, self.0.by.clone().map(User))
    }

    /// The action that refused their comments along with it, for moderators; null where there was none.
    async fn action_id(&self, ctx: &Context<'_>) -> Option<Result<ID>> {
        for_moderators(ctx, self.0.action.map(|action| GlobalId::Action(action).encode()))
    }
}

fn for_moderators<T>(ctx: &Context<'_>, value: Option<T>) -> Option<Result<T>> {
    let allowed = || Ok(policy::require(&scope(ctx)?.viewer, Permission::Moderate)?);
    match allowed() {
        Ok(()) => value.map(Ok),
        Err(error) => Some(Err(error)),
    }
}

connection!(SanctionEntryConnection, SanctionEntryEdge, SanctionEntry, LineTotal, "sanctions", "The line.");
connection!(DecisionConnection, DecisionEdge, HistoryEntry, LineTotal, "decisions", "The line of history.");

/// How many lines a list has.
pub enum LineTotal {
    /// One of a person's record.
    Of(UserId, Lines),
    /// That of everybody's decisions.
    Everybodys,
}

impl LineTotal {
    async fn count(&self, scope: &Scope) -> Result<i64> {
        match self {
            Self::Of(person, which) => scope.line_count(*person, *which).await,
            Self::Everybodys => Ok(scope.snapshot().await?.decision_count().await?),
        }
    }
}

/// What all moderators decided.
pub async fn everybodys_decisions(
    scope: &Scope,
    first: Option<i32>,
    after: Option<String>,
) -> Result<DecisionConnection> {
    let page = scope.snapshot().await?.everybodys_decisions(lines(DECISIONS, first, after)?).await?;
    let cursor = |entry: &moderation::HistoryEntry| line_cursor(DECISIONS, entry.id);
    Ok(DecisionConnection::new(page, LineTotal::Everybodys, cursor, HistoryEntry))
}

pub(super) fn lines(list: u8, first: Option<i32>, after: Option<String>) -> Result<PageRequest<EntryId>> {
    PageArgs { first, after, ..PageArgs::default() }.request(|cursor| {
        let bytes: [u8; 17] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
        (bytes[0] == list).then(|| Uuid::from_slice(&bytes[1..]).ok().map(EntryId)).flatten()
    })
}

pub(super) fn line_cursor(list: u8, EntryId(id): EntryId) -> String {
    let mut bytes = [list; 17];
    bytes[1..].copy_from_slice(id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}
