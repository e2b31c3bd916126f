//! Ids as types, so that an article's id never stands where a comment's is meant.

use std::fmt;

use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub Uuid);

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

id! {
    /// An article.
    ArticleId,
    /// One key point of an article.
    KeyPointId,
    /// A reader's comment.
    CommentId,
    /// A person: a guest, a single sign-on user, or a local account.
    UserId,
    /// One line of the moderation history.
    EntryId,
}
