//! Writing comments. What belongs together is written together: the comment, the counts of everything
//! above it, the line of history, and what the article's readers are told.

use chrono::{DateTime, Utc};
use entity::{comment, moderation_entry};
use sea_orm::{
    ActiveValue::{self, Set},
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
};

use super::comments::path_under;
use super::page::Sql;
use super::rows::{state_columns, traces_to_json};
use super::{Result, WriteTx};
use crate::domain::article::Article;
use crate::domain::comment::{Comment, CommentState, CommentStatus, ReaderChange};
use crate::domain::event::EventKind;
use crate::domain::ids::{ActionId, CommentId, EntryId, UserId};
use crate::domain::moderation::{Claim, HistoryAction, ReasonCode};
use crate::domain::queue::QueueEventKind;
use crate::domain::rules::Trace;
use crate::domain::user::User;

/// A comment to be written for the first time.
#[derive(Clone, Debug)]
pub struct NewComment<'a> {
    /// Its id.
    pub id: CommentId,
    /// What it replies to.
    pub parent: Option<&'a Comment>,
    /// Who wrote it.
    pub author: User,
    /// The words.
    pub body: String,
    /// The words as sanitised HTML.
    pub body_html: String,
    /// Where it begins.
    pub state: CommentState,
    /// Why it was held.
    pub held_because: Vec<Trace>,
    /// When.
    pub at: DateTime<Utc>,
    /// The line of history.
    pub entry: NewEntry,
}

/// A line of history to be written.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// Its id.
    pub id: EntryId,
    /// What was done.
    pub action: HistoryAction,
    /// By whom.
    pub by: Option<UserId>,
    /// Why.
    pub reason: Option<ReasonCode>,
    /// What the moderator noted down.
    pub note: Option<String>,
    /// The bulk action that it is part of.
    pub bulk: Option<ActionId>,
}

/// A change of a comment that is there.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where it will stand.
    pub state: CommentState,
    /// New words with their HTML, if they change.
    pub words: Option<(String, String)>,
    /// Why it is held, if it goes back to the queue.
    pub held_because: Option<Vec<Trace>>,
    /// Reports that are open again, where a decision on them is undone.
    pub reopened: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// The line of history.
    pub entry: NewEntry,
}

impl WriteTx {
    /// Writes a new comment under an article that this write has locked if the comment is visible at once.
    ///
    /// # Errors
    /// The database failed.
    pub async fn insert_comment(&self, article: &mut Article, new: NewComment<'_>) -> Result<Comment> {
        let visible = new.state.is_visible();
        let comment = Comment {
            id: new.id,
            article_id: article.id,
            parent_id: new.parent.map(|parent| parent.id),
            path: path_under(new.parent, new.id),
            author: Some(new.author),
            body: new.body,
            body_html: new.body_html,
            state: new.state,
            revision: 1,
            reply_count: 0,
            descendant_count: 0,
            score: 0,
            open_reports: 0,
            created_at: new.at,
            edited_at: None,
            first_published_at: visible.then_some(new.at),
            claim: None,
            held_because: new.held_because,
        };
        let row = comment::ActiveModel { created_at: Set(new.at), ..active(&comment) };
        comment::Entity::insert(row).exec_without_returning(&self.conn).await?;
        let by = new.entry.by;
        self.insert_entry(&comment, None, new.entry, new.at).await?;
        self.tell_moderators(None, &comment, by, new.at).await?;
        if visible {
            self.tell_readers(article, &comment, ReaderChange::Published, new.at).await?;
        }
        Ok(comment)
    }

    /// Changes a comment of an article that this write has locked; `before` was read under that lock.
    ///
    /// # Errors
    /// The database failed.
    pub async fn change_comment(
        &self,
        article: &mut Article,
        before: &Comment,
        change: Change,
    ) -> Result<Comment> {
        let reader_change = ReaderChange::between(
            &before.state,
            &change.state,
            before.first_published_at.is_some(),
            change.words.is_some(),
        );
        let mut after = Comment { revision: before.revision + 1, state: change.state, ..before.clone() };
        if let Some((body, body_html)) = &change.words {
            (after.body, after.body_html) = (body.clone(), body_html.clone());
            after.edited_at = Some(change.at);
        }
        if let Some(traces) = &change.held_because {
            after.held_because.clone_from(traces);
        }
        if after.state.is_visible() && after.first_published_at.is_none() {
            after.first_published_at = Some(change.at);
        }
        // A decision is a look: what readers reported before it is dealt with. So is it once the author has
        // taken the comment back: there is nothing left to decide.
        match change.entry.action {
            HistoryAction::Approved
            | HistoryAction::Rejected
            | HistoryAction::MarkedSpam
            | HistoryAction::Requeued
            | HistoryAction::Deleted => (after.open_reports, after.claim) = (0, None),
            HistoryAction::Undone => {
                (after.open_reports, after.claim) = ((before.open_reports + change.reopened).max(0), None);
            }
            HistoryAction::Submitted | HistoryAction::Edited | HistoryAction::Held => {}
        }
        let row = comment::ActiveModel {
            open_reports: Set(after.open_reports),
            claimed_by: Set(after.claim.map(|claim| claim.by.0)),
            claimed_until: Set(after.claim.map(|claim| claim.until)),
            looked_at: looked_at(before, &change),
            ..active(&after)
        };
        comment::Entity::update_many()
            .set(row)
            .filter(comment::Column::Id.eq(after.id.0))
            .exec(&self.conn)
            .await?;
        let by = change.entry.by;
        self.insert_entry(&after, Some(before), change.entry, change.at).await?;
        self.tell_moderators(Some(before), &after, by, change.at).await?;
        if let Some(reader_change) = reader_change {
            self.tell_readers(article, &after, reader_change, change.at).await?;
        }
        Ok(after)
    }

    /// Claims a comment for a moderator, or lets it go, and tells the others.
    ///
    /// # Errors
    /// The database failed.
    pub async fn claim(&self, id: CommentId, claim: Option<Claim>, at: DateTime<Utc>) -> Result<()> {
        let row = comment::ActiveModel {
            claimed_by: Set(claim.map(|claim| claim.by.0)),
            claimed_until: Set(claim.map(|claim| claim.until)),
            ..Default::default()
        };
        comment::Entity::update_many().set(row).filter(comment::Column::Id.eq(id.0)).exec(&self.conn).await?;
        self.append_to_queues(id, vec![QueueEventKind::Claimed(claim)], at).await
    }

    async fn insert_entry(
        &self,
        comment: &Comment,
        before: Option<&Comment>,
        entry: NewEntry,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let from = before.map(|before| state_columns(&before.state));
        let (from_status, from_at, from_by, from_reason) =
            from.map_or((None, None, None, None), |(status, at, by, reason)| (Some(status), at, by, reason));
        let dealt_with = before.map_or(0, |before| before.open_reports - comment.open_reports);
        let row = moderation_entry::ActiveModel {
            id: Set(entry.id.0),
            comment_id: Set(comment.id.0),
            actor_id: Set(entry.by.map(|id| id.0)),
            action: Set(entry.action.name().to_owned()),
            from_status: Set(from_status),
            to_status: Set(comment.state.status().name().to_owned()),
            reason: Set(entry.reason.map(|reason| reason.name().to_owned())),
            note: Set(entry.note),
            revision: Set(comment.revision),
            at: Set(at),
            action_id: Set(entry.bulk.map(|id| id.0)),
            from_at: Set(from_at),
            from_by: Set(from_by),
            from_reason: Set(from_reason),
            from_reports: Set(dealt_with),
        };
        moderation_entry::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(())
    }

    /// Moves the counts of everything above a comment and appends what readers are told.
    async fn tell_readers(
        &self,
        article: &mut Article,
        comment: &Comment,
        change: ReaderChange,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let delta = change.count_delta();
        let mut kinds = vec![EventKind::Comment(change, comment.id)];
        if delta != 0 {
            self.move_ancestors(comment, delta).await?;
            if let Some(parent) = comment.parent_id {
                kinds.push(self.counts_of(parent).await?);
            }
        }
        self.append(article, kinds, article.comment_count + delta, at).await
    }

    /// One statement for all ancestors, however many: counts, and whether a tombstone stands.
    async fn move_ancestors(&self, comment: &Comment, delta: i32) -> Result<()> {
        let Some(parent) = comment.parent_id else { return Ok(()) };
        let mut sql = Sql::new("UPDATE comment SET reply_count = reply_count + CASE WHEN id = ");
        let (parent, delta, zero) = (sql.bind(parent.0), sql.bind(delta), sql.bind(0));
        let (approved, yes, no) = (sql.bind(CommentStatus::Approved.name()), sql.bind(true), sql.bind(false));
        let ancestors = sql.bind_all(comment.path.ancestors().into_iter().map(|id| id.0));
        sql.push(&format!(
            "{parent} THEN {delta} ELSE {zero} END, descendant_count = descendant_count + {delta}, \
             shown = CASE WHEN status = {approved} OR descendant_count + {delta} > {zero} THEN {yes} ELSE {no} END \
             WHERE id IN ({ancestors})"
        ));
        self.conn.execute_raw(sql.build(self.conn.get_database_backend())).await?;
        Ok(())
    }

    /// The event that says where a comment's counts stand now.
    pub(super) async fn counts_of(&self, comment: CommentId) -> Result<EventKind> {
        let mut sql = Sql::new("SELECT reply_count FROM comment WHERE id = ");
        let id = sql.bind(comment.0);
        sql.push(&id);
        let row = self.conn.query_one_raw(sql.build(self.conn.get_database_backend())).await?;
        let reply_count = row.map_or(Ok(0), |row| row.try_get("", "reply_count"))?;
        let reactions =
            super::reactions::counts(&self.conn, &[comment]).await?.remove(&comment).unwrap_or_default();
        Ok(EventKind::CountsChanged { comment_id: comment, reply_count, reactions })
    }
}

/// When a moderator let stand what readers see and had reported; an undone look is none.
fn looked_at(before: &Comment, change: &Change) -> ActiveValue<Option<DateTime<Utc>>> {
    if !(before.state.is_visible() && change.state.is_visible()) {
        return ActiveValue::NotSet;
    }
    match change.entry.action {
        HistoryAction::Approved => Set(Some(change.at)),
        HistoryAction::Undone => Set(None),
        HistoryAction::Submitted
        | HistoryAction::Edited
        | HistoryAction::Deleted
        | HistoryAction::Held
        | HistoryAction::Rejected
        | HistoryAction::MarkedSpam
        | HistoryAction::Requeued => ActiveValue::NotSet,
    }
}

/// Everything of a comment that a write of its own may change: counts are moved by other comments' writes.
fn active(comment: &Comment) -> comment::ActiveModel {
    let (status, status_at, status_by, status_reason) = state_columns(&comment.state);
    comment::ActiveModel {
        id: Set(comment.id.0),
        article_id: Set(comment.article_id.0),
        under_id: Set(comment.parent_id.map_or(comment.article_id.0, |parent| parent.0)),
        parent_id: Set(comment.parent_id.map(|parent| parent.0)),
        path: Set(comment.path.as_bytes().to_vec()),
        author_id: Set(comment.author.as_ref().map(|author| author.id.0)),
        body: Set(comment.body.clone()),
        body_html: Set(comment.body_html.clone()),
        status: Set(status),
        status_at: Set(status_at),
        status_by: Set(status_by),
        status_reason: Set(status_reason),
        revision: Set(comment.revision),
        shown: Set(comment.is_shown()),
        held_because: Set(traces_to_json(&comment.held_because)),
        edited_at: Set(comment.edited_at),
        first_published_at: Set(comment.first_published_at),
        ..Default::default()
    }
}
