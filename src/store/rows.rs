//! Rows into what the domain calls them, and back. A row that no version of this program wrote is an
//! error, never a default.

use chrono::{DateTime, Utc};
use entity::{article, article_event, key_point};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::{Result, StoreError};
use crate::domain::article::{
    Article, CommentPolicy, CommentingState, Dateline, KeyPoint, ModerationMode, PullQuote, Source, Story,
};
use crate::domain::comment::{Comment, CommentState, CommentStatus, ReaderChange, ThreadPath};
use crate::domain::event::{ArticleEvent, EventKind};
use crate::domain::ids::{ArticleId, CommentId, KeyPointId, UserId};
use crate::domain::moderation::{Claim, ReasonCode};
use crate::domain::rules::Trace;
use crate::domain::user::{Role, User};

/// A comment with its author, as one row.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct CommentRow {
    pub id: Uuid,
    pub article_id: Uuid,
    pub under_id: Uuid,
    pub parent_id: Option<Uuid>,
    pub path: Vec<u8>,
    pub author_id: Option<Uuid>,
    pub author_name: Option<String>,
    pub author_role: Option<String>,
    pub body: String,
    pub body_html: String,
    pub status: String,
    pub status_at: Option<DateTime<Utc>>,
    pub status_by: Option<Uuid>,
    pub status_reason: Option<String>,
    pub revision: i32,
    pub reply_count: i32,
    pub descendant_count: i32,
    pub score: i32,
    pub open_reports: i32,
    pub claimed_by: Option<Uuid>,
    pub claimed_until: Option<DateTime<Utc>>,
    pub held_because: String,
    pub created_at: DateTime<Utc>,
    pub edited_at: Option<DateTime<Utc>>,
    pub first_published_at: Option<DateTime<Utc>>,
}

impl TryFrom<CommentRow> for Comment {
    type Error = StoreError;

    fn try_from(row: CommentRow) -> Result<Self> {
        let columns = (row.status, row.status_at, row.status_by, row.status_reason);
        let state = state(row.id, columns)?;
        let author = match (row.author_id, row.author_name, row.author_role) {
            (Some(id), Some(name), Some(role)) => Some(user(id, name, &role)?),
            _ => None,
        };
        Ok(Self {
            id: CommentId(row.id),
            article_id: ArticleId(row.article_id),
            parent_id: row.parent_id.map(CommentId),
            path: ThreadPath::from_bytes(row.path),
            author,
            body: row.body,
            body_html: row.body_html,
            state,
            revision: row.revision,
            reply_count: row.reply_count,
            descendant_count: row.descendant_count,
            score: row.score,
            open_reports: row.open_reports,
            created_at: row.created_at,
            edited_at: row.edited_at,
            first_published_at: row.first_published_at,
            claim: row.claimed_by.zip(row.claimed_until).map(|(by, until)| Claim { by: UserId(by), until }),
            held_because: traces_from_json(&row.held_because)?,
        })
    }
}

/// A state out of its columns; `of` is the comment's, to be named where they don't fit.
pub(super) fn state(of: Uuid, (name, at, by, reason): StateColumns) -> Result<CommentState> {
    let by = by.map(UserId);
    let at = || at.ok_or_else(|| StoreError::Corrupt(format!("comment {of} has no status_at")));
    let reason = || reason.as_deref().map(reason_code).transpose();
    Ok(match status(&name)? {
        CommentStatus::Pending => CommentState::Pending,
        CommentStatus::Approved => CommentState::Approved { at: at()?, by },
        CommentStatus::Rejected => CommentState::Rejected { at: at()?, by, reason: reason()? },
        CommentStatus::Spam => CommentState::Spam { at: at()?, by },
        CommentStatus::Deleted => CommentState::Deleted { at: at()?, by },
    })
}

/// A state as its columns: status, since when, by whom, why.
pub(super) type StateColumns = (String, Option<DateTime<Utc>>, Option<Uuid>, Option<String>);

/// A state as its columns.
pub(super) fn state_columns(state: &CommentState) -> StateColumns {
    let (at, by, reason) = match *state {
        CommentState::Pending => (None, None, None),
        CommentState::Approved { at, by }
        | CommentState::Spam { at, by }
        | CommentState::Deleted { at, by } => (Some(at), by, None),
        CommentState::Rejected { at, by, reason } => (Some(at), by, reason),
    };
    (state.status().name().to_owned(), at, by.map(|id| id.0), reason.map(|code| code.name().to_owned()))
}

pub(super) fn status(name: &str) -> Result<CommentStatus> {
    CommentStatus::from_name(name).ok_or_else(|| unknown("comment status", name))
}

pub(super) fn reason_code(name: &str) -> Result<ReasonCode> {
    ReasonCode::from_name(name).ok_or_else(|| unknown("reason", name))
}

pub(super) fn unknown(what: &str, name: &str) -> StoreError {
    StoreError::Corrupt(format!("unknown {what} {name:?}"))
}

pub(super) fn user(id: Uuid, display_name: String, role: &str) -> Result<User> {
    let role = Role::from_name(role).ok_or_else(|| unknown("role", role))?;
    Ok(User { id: UserId(id), display_name, role })
}

pub(super) fn traces_to_json(traces: &[Trace]) -> String {
    let pairs: Vec<[&str; 2]> = traces.iter().map(|trace| [&*trace.rule, &*trace.detail]).collect();
    serde_json::json!(pairs).to_string()
}

fn traces_from_json(json: &str) -> Result<Vec<Trace>> {
    if json == "[]" {
        return Ok(Vec::new());
    }
    let pairs: Vec<(String, String)> =
        serde_json::from_str(json).map_err(|error| StoreError::Corrupt(format!("held_because: {error}")))?;
    Ok(pairs.into_iter().map(|(rule, detail)| Trace { rule, detail }).collect())
}

impl From<article::Model> for Article {
    fn from(row: article::Model) -> Self {
        Self {
            id: ArticleId(row.id),
            revision: row.revision,
            story: Story {
                slug: row.slug,
                headline: row.headline,
                summary: row.summary,
                key_points_heading: row.key_points_heading,
                story_headline: row.story_headline,
                standfirst: row.standfirst,
                pull_quote: row
                    .pull_quote_text
                    .map(|text| PullQuote { text, attribution: row.pull_quote_attribution }),
                dateline: row.dateline_place.map(|place| Dateline { place, date: row.dateline_date }),
                byline: row.byline,
                source: row.source_name.map(|name| Source { name, url: row.source_url }),
                section: row.section,
                language: row.language,
                body: row.body,
                url: row.url,
            },
            body_html: row.body_html,
            reading_time_minutes: row.reading_time_minutes,
            policy: CommentPolicy {
                state: if row.commenting_open { CommentingState::Open } else { CommentingState::Closed },
                moderation: if row.premoderated { ModerationMode::Pre } else { ModerationMode::Post },
                min_length: row.min_length,
                max_length: row.max_length,
                guidelines: row.guidelines,
                closes_at: row.closes_at,
            },
            comment_count: row.comment_count,
            sequence: row.sequence,
            sequence_at: row.sequence_at,
            published_at: row.published_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<key_point::Model> for KeyPoint {
    fn from(row: key_point::Model) -> Self {
        Self { id: KeyPointId(row.id), position: row.position, text: row.text }
    }
}

impl TryFrom<article_event::Model> for ArticleEvent {
    type Error = StoreError;

    fn try_from(row: article_event::Model) -> Result<Self> {
        let comment = || {
            row.comment_id
                .map(CommentId)
                .ok_or_else(|| StoreError::Corrupt(format!("event {} names no comment", row.sequence)))
        };
        let kind = match row.kind.as_str() {
            "PUBLISHED" => EventKind::Comment(ReaderChange::Published, comment()?),
            "RESTORED" => EventKind::Comment(ReaderChange::Restored, comment()?),
            "EDITED" => EventKind::Comment(ReaderChange::Edited, comment()?),
            "REMOVED" => EventKind::Comment(ReaderChange::Removed, comment()?),
            "COUNTS_CHANGED" => EventKind::CountsChanged {
                comment_id: comment()?,
                reply_count: row.reply_count.unwrap_or(0),
                reactions: super::reactions::counts_from_json(row.reactions.as_deref())?,
            },
            "ARTICLE_UPDATED" => EventKind::ArticleUpdated,
            "COMMENTING_CHANGED" => EventKind::CommentingChanged,
            other => return Err(unknown("event kind", other)),
        };
        Ok(Self {
            article_id: ArticleId(row.article_id),
            sequence: row.sequence,
            at: row.at,
            comment_count: row.comment_count,
            kind,
        })
    }
}
