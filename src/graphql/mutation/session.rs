//! Opening and ending sessions.

use std::net::IpAddr;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Duration, Utc};

use super::{UserError, caller, parts, payload};
use crate::auth::password::NotSignedIn;
use crate::auth::{Gate, Session, Tokens};
use crate::domain::user;
use crate::graphql::error::{GraphError, Result};
use crate::graphql::id::user_id;
use crate::graphql::types::enums::Role;
use crate::graphql::types::user::{User, Viewer};
use crate::service::{Refusal, RefusalCode};

/// Who the guest is.
#[derive(InputObject)]
pub struct SessionStartGuestInput {
    /// The name to go by, 1 to 60 characters.
    display_name: String,
}

/// Who has a local account.
#[derive(InputObject)]
pub struct SessionStartPasswordInput {
    /// The account's name, in any case.
    name: String,
    /// Its password, at most 1,024 bytes.
    password: String,
}

/// Whose sessions to end.
#[derive(InputObject)]
pub struct SessionsEndInput {
    /// Somebody else, for administrators; without it the viewer.
    user_id: Option<ID>,
}

/// Another role.
#[derive(InputObject)]
pub struct UserRoleSetInput {
    /// Whose.
    user_id: ID,
    /// What they are to the newsroom from now on.
    role: Role,
}

/// A session that was opened, or why there is none.
macro_rules! session_payload {
    ($payload:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(SimpleObject, Default)]
        pub struct $payload {
            /// The session's token: send it as `Authorization: Bearer <token>`.
            token: Option<String>,
            /// When the session ends.
            expires_at: Option<DateTime<Utc>>,
            /// Whose session it is.
            viewer: Option<Viewer>,
            /// Why there is no session; empty when there is.
            user_errors: Vec<UserError>,
        }

        impl $payload {
            fn opened(session: Session, user: user::User) -> Self {
                Self {
                    token: Some(session.token),
                    expires_at: Some(session.expires_at),
                    viewer: Some(Viewer { user, expires_at: session.expires_at }),
                    user_errors: Vec::new(),
                }
            }

            fn refused(user_errors: Vec<UserError>) -> Self {
                Self { user_errors, ..Self::default() }
            }
        }
    };
}

session_payload!(SessionStartGuestPayload, "What `sessionStartGuest` tells.");
session_payload!(SessionStartPasswordPayload, "What `sessionStartPassword` tells.");
payload!(SessionEndPayload { ended: bool, "True: the token of this request is good for nothing any more." });
payload!(SessionsEndPayload { user: User, "Whose sessions were ended." });
payload!(UserRoleSetPayload { user: User, "The person, in the new role." });

/// How long somebody stays signed in who gave a password.
const SIGNED_IN: Duration = Duration::days(7);

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
        let Some(user) = user else { return Ok(SessionStartGuestPayload::refused(user_errors)) };
        let session = gate(ctx).open_first(&user, Tokens::GUEST_TTL)?;
        Ok(SessionStartGuestPayload::opened(session, user))
    }

    /// Opens a session for somebody with a local account, for seven days. An unknown name and a wrong password
    /// get the same answer, in the same time; after ten attempts for a name one a minute is looked at.
    async fn session_start_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and what proves it.")] input: SessionStartPasswordInput,
    ) -> Result<SessionStartPasswordPayload> {
        let address = *ctx.data_unchecked::<IpAddr>();
        let user = match gate(ctx).recognise(&input.name, input.password, address).await? {
            Ok(user) => user,
            Err(why @ NotSignedIn::Wrong) => {
                let refusal = Refusal::of(RefusalCode::WrongCredentials, "password", why.to_string());
                return Ok(SessionStartPasswordPayload::refused(vec![refusal.into()]));
            }
            Err(why @ NotSignedIn::TooOften) => return Err(GraphError::new("RATE_LIMITED", why.to_string())),
            Err(why @ NotSignedIn::Busy) => return Err(GraphError::new("OVERLOADED", why.to_string())),
        };
        let session = gate(ctx).open(&user, SIGNED_IN).await?;
        tracing::info!(user = %user.id, role = user.role.name(), "signed in with a password");
        Ok(SessionStartPasswordPayload::opened(session, user))
    }

    /// Signs out: ends the session that this request came with. Its token is refused from here on, at this node
    /// at once and at every other within two seconds; its sockets and streams are closed.
    async fn session_end(&self, ctx: &Context<'_>) -> Result<SessionEndPayload> {
        let (service, viewer) = caller(ctx)?;
        service.end_session(viewer).await?;
        heard(ctx).await;
        Ok(SessionEndPayload { ended: Some(true), user_errors: Vec::new() })
    }

    /// Signs out everywhere: ends every session and token of the viewer, or, for administrators, of anybody.
    /// Tokens of a host site are refused where they were issued before this.
    async fn sessions_end(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose.", default)] input: Option<SessionsEndInput>,
    ) -> Result<SessionsEndPayload> {
        let (service, viewer) = caller(ctx)?;
        let whose = input.and_then(|input| input.user_id);
        let user = service.end_sessions(viewer, whose.as_ref().map(user_id).transpose()?).await?;
        heard(ctx).await;
        Ok(SessionsEndPayload { user: Some(User(user)), user_errors: Vec::new() })
    }

    /// Gives a person another role, for administrators. It holds at this node at once and at every other within
    /// two seconds. Who signs in at a host site has the role that the site says.
    async fn user_role_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and which.")] input: UserRoleSetInput,
    ) -> Result<UserRoleSetPayload> {
        let (service, viewer) = caller(ctx)?;
        let set = service.set_role(viewer, user_id(&input.user_id)?, input.role.into()).await;
        let (user, user_errors) = parts(set)?;
        heard(ctx).await;
        Ok(UserRoleSetPayload { user: user.map(User), user_errors })
    }
}

fn gate<'c>(ctx: &Context<'c>) -> &'c Gate {
    ctx.data_unchecked::<Gate>()
}

/// This node need not wait to hear of what it has just done. If it can't, it hears of it with the others.
pub(super) async fn heard(ctx: &Context<'_>) {
    if let Err(error) = gate(ctx).catch_up().await {
        tracing::debug!(%error, "a change of standing is heard of later");
    }
}
