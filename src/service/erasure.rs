//! Deleting an account. The person is gone with the first transaction: name, credentials and sessions. What
//! they wrote is erased after it, in batches, as if they had taken back each comment; whatever stops that, the
//! upkeep of the nodes goes on with it.
//!
//! - Their comments become tombstones without text, or leave the thread where nobody replied. Replies stay.
//! - Their reactions are taken back, each as its own event: what somebody liked is about them, and nobody's
//!   record needs it.
//! - Their reports stay, without the words: moderators decided on comments for them, and queues count them.
//!   They name nobody any more.
//! - What they decided as a moderator stays in the histories, and so does what was decided about them: the
//!   newsroom has to answer for it. Both hang on a person who has no name.
//! - A sanction that binds somebody who signs in at a host site goes on binding them: it stays with its end, under a
//!   digest by which they are known when they come back. Deleting an account is no way around it.

use super::bulk::{ITEMS_MAX, Locked};
use super::sanctions::PATIENCE;
use super::{Failure, Outcome, Refusal, RefusalCode, Service, refuse};
use crate::domain::action::{ActionKind, BulkAction};
use crate::domain::comment::{Action, Next};
use crate::domain::ids::{ActionId, CommentId, EntryId, UserId};
use crate::domain::moderation::HistoryAction;
use crate::domain::policy::{self, Denied};
use crate::domain::text;
use crate::domain::user::{Role, UserKind, Viewer};
use crate::store::{Change, NewEntry, WriteTx};

/// How far the deletion of an account has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Erasure {
    /// Whose account it was.
    pub user: UserId,
    /// Comments erased by this call.
    pub comments: u64,
    /// Whether nothing is left; else the nodes go on by themselves.
    pub is_complete: bool,
}

impl Service {
    /// Deletes the viewer's account, or, for administrators, anybody's. `confirm` is the person's name: a slip
    /// of the hand does not write it. Deleting an account again finds it deleted, and goes on where the first
    /// try was cut short.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn delete_account(
        &self,
        viewer: &Viewer,
        of: Option<UserId>,
        confirm: &str,
    ) -> Outcome<Erasure> {
        let own = viewer.id().ok_or(Denied::Unauthenticated)?;
        let whose = of.unwrap_or(own);
        policy::require_own(viewer, whose)?;
        let user = self.person(whose).await?;
        let is_there = self.store.kind_of(whose).await? != Some(UserKind::Deleted);
        if is_there && text::single_line(confirm) != user.display_name {
            let message =
                "Nothing brings a deleted account back: to confirm, give the person's name as it is shown.";
            return refuse(RefusalCode::Invalid, "confirm", message);
        }
        self.erase(whose, Some(own)).await
    }

    /// Deletes an account, but not that of the last administrator. `by`: who does so; `None`: an operator, on the
    /// command line.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn erase(&self, user: UserId, by: Option<UserId>) -> Outcome<Erasure> {
        let tx = self.store.write().await?;
        let is_replaceable = tx.has_another_admin(user).await?;
        let Some((person, standing)) = tx.lock_person(user).await? else {
            drop(tx);
            self.person(user).await?;
            return Ok(Ok(match self.store.latest().erasure_under_way(user).await? {
                Some(action) => self.carry_erasure_on(&action).await?,
                None => Erasure { user, comments: 0, is_complete: true },
            }));
        };
        if person.role == Role::Admin && !is_replaceable {
            return Ok(Err(last_admin().into()));
        }
        let now = self.clock.now();
        let action = BulkAction {
            id: ActionId(self.clock.new_id()),
            kind: ActionKind::Erase,
            by,
            to: None,
            reason: None,
            note: None,
            user: Some(person.id),
            undoes: None,
            undone_by: None,
            at: now,
            finished_at: None,
        };
        tx.insert_action(&action, None).await?;
        if let Some(imposed) = standing.filter(|imposed| imposed.sanction.is_in_force(now)) {
            let key = format!("{}{}", self.clock.new_id().simple(), self.clock.new_id().simple());
            tx.keep_sanction(person.id, imposed.sanction, key).await?;
        }
        tx.forget_person(person.id, now).await?;
        tx.standing_changed(person.id, None, now).await?;
        tx.commit().await?;
        tracing::info!(user = %person.id, by = by.map(tracing::field::display), "an account was deleted");
        Ok(Ok(self.carry_erasure_on(&action).await?))
    }

    /// Erases what is left of a person's comments and reactions, for as long as a request may take.
    pub(super) async fn carry_erasure_on(&self, action: &BulkAction) -> Result<Erasure, Failure> {
        let begun = self.clock.now();
        let patience = chrono::Duration::from_std(PATIENCE).unwrap_or_default();
        let user = action.user.ok_or(Failure::NotFound("user"))?;
        let mut erasure = Erasure { user, comments: 0, is_complete: true };
        let mut after = CommentId(uuid::Uuid::nil());
        while let Some((erased, last)) = self.erase_batch(action, user, after).await? {
            erasure.comments += erased;
            after = last;
            if self.clock.now() - begun > patience {
                return Ok(Erasure { is_complete: false, ..erasure });
            }
        }
        while self.unreact_batch(action, user).await? {
            if self.clock.now() - begun > patience {
                return Ok(Erasure { is_complete: false, ..erasure });
            }
        }
        self.finish(action).await?;
        Ok(erasure)
    }

    /// Erases some of a person's comments in one transaction: how many, and the last of them. `None`: there
    /// are no more. The person writes nothing any more, so one pass finds them all.
    async fn erase_batch(
        &self,
        action: &BulkAction,
        author: UserId,
        after: CommentId,
    ) -> Result<Option<(u64, CommentId)>, Failure> {
        let tx = self.store.write().await?;
        if !is_under_way(&tx, action).await? {
            return Ok(None);
        }
        let ids = tx.undeleted_of(author, after, ITEMS_MAX as u64).await?;
        let Some(last) = ids.last().copied() else { return Ok(None) };
        let mut locked = Locked::read(&tx, &ids).await?;
        let now = self.clock.now();
        let mut erased = 0;
        for id in ids {
            let Some(before) = locked.comments.get(&id) else { continue };
            let Some(article) = locked.articles.get_mut(&before.article_id) else { continue };
            let Ok(Next::Changed(state)) =
                before.state.after(Action::Delete, article.policy.moderation, now, action.by)
            else {
                continue;
            };
            let entry = NewEntry {
                id: EntryId(self.clock.new_id()),
                action: HistoryAction::Deleted,
                by: action.by,
                reason: None,
                note: None,
                bulk: Some(action.id),
            };
            // The traces of the rules may quote the words.
            let held_because = Some(Vec::new());
            let words = Some((String::new(), String::new()));
            let change = Change { state, words, held_because, reopened: 0, at: now, entry };
            tx.change_comment(article, before, change).await?;
            erased += 1;
        }
        tx.commit().await?;
        locked.moved().for_each(|article| self.announce(article));
        self.announce_queues();
        Ok(Some((erased, last)))
    }

    /// Takes some of a person's reactions back in one transaction; whether there may be more.
    async fn unreact_batch(&self, action: &BulkAction, user: UserId) -> Result<bool, Failure> {
        let tx = self.store.write().await?;
        if !is_under_way(&tx, action).await? {
            return Ok(false);
        }
        let reactions = tx.reactions_of(user, ITEMS_MAX as u64).await?;
        if reactions.is_empty() {
            return Ok(false);
        }
        let ids: Vec<CommentId> = reactions.iter().map(|reacted| reacted.comment).collect();
        let mut locked = Locked::read(&tx, &ids).await?;
        let now = self.clock.now();
        for reacted in reactions {
            let article = locked.comments.get(&reacted.comment).map(|comment| comment.article_id);
            let Some(article) = article.and_then(|id| locked.articles.get_mut(&id)) else { continue };
            tx.react(article, reacted, false, now).await?;
        }
        tx.commit().await?;
        locked.moved().for_each(|article| self.announce(article));
        Ok(true)
    }
}

/// What whoever would leave nobody who may administer is told.
pub(super) fn last_admin() -> Refusal {
    let message = "This is the only administrator: give somebody else the role ADMIN first, by `userRoleSet` or by \
                   `talkback user role`.";
    Refusal::of(RefusalCode::LastAdmin, "userId", message)
}

/// Whether nobody else has brought the action to its end; held until the end of the write.
async fn is_under_way(tx: &WriteTx, action: &BulkAction) -> Result<bool, Failure> {
    Ok(tx.lock_action(action.id).await?.is_some_and(|action| action.finished_at.is_none()))
}
