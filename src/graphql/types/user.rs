//! People, as others see them and as they see themselves.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};

use super::comment::{CommentConnection, CommentTotal, comment_connection};
use super::enums::Role;
use crate::domain::user;
use crate::graphql::connection::{PageArgs, keyset, keyset_cursor};
use crate::graphql::context::scope;
use crate::graphql::error::Result;
use crate::graphql::id::GlobalId;
use crate::store::CommentOrder;

/// A person, as everybody may see them.
pub struct User(pub user::User);

/// A person, as everybody may see them.
#[Object]
impl User {
    /// The person's id.
    pub async fn id(&self) -> ID {
        GlobalId::User(self.0.id).encode()
    }

    /// The name they go by.
    async fn display_name(&self) -> &str {
        &self.0.display_name
    }

    /// The letter that stands for them where a picture would.
    async fn initial(&self) -> String {
        self.0.initial()
    }

    /// What they are to the newsroom.
    async fn role(&self) -> Role {
        self.0.role.into()
    }
}

/// The person who asks, with what is theirs alone.
pub struct Viewer {
    /// Who.
    pub user: user::User,
    /// When their session ends.
    pub expires_at: DateTime<Utc>,
}

/// Cursors of one's own comments.
const OWN: u8 = b'o';

/// The person who asks, with what is theirs alone.
#[Object]
impl Viewer {
    /// The person's id.
    pub async fn id(&self) -> ID {
        GlobalId::User(self.user.id).encode()
    }

    /// The name they go by.
    async fn display_name(&self) -> &str {
        &self.user.display_name
    }

    /// The letter that stands for them where a picture would.
    async fn initial(&self) -> String {
        self.user.initial()
    }

    /// What they are to the newsroom.
    async fn role(&self) -> Role {
        self.user.role.into()
    }

    /// When their session ends.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// What they wrote, in whatever state, the latest first.
    async fn comments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the beginning, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<CommentConnection> {
        let request = PageArgs { first, after, last, before }.request(|cursor| keyset(OWN, cursor))?;
        let page = scope(ctx)?.snapshot().await?.comments_by(self.user.id, request).await?;
        Ok(comment_connection(page, CommentTotal::By(self.user.id), |comment| {
            keyset_cursor(OWN, CommentOrder::Newest.position(comment))
        }))
    }
}
