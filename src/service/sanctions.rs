//! What moderators do about people, and refusing all that a person wrote.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::bulk::{ITEMS_MAX, Locked};
use super::moderation::{Ruling, Verdict, check_note, moderator};
use super::{Failure, Outcome, Refusal, RefusalCode, Service};
use crate::domain::action::{ActionKind, BulkAction};
use crate::domain::comment::CommentStatus;
use crate::domain::ids::{ActionId, CommentId, EntryId, UserId};
use crate::domain::policy;
use crate::domain::sanction::{Imposed, Sanction, SanctionKind};
use crate::domain::text;
use crate::domain::user::{User, Viewer};
use crate::store::NewSanction;

/// How long a request refuses or erases comments before it leaves the rest to the upkeep of the nodes.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long an action may be left unfinished before another node goes on with it.
const ABANDONED_AFTER: chrono::Duration = chrono::Duration::seconds(30);

/// A sanction to be imposed, or lifted.
#[derive(Clone, Debug)]
pub struct SanctionOrder {
    /// On whom.
    pub user: UserId,
    /// Which.
    pub kind: SanctionKind,
    /// Until when; for a suspension, and for nothing else.
    pub until: Option<DateTime<Utc>>,
    /// Why, as the person is told.
    pub reason: Option<String>,
    /// Whether all that the person wrote is refused along with it.
    pub reject_all: bool,
}

/// What a sanction came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sanctioned {
    /// The person.
    pub user: User,
    /// The action that refused their comments.
    pub rejection: Option<Rejection>,
}

/// How far the refusal of a person's comments has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rejection {
    /// The action, to undo it by.
    pub action: ActionId,
    /// Comments refused so far.
    pub rejected: u64,
    /// Whether that is all; else the nodes go on by themselves.
    pub is_complete: bool,
}

impl Service {
    /// Imposes a sanction on a person of a lower role, or lifts the one that is there. The same sanction once
    /// more changes nothing. With `reject_all`, what the person wrote and readers see, or wait for, is refused
    /// in batches; nothing that they were writing at the time slips through.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn sanction(&self, viewer: &Viewer, order: SanctionOrder) -> Outcome<Sanctioned> {
        let moderator = moderator(viewer)?;
        let now = self.clock.now();
        let sanction = match wanted(&order, now) {
            Ok(sanction) => sanction,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let reason = order.reason.as_deref().map(text::multi_line).filter(|reason| !reason.is_empty());
        let tx = self.store.write().await?;
        let (user, standing) = tx.lock_person(order.user).await?.ok_or(Failure::NotFound("user"))?;
        policy::require_over(viewer, &user)?;
        let rejection = order.reject_all.then(|| self.rejection(moderator, &user, reason.clone(), now));
        let imposed = sanction.map(|sanction| Imposed { sanction, reason: reason.clone() });
        if imposed != standing || rejection.is_some() {
            let id = EntryId(self.clock.new_id());
            let action = rejection.as_ref().map(|action| action.id);
            let by = Some(moderator.id);
            tx.sanction(NewSanction { id, user: user.id, sanction, reason, by, action, at: now }).await?;
            if let Some(action) = &rejection {
                tx.insert_action(action, None).await?;
            }
            tx.commit().await?;
        }
        let rejection = match rejection {
            Some(action) => Some(self.carry_rejection_on(&action).await?),
            None => None,
        };
        Ok(Ok(Sanctioned { user, rejection }))
    }

    fn rejection(
        &self,
        moderator: &User,
        user: &User,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> BulkAction {
        BulkAction {
            id: ActionId(self.clock.new_id()),
            kind: ActionKind::RejectAll,
            by: Some(moderator.id),
            to: Some(CommentStatus::Rejected),
            reason: None,
            note,
            user: Some(user.id),
            undoes: None,
            undone_by: None,
            at: now,
            finished_at: None,
        }
    }

    /// Refuses what is left of a person's comments, for as long as a request may take.
    async fn carry_rejection_on(&self, action: &BulkAction) -> Result<Rejection, Failure> {
        let mut rejection = Rejection { action: action.id, rejected: 0, is_complete: true };
        let begun = self.clock.now();
        let patience = chrono::Duration::from_std(PATIENCE).unwrap_or_default();
        let mut after = CommentId(uuid::Uuid::nil());
        loop {
            let (rejected, last) = self.reject_batch(action, after).await?;
            rejection.rejected += rejected;
            match last {
                Some(last) => after = last,
                // Ids of several nodes' clocks: one written last may have an id before others.
                None if after.0.is_nil() => break,
                None => after = CommentId(uuid::Uuid::nil()),
            }
            if self.clock.now() - begun > patience {
                return Ok(Rejection { is_complete: false, ..rejection });
            }
        }
        self.finish(action).await?;
        Ok(rejection)
    }

    /// Refuses some of a person's comments in one transaction: how many, and the last of them. `None`: there
    /// are no more after that one, or the action was undone meanwhile.
    async fn reject_batch(
        &self,
        action: &BulkAction,
        after: CommentId,
    ) -> Result<(u64, Option<CommentId>), Failure> {
        let Some(author) = action.user else { return Ok((0, None)) };
        let tx = self.store.write().await?;
        if tx.lock_action(action.id).await?.is_none_or(|action| action.finished_at.is_some()) {
            return Ok((0, None));
        }
        let ids = tx.unrefused_of(author, action.id, after, ITEMS_MAX as u64).await?;
        let Some(last) = ids.last().copied() else { return Ok((0, None)) };
        let mut locked = Locked::read(&tx, &ids).await?;
        let mut rejected = 0;
        for id in ids {
            let ruling = Ruling {
                bulk: Some(action.id),
                ..Ruling::of(Verdict::Reject, action.by, action.reason, action.note.as_deref())
            };
            // As it is under the lock: nobody read it, and it is refused for who wrote it.
            let Some(revision) = locked.comments.get(&id).map(|comment| comment.revision) else { continue };
            let item = self.rule_one(&tx, &mut locked, id, revision, ruling).await?;
            rejected += u64::from(item.refusal.is_none());
        }
        tx.commit().await?;
        locked.moved().for_each(|article| self.announce(article));
        self.announce_queues();
        Ok((rejected, Some(last)))
    }

    /// Goes on with actions whose node has gone, or whose request ran out of time. One that fails keeps no other from
    /// being finished.
    ///
    /// # Errors
    /// [`Failure`]: the first of them, once all were tried.
    pub async fn resume_actions(&self) -> Result<(), Failure> {
        let before = self.clock.now() - ABANDONED_AFTER;
        let mut outcome = Ok(());
        for action in self.store.latest().unfinished_actions(before, 10).await? {
            let carried = match action.kind {
                ActionKind::RejectAll => self.carry_rejection_on(&action).await.map(drop),
                ActionKind::Undo => self.carry_undo_on(&action).await.map(drop),
                ActionKind::Erase => self.carry_erasure_on(&action).await.map(drop),
                // Done in the one transaction that wrote it.
                ActionKind::Bulk => self.finish(&action).await,
            };
            outcome = outcome.and(carried);
        }
        outcome
    }
}

/// The sanction that an order asks for; `None`: none.
fn wanted(order: &SanctionOrder, now: DateTime<Utc>) -> Result<Option<Sanction>, Refusal> {
    check_note(order.reason.as_deref(), "reason")?;
    let invalid = |message: &str| Refusal::of(RefusalCode::Invalid, "until", message);
    match (order.kind, order.until) {
        (SanctionKind::Suspend, Some(until)) if until > now => Ok(Some(Sanction::Suspend { until })),
        (SanctionKind::Suspend, Some(_)) => Err(invalid("Suspend until a time that is yet to come.")),
        (SanctionKind::Suspend, None) => Err(invalid("Say until when to suspend; a ban has no end.")),
        (SanctionKind::Ban | SanctionKind::Premoderate | SanctionKind::None, Some(_)) => {
            Err(invalid("Only a suspension ends by itself: leave `until` out."))
        }
        (SanctionKind::Ban, None) => Ok(Some(Sanction::Ban)),
        (SanctionKind::Premoderate, None) => Ok(Some(Sanction::Premoderate)),
        (SanctionKind::None, None) => Ok(None),
    }
}
