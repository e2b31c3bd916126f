//! Opening a session.

use super::{Outcome, RefusalCode, Service, refuse};
use crate::domain::ids::UserId;
use crate::domain::text;
use crate::domain::user::{Role, User, UserKind};

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
}
