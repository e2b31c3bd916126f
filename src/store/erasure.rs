//! Deleting an account: what names a person goes at once, what they wrote and liked goes batch by batch.

use chrono::{DateTime, Utc};
use entity::{
    account, comment, ended_session, idempotency_key, moderation_action, reaction, report, sign_in_code,
    submission_mark, user,
};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sha2::{Digest, Sha256};

use super::{Reacted, Result, Snapshot, Store, WriteTx, rows};
use crate::domain::action::{ActionKind, BulkAction};
use crate::domain::comment::CommentStatus;
use crate::domain::ids::{CommentId, UserId};
use crate::domain::reaction::ReactionKind;
use crate::domain::user::{Role, User, UserKind};

impl WriteTx {
    /// Takes from a person, whom this write has locked, all that names them or that only they could have said:
    /// name, credentials, sessions, keys and marks of what they sent in, and the words of their reports. The row
    /// stays, and names nobody: what they decided as a moderator, and what was decided about them, hangs on it.
    ///
    /// Call it before [`WriteTx::standing_changed`].
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_person(&self, id: UserId, at: DateTime<Utc>) -> Result<()> {
        let conn = &self.conn;
        let nobody = user::ActiveModel {
            kind: Set(UserKind::Deleted.name().to_owned()),
            display_name: Set(User::NAME_DELETED.to_owned()),
            role: Set(Role::Reader.name().to_owned()),
            ..Default::default()
        };
        user::Entity::update_many().set(nobody).filter(user::Column::Id.eq(id.0)).exec(conn).await?;
        self.forget_account(id, at).await?;
        self.forget_imported(id.0).await?;
        ended_session::Entity::delete_many()
            .filter(ended_session::Column::UserId.eq(id.0))
            .exec(conn)
            .await?;
        sign_in_code::Entity::delete_many().filter(sign_in_code::Column::UserId.eq(id.0)).exec(conn).await?;
        idempotency_key::Entity::delete_many()
            .filter(idempotency_key::Column::UserId.eq(id.0))
            .exec(conn)
            .await?;
        submission_mark::Entity::delete_many()
            .filter(submission_mark::Column::AuthorId.eq(id.0))
            .exec(conn)
            .await?;
        // What they had taken back before: the traces of the rules may quote the words.
        comment::Entity::update_many()
            .col_expr(comment::Column::HeldBecause, Expr::value("[]"))
            .filter(comment::Column::AuthorId.eq(id.0))
            .filter(comment::Column::Status.eq(CommentStatus::Deleted.name()))
            .filter(comment::Column::HeldBecause.ne("[]"))
            .exec(conn)
            .await?;
        report::Entity::update_many()
            .col_expr(report::Column::Note, Expr::value(None::<String>))
            .filter(report::Column::UserId.eq(id.0))
            .filter(report::Column::Note.is_not_null())
            .exec(conn)
            .await?;
        Ok(())
    }

    /// Of whom a host site vouches for, a digest stays for a time: a token from before the deletion would make
    /// a new person of them at the next request otherwise.
    async fn forget_account(&self, id: UserId, at: DateTime<Utc>) -> Result<()> {
        let row = account::Entity::find_by_id(id.0).one(&self.conn).await?;
        let Some((issuer, subject)) = row.and_then(|row| row.issuer.zip(row.subject)) else {
            account::Entity::delete_by_id(id.0).exec(&self.conn).await?;
            return Ok(());
        };
        account::Entity::update_many()
            .col_expr(account::Column::SignedOutAt, Expr::value(at))
            .filter(account::Column::UserId.eq(id.0))
            .exec(&self.conn)
            .await?;
        self.sign_out_those_ahead(id, at).await?;
        let digest = digest(&issuer, &subject);
        // Of an account of theirs that was deleted before this one.
        account::Entity::delete_many()
            .filter(account::Column::Issuer.eq(issuer))
            .filter(account::Column::Subject.eq(digest.clone()))
            .exec(&self.conn)
            .await?;
        let row = account::ActiveModel {
            login: Set(None),
            password_hash: Set(None),
            subject: Set(Some(digest)),
            claims_at: Set(None),
            ..Default::default()
        };
        account::Entity::update_many()
            .set(row)
            .filter(account::Column::UserId.eq(id.0))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Comments of a person that are not deleted: by id, after one, at most `limit`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn undeleted_of(&self, author: UserId, after: CommentId, limit: u64) -> Result<Vec<CommentId>> {
        use entity::comment::{Column, Entity};
        let ids: Vec<uuid::Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::AuthorId.eq(author.0))
            .filter(Column::Status.ne(CommentStatus::Deleted.name()))
            .filter(Column::Id.gt(after.0))
            .order_by_asc(Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.conn)
            .await?;
        Ok(ids.into_iter().map(CommentId).collect())
    }

    /// Some of the reactions of a person, at most `limit`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn reactions_of(&self, user: UserId, limit: u64) -> Result<Vec<Reacted>> {
        let found = reaction::Entity::find()
            .filter(reaction::Column::UserId.eq(user.0))
            .order_by_asc(reaction::Column::CommentId)
            .limit(limit)
            .all(&self.conn)
            .await?;
        let reacted = |row: reaction::Model| {
            let kind =
                ReactionKind::from_name(&row.kind).ok_or_else(|| rows::unknown("reaction", &row.kind))?;
            Ok(Reacted { comment: CommentId(row.comment_id), user, kind })
        };
        found.into_iter().map(reacted).collect()
    }
}

impl Snapshot {
    /// The deletion of a person's account that is still under way.
    ///
    /// # Errors
    /// The database failed.
    pub async fn erasure_under_way(&self, user: UserId) -> Result<Option<BulkAction>> {
        let row = moderation_action::Entity::find()
            .filter(moderation_action::Column::UserId.eq(user.0))
            .filter(moderation_action::Column::Kind.eq(ActionKind::Erase.name()))
            .filter(moderation_action::Column::FinishedAt.is_null())
            .one(&self.conn)
            .await?;
        row.map(BulkAction::try_from).transpose()
    }

    /// When somebody whom a host site vouches for deleted their account here, if they did lately.
    ///
    /// # Errors
    /// The database failed.
    pub async fn subject_deleted_at(&self, issuer: &str, subject: &str) -> Result<Option<DateTime<Utc>>> {
        let row = account::Entity::find()
            .filter(account::Column::Issuer.eq(issuer))
            .filter(account::Column::Subject.eq(digest(issuer, subject)))
            .one(&self.conn)
            .await?;
        Ok(row.and_then(|row| row.signed_out_at))
    }
}

impl Store {
    /// Forgets the digests of those whose accounts were deleted before `before`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_subjects(&self, before: DateTime<Utc>) -> Result<()> {
        let deleted = Query::select()
            .column(user::Column::Id)
            .from(user::Entity)
            .and_where(user::Column::Kind.eq(UserKind::Deleted.name()))
            .to_owned();
        account::Entity::delete_many()
            .filter(account::Column::SignedOutAt.lt(before))
            .filter(account::Column::UserId.in_subquery(deleted))
            .exec(&self.writer)
            .await?;
        Ok(())
    }
}

/// What stands in the place of a subject. No host site's `sub` begins with that character.
fn digest(issuer: &str, subject: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(issuer.len().to_be_bytes());
    digest.update(issuer.as_bytes());
    digest.update(subject.as_bytes());
    let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\u{1}{hex}")
}
