//! One event of an article's log: ids and counts, never words.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "article_event")]
pub struct Model {
    /// Of which article.
    #[sea_orm(primary_key, auto_increment = false)]
    pub article_id: Uuid,
    /// From 1, without gaps, in the order of commit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// `EventKind::name`.
    pub kind: String,
    /// About which comment.
    pub comment_id: Option<Uuid>,
    /// The article's, as of this event.
    pub comment_count: i32,
    /// The comment's, as of this event, where it moved.
    pub reply_count: Option<i32>,
    /// The comment's, as of this event, where they moved: JSON.
    pub reactions: Option<String>,
    /// When.
    pub at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "article_id", to = "id")]
    pub article: HasOne<super::article::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
