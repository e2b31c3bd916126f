//! What moderators do about people.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{UserError, caller, parts};
use crate::clock::in_micros;
use crate::graphql::error::Result;
use crate::graphql::id::{GlobalId, user_id};
use crate::graphql::types::enums::SanctionKind;
use crate::graphql::types::user::User;
use crate::service::sanctions::SanctionOrder;

/// A sanction to impose on a person, or to lift.
#[derive(InputObject)]
pub struct UserSanctionInput {
    /// On whom: somebody of a lower role than the viewer's.
    user_id: ID,
    /// Which sanction. It takes the place of the one that is there; NONE lifts it.
    kind: SanctionKind,
    /// Until when to suspend; nothing else ends by itself.
    until: Option<DateTime<Utc>>,
    /// Why, at most 2,000 characters. The person is told.
    reason: Option<String>,
    /// Whether to refuse, along with it, all that the person wrote and readers see or wait for.
    #[graphql(default)]
    reject_all_comments: bool,
}

/// What `userSanction` tells.
#[derive(SimpleObject)]
pub struct UserSanctionPayload {
    /// The person; null where the sanction was refused.
    user: Option<User>,
    /// Undoes the refusal of their comments, by `moderationUndo`; the sanction stays. Null without `rejectAllComments`.
    action_id: Option<ID>,
    /// How many of their comments were refused by now.
    rejected_count: i32,
    /// Whether those are all; otherwise the service goes on with the rest by itself.
    rejected_all: bool,
    /// Why the sanction was refused; empty when it was imposed.
    user_errors: Vec<UserError>,
}

/// What moderators do about people.
#[derive(Default)]
pub struct SanctionMutation;

#[Object]
impl SanctionMutation {
    /// Bans, suspends or pre-moderates a person, or lifts that. It binds what they do as a reader from this
    /// moment on; taking back what is theirs they always may. The same sanction once more changes nothing.
    async fn user_sanction(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The sanction.")] input: UserSanctionInput,
    ) -> Result<UserSanctionPayload> {
        let (service, viewer) = caller(ctx)?;
        let order = SanctionOrder {
            user: user_id(&input.user_id)?,
            kind: input.kind.into(),
            until: input.until.map(in_micros),
            reason: input.reason,
            reject_all: input.reject_all_comments,
        };
        let (done, user_errors) = parts(service.sanction(viewer, order).await)?;
        let rejection = done.as_ref().and_then(|done| done.rejection);
        Ok(UserSanctionPayload {
            user: done.map(|done| User(done.user)),
            action_id: rejection.map(|rejection| GlobalId::Action(rejection.action).encode()),
            rejected_count: rejection.map_or(0, |it| i32::try_from(it.rejected).unwrap_or(i32::MAX)),
            rejected_all: rejection.is_some_and(|rejection| rejection.is_complete),
            user_errors,
        })
    }
}
