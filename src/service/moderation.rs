//! What moderators decide.

use super::comments::{lock_comment, remembered, repeated};
use super::{Failure, Outcome, Refusal, RefusalCode, Service, stale};
use crate::domain::comment::{Action, Comment, Next};
use crate::domain::ids::CommentId;
use crate::domain::moderation::{CLAIM_LASTS, Claim, HistoryAction, ReasonCode};
use crate::domain::policy::{self, Denied, Permission};
use crate::domain::text;
use crate::domain::user::{User, Viewer};
use crate::store::{Change, NewEntry, Remembered};

/// The longest note, in characters.
pub const NOTE_MAX: usize = 2_000;

/// What a moderator makes of a comment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// Readers see it.
    Approve,
    /// It is refused.
    Reject,
    /// It is spam.
    Spam,
}

/// A decision on one comment.
#[derive(Clone, Debug)]
pub struct Decision {
    /// On which comment.
    pub comment: CommentId,
    /// What.
    pub verdict: Verdict,
    /// The revision that the moderator read.
    pub revision: i32,
    /// Why.
    pub reason: Option<ReasonCode>,
    /// What to remember.
    pub note: Option<String>,
    /// What makes a retry return the first result.
    pub idempotency_key: Option<String>,
}

impl Verdict {
    const fn action(self, reason: Option<ReasonCode>) -> Action {
        match self {
            Self::Approve => Action::Approve,
            Self::Reject => Action::Reject(reason),
            Self::Spam => Action::MarkSpam,
        }
    }

    const fn history(self) -> HistoryAction {
        match self {
            Self::Approve => HistoryAction::Approved,
            Self::Reject => HistoryAction::Rejected,
            Self::Spam => HistoryAction::MarkedSpam,
        }
    }
}

impl Service {
    /// Decides on a comment as it was read: another revision is a conflict that carries the comment as it is
    /// now. Asking for the state that it has already changes nothing, whatever the revision.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn decide(&self, viewer: &Viewer, decision: Decision) -> Outcome<Comment> {
        policy::require(viewer, Permission::Moderate)?;
        let moderator = viewer.user().ok_or(Denied::Unauthenticated)?;
        if decision.note.as_deref().is_some_and(|note| text::length(note) > NOTE_MAX) {
            let message = format!("A note has at most {NOTE_MAX} characters.");
            return Ok(Err(Refusal::of(RefusalCode::TooLong, "note", message).into()));
        }
        let parts = [&*decision.comment.to_string(), &*decision.revision.to_string()];
        let key = match remembered(
            moderator,
            decision.verdict.history().name(),
            decision.idempotency_key.as_deref(),
            &parts,
        ) {
            Ok(key) => key,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        match self.decide_once(viewer, moderator, &decision, key.clone()).await {
            Err(Failure::Store(error)) if key.is_some() && error.is_duplicate() => {
                self.decide_once(viewer, moderator, &decision, key).await
            }
            outcome => outcome,
        }
    }

    /// Claims a comment for the moderator who has opened it, or lets it go. Somebody else's claim that still
    /// holds stays: the answer shows whose it is.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn claim(&self, viewer: &Viewer, id: CommentId, on: bool) -> Outcome<Comment> {
        policy::require(viewer, Permission::Moderate)?;
        let moderator = viewer.user().ok_or(Denied::Unauthenticated)?;
        let tx = self.store.write().await?;
        let (_article, mut comment) = lock_comment(&tx, viewer, id).await?;
        let now = self.clock.now();
        let others = comment.claim.is_some_and(|claim| claim.by != moderator.id && claim.until > now);
        if !others {
            comment.claim = on.then(|| Claim { by: moderator.id, until: now + CLAIM_LASTS });
            tx.claim(id, comment.claim).await?;
            tx.commit().await?;
        }
        Ok(Ok(comment))
    }

    async fn decide_once(
        &self,
        viewer: &Viewer,
        moderator: &User,
        decision: &Decision,
        key: Option<Remembered>,
    ) -> Outcome<Comment> {
        let tx = self.store.write().await?;
        if let Some(outcome) = repeated(&tx, key.as_ref()).await? {
            return outcome;
        }
        let (mut article, before) = lock_comment(&tx, viewer, decision.comment).await?;
        let now = self.clock.now();
        let action = decision.verdict.action(decision.reason);
        let state = match before.state.after(action, article.policy.moderation, now, Some(moderator.id)) {
            Ok(Next::Changed(state)) => state,
            Ok(Next::Unchanged) => return Ok(Ok(before)),
            Err(refused) => {
                let reasons = vec![Refusal::from(refused)];
                return Ok(Err(super::Refused { reasons, current: Some(Box::new(before)) }));
            }
        };
        if before.revision != decision.revision {
            return stale(before, decision.revision);
        }
        let entry = NewEntry {
            reason: decision.reason,
            note: decision.note.as_deref().map(text::multi_line).filter(|note| !note.is_empty()),
            ..self.entry(decision.verdict.history(), Some(moderator))
        };
        let change = Change { state, words: None, held_because: None, at: now, entry };
        let told = article.sequence;
        let comment = tx.change_comment(&mut article, &before, change).await?;
        if let Some(key) = key {
            tx.remember(key, comment.id, now).await?;
        }
        #[cfg(feature = "planted-bugs")]
        crate::planted::publish_before_commit(&*self.bus, &article).await;
        tx.commit().await?;
        if article.sequence > told {
            self.announce(&article);
        }
        Ok(Ok(comment))
    }
}
