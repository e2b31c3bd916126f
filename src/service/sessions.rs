//! Opening and ending sessions.

use super::erasure::last_admin;
use super::{Failure, Outcome, RefusalCode, Service, refuse};
use crate::domain::ids::UserId;
use crate::domain::policy::{self, Denied, Permission};
use crate::domain::text;
use crate::domain::user::{Role, User, UserKind, Viewer};

impl Service {
    /// Makes a guest of somebody who gives a name.
    ///
    /// # Errors
    /// [`Failure`](super::Failure).
    pub async fn start_guest(&self, display_name: &str) -> Outcome<User> {
        let name = text::single_line(display_name);
        let length = text::length(&name);
        if length == 0 {
            return refuse(RefusalCode::Invalid, "displayName", "Give a name to go by.");
        }
        // A cluster has no upper bound in bytes: a name has.
        if length > User::NAME_MAX || name.len() > User::NAME_MAX * 16 {
            let message = format!("A name has at most {} characters.", User::NAME_MAX);
            return refuse(RefusalCode::TooLong, "displayName", message);
        }
        let user = User { id: UserId(self.clock.new_id()), display_name: name, role: Role::Reader };
        self.store.add_user(&user, UserKind::Guest, self.clock.now()).await?;
        Ok(Ok(user))
    }

    /// Ends the session that the viewer came with: its token is good for nothing from here on.
    ///
    /// # Errors
    /// [`Failure`]: nobody is signed in.
    pub async fn end_session(&self, viewer: &Viewer) -> Result<(), Failure> {
        let Viewer::Known { user, expires_at, session } = viewer else {
            return Err(Denied::Unauthenticated.into());
        };
        let tx = self.store.write().await?;
        tx.end_session(user.id, *session, *expires_at, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Ends every session of a person: the viewer's own, or, for administrators, anybody's.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn end_sessions(&self, viewer: &Viewer, of: Option<UserId>) -> Result<User, Failure> {
        let own = viewer.id().ok_or(Denied::Unauthenticated)?;
        let whose = of.unwrap_or(own);
        if whose != own {
            policy::require(viewer, Permission::Administer)?;
        }
        let user = self.person(whose).await?;
        let tx = self.store.write().await?;
        tx.end_sessions(whose, self.clock.now()).await?;
        tx.commit().await?;
        tracing::info!(user = %whose, by = %own, "all sessions of a person were ended");
        Ok(user)
    }

    /// Gives a person another role, but leaves an administrator. Whom a host site vouches for has the role that it says.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn set_role(&self, viewer: &Viewer, whose: UserId, role: Role) -> Outcome<User> {
        policy::require(viewer, Permission::Administer)?;
        if viewer.id() == Some(whose) {
            let message =
                "One does not change one's own role: somebody would have to be left who can change it back.";
            return refuse(RefusalCode::Invalid, "userId", message);
        }
        let user = self.person(whose).await?;
        match self.store.kind_of(whose).await? {
            Some(UserKind::Sso) => {
                let message = "The role of a person who signs in at the host site is what that site says.";
                return refuse(RefusalCode::Invalid, "userId", message);
            }
            Some(UserKind::Deleted) | None => return Err(Failure::NotFound("user")),
            Some(UserKind::Guest | UserKind::Local) => {}
        }
        let tx = self.store.write().await?;
        let is_replaceable = tx.has_another_admin(whose).await?;
        let (now, _) = tx.lock_person(whose).await?.ok_or(Failure::NotFound("user"))?;
        if now.role == Role::Admin && role != Role::Admin && !is_replaceable {
            return Ok(Err(last_admin().into()));
        }
        if !tx.set_role(whose, role, self.clock.now()).await? {
            return Err(Failure::NotFound("user"));
        }
        tx.commit().await?;
        Ok(Ok(User { role, ..user }))
    }

    pub(super) async fn person(&self, id: UserId) -> Result<User, Failure> {
        self.store.latest().users(&[id]).await?.remove(&id).ok_or(Failure::NotFound("user"))
    }
}
