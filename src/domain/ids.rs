//! Ids as types, so that an article's id never stands where a comment's is meant.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// An id as the API gives it out: a letter for what it names, and the id, in one opaque word.
#[must_use]
pub fn opaque(kind: u8, id: Uuid) -> String {
    let mut bytes = [kind; 17];
    bytes[1..].copy_from_slice(id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

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
    /// A session: one token of ours, or of whoever vouches for somebody.
    SessionId,
    /// One line of the moderation history.
    EntryId,
    /// Something done to many comments at once.
    ActionId,
}
