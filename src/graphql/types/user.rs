//! People, as others see them and as they see themselves.

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::comment::{CommentConnection, CommentTotal, comment_connection};
use super::enums::{Role, SanctionKind};
use super::record::UserRecord;
use crate::domain::ids::UserId;
use crate::domain::policy::{self, Permission};
use crate::domain::user;
use crate::graphql::connection::{PageArgs, keyset, keyset_cursor};
use crate::graphql::context::scope;
use crate::graphql::error::Result;
use crate::graphql::id::GlobalId;
use crate::service::Service;
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

    /// The sanction on them, for moderators and for the person; null where there is none, or none any more.
    async fn sanction(&self, ctx: &Context<'_>) -> Option<Result<Sanction>> {
        standing(ctx, self.0.id).await.transpose()
    }

    /// What became of what they wrote, what was done about them and what they decided: for moderators, and for
    /// the person.
    async fn record(&self, ctx: &Context<'_>) -> Option<Result<UserRecord>> {
        let read = || {
            policy::require_record(&scope(ctx)?.viewer, self.0.id)?;
            Ok(UserRecord(self.0.id))
        };
        Some(read())
    }
}

/// What the newsroom has done about a person.
#[derive(SimpleObject)]
pub struct Sanction {
    /// Which sanction.
    kind: SanctionKind,
    /// When it ends by itself; null where it does not.
    until: Option<DateTime<Utc>>,
    /// Why, as the person is told.
    reason: Option<String>,
}

/// The sanction in force on a person.
async fn standing(ctx: &Context<'_>, person: UserId) -> Result<Option<Sanction>> {
    let scope = scope(ctx)?;
    if !policy::may_see_sanction(&scope.viewer, person) {
        policy::require(&scope.viewer, Permission::Sanction)?;
    }
    let now = ctx.data_unchecked::<Service>().clock.now();
    let imposed = scope.sanction(person).await?.filter(|imposed| imposed.sanction.is_in_force(now));
    Ok(imposed.map(|imposed| Sanction {
        kind: imposed.sanction.kind().into(),
        until: imposed.sanction.until(),
        reason: imposed.reason,
    }))
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

    /// The sanction on them; null where there is none, or none any more.
    async fn sanction(&self, ctx: &Context<'_>) -> Result<Option<Sanction>> {
        standing(ctx, self.user.id).await
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
