//! A person's reaction to a comment.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reaction")]
pub struct Model {
    /// To which comment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub comment_id: Uuid,
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// `ReactionKind::name`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// When.
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "comment_id", to = "id")]
    pub comment: HasOne<super::comment::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
