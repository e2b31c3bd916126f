//! What authors do: submit, edit, delete; and who is let to.

mod edit;
mod retries;
mod submit;

use chrono::{DateTime, Utc};

use super::{Failure, Refusal, Service};
use crate::domain::article::Article;
use crate::domain::comment::Comment;
use crate::domain::ids::{ArticleId, CommentId, EntryId};
use crate::domain::moderation::HistoryAction;
use crate::domain::policy::{self, Denied, Permission};
use crate::domain::sanction::Imposed;
use crate::domain::user::{User, Viewer};
use crate::store::{NewEntry, WriteTx};
pub use edit::Edit;
pub(super) use retries::{remembered, repeated};
pub use submit::Submission;

impl Service {
    pub(super) fn entry(&self, action: HistoryAction, by: Option<&User>) -> NewEntry {
        NewEntry {
            id: EntryId(self.clock.new_id()),
            action,
            by: by.map(|user| user.id),
            reason: None,
            note: None,
            bulk: None,
        }
    }
}

/// The viewer as somebody who may comment.
pub(super) fn signed_in(viewer: &Viewer) -> Result<&User, Denied> {
    policy::require(viewer, Permission::Comment)?;
    viewer.user().ok_or(Denied::Unauthenticated)
}

/// The sanction on somebody who is about to write, where it lets them; else what they are told. Asked first
/// of all, and held until the write is done: see [`WriteTx::writer`].
pub(super) async fn writer(
    tx: &WriteTx,
    user: &User,
    now: DateTime<Utc>,
) -> Result<Result<Option<Imposed>, Refusal>, Failure> {
    let (_, sanction) = tx.writer(user.id).await?.ok_or(Denied::Gone)?;
    let checked = sanction.as_ref().map_or(Ok(()), |sanction| sanction.check(now));
    Ok(checked.map(|()| sanction).map_err(Refusal::from))
}

pub(super) async fn lock(tx: &WriteTx, id: ArticleId) -> Result<Article, Failure> {
    tx.lock_article(id).await?.ok_or(Failure::NotFound("article"))
}

/// A comment that the viewer may see, read again under its article's lock.
pub(super) async fn lock_comment(
    tx: &WriteTx,
    viewer: &Viewer,
    id: CommentId,
) -> Result<(Article, Comment), Failure> {
    let missing = || Failure::NotFound("comment");
    let article = tx.comment(id).await?.ok_or_else(missing)?.article_id;
    let article = lock(tx, article).await?;
    let comment = tx.comment(id).await?.ok_or_else(missing)?;
    if !policy::may_see(viewer, &comment) {
        return Err(missing());
    }
    Ok((article, comment))
}

async fn own_comment(tx: &WriteTx, viewer: &Viewer, id: CommentId) -> Result<(Article, Comment), Failure> {
    let (article, comment) = lock_comment(tx, viewer, id).await?;
    if !policy::is_author(viewer, &comment) {
        return Err(Denied::NotAuthor.into());
    }
    Ok((article, comment))
}
