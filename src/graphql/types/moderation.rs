//! What moderators see of a comment beyond what readers do.

use async_graphql::{Context, ID, Object, SimpleObject};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::comment::Comment;
use super::enums::{CommentStatus, HistoryAction, ReasonCode};
use super::user::User;
use crate::domain::ids::CommentId;
use crate::domain::{moderation, rules};
use crate::graphql::connection::{PageArgs, connection};
use crate::graphql::context::{Scope, scope};
use crate::graphql::error::{GraphError, Result};
use crate::graphql::id::GlobalId;
use crate::store::{self, Page};

/// A rule that held a comment back.
#[derive(SimpleObject)]
pub struct HeldBecause {
    /// The rule's name, such as `PRE_MODERATION`.
    rule: String,
    /// What it saw.
    detail: String,
}

impl From<rules::Trace> for HeldBecause {
    fn from(trace: rules::Trace) -> Self {
        Self { rule: trace.rule, detail: trace.detail }
    }
}

/// A moderator's hold on a comment: the others see that somebody is at it.
pub struct Claim(pub moderation::Claim);

/// A moderator's hold on a comment: the others see that somebody is at it.
#[Object]
impl Claim {
    /// Who has opened it.
    async fn moderator(&self, ctx: &Context<'_>) -> Result<User> {
        let user = scope(ctx)?.user(self.0.by).await?;
        user.map(User).ok_or_else(|| GraphError::not_found("user"))
    }

    /// When the hold ends by itself.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.until
    }
}

/// One line of a comment's history.
pub struct HistoryEntry(pub moderation::HistoryEntry);

/// One line of a comment's history.
#[Object]
impl HistoryEntry {
    /// Of which comment.
    async fn comment(&self, ctx: &Context<'_>) -> Result<Option<Comment>> {
        Ok(scope(ctx)?.comment(self.0.comment_id).await?.map(Comment))
    }

    /// What was done.
    async fn action(&self) -> HistoryAction {
        self.0.action.into()
    }

    /// By whom; null where the article's policy did it, or the account is gone.
    async fn by(&self) -> Option<User> {
        self.0.by.clone().map(User)
    }

    /// The status before; null when it was submitted.
    async fn from(&self) -> Option<CommentStatus> {
        self.0.from.map(CommentStatus::from)
    }

    /// The status after.
    async fn to(&self) -> CommentStatus {
        self.0.to.into()
    }

    /// Why.
    async fn reason(&self) -> Option<ReasonCode> {
        self.0.reason.map(ReasonCode::from)
    }

    /// What the moderator noted down.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// The action on many comments that it was part of; null where it was one decision alone.
    async fn action_id(&self) -> Option<ID> {
        self.0.bulk.map(|action| GlobalId::Action(action).encode())
    }
}

/// A reader's report of a comment. Who reported is not shown.
pub struct Report(store::Report);

/// A reader's report of a comment. Who reported is not shown.
#[Object]
impl Report {
    /// Why.
    async fn reason(&self) -> ReasonCode {
        self.0.reason.into()
    }

    /// In the reader's words.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// How often whoever reported was right, from 0 to 1, by their last 200 reports: one half for somebody whose reports no
    /// moderator has decided on.
    async fn reporter_accuracy(&self) -> f64 {
        self.0.reporter_accuracy
    }

    /// When.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

connection!(ReportConnection, ReportEdge, Report, ReportTotal, "reports", "The report.");

/// The number of reports, which came with the page.
pub struct ReportTotal(i64);

impl ReportTotal {
    #[expect(clippy::unused_async, reason = "every connection's total is awaited")]
    async fn count(&self, _: &Scope) -> Result<i64> {
        Ok(self.0)
    }
}

/// Marks cursors of reports.
const REPORTS: u8 = b'p';

/// A comment's reports, the latest first.
pub async fn report_connection(
    ctx: &Context<'_>,
    comment: CommentId,
    first: Option<i32>,
    after: Option<String>,
) -> Result<ReportConnection> {
    let request = PageArgs { first, after, ..PageArgs::default() }.request(report_place)?;
    let (mut items, total) = scope(ctx)?.reports((comment, request.limit, request.after)).await?;
    let has_next = items.len() > request.limit as usize;
    items.truncate(request.limit as usize);
    let page = Page { items, has_next, has_previous: request.after.is_some() };
    let cursor = |report: &store::Report| {
        let mut bytes = [REPORTS; 17];
        bytes[1..].copy_from_slice(report.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    };
    Ok(ReportConnection::new(page, ReportTotal(total), cursor, Report))
}

fn report_place(cursor: &str) -> Option<Uuid> {
    let bytes: [u8; 17] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
    (bytes[0] == REPORTS).then(|| Uuid::from_slice(&bytes[1..]).ok()).flatten()
}
