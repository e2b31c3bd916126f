//! A tag of an article.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "article_tag")]
pub struct Model {
    /// Of which article.
    #[sea_orm(primary_key, auto_increment = false)]
    pub article_id: Uuid,
    /// The tag.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tag: String,
    /// Place in the list, from 1.
    pub position: i32,
    #[sea_orm(belongs_to, from = "article_id", to = "id")]
    pub article: HasOne<super::article::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
