//! Who may do what: the one place that knows. Mutations ask it, and the `viewerCan…` fields are its answers.

use chrono::{DateTime, Duration, Utc};

use super::comment::{Comment, CommentStatus};
use super::ids::UserId;
use super::user::{Role, User, Viewer};

/// For how long an author may change what they wrote.
pub const EDIT_WINDOW: Duration = Duration::minutes(15);

/// What only some may do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Permission {
    /// Submit a comment.
    Comment,
    /// See the queues and decide on comments.
    Moderate,
    /// Ban, suspend and pre-moderate people, and see what was done about them.
    Sanction,
    /// Publish articles and set their commenting policy.
    Publish,
    /// Set the site's rules for submissions.
    SetRules,
    /// End other people's sessions, change their roles, export their data and delete their accounts.
    Administer,
}

/// Why not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Denied {
    /// Nobody is signed in.
    #[error("Sign in first: send `Authorization: Bearer <token>`; `sessionStartGuest` opens a session.")]
    Unauthenticated,
    /// Somebody was, but the account is no longer there.
    #[error("The account of this token is gone: sign in again.")]
    Gone,
    /// Somebody is, but may not.
    #[error("This needs the role {}.", .0.name())]
    Forbidden(Role),
    /// Somebody is, but did not write it.
    #[error("Only its author may do that.")]
    NotAuthor,
    /// Somebody is, but stands no higher than the person it is about.
    #[error("Only somebody of a higher role may do that to this person.")]
    Outranked,
}

impl Permission {
    /// The least role that has it.
    #[must_use]
    pub const fn needs(self) -> Role {
        match self {
            Self::Comment => Role::Reader,
            Self::Moderate | Self::Sanction => Role::Moderator,
            Self::Publish => Role::Editor,
            Self::SetRules => Role::Admin,
            Self::Administer => Role::Admin,
        }
    }
}

/// Whether the viewer has a permission.
///
/// # Errors
/// [`Denied`]: not signed in, or not in the role.
pub fn require(viewer: &Viewer, permission: Permission) -> Result<(), Denied> {
    let needed = permission.needs();
    match viewer.user() {
        None => Err(Denied::Unauthenticated),
        Some(user) if user.role < needed => Err(Denied::Forbidden(needed)),
        Some(_) => Ok(()),
    }
}

/// Whether the viewer has a permission.
#[must_use]
pub fn may(viewer: &Viewer, permission: Permission) -> bool {
    require(viewer, permission).is_ok()
}

/// Whether the viewer may sanction that person: only those of a lower role, so nobody their like, or themselves.
///
/// # Errors
/// [`Denied`].
pub fn require_over(viewer: &Viewer, person: &User) -> Result<(), Denied> {
    require(viewer, Permission::Sanction)?;
    let outranks = viewer.user().is_some_and(|user| user.role > person.role);
    if outranks { Ok(()) } else { Err(Denied::Outranked) }
}

/// Whether the viewer may have a person's data, or delete their account: the person, and administrators.
///
/// # Errors
/// [`Denied`].
pub fn require_own(viewer: &Viewer, person: UserId) -> Result<(), Denied> {
    if viewer.id() == Some(person) { Ok(()) } else { require(viewer, Permission::Administer) }
}

/// Whether the viewer may know what was done about a person: moderators, and the person.
#[must_use]
pub fn may_see_sanction(viewer: &Viewer, person: UserId) -> bool {
    viewer.id() == Some(person) || may(viewer, Permission::Sanction)
}

/// Whether the viewer may have the record of a person (what became of their comments, what was done about them, and
/// what they decided): moderators, and the person.
///
/// # Errors
/// [`Denied`].
pub fn require_record(viewer: &Viewer, person: UserId) -> Result<(), Denied> {
    if viewer.id() == Some(person) { Ok(()) } else { require(viewer, Permission::Moderate) }
}

/// Whether the viewer wrote the comment.
#[must_use]
pub fn is_author(viewer: &Viewer, comment: &Comment) -> bool {
    viewer.id().is_some_and(|id| comment.author.as_ref().is_some_and(|author| author.id == id))
}

/// Whether the viewer may read the comment's words: everybody an approved one's, its author and moderators
/// any other's.
#[must_use]
pub fn may_read_words(viewer: &Viewer, comment: &Comment) -> bool {
    match comment.state.status() {
        CommentStatus::Approved => true,
        CommentStatus::Deleted => false,
        CommentStatus::Pending | CommentStatus::Rejected | CommentStatus::Spam => {
            is_author(viewer, comment) || may(viewer, Permission::Moderate)
        }
    }
}

/// Whether the viewer may know that the comment exists: what stands in a thread is everybody's, the rest
/// its author's and the moderators'.
#[must_use]
pub fn may_see(viewer: &Viewer, comment: &Comment) -> bool {
    comment.is_shown() || is_author(viewer, comment) || may(viewer, Permission::Moderate)
}

/// Whether the viewer may change the comment's words now.
#[must_use]
pub fn may_edit(viewer: &Viewer, comment: &Comment, now: DateTime<Utc>) -> bool {
    let editable = match comment.state.status() {
        CommentStatus::Pending | CommentStatus::Approved => true,
        CommentStatus::Rejected | CommentStatus::Spam | CommentStatus::Deleted => false,
    };
    editable && is_author(viewer, comment) && now < comment.created_at + EDIT_WINDOW
}

/// Whether the viewer may take the comment back.
#[must_use]
pub fn may_delete(viewer: &Viewer, comment: &Comment) -> bool {
    comment.state.status() != CommentStatus::Deleted && is_author(viewer, comment)
}
