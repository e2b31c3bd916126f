//! What moderators decide.

use super::comments::{lock_comment, remembered, repeated};
use super::{Failure, Outcome, Refusal, RefusalCode, Refused, Service, stale};
use crate::domain::article::Article;
use crate::domain::comment::{Action, Comment, CommentState, CommentStatus, Next};
use crate::domain::ids::{ActionId, CommentId, UserId};
use crate::domain::moderation::{CLAIM_LASTS, Claim, HistoryAction, ReasonCode};
use crate::domain::policy::{self, Denied, Permission};
use crate::domain::text;
use crate::domain::user::{User, Viewer};
use crate::store::{Change, NewEntry, Remembered, WriteTx};

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
    /// It goes back to the queue.
    Requeue,
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
    /// What makes a comment that; `None`: no moderator can.
    #[must_use]
    pub const fn leading_to(status: CommentStatus) -> Option<Self> {
        match status {
            CommentStatus::Pending => Some(Self::Requeue),
            CommentStatus::Approved => Some(Self::Approve),
            CommentStatus::Rejected => Some(Self::Reject),
            CommentStatus::Spam => Some(Self::Spam),
            CommentStatus::Deleted => None,
        }
    }

    const fn action(self, reason: Option<ReasonCode>) -> Action {
        match self {
            Self::Approve => Action::Approve,
            Self::Reject => Action::Reject(reason),
            Self::Spam => Action::MarkSpam,
            Self::Requeue => Action::Requeue,
        }
    }

    const fn history(self) -> HistoryAction {
        match self {
            Self::Approve => HistoryAction::Approved,
            Self::Reject => HistoryAction::Rejected,
            Self::Spam => HistoryAction::MarkedSpam,
            Self::Requeue => HistoryAction::Requeued,
        }
    }
}

/// What is to be done to a comment, by whom, and what its history says of it: alike for one comment, for
/// many, and for what is undone.
#[derive(Clone, Debug)]
pub(super) struct Ruling {
    pub action: Action,
    pub history: HistoryAction,
    /// Whose; `None` where the account is gone by the time that a bulk action comes to its end.
    pub by: Option<UserId>,
    pub reason: Option<ReasonCode>,
    pub note: Option<String>,
    pub bulk: Option<ActionId>,
    /// Open reports to be brought back.
    pub reopened: i32,
}

/// What a ruling came to.
pub(super) enum Ruled {
    Changed(Comment),
    /// It was that already.
    Unchanged(Comment),
    Refused(Refused<Comment>),
}

impl Ruling {
    /// A verdict on a comment.
    pub fn of(verdict: Verdict, by: Option<UserId>, reason: Option<ReasonCode>, note: Option<&str>) -> Self {
        Self {
            action: verdict.action(reason),
            history: verdict.history(),
            by,
            reason,
            note: note.map(text::multi_line).filter(|note| !note.is_empty()),
            bulk: None,
            reopened: 0,
        }
    }

    /// What brings a comment back to what it was before an action on many.
    pub fn undoing(before: CommentState, by: Option<UserId>) -> Self {
        Self {
            action: Action::Undo(before),
            history: HistoryAction::Undone,
            by,
            reason: None,
            note: None,
            bulk: None,
            reopened: 0,
        }
    }
}

/// The moderator that a viewer is.
///
/// # Errors
/// The viewer is none.
pub(super) fn moderator(viewer: &Viewer) -> Result<&User, Denied> {
    policy::require(viewer, Permission::Moderate)?;
    viewer.user().ok_or(Denied::Unauthenticated)
}

/// Refuses a note that is too long.
pub(super) fn check_note(note: Option<&str>, field: &'static str) -> Result<(), Refusal> {
    if note.is_some_and(|note| text::length(note) > NOTE_MAX || note.len() > NOTE_MAX * 16) {
        let message = format!("This text has at most {NOTE_MAX} characters.");
        return Err(Refusal::of(RefusalCode::TooLong, field, message));
    }
    Ok(())
}

impl Service {
    /// Decides on a comment as it was read: another revision is a conflict that carries the comment as it is
    /// now. Asking for the state that it has already changes nothing, whatever the revision; but approving what is
    /// approved and reported is a decision, too: the reports are dealt with, and readers notice nothing.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn decide(&self, viewer: &Viewer, decision: Decision) -> Outcome<Comment> {
        let moderator = moderator(viewer)?;
        if let Err(refusal) = check_note(decision.note.as_deref(), "note") {
            return Ok(Err(refusal.into()));
        }
        let parts = [
            &*decision.comment.to_string(),
            &*decision.revision.to_string(),
            decision.reason.map_or("", ReasonCode::name),
            decision.note.as_deref().unwrap_or_default(),
        ];
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
        let moderator = moderator(viewer)?;
        let tx = self.store.write().await?;
        let (_article, mut comment) = lock_comment(&tx, viewer, id).await?;
        let now = self.clock.now();
        let others = comment.claim.is_some_and(|claim| claim.by != moderator.id && claim.until > now);
        // Nobody can decide on what its author has taken back; and letting go of nothing is nothing to tell.
        let is_over = comment.state.status() == CommentStatus::Deleted;
        if !others && !is_over && (on || comment.claim.is_some()) {
            comment.claim = on.then(|| Claim { by: moderator.id, until: now + CLAIM_LASTS });
            tx.claim(id, comment.claim, now).await?;
            tx.commit().await?;
            self.announce_queues();
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
        let told = article.sequence;
        let Decision { verdict, reason, note, revision, .. } = decision;
        let ruling = Ruling::of(*verdict, Some(moderator.id), *reason, note.as_deref());
        let comment = match self.rule(&tx, &mut article, before, *revision, ruling).await? {
            Ruled::Changed(comment) => comment,
            Ruled::Unchanged(comment) => return Ok(Ok(comment)),
            Ruled::Refused(refused) => return Ok(Err(refused)),
        };
        if let Some(key) = key {
            tx.remember(key, comment.id.0, self.clock.now()).await?;
        }
        #[cfg(feature = "planted-bugs")]
        crate::planted::publish_before_commit(&*self.bus, &article).await;
        tx.commit().await?;
        self.announce_change(&article, told);
        Ok(Ok(comment))
    }

    /// Does to a comment, read under its article's lock, what a moderator who read that revision of it
    /// decided. Asking for what it is already changes nothing, whatever the revision, unless it answers reports.
    pub(super) async fn rule(
        &self,
        tx: &WriteTx,
        article: &mut Article,
        before: Comment,
        revision: i32,
        ruling: Ruling,
    ) -> Result<Ruled, Failure> {
        let now = self.clock.now();
        let state = match before.state.after(ruling.action, article.policy.moderation, now, ruling.by) {
            Ok(Next::Changed(state)) => state,
            Ok(Next::Unchanged) => match kept(&before, &ruling) {
                Some(state) => state,
                None => return Ok(Ruled::Unchanged(before)),
            },
            Err(refused) => {
                let reasons = vec![Refusal::from(refused)];
                return Ok(Ruled::Refused(Refused { reasons, current: Some(Box::new(before)) }));
            }
        };
        if before.revision != revision {
            return Ok(Ruled::Refused(stale(before, revision)));
        }
        let entry = NewEntry {
            by: ruling.by,
            reason: ruling.reason,
            note: ruling.note,
            bulk: ruling.bulk,
            ..self.entry(ruling.history, None)
        };
        let change =
            Change { state, words: None, held_because: None, reopened: ruling.reopened, at: now, entry };
        Ok(Ruled::Changed(tx.change_comment(article, &before, change).await?))
    }
}

/// The state of a comment whose reports a moderator answers by letting it stand; `None`: there is nothing to answer.
fn kept(before: &Comment, ruling: &Ruling) -> Option<CommentState> {
    let answers = ruling.action == Action::Approve && before.open_reports > 0;
    if answers { before.state.kept(ruling.by) } else { None }
}
