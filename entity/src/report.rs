//! A reader's report of a comment.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report")]
pub struct Model {
    /// Time-ordered (UUIDv7).
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which comment.
    pub comment_id: Uuid,
    /// Whose; one per person and comment.
    pub user_id: Uuid,
    /// `ReasonCode::name`.
    pub reason: String,
    /// In the reader's words.
    pub note: Option<String>,
    /// When.
    pub created_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "comment_id", to = "id")]
    pub comment: HasOne<super::comment::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
