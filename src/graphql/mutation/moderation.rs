//! What moderators decide.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};

use super::{Parts, caller, parts, payload};
use crate::graphql::error::Result;
use crate::graphql::id::comment_id;
use crate::graphql::types::comment::Comment;
use crate::graphql::types::enums::ReasonCode;
use crate::service::moderation::{Decision, Verdict};

/// A decision on one comment.
#[derive(InputObject)]
pub struct CommentModerateInput {
    /// On which comment.
    id: ID,
    /// The revision that the moderator read: another one is a conflict.
    revision: i32,
    /// Why.
    reason: Option<ReasonCode>,
    /// What to remember, at most 2,000 characters; readers don't see it.
    note: Option<String>,
    /// Makes a retry return the first result, at most 200 bytes.
    idempotency_key: Option<String>,
}

/// A comment to claim, or to let go.
#[derive(InputObject)]
pub struct CommentClaimInput {
    /// Which comment.
    id: ID,
    /// Whether the moderator has it open.
    #[graphql(default = true)]
    on: bool,
}

payload!(CommentApprovePayload { comment: Comment, "The comment; on a conflict, as it is now." });
payload!(CommentRejectPayload { comment: Comment, "The comment; on a conflict, as it is now." });
payload!(CommentMarkSpamPayload { comment: Comment, "The comment; on a conflict, as it is now." });
payload!(CommentRequeuePayload { comment: Comment, "The comment; on a conflict, as it is now." });
payload!(CommentClaimPayload { comment: Comment, "The comment with whoever has it open." });

/// What moderators decide.
#[derive(Default)]
pub struct ModerationMutation;

#[Object]
impl ModerationMutation {
    /// Shows a comment to readers. Asking for the state that it has already changes nothing, unless readers have reported
    /// it: the reports are dealt with then, as its history says, and the comment stays as readers see it.
    async fn comment_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The decision.")] input: CommentModerateInput,
    ) -> Result<CommentApprovePayload> {
        let (comment, user_errors) = decide(ctx, input, Verdict::Approve).await?;
        Ok(CommentApprovePayload { comment, user_errors })
    }

    /// Refuses a comment. Asking for the state that it has already changes nothing.
    async fn comment_reject(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The decision.")] input: CommentModerateInput,
    ) -> Result<CommentRejectPayload> {
        let (comment, user_errors) = decide(ctx, input, Verdict::Reject).await?;
        Ok(CommentRejectPayload { comment, user_errors })
    }

    /// Calls a comment spam. Asking for the state that it has already changes nothing.
    async fn comment_mark_spam(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The decision.")] input: CommentModerateInput,
    ) -> Result<CommentMarkSpamPayload> {
        let (comment, user_errors) = decide(ctx, input, Verdict::Spam).await?;
        Ok(CommentMarkSpamPayload { comment, user_errors })
    }

    /// Sends a comment back to the queue: what was decided is open again. Asking for the state that it has
    /// already changes nothing.
    async fn comment_requeue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The decision.")] input: CommentModerateInput,
    ) -> Result<CommentRequeuePayload> {
        let (comment, user_errors) = decide(ctx, input, Verdict::Requeue).await?;
        Ok(CommentRequeuePayload { comment, user_errors })
    }

    /// Shows the other moderators that the viewer has a comment open; it ends by itself after five minutes.
    /// Somebody else's claim stays: the payload shows whose it is.
    async fn comment_claim(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The claim.")] input: CommentClaimInput,
    ) -> Result<CommentClaimPayload> {
        let (service, viewer) = caller(ctx)?;
        let (comment, user_errors) = parts(service.claim(viewer, comment_id(&input.id)?, input.on).await)?;
        Ok(CommentClaimPayload { comment: comment.map(|comment| Comment(Arc::new(comment))), user_errors })
    }
}

async fn decide(ctx: &Context<'_>, input: CommentModerateInput, verdict: Verdict) -> Result<Parts<Comment>> {
    let (service, viewer) = caller(ctx)?;
    let decision = Decision {
        comment: comment_id(&input.id)?,
        verdict,
        revision: input.revision,
        reason: input.reason.map(Into::into),
        note: input.note,
        idempotency_key: input.idempotency_key,
    };
    let (comment, user_errors) = parts(service.decide(viewer, decision).await)?;
    Ok((comment.map(|comment| Comment(Arc::new(comment))), user_errors))
}
