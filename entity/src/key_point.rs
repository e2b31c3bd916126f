//! A short statement of what a story says.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_point")]
pub struct Model {
    /// Time-ordered (UUIDv7).
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which article.
    pub article_id: Uuid,
    /// Place in the list, from 1.
    pub position: i32,
    /// The statement.
    pub text: String,
    #[sea_orm(belongs_to, from = "article_id", to = "id")]
    pub article: HasOne<super::article::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
