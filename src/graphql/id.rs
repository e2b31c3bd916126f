//! Global ids: opaque outside, a kind and a UUID inside.

use async_graphql::ID;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::error::GraphError;
use crate::domain::ids::{ActionId, ArticleId, CommentId, KeyPointId, UserId, opaque};

/// What an id can name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GlobalId {
    /// An article.
    Article(ArticleId),
    /// A comment.
    Comment(CommentId),
    /// A person.
    User(UserId),
    /// A key point.
    KeyPoint(KeyPointId),
    /// Something done to many comments at once.
    Action(ActionId),
}

impl GlobalId {
    /// The id as clients hold it.
    #[must_use]
    pub fn encode(self) -> ID {
        let (kind, id) = match self {
            Self::Article(ArticleId(id)) => (b'A', id),
            Self::Comment(CommentId(id)) => (b'C', id),
            Self::User(UserId(id)) => (b'U', id),
            Self::KeyPoint(KeyPointId(id)) => (b'K', id),
            Self::Action(ActionId(id)) => (b'M', id),
        };
        ID(opaque(kind, id))
    }

    /// The id that a client sent back.
    ///
    /// # Errors
    /// `INVALID_ID`.
    pub fn decode(id: &ID) -> Result<Self, GraphError> {
        let invalid = || {
            GraphError::new("INVALID_ID", "This is not an id of this service: pass ids as you received them.")
        };
        let bytes: [u8; 17] =
            URL_SAFE_NO_PAD.decode(&id.0).map_err(|_| invalid())?.try_into().map_err(|_| invalid())?;
        let uuid = Uuid::from_slice(&bytes[1..]).map_err(|_| invalid())?;
        match bytes[0] {
            b'A' => Ok(Self::Article(ArticleId(uuid))),
            b'C' => Ok(Self::Comment(CommentId(uuid))),
            b'U' => Ok(Self::User(UserId(uuid))),
            b'K' => Ok(Self::KeyPoint(KeyPointId(uuid))),
            b'M' => Ok(Self::Action(ActionId(uuid))),
            _ => Err(invalid()),
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Article(_) => "an article",
            Self::Comment(_) => "a comment",
            Self::User(_) => "a user",
            Self::KeyPoint(_) => "a key point",
            Self::Action(_) => "a moderators' action",
        }
    }

    fn wrong(self, wanted: &str) -> GraphError {
        let message = format!("This is the id of {}, where {wanted} is asked for.", self.kind());
        GraphError::new("WRONG_ID_TYPE", message)
    }
}

/// The article that an id names.
///
/// # Errors
/// `INVALID_ID` or `WRONG_ID_TYPE`.
pub fn article_id(id: &ID) -> Result<ArticleId, GraphError> {
    match GlobalId::decode(id)? {
        GlobalId::Article(id) => Ok(id),
        other => Err(other.wrong("an article")),
    }
}

/// The comment that an id names.
///
/// # Errors
/// `INVALID_ID` or `WRONG_ID_TYPE`.
pub fn comment_id(id: &ID) -> Result<CommentId, GraphError> {
    match GlobalId::decode(id)? {
        GlobalId::Comment(id) => Ok(id),
        other => Err(other.wrong("a comment")),
    }
}

/// The person that an id names.
///
/// # Errors
/// `INVALID_ID` or `WRONG_ID_TYPE`.
pub fn user_id(id: &ID) -> Result<UserId, GraphError> {
    match GlobalId::decode(id)? {
        GlobalId::User(id) => Ok(id),
        other => Err(other.wrong("a user")),
    }
}

/// The action on many comments that an id names.
///
/// # Errors
/// `INVALID_ID` or `WRONG_ID_TYPE`.
pub fn action_id(id: &ID) -> Result<ActionId, GraphError> {
    match GlobalId::decode(id)? {
        GlobalId::Action(id) => Ok(id),
        other => Err(other.wrong("a moderators' action")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encoded_decodes(id: u128) {
            let global = GlobalId::Comment(CommentId(Uuid::from_u128(id)));
            prop_assert_eq!(GlobalId::decode(&global.encode()).ok(), Some(global));
            prop_assert!(article_id(&global.encode()).is_err());
        }

        #[test]
        fn hostile_text_is_refused(text in "\\PC{0,40}") {
            let _ = GlobalId::decode(&ID(text));
        }
    }
}
