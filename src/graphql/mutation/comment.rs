//! What readers write.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};

use super::{caller, parts, payload};
use crate::graphql::engine::Origin;
use crate::graphql::error::Result;
use crate::graphql::id::{article_id, comment_id};
use crate::graphql::types::comment::Comment;
use crate::graphql::types::enums::{ReactionKind, ReasonCode};
use crate::service::comments::{Edit, Submission};

/// A comment to send in.
#[derive(InputObject)]
pub struct CommentSubmitInput {
    /// Under which article.
    article_id: ID,
    /// The comment that it replies to; none: it stands at the top level.
    parent_id: Option<ID>,
    /// The words, in Markdown.
    body: String,
    /// Makes a retry return the first result: a fresh UUID for each comment, at most 200 bytes.
    idempotency_key: Option<String>,
}

/// New words for one's own comment.
#[derive(InputObject)]
pub struct CommentEditInput {
    /// Which comment.
    id: ID,
    /// The words, in Markdown.
    body: String,
    /// The revision that was read: another one is a conflict.
    revision: i32,
}

/// A comment to take back.
#[derive(InputObject)]
pub struct CommentDeleteInput {
    /// Which comment.
    id: ID,
}

/// A reaction to set.
#[derive(InputObject)]
pub struct CommentReactInput {
    /// To which comment.
    id: ID,
    /// Which reaction.
    kind: ReactionKind,
    /// Whether the reaction is to be there.
    on: bool,
}

/// A report to the moderators.
#[derive(InputObject)]
pub struct CommentReportInput {
    /// Of which comment.
    id: ID,
    /// Why.
    reason: ReasonCode,
    /// In the reader's words, at most 2,000 characters.
    note: Option<String>,
}

payload!(CommentSubmitPayload { comment: Comment, "The comment: approved, or held for a moderator." });
payload!(CommentEditPayload { comment: Comment, "The comment; on a conflict, as it is now." });
payload!(CommentDeletePayload { comment: Comment, "The comment, deleted." });
payload!(CommentReactPayload { comment: Comment, "The comment with its reactions." });
payload!(CommentReportPayload { comment: Comment, "The comment." });

/// What readers write.
#[derive(Default)]
pub struct CommentMutation;

#[Object]
impl CommentMutation {
    /// Sends in a comment. It shows at once, or waits for a moderator, as the article's rules say.
    async fn comment_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The comment.")] input: CommentSubmitInput,
    ) -> Result<CommentSubmitPayload> {
        let (service, viewer) = caller(ctx)?;
        let submission = Submission {
            article: article_id(&input.article_id)?,
            parent: input.parent_id.as_ref().map(comment_id).transpose()?,
            body: input.body,
            idempotency_key: input.idempotency_key,
        };
        let address = ctx.data_opt::<Origin>().map(|origin| origin.0);
        let (comment, user_errors) = parts(service.submit_from(viewer, submission, address).await)?;
        Ok(CommentSubmitPayload { comment: comment.map(|comment| Comment(Arc::new(comment))), user_errors })
    }

    /// Changes the words of one's own comment, for 15 minutes after it was sent in. Where moderators read
    /// before readers do, an approved comment goes back to the queue.
    async fn comment_edit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new words.")] input: CommentEditInput,
    ) -> Result<CommentEditPayload> {
        let (service, viewer) = caller(ctx)?;
        let edit = Edit { comment: comment_id(&input.id)?, body: input.body, revision: input.revision };
        let (comment, user_errors) = parts(service.edit(viewer, edit).await)?;
        Ok(CommentEditPayload { comment: comment.map(|comment| Comment(Arc::new(comment))), user_errors })
    }

    /// Takes one's own comment back: its words are erased. Where it has replies, a tombstone stays.
    async fn comment_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which comment.")] input: CommentDeleteInput,
    ) -> Result<CommentDeletePayload> {
        let (service, viewer) = caller(ctx)?;
        let (comment, user_errors) = parts(service.delete(viewer, comment_id(&input.id)?).await)?;
        Ok(CommentDeletePayload { comment: comment.map(|comment| Comment(Arc::new(comment))), user_errors })
    }

    /// Sets a reaction on or off: absolute, so that a retry is harmless.
    async fn comment_react(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The reaction.")] input: CommentReactInput,
    ) -> Result<CommentReactPayload> {
        let (service, viewer) = caller(ctx)?;
        let outcome = service.react(viewer, comment_id(&input.id)?, input.kind.into(), input.on).await;
        let (comment, user_errors) = parts(outcome)?;
        Ok(CommentReactPayload { comment: comment.map(|comment| Comment(Arc::new(comment))), user_errors })
    }

    /// Reports a comment to the moderators. One report per person and comment: a second changes nothing.
    async fn comment_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The report.")] input: CommentReportInput,
    ) -> Result<CommentReportPayload> {
        let (service, viewer) = caller(ctx)?;
        let outcome = service.report(viewer, comment_id(&input.id)?, input.reason.into(), input.note).await;
        let (comment, user_errors) = parts(outcome)?;
        Ok(CommentReportPayload { comment: comment.map(|comment| Comment(Arc::new(comment))), user_errors })
    }
}
