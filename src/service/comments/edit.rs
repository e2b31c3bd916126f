//! Changing one's own comment, and taking it back.

use super::{own_comment, signed_in, writer};
use crate::domain::article::ModerationMode;
use crate::domain::comment::{Action, Comment, Next};
use crate::domain::ids::{CommentId, opaque};
use crate::domain::moderation::HistoryAction;
use crate::domain::policy;
use crate::domain::rules::{self, Verdict};
use crate::domain::user::{User, Viewer};
use crate::service::judging::{self, Case, Words};
use crate::service::{Failure, Outcome, Refusal, RefusalCode, Service, refuse, stale};
use crate::store::Change;

/// New words for a comment.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Which comment.
    pub comment: CommentId,
    /// The words, in Markdown.
    pub body: String,
    /// The revision that the author read.
    pub revision: i32,
}

impl Service {
    /// Changes the words of one's own comment, inside the edit window.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn edit(&self, viewer: &Viewer, edit: Edit) -> Outcome<Comment> {
        let author = signed_in(viewer)?;
        let words = Words::of(&edit.body);
        let Some(read) = self.store.latest().comment(edit.comment).await? else {
            return Err(Failure::NotFound("comment"));
        };
        let case = self.case(viewer, read.article_id, &words, None).await?;
        let case = self.asked_of_edit(viewer, author, &edit, &words, case, &read).await;
        let tx = self.store.write().await?;
        let now = self.clock.now();
        let held = match writer(&tx, author, now).await? {
            Ok(sanction) => sanction.and_then(|sanction| sanction.holds()),
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let (mut article, before) = own_comment(&tx, viewer, edit.comment).await?;
        if before.revision != edit.revision {
            return Ok(Err(stale(before, edit.revision)));
        }
        let mode = if held.is_some() { ModerationMode::Pre } else { article.policy.moderation };
        let state = match before.state.after(Action::Edit, mode, now, Some(author.id)) {
            Ok(Next::Changed(state)) => state,
            Ok(Next::Unchanged) => return Ok(Ok(before)),
            Err(refused) => return Ok(Err(Refusal::from(refused).into())),
        };
        if !policy::may_edit(viewer, &before, now) {
            let minutes = policy::EDIT_WINDOW.num_minutes();
            let message = format!("A comment can be edited for {minutes} minutes after it was sent in.");
            return refuse(RefusalCode::EditWindowClosed, "id", message);
        }
        if let Err(not_taken) = rules::check_length(&article.policy, &words.body, &words.judged) {
            return Ok(Err(Refusal::from(not_taken).into()));
        }
        if words.body == before.body {
            return Ok(Ok(before));
        }
        let mut found = case.judge_edit(&words);
        found.extend(case.newcomer(&tx, &before, now).await?);
        let verdict = match Verdict::over(found) {
            Ok(verdict) => verdict,
            Err(not_taken) => return Ok(Err(Refusal::from(not_taken).into())),
        };
        let (state, held_because) = judging::edited(&before, state, verdict, now);
        let held_because = held_because.map(|traces| traces.into_iter().chain(held).collect());
        let change = Change {
            state,
            words: Some((words.body, words.html)),
            held_because,
            reopened: 0,
            at: now,
            entry: self.entry(HistoryAction::Edited, Some(author)),
        };
        let told = article.sequence;
        tx.mark_edit(before.id, case.text).await?;
        let comment = tx.change_comment(&mut article, &before, change).await?;
        tx.commit().await?;
        self.announce_change(&article, told);
        Ok(Ok(comment))
    }

    /// Asks the operator's hook about an edit that looks as if it could be made; whether it is, is seen under the lock.
    async fn asked_of_edit(
        &self,
        viewer: &Viewer,
        author: &User,
        edit: &Edit,
        words: &Words,
        case: Case,
        read: &Comment,
    ) -> Case {
        let now = self.clock.now();
        let is_due = policy::may_edit(viewer, read, now)
            && read.revision == edit.revision
            && read.body != words.body
            && Verdict::over(case.judge_edit(words)).is_ok();
        let Some(hook) = self.rulebook.hook().filter(|_| case.asks_hook() && is_due) else { return case };
        let mut question = judging::question("edit", author, read.article_id, words);
        question.comment_id = Some(opaque(b'C', read.id.0));
        question.parent_id = read.parent_id.map(|id| opaque(b'C', id.0));
        case.with_hook(hook.ask(&question, None, now).await)
    }

    /// Takes one's own comment back. Its words are erased; where it has visible replies, a tombstone stays.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn delete(&self, viewer: &Viewer, id: CommentId) -> Outcome<Comment> {
        let author = signed_in(viewer)?;
        let tx = self.store.write().await?;
        let (mut article, before) = own_comment(&tx, viewer, id).await?;
        let now = self.clock.now();
        let state = match before.state.after(Action::Delete, article.policy.moderation, now, Some(author.id))
        {
            Ok(Next::Changed(state)) => state,
            Ok(Next::Unchanged) => return Ok(Ok(before)),
            Err(refused) => return Ok(Err(Refusal::from(refused).into())),
        };
        let change = Change {
            state,
            words: Some((String::new(), String::new())),
            // The traces of the rules may quote the words.
            held_because: Some(Vec::new()),
            reopened: 0,
            at: now,
            entry: self.entry(HistoryAction::Deleted, Some(author)),
        };
        let told = article.sequence;
        let comment = tx.change_comment(&mut article, &before, change).await?;
        tx.commit().await?;
        self.announce_change(&article, told);
        Ok(Ok(comment))
    }
}
