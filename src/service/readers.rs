//! What readers say of each other's comments: reactions and reports.

use super::comments::{lock_comment, signed_in, writer};
use super::{Outcome, Refusal, RefusalCode, Service, refuse};
use crate::domain::comment::{Comment, CommentState};
use crate::domain::ids::CommentId;
use crate::domain::moderation::{HistoryAction, ReasonCode};
use crate::domain::policy;
use crate::domain::reaction::ReactionKind;
use crate::domain::rules::{Rule, Trace};
use crate::domain::text;
use crate::domain::user::Viewer;
use crate::store::{Change, NewReport, Reacted};

impl Service {
    /// Sets the viewer's reaction on or off. Absolute, so that a retry is harmless.
    ///
    /// # Errors
    /// [`Failure`](super::Failure).
    pub async fn react(
        &self,
        viewer: &Viewer,
        id: CommentId,
        kind: ReactionKind,
        on: bool,
    ) -> Outcome<Comment> {
        let user = signed_in(viewer)?;
        let tx = self.store.write().await?;
        let now = self.clock.now();
        if let Err(refusal) = writer(&tx, user, now).await? {
            return Ok(Err(refusal.into()));
        }
        let (mut article, comment) = lock_comment(&tx, viewer, id).await?;
        if !comment.state.is_visible() {
            let message = "Only comments that readers see can be reacted to.";
            return refuse(RefusalCode::ParentNotVisible, "id", message);
        }
        let reacted = Reacted { comment: id, user: user.id, kind };
        if tx.react(&mut article, reacted, on, now).await? {
            tx.commit().await?;
            self.announce(&article);
        }
        Ok(Ok(comment))
    }

    /// Reports a comment to the moderators. One report per person and comment: a second one changes nothing.
    ///
    /// # Errors
    /// [`Failure`](super::Failure).
    pub async fn report(
        &self,
        viewer: &Viewer,
        id: CommentId,
        reason: ReasonCode,
        note: Option<String>,
    ) -> Outcome<Comment> {
        let user = signed_in(viewer)?;
        let note = note.as_deref().map(text::multi_line).filter(|note| !note.is_empty());
        if note.as_deref().is_some_and(|note| text::length(note) > super::moderation::NOTE_MAX) {
            let message = format!("A note has at most {} characters.", super::moderation::NOTE_MAX);
            return Ok(Err(Refusal::of(RefusalCode::TooLong, "note", message).into()));
        }
        let hold_at = match self.store.latest().comment(id).await? {
            Some(read) => self.rules_in_force(Some(read.article_id)).await?.settings.reports.hold_at,
            None => None,
        };
        let tx = self.store.write().await?;
        let at = self.clock.now();
        if let Err(refusal) = writer(&tx, user, at).await? {
            return Ok(Err(refusal.into()));
        }
        let (mut article, mut comment) = lock_comment(&tx, viewer, id).await?;
        if policy::is_author(viewer, &comment) {
            return refuse(
                RefusalCode::OwnComment,
                "id",
                "One does not report what one wrote: delete it instead.",
            );
        }
        if !comment.state.is_visible() {
            let message = "Only comments that readers see can be reported.";
            return refuse(RefusalCode::ParentNotVisible, "id", message);
        }
        let new =
            NewReport { id: self.clock.new_id(), comment: comment.clone(), user: user.id, reason, note, at };
        if !tx.report(new).await? {
            return Ok(Ok(comment));
        }
        // The row as it is now: with one report more, which what follows starts from.
        comment.open_reports += 1;
        let told = article.sequence;
        if let Some(limit) = hold_at {
            let score = tx.report_score(id).await?;
            // Sums of fractions: a hair's breadth is none.
            if score + 1e-9 >= limit {
                let detail = format!(
                    "The readers' reports of it weigh {score:.2}; from {limit:.2} on it is read again."
                );
                let change = Change {
                    state: CommentState::Pending,
                    words: None,
                    held_because: Some(vec![Trace::of(Rule::Reports, detail)]),
                    reopened: 0,
                    at,
                    entry: self.entry(HistoryAction::Held, None),
                };
                comment = tx.change_comment(&mut article, &comment, change).await?;
            }
        }
        tx.commit().await?;
        self.announce_queues();
        if article.sequence > told {
            self.announce(&article);
        }
        Ok(Ok(comment))
    }
}
