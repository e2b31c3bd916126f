//! Opening a session.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{UserError, caller, parts};
use crate::auth::Tokens;
use crate::graphql::error::Result;
use crate::graphql::types::user::Viewer;

/// Who the guest is.
#[derive(InputObject)]
pub struct SessionStartGuestInput {
    /// The name to go by, 1 to 60 characters.
    display_name: String,
}

/// What `sessionStartGuest` tells.
#[derive(SimpleObject)]
pub struct SessionStartGuestPayload {
    /// The session's token: send it as `Authorization: Bearer <token>`.
    token: Option<String>,
    /// When the session ends.
    expires_at: Option<DateTime<Utc>>,
    /// The guest.
    viewer: Option<Viewer>,
    /// Why there is no session; empty when there is.
    user_errors: Vec<UserError>,
}

/// Sessions.
#[derive(Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Opens a session for a guest who gives a name.
    async fn session_start_guest(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who the guest is.")] input: SessionStartGuestInput,
    ) -> Result<SessionStartGuestPayload> {
        let (service, _) = caller(ctx)?;
        let (user, user_errors) = parts(service.start_guest(&input.display_name).await)?;
        let tokens = ctx.data_unchecked::<Tokens>();
        let session = user.and_then(|user| Some((tokens.issue(&user, Tokens::GUEST_TTL)?, user)));
        Ok(match session {
            Some((session, user)) => SessionStartGuestPayload {
                token: Some(session.token),
                expires_at: Some(session.expires_at),
                viewer: Some(Viewer { user, expires_at: session.expires_at }),
                user_errors,
            },
            None => SessionStartGuestPayload { token: None, expires_at: None, viewer: None, user_errors },
        })
    }
}
