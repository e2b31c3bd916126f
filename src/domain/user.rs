//! People, and what they are to the newsroom.

use chrono::{DateTime, Utc};

use super::ids::{SessionId, UserId};

/// What a person is to the newsroom. Each role may do all that the one before it may.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Reads and comments.
    Reader,
    /// Decides on comments.
    Moderator,
    /// Publishes articles and sets their commenting policy.
    Editor,
    /// Everything.
    Admin,
}

impl Role {
    /// Every role, least first.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Moderator, Self::Editor, Self::Admin];

    /// The name that the API, the command line and the store use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reader => "READER",
            Self::Moderator => "MODERATOR",
            Self::Editor => "EDITOR",
            Self::Admin => "ADMIN",
        }
    }

    /// The role with that [`Role::name`], in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name().eq_ignore_ascii_case(name))
    }
}

/// How a person came to be known here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserKind {
    /// Gave a display name and nothing else.
    Guest,
    /// An account made on the command line.
    Local,
    /// Signed in at the host site, which vouches for them.
    Sso,
    /// Whoever it was has deleted the account: nothing that names them is left, and nobody can be this person.
    Deleted,
}

impl UserKind {
    /// The kind with that [`UserKind::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Guest, Self::Local, Self::Sso, Self::Deleted].into_iter().find(|kind| kind.name() == name)
    }

    /// The name that the store uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guest => "GUEST",
            Self::Local => "LOCAL",
            Self::Sso => "SSO",
            Self::Deleted => "DELETED",
        }
    }
}

/// A person as everybody may see them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The name they go by, 1 to [`User::NAME_MAX`] characters.
    pub display_name: String,
    /// What they are to the newsroom.
    pub role: Role,
}

impl User {
    /// The longest display name, in characters as a reader counts them.
    pub const NAME_MAX: usize = 60;
    /// What stands for the name of somebody whose account was deleted.
    pub const NAME_DELETED: &'static str = "Deleted account";

    /// The letter that stands for a person where a picture would: the first of the name, in upper case.
    #[must_use]
    pub fn initial(&self) -> String {
        super::text::initial(&self.display_name)
    }
}

/// Who asks: nobody known, or a person whose credentials were found good.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Viewer {
    /// Nobody known: reading needs no more.
    #[default]
    Anonymous,
    /// A person, until their credentials expire.
    Known {
        /// Who.
        user: User,
        /// When the credentials end.
        expires_at: DateTime<Utc>,
        /// Which session they are.
        session: SessionId,
    },
}

impl Viewer {
    /// Somebody who acts without having signed in, for good: the program itself, and tests.
    #[must_use]
    pub const fn acting(user: User) -> Self {
        let session = SessionId(uuid::Uuid::nil());
        Self::Known { user, expires_at: DateTime::<Utc>::MAX_UTC, session }
    }

    /// Somebody who may do what every moderator may, and is nobody in particular: with whose eyes is seen
    /// what all of them see alike. Nobody can sign in as this.
    #[must_use]
    pub const fn any_moderator() -> Self {
        Self::acting(User {
            id: UserId(uuid::Uuid::nil()),
            display_name: String::new(),
            role: Role::Moderator,
        })
    }

    /// The person, if one is known.
    #[must_use]
    pub const fn user(&self) -> Option<&User> {
        match self {
            Self::Anonymous => None,
            Self::Known { user, .. } => Some(user),
        }
    }

    /// The person's id, if one is known.
    #[must_use]
    pub fn id(&self) -> Option<UserId> {
        self.user().map(|user| user.id)
    }
}
