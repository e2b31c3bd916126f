//! Undoing what was done to many comments at once: exactly what the action changed is brought back, unless
//! somebody changed it since. An undo is an action itself, under an id of its own: undoing that does again
//! what was undone.

use super::bulk::{ITEMS_MAX, ItemOutcome, Locked};
use super::moderation::{Ruling, moderator};
use super::sanctions::PATIENCE;
use super::{Failure, Outcome, Refusal, RefusalCode, Service, refuse};
use crate::domain::action::{ActionKind, BulkAction};
use crate::domain::ids::{ActionId, EntryId};
use crate::domain::user::Viewer;

/// What an undo came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Undone {
    /// The undo's own id.
    pub action: ActionId,
    /// The first [`ITEMS_MAX`] outcomes, those of comments that were left alone before the others.
    pub items: Vec<ItemOutcome>,
    /// Comments that are again what they were.
    pub brought_back: u64,
    /// Comments that somebody changed since.
    pub left_alone: u64,
    /// Whether that is all; else the nodes go on by themselves.
    pub is_complete: bool,
}

impl Undone {
    fn add(&mut self, item: ItemOutcome) {
        let is_done = item.refusal.is_none();
        if is_done {
            self.brought_back += 1;
        } else {
            self.left_alone += 1;
        }
        if self.items.len() < ITEMS_MAX {
            self.items.push(item);
        } else if !is_done && let Some(last) = self.items.iter().rposition(|item| item.refusal.is_none()) {
            self.items.remove(last);
            self.items.push(item);
        }
    }
}

impl Service {
    /// Brings back what an action changed, batch by batch: each is one transaction. Undoing it again goes on
    /// where the first try was cut short, and otherwise changes nothing.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn undo(&self, viewer: &Viewer, action: ActionId) -> Outcome<Undone> {
        let moderator = moderator(viewer)?;
        let tx = self.store.write().await?;
        let Some(mut undone) = tx.lock_action(action).await? else {
            return refuse(RefusalCode::NotFound, "actionId", "There is no action with that id.");
        };
        if undone.kind == ActionKind::Erase {
            let message = "What went with a deleted account is erased: nothing brings it back.";
            return refuse(RefusalCode::Deleted, "actionId", message);
        }
        let undo = match undone.undone_by {
            Some(first) => tx.lock_action(first).await?.ok_or(Failure::NotFound("action"))?,
            None => {
                let now = self.clock.now();
                let undo = BulkAction {
                    id: ActionId(self.clock.new_id()),
                    kind: ActionKind::Undo,
                    by: Some(moderator.id),
                    to: None,
                    reason: None,
                    note: None,
                    user: undone.user,
                    undoes: Some(action),
                    undone_by: None,
                    at: now,
                    finished_at: None,
                };
                tx.insert_action(&undo, None).await?;
                // One that is still under way stops here.
                (undone.undone_by, undone.finished_at) =
                    (Some(undo.id), Some(undone.finished_at.unwrap_or(now)));
                tx.update_action(&undone).await?;
                undo
            }
        };
        tx.commit().await?;
        Ok(Ok(self.carry_undo_on(&undo).await?))
    }

    /// Does what is left of an undo, for as long as a request may take.
    pub(super) async fn carry_undo_on(&self, undo: &BulkAction) -> Result<Undone, Failure> {
        let mut outcome =
            Undone { action: undo.id, items: Vec::new(), brought_back: 0, left_alone: 0, is_complete: true };
        let Some(undone) = undo.undoes else { return Ok(outcome) };
        let begun = self.clock.now();
        let patience = chrono::Duration::from_std(PATIENCE).unwrap_or_default();
        let mut after = None;
        loop {
            let (items, last) = self.undo_batch(undo, undone, after).await?;
            items.into_iter().for_each(|item| outcome.add(item));
            after = last;
            if after.is_none() {
                self.finish(undo).await?;
                break;
            }
            if self.clock.now() - begun > patience {
                outcome.is_complete = false;
                break;
            }
        }
        outcome.items.sort_by_key(|item| item.refusal.is_none());
        Ok(outcome)
    }

    /// Undoes some of an action's changes, in one transaction; where to go on, if there may be more. It brings
    /// nothing more back where somebody has undone the undo.
    async fn undo_batch(
        &self,
        undo: &BulkAction,
        undone: ActionId,
        after: Option<EntryId>,
    ) -> Result<(Vec<ItemOutcome>, Option<EntryId>), Failure> {
        let tx = self.store.write().await?;
        let is_undone = tx.lock_action(undo.id).await?.is_none_or(|undo| undo.undone_by.is_some());
        let changes = tx.changes_of(undone, after, ITEMS_MAX as u64).await?;
        let last = changes.last().filter(|_| changes.len() == ITEMS_MAX).map(|change| change.entry);
        let ids: Vec<_> = changes.iter().map(|change| change.comment).collect();
        let mut locked = Locked::read(&tx, &ids).await?;
        let done = tx.changed_by(undo.id, &ids).await?;
        let mut items = Vec::with_capacity(changes.len());
        for change in changes {
            let now = locked.comments.get(&change.comment);
            if let Some(comment) = now.filter(|now| done.get(&now.id) == Some(&now.revision)) {
                items.push(ItemOutcome { id: comment.id, comment: Some(comment.clone()), refusal: None });
                continue;
            }
            if is_undone {
                let message = "Somebody has undone this undo: the comment stays as it is.";
                let refusal = Some(Refusal::of(RefusalCode::Conflict, "actionId", message));
                items.push(ItemOutcome { id: change.comment, comment: now.cloned(), refusal });
                continue;
            }
            let ruling = Ruling {
                bulk: Some(undo.id),
                reopened: change.reports,
                ..Ruling::undoing(change.before, undo.by)
            };
            let mut item = self.rule_one(&tx, &mut locked, change.comment, change.revision, ruling).await?;
            if let Some(refusal) = item.refusal.as_mut().filter(|it| it.code == RefusalCode::Conflict) {
                let message = "Somebody changed this comment since the action: it stays as it is.";
                *refusal = Refusal::of(RefusalCode::Conflict, "actionId", message);
            }
            items.push(item);
        }
        tx.commit().await?;
        locked.moved().for_each(|article| self.announce(article));
        self.announce_queues();
        Ok((items, last))
    }

    /// Writes that an action has come to its end.
    pub(super) async fn finish(&self, action: &BulkAction) -> Result<(), Failure> {
        let tx = self.store.write().await?;
        if let Some(mut action) = tx.lock_action(action.id).await?.filter(|it| it.finished_at.is_none()) {
            action.finished_at = Some(self.clock.now());
            tx.update_action(&action).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
