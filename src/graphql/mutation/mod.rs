//! Writing: one input and one payload type per mutation, refusals as `userErrors`.

mod account;
mod article;
mod bulk;
mod comment;
mod moderation;
pub(super) mod rules;
mod sanction;
mod session;

use async_graphql::{Context, MergedObject, SimpleObject};

use super::context::scope;
use super::error::{GraphError, Result};
use super::types::enums::UserErrorCode;
use crate::domain::user::Viewer;
use crate::service::{Failure, Refusal, Refused, Service};

/// Everything that can be written.
#[derive(MergedObject, Default)]
pub struct Mutation(
    session::SessionMutation,
    account::AccountMutation,
    comment::CommentMutation,
    moderation::ModerationMutation,
    bulk::BulkMutation,
    sanction::SanctionMutation,
    article::ArticleMutation,
    rules::RulesMutation,
);

/// Why a write was refused, in terms that the person who asked can act on.
#[derive(SimpleObject)]
pub struct UserError {
    /// Which kind.
    code: UserErrorCode,
    /// What to do about it.
    message: String,
    /// The path of the input field that it is about; null where it is about none.
    field: Option<Vec<String>>,
}

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        let field: Vec<String> = refusal.field.into_iter().map(str::to_owned).collect();
        Self {
            code: refusal.code.into(),
            message: refusal.message,
            field: Some(field).filter(|field| !field.is_empty()),
        }
    }
}

/// What a payload holds: the result, or what is there instead and why.
type Parts<T> = (Option<T>, Vec<UserError>);

fn parts<T>(outcome: std::result::Result<std::result::Result<T, Refused<T>>, Failure>) -> Result<Parts<T>> {
    Ok(match outcome? {
        Ok(done) => (Some(done), Vec::new()),
        Err(refused) => {
            let errors = refused.reasons.into_iter().map(UserError::from).collect();
            (refused.current.map(|current| *current), errors)
        }
    })
}

fn caller<'c>(ctx: &Context<'c>) -> Result<(&'c Service, &'c Viewer)> {
    let service =
        ctx.data::<Service>().map_err(|error| GraphError::new(crate::feed::INTERNAL, error.message))?;
    Ok((service, &scope(ctx)?.viewer))
}

/// Declares the payload of a mutation: one nullable result, and the refusals.
macro_rules! payload {
    ($payload:ident { $field:ident: $type:ty, $doc:literal }) => {
        #[doc = concat!("What `", stringify!($payload), "` tells: the result, or why there is none.")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $payload {
            #[doc = $doc]
            $field: Option<$type>,
            /// Why the write was refused; empty when it was done.
            user_errors: Vec<super::UserError>,
        }
    };
}
use payload;
