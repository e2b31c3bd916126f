//! Handing a person what is held of them.

use super::{Failure, Service};
use crate::domain::ids::UserId;
use crate::domain::policy::{self, Denied};
use crate::domain::user::{UserKind, Viewer};
use crate::store::{ExportPage, ExportPlace};

/// Lines of a page of an export.
pub const EXPORT_LINES: usize = 100;

impl Service {
    /// A page of what is held of the viewer, or, for administrators, of anybody. No password or its hash is in
    /// it, no digest of an address, and nothing that names a moderator; nor are the keys by which retries are
    /// known, which are the client's own and are forgotten after a week.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn export_account(
        &self,
        viewer: &Viewer,
        of: Option<UserId>,
        place: Option<ExportPlace>,
    ) -> Result<ExportPage, Failure> {
        let own = viewer.id().ok_or(Denied::Unauthenticated)?;
        let whose = of.unwrap_or(own);
        policy::require_own(viewer, whose)?;
        self.export(whose, place).await
    }

    /// The same for an operator, who is asked for no right.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn export(&self, whose: UserId, place: Option<ExportPlace>) -> Result<ExportPage, Failure> {
        let missing = || Failure::NotFound("user");
        if self.store.kind_of(whose).await? == Some(UserKind::Deleted) {
            return Err(missing());
        }
        let snapshot = self.store.snapshot().await?;
        snapshot.export(whose, place, EXPORT_LINES).await?.ok_or_else(missing)
    }
}
