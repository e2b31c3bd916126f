//! Decisions on many comments at once: each with an outcome of its own, all under one id.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::comments::remembered;
use super::moderation::{Ruled, Ruling, Verdict, check_note, moderator};
use super::{Failure, Outcome, Refusal, RefusalCode, Service, refuse};
use crate::domain::action::{ActionKind, BulkAction};
use crate::domain::article::Article;
use crate::domain::comment::{Comment, CommentStatus};
use crate::domain::ids::{ActionId, ArticleId, CommentId};
use crate::domain::moderation::ReasonCode;
use crate::domain::user::{User, Viewer};
use crate::store::{FirstResult, Remembered, StoreError, WriteTx};

/// Comments that one decision takes, and that one transaction changes, at most.
pub const ITEMS_MAX: usize = 100;

/// One decision on several comments.
#[derive(Clone, Debug)]
pub struct BulkDecision {
    /// The comments, each with the revision that the moderator read.
    pub items: Vec<(CommentId, i32)>,
    /// What they are to become.
    pub to: CommentStatus,
    /// Why.
    pub reason: Option<ReasonCode>,
    /// What to remember.
    pub note: Option<String>,
    /// What makes a retry return the first result.
    pub idempotency_key: Option<String>,
}

/// What became of one comment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ItemOutcome {
    /// Which.
    pub id: CommentId,
    /// As it is now; `None`: there is none.
    pub comment: Option<Comment>,
    /// Why nothing was done to it; `None`: it is what was asked for.
    pub refusal: Option<Refusal>,
}

/// What a bulk decision came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BulkOutcome {
    /// The action's id.
    pub action: ActionId,
    /// One outcome for each item, in their order.
    pub items: Vec<ItemOutcome>,
}

/// An outcome as kept for a retry.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: uuid::Uuid,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    refused: Option<(RefusalCode, String)>,
}

/// Articles and some of their comments, locked together.
pub(super) struct Locked {
    pub articles: HashMap<ArticleId, Article>,
    pub comments: HashMap<CommentId, Comment>,
    told: HashMap<ArticleId, i64>,
}

impl Locked {
    /// Locks the articles of these comments, in the order of their ids, and reads the comments under the locks.
    pub async fn read(tx: &WriteTx, ids: &[CommentId]) -> Result<Self, StoreError> {
        let under: BTreeSet<ArticleId> =
            tx.comments(ids).await?.into_iter().map(|comment| comment.article_id).collect();
        let under: Vec<ArticleId> = under.into_iter().collect();
        let articles: HashMap<_, _> =
            tx.lock_articles(&under).await?.into_iter().map(|article| (article.id, article)).collect();
        let told = articles.values().map(|article| (article.id, article.sequence)).collect();
        let comments = tx.comments(ids).await?.into_iter().map(|comment| (comment.id, comment)).collect();
        Ok(Self { articles, comments, told })
    }

    /// The articles whose readers have something to be told.
    pub fn moved(&self) -> impl Iterator<Item = &Article> {
        self.articles.values().filter(|article| self.told.get(&article.id) != Some(&article.sequence))
    }
}

impl Service {
    /// Decides on several comments, each as it was read: what another decision was quicker at is a conflict of
    /// that one alone. All of it is one transaction, which locks the articles concerned in the order of their ids.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn moderate_many(&self, viewer: &Viewer, decision: BulkDecision) -> Outcome<BulkOutcome> {
        let moderator = moderator(viewer)?;
        let Some(verdict) = Verdict::leading_to(decision.to) else {
            return refuse(RefusalCode::Invalid, "to", "Only its author deletes a comment.");
        };
        if decision.items.is_empty() || decision.items.len() > ITEMS_MAX {
            let message = format!("Name 1 to {ITEMS_MAX} comments; these are {}.", decision.items.len());
            return refuse(RefusalCode::Invalid, "items", message);
        }
        if let Err(refusal) = check_note(decision.note.as_deref(), "note") {
            return Ok(Err(refusal.into()));
        }
        let reason = decision.reason.map_or("", ReasonCode::name).to_owned();
        let parts: Vec<String> =
            [decision.to.name().to_owned(), reason, decision.note.clone().unwrap_or_default()]
                .into_iter()
                .chain(decision.items.iter().map(|(id, revision)| format!("{id} {revision}")))
                .collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let key = match remembered(moderator, "bulk", decision.idempotency_key.as_deref(), &parts) {
            Ok(key) => key,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        match self.moderate_once(moderator, &decision, verdict, key.clone()).await {
            Err(Failure::Store(error)) if key.is_some() && error.is_duplicate() => {
                self.moderate_once(moderator, &decision, verdict, key).await
            }
            outcome => outcome,
        }
    }

    async fn moderate_once(
        &self,
        moderator: &User,
        decision: &BulkDecision,
        verdict: Verdict,
        key: Option<Remembered>,
    ) -> Outcome<BulkOutcome> {
        let tx = self.store.write().await?;
        if let Some(key) = &key {
            match tx.first_result(key).await? {
                Some(FirstResult::Same(id)) => return Ok(Ok(again(&tx, ActionId(id)).await?)),
                Some(FirstResult::Other) => {
                    let message = "This idempotency key was used for another request: take a new one for a new request.";
                    return refuse(RefusalCode::IdempotencyKeyReused, "idempotencyKey", message);
                }
                None => {}
            }
        }
        let now = self.clock.now();
        let action = ActionId(self.clock.new_id());
        let ids: Vec<CommentId> = decision.items.iter().map(|(id, _)| *id).collect();
        let mut locked = Locked::read(&tx, &ids).await?;
        let ruling = Ruling {
            bulk: Some(action),
            ..Ruling::of(verdict, Some(moderator.id), decision.reason, decision.note.as_deref())
        };
        let mut items = Vec::with_capacity(ids.len());
        for (id, revision) in &decision.items {
            items.push(self.rule_one(&tx, &mut locked, *id, *revision, ruling.clone()).await?);
        }
        let row = BulkAction {
            id: action,
            kind: ActionKind::Bulk,
            by: Some(moderator.id),
            to: Some(decision.to),
            reason: ruling.reason,
            note: ruling.note,
            user: None,
            undoes: None,
            undone_by: None,
            at: now,
            finished_at: Some(now),
        };
        tx.insert_action(&row, Some(kept(&items))).await?;
        if let Some(key) = key {
            tx.remember(key, action.0, now).await?;
        }
        tx.commit().await?;
        locked.moved().for_each(|article| self.announce(article));
        self.announce_queues();
        Ok(Ok(BulkOutcome { action, items }))
    }

    /// Does to one of several locked comments what was decided.
    pub(super) async fn rule_one(
        &self,
        tx: &WriteTx,
        locked: &mut Locked,
        id: CommentId,
        revision: i32,
        ruling: Ruling,
    ) -> Result<ItemOutcome, Failure> {
        let missing = || ItemOutcome {
            id,
            comment: None,
            refusal: Some(Refusal::of(RefusalCode::NotFound, "items", "There is no comment with that id.")),
        };
        let Some(before) = locked.comments.get(&id).cloned() else { return Ok(missing()) };
        let Some(article) = locked.articles.get_mut(&before.article_id) else { return Ok(missing()) };
        let outcome = match self.rule(tx, article, before, revision, ruling).await? {
            Ruled::Changed(comment) => {
                locked.comments.insert(id, comment.clone());
                ItemOutcome { id, comment: Some(comment), refusal: None }
            }
            Ruled::Unchanged(comment) => ItemOutcome { id, comment: Some(comment), refusal: None },
            Ruled::Refused(refused) => ItemOutcome {
                id,
                comment: refused.current.map(|current| *current),
                refusal: refused.reasons.into_iter().next(),
            },
        };
        Ok(outcome)
    }
}

fn kept(items: &[ItemOutcome]) -> String {
    let kept: Vec<Kept> = items
        .iter()
        .map(|item| Kept {
            id: item.id.0,
            refused: item.refusal.as_ref().map(|refusal| (refusal.code, refusal.message.clone())),
        })
        .collect();
    serde_json::to_string(&kept).unwrap_or_default()
}

/// The first result of an action, with the comments as they are now.
async fn again(tx: &WriteTx, action: ActionId) -> Result<BulkOutcome, Failure> {
    let kept = tx.outcomes(action).await?.unwrap_or_default();
    let kept: Vec<Kept> = serde_json::from_str(&kept)
        .map_err(|error| Failure::Store(StoreError::Corrupt(format!("outcomes of {action}: {error}"))))?;
    let ids: Vec<CommentId> = kept.iter().map(|item| CommentId(item.id)).collect();
    let comments: HashMap<_, _> =
        tx.comments(&ids).await?.into_iter().map(|comment| (comment.id, comment)).collect();
    let items = kept.into_iter().map(|item| {
        let id = CommentId(item.id);
        let refusal = item.refused.map(|(code, message)| Refusal::of(code, "items", message));
        ItemOutcome { id, comment: comments.get(&id).cloned(), refusal }
    });
    Ok(BulkOutcome { action, items: items.collect() })
}
