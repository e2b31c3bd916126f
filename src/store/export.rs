//! What is held of a person, for that person: one line of JSON for each thing, a page at a time.

use chrono::{DateTime, Utc};
use entity::{ended_session, imported, moderation_entry, report, submission_mark, user_sanction};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Result, Snapshot};
use crate::domain::comment::{Comment, CommentState};
use crate::domain::ids::{ArticleId, CommentId, UserId, opaque};

/// The parts of an export, in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ExportPart {
    /// Who they are, and how they sign in.
    Profile,
    /// Sessions that were ended before their time. Others are not kept: their tokens say it all.
    Sessions,
    /// What was done about them.
    Sanctions,
    /// What they wrote, with its history.
    Comments,
    /// What they reacted to.
    Reactions,
    /// What they reported.
    Reports,
    /// What the rules remember of their submissions, for a week.
    Marks,
    /// What they decided on others' comments, or did to their own.
    Decisions,
    /// The sanctions that they imposed on others.
    Imposed,
    /// What they were called where their comments were imported from.
    Imported,
}

impl ExportPart {
    /// Every part, in order.
    pub const ALL: [Self; 10] = [
        Self::Profile,
        Self::Sessions,
        Self::Sanctions,
        Self::Comments,
        Self::Reactions,
        Self::Reports,
        Self::Marks,
        Self::Decisions,
        Self::Imposed,
        Self::Imported,
    ];
}

/// Where an export goes on: after that row of that part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExportPlace {
    /// In which part.
    pub part: ExportPart,
    /// After which of its rows.
    pub after: Uuid,
}

/// A page of an export.
#[derive(Clone, PartialEq, Debug)]
pub struct ExportPage {
    /// One object for each thing that is held.
    pub lines: Vec<Value>,
    /// Where it goes on; `None`: that is all.
    pub next: Option<ExportPlace>,
}

impl Snapshot {
    /// What is held of a person, from `place` on, at most `limit` lines; `None`: there is no such person.
    ///
    /// # Errors
    /// The database failed.
    pub async fn export(
        &self,
        user: UserId,
        place: Option<ExportPlace>,
        limit: usize,
    ) -> Result<Option<ExportPage>> {
        let from = place.map_or(ExportPart::Profile, |place| place.part);
        let mut lines = Vec::new();
        for part in ExportPart::ALL.into_iter().filter(|part| *part >= from) {
            let after = place.filter(|place| place.part == part).map_or(Uuid::nil(), |place| place.after);
            let room = limit - lines.len();
            let mut rows = self.part(user, part, after, room as u64 + 1).await?;
            if part == ExportPart::Profile && place.is_none() && rows.is_empty() {
                return Ok(None);
            }
            let is_cut = rows.len() > room;
            rows.truncate(room);
            let last = rows.last().map_or(after, |(id, _)| *id);
            lines.extend(rows.into_iter().map(|(_, line)| line));
            if is_cut {
                return Ok(Some(ExportPage { lines, next: Some(ExportPlace { part, after: last }) }));
            }
        }
        Ok(Some(ExportPage { lines, next: None }))
    }

    async fn part(
        &self,
        user: UserId,
        part: ExportPart,
        after: Uuid,
        limit: u64,
    ) -> Result<Vec<(Uuid, Value)>> {
        match part {
            ExportPart::Profile => self.profile(user, after).await,
            ExportPart::Sessions => self.sessions_of(user, after, limit).await,
            ExportPart::Sanctions => self.sanction_lines(user, after, limit).await,
            ExportPart::Comments => self.comment_lines(user, after, limit).await,
            ExportPart::Reactions => self.reaction_lines(user, after, limit).await,
            ExportPart::Reports => self.report_lines(user, after, limit).await,
            ExportPart::Marks => self.mark_lines(user, after, limit).await,
            ExportPart::Decisions => self.decision_lines(user, after, limit).await,
            ExportPart::Imposed => self.imposed_lines(user, after, limit).await,
            ExportPart::Imported => self.imported_line(user, after).await,
        }
    }

    async fn profile(&self, id: UserId, after: Uuid) -> Result<Vec<(Uuid, Value)>> {
        if after == id.0 {
            return Ok(Vec::new());
        }
        let Some(user) = entity::user::Entity::find_by_id(id.0).one(&self.conn).await? else {
            return Ok(Vec::new());
        };
        let account = entity::account::Entity::find_by_id(id.0).one(&self.conn).await?;
        let (login, host_site, signed_out_at) = account.map_or((None, None, None), |account| {
            let host_site = account.issuer.zip(account.subject);
            let host_site =
                host_site.map(|(issuer, subject)| json!({ "issuer": issuer, "subject": subject }));
            (account.login, host_site, account.signed_out_at)
        });
        let line = json!({
            "type": "profile", "id": opaque(b'U', id.0), "displayName": user.display_name, "role": user.role,
            "knownAs": user.kind, "since": user.created_at, "signsInAs": login, "hostSite": host_site,
            "signedOutEverywhereAt": signed_out_at,
            "sanction": user.sanction.map(|kind| json!({
                "kind": kind, "until": user.sanction_until, "reason": user.sanction_reason,
            })),
        });
        Ok(vec![(id.0, line)])
    }

    async fn sessions_of(&self, user: UserId, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Value)>> {
        let rows = ended_session::Entity::find()
            .filter(ended_session::Column::UserId.eq(user.0))
            .filter(ended_session::Column::SessionId.gt(after))
            .order_by_asc(ended_session::Column::SessionId)
            .limit(limit)
            .all(&self.conn)
            .await?;
        let line = |row: ended_session::Model| {
            let line = json!({ "type": "endedSession", "wouldHaveEndedAt": row.expires_at });
            (row.session_id, line)
        };
        Ok(rows.into_iter().map(line).collect())
    }

    async fn sanction_lines(&self, user: UserId, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Value)>> {
        let rows = user_sanction::Entity::find()
            .filter(user_sanction::Column::UserId.eq(user.0))
            .filter(user_sanction::Column::Id.gt(after))
            .order_by_asc(user_sanction::Column::Id)
            .limit(limit)
            .all(&self.conn)
            .await?;
        let line = |row: user_sanction::Model| {
            let line = json!({
                "type": "sanction", "kind": row.kind, "until": row.until, "reason": row.reason, "at": row.at,
            });
            (row.id, line)
        };
        Ok(rows.into_iter().map(line).collect())
    }

    async fn comment_lines(&self, user: UserId, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Value)>> {
        use entity::comment::{Column, Entity};
        let ids: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::AuthorId.eq(user.0))
            .filter(Column::Id.gt(after))
            .order_by_asc(Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        let ids: Vec<CommentId> = ids.into_iter().map(CommentId).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut comments = self.comments(&ids).await?;
        comments.sort_unstable_by_key(|comment| comment.id);
        let mut articles: Vec<ArticleId> = comments.iter().map(|comment| comment.article_id).collect();
        articles.sort_unstable();
        articles.dedup();
        let articles = self.articles(&articles).await?;
        let mut histories = self.histories(&ids).await?;
        let lines = comments.into_iter().map(|comment| {
            let article = articles.iter().find(|article| article.id == comment.article_id);
            let history = histories.remove(&comment.id).unwrap_or_default();
            // Who decided is somebody else's data.
            let history: Vec<Value> = history
                .iter()
                .map(|entry| {
                    json!({
                        "action": entry.action.name(), "from": entry.from.map(|from| from.name()),
                        "to": entry.to.name(), "reason": entry.reason.map(|reason| reason.name()),
                        "at": entry.at,
                    })
                })
                .collect();
            let article = article.map(|article| {
                json!({
                    "id": opaque(b'A', article.id.0), "slug": article.story.slug,
                    "headline": article.story.headline, "url": article.story.url,
                })
            });
            (comment.id.0, comment_line(&comment, article, history))
        });
        Ok(lines.collect())
    }

    async fn reaction_lines(&self, user: UserId, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Value)>> {
        use entity::reaction::{Column, Entity};
        let ids: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::CommentId)
            .distinct()
            .filter(Column::UserId.eq(user.0))
            .filter(Column::CommentId.gt(after))
            .order_by_asc(Column::CommentId)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        let rows = Entity::find()
            .filter(Column::UserId.eq(user.0))
            .filter(Column::CommentId.is_in(ids.iter().copied()))
            .all(&self.conn)
            .await?;
        let line = |id: Uuid| {
            let of_it = rows.iter().filter(|row| row.comment_id == id);
            let kinds: Vec<Value> =
                of_it.map(|row| json!({ "kind": row.kind, "at": row.created_at })).collect();
            (id, json!({ "type": "reaction", "commentId": opaque(b'C', id), "reactions": kinds }))
        };
        Ok(ids.iter().copied().map(line).collect())
    }

    async fn report_lines(&self, user: UserId, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Value)>> {
        let rows = report::Entity::find()
            .filter(report::Column::UserId.eq(user.0))
            .filter(report::Column::Id.gt(after))
            .order_by_asc(report::Column::Id)
            .limit(limit)
            .all(&self.conn)
            .await?;
        let line = |row: report::Model| {
            let line = json!({
                "type": "report", "commentId": opaque(b'C', row.comment_id), "reason": row.reason,
                "note": row.note, "at": row.created_at,
            });
            (row.id, line)
        };
        Ok(rows.into_iter().map(line).collect())
    }

    async fn mark_lines(&self, user: UserId, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Value)>> {
        let rows = submission_mark::Entity::find()
            .filter(submission_mark::Column::AuthorId.eq(user.0))
            .filter(submission_mark::Column::CommentId.gt(after))
            .order_by_asc(submission_mark::Column::CommentId)
            .limit(limit)
            .all(&self.conn)
            .await?;
        let line = |row: submission_mark::Model| {
            let line = json!({
                "type": "submissionMark", "commentId": opaque(b'C', row.comment_id), "at": row.at,
                "hasTextDigest": row.text_digest.is_some(), "hasAddressDigest": row.address_digest.is_some(),
            });
            (row.comment_id, line)
        };
        Ok(rows.into_iter().map(line).collect())
    }

    async fn decision_lines(&self, user: UserId, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Value)>> {
        let rows = moderation_entry::Entity::find()
            .filter(moderation_entry::Column::ActorId.eq(user.0))
            .filter(moderation_entry::Column::Id.gt(after))
            .order_by_asc(moderation_entry::Column::Id)
            .limit(limit)
            .all(&self.conn)
            .await?;
        let line = |row: moderation_entry::Model| {
            let line = json!({
                "type": "action", "commentId": opaque(b'C', row.comment_id), "action": row.action,
                "from": row.from_status, "to": row.to_status, "reason": row.reason, "note": row.note,
                "at": row.at, "actionId": row.action_id.map(|id| opaque(b'M', id)),
            });
            (row.id, line)
        };
        Ok(rows.into_iter().map(line).collect())
    }
}

impl Snapshot {
    async fn imposed_lines(&self, user: UserId, after: Uuid, limit: u64) -> Result<Vec<(Uuid, Value)>> {
        let rows = user_sanction::Entity::find()
            .filter(user_sanction::Column::ActorId.eq(user.0))
            .filter(user_sanction::Column::Id.gt(after))
            .order_by_asc(user_sanction::Column::Id)
            .limit(limit)
            .all(&self.conn)
            .await?;
        // On whom is somebody else's data.
        let line = |row: user_sanction::Model| {
            let line = json!({
                "type": "imposedSanction", "kind": row.kind, "until": row.until, "reason": row.reason, "at": row.at,
            });
            (row.id, line)
        };
        Ok(rows.into_iter().map(line).collect())
    }

    async fn imported_line(&self, user: UserId, after: Uuid) -> Result<Vec<(Uuid, Value)>> {
        if after == user.0 {
            return Ok(Vec::new());
        }
        let rows = imported::Entity::find().filter(imported::Column::Id.eq(user.0)).all(&self.conn).await?;
        let names: Vec<String> = rows.into_iter().map(|row| row.foreign_id).collect();
        let line = json!({ "type": "imported", "knownThereAs": names });
        Ok(if names.is_empty() { Vec::new() } else { vec![(user.0, line)] })
    }
}

fn comment_line(comment: &Comment, article: Option<Value>, history: Vec<Value>) -> Value {
    let since: Option<DateTime<Utc>> = match comment.state {
        CommentState::Pending => None,
        CommentState::Approved { at, .. }
        | CommentState::Rejected { at, .. }
        | CommentState::Spam { at, .. }
        | CommentState::Deleted { at, .. } => Some(at),
    };
    json!({
        "type": "comment", "id": opaque(b'C', comment.id.0), "article": article,
        "inReplyTo": comment.parent_id.map(|parent| opaque(b'C', parent.0)), "body": comment.body,
        "status": comment.state.status().name(), "statusSince": since, "createdAt": comment.created_at,
        "editedAt": comment.edited_at, "revision": comment.revision,
        "heldBecause": comment.held_because.iter().map(|trace| &*trace.rule).collect::<Vec<_>>(),
        "heldBecauseDetails": comment.held_because.iter().map(|trace| &*trace.detail).collect::<Vec<_>>(),
        "history": history,
    })
}
