//! What moderators do to many comments at once.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::{UserError, caller, parts};
use crate::graphql::error::Result;
use crate::graphql::id::{GlobalId, action_id, comment_id};
use crate::graphql::types::comment::Comment;
use crate::graphql::types::enums::{CommentStatus, ReasonCode};
use crate::service::bulk::{BulkDecision, ItemOutcome};

/// One of the comments that are decided on together.
#[derive(InputObject)]
pub struct CommentsModerateItemInput {
    /// Which comment.
    id: ID,
    /// The revision that the moderator read: another one is a conflict of this comment alone.
    revision: i32,
}

/// A decision on many comments.
#[derive(InputObject)]
pub struct CommentsModerateInput {
    /// The comments, at most 100.
    items: Vec<CommentsModerateItemInput>,
    /// What they are to become: APPROVED, REJECTED, SPAM, or PENDING to send them back to the queue.
    to: CommentStatus,
    /// Why.
    reason: Option<ReasonCode>,
    /// What to remember, at most 2,000 characters; readers don't see it.
    note: Option<String>,
    /// Makes a retry return the first result, at most 200 bytes.
    idempotency_key: Option<String>,
}

/// An action to undo.
#[derive(InputObject)]
pub struct ModerationUndoInput {
    /// The `actionId` of the bulk decision, of the sanction, or of an undo: undoing that does again what was undone.
    action_id: ID,
}

/// What became of one comment.
#[derive(SimpleObject)]
pub struct CommentModerateResult {
    /// Which comment.
    id: ID,
    /// The comment as it is now: on a conflict, what somebody else made of it. Null where there is none.
    comment: Option<Comment>,
    /// Why nothing was done to it; empty where it is what was asked for.
    user_errors: Vec<UserError>,
}

/// What `commentsModerate` tells: an outcome for each comment, and the id to undo them by.
#[derive(SimpleObject)]
pub struct CommentsModeratePayload {
    /// Undoes them together; null where the request was refused as a whole.
    action_id: Option<ID>,
    /// One for each item of the input, in the same order.
    results: Vec<CommentModerateResult>,
    /// Why the request was refused as a whole; empty when it was carried out, whatever became of each comment.
    user_errors: Vec<UserError>,
}

/// What `moderationUndo` tells: an outcome for each comment that the action had changed.
#[derive(SimpleObject)]
pub struct ModerationUndoPayload {
    /// Undoes the undo; null where there was nothing to undo.
    action_id: Option<ID>,
    /// At most 100: those that were left as they are, because somebody changed them since, before the others.
    results: Vec<CommentModerateResult>,
    /// How many comments are again what they were.
    undone_count: i32,
    /// How many were left as they are.
    left_count: i32,
    /// Whether those are all; otherwise the service goes on with the rest by itself.
    undone_all: bool,
    /// Why nothing was undone; empty when it was.
    user_errors: Vec<UserError>,
}

impl From<ItemOutcome> for CommentModerateResult {
    fn from(item: ItemOutcome) -> Self {
        Self {
            id: GlobalId::Comment(item.id).encode(),
            comment: item.comment.map(|comment| Comment(Arc::new(comment))),
            user_errors: item.refusal.into_iter().map(UserError::from).collect(),
        }
    }
}

/// What moderators do to many comments at once.
#[derive(Default)]
pub struct BulkMutation;

#[Object]
impl BulkMutation {
    /// Decides on many comments at once, each with an outcome of its own. A comment that has that state
    /// already is left as it is, unless approving it answers the reports of readers.
    async fn comments_moderate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The decision.")] input: CommentsModerateInput,
    ) -> Result<CommentsModeratePayload> {
        let (service, viewer) = caller(ctx)?;
        let items = input.items.iter().map(|item| Ok((comment_id(&item.id)?, item.revision)));
        let decision = BulkDecision {
            items: items.collect::<Result<_>>()?,
            to: input.to.into(),
            reason: input.reason.map(Into::into),
            note: input.note,
            idempotency_key: input.idempotency_key,
        };
        let (done, user_errors) = parts(service.moderate_many(viewer, decision).await)?;
        let (action_id, items) = done
            .map_or((None, Vec::new()), |done| (Some(GlobalId::Action(done.action).encode()), done.items));
        let results = items.into_iter().map(CommentModerateResult::from).collect();
        Ok(CommentsModeratePayload { action_id, results, user_errors })
    }

    /// Brings back exactly what a bulk action changed: status, who had decided and why, open reports. A comment
    /// that somebody changed since stays as it is, and its result says so. Undoing twice changes nothing more; an undo that
    /// is undone while it is under way stops.
    async fn moderation_undo(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which action.")] input: ModerationUndoInput,
    ) -> Result<ModerationUndoPayload> {
        let (service, viewer) = caller(ctx)?;
        let (done, user_errors) = parts(service.undo(viewer, action_id(&input.action_id)?).await)?;
        Ok(match done {
            None => ModerationUndoPayload {
                action_id: None,
                results: Vec::new(),
                undone_count: 0,
                left_count: 0,
                undone_all: false,
                user_errors,
            },
            Some(undone) => ModerationUndoPayload {
                action_id: Some(GlobalId::Action(undone.action).encode()),
                results: undone.items.into_iter().map(CommentModerateResult::from).collect(),
                undone_count: i32::try_from(undone.brought_back).unwrap_or(i32::MAX),
                left_count: i32::try_from(undone.left_alone).unwrap_or(i32::MAX),
                undone_all: undone.is_complete,
                user_errors,
            },
        })
    }
}
