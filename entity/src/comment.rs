//! A reader's comment.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "comment")]
pub struct Model {
    /// Time-ordered (UUIDv7).
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Under which article.
    pub article_id: Uuid,
    /// What it hangs directly under: the comment it replies to, else the article. One index serves both.
    pub under_id: Uuid,
    /// The comment it replies to.
    pub parent_id: Option<Uuid>,
    /// Ids from the top-level comment down to itself: pre-order, on every database alike.
    #[sea_orm(column_type = "Blob")]
    pub path: Vec<u8>,
    /// Who wrote it; null once their account is gone.
    pub author_id: Option<Uuid>,
    /// Markdown, as written; empty once deleted.
    pub body: String,
    /// Rendered and sanitised when written.
    pub body_html: String,
    /// `CommentStatus::name`.
    pub status: String,
    /// Since when; null while pending.
    pub status_at: Option<DateTimeUtc>,
    /// Who decided; null for a policy.
    pub status_by: Option<Uuid>,
    /// `ReasonCode::name`.
    pub status_reason: Option<String>,
    /// Rises with each edit and each decision, from 1.
    pub revision: i32,
    /// Stands in its thread: approved, or a tombstone above approved replies.
    pub shown: bool,
    /// Approved direct replies.
    pub reply_count: i32,
    /// Approved comments anywhere below.
    pub descendant_count: i32,
    /// Reactions, all kinds together: what TOP sorts by.
    pub score: i32,
    /// Reports that no moderator has looked at yet.
    pub open_reports: i32,
    /// The moderator who has opened it.
    pub claimed_by: Option<Uuid>,
    /// Until when they have it.
    pub claimed_until: Option<DateTimeUtc>,
    /// The traces of the rules, as JSON.
    #[sea_orm(column_type = "Text")]
    pub held_because: String,
    /// When it was submitted.
    pub created_at: DateTimeUtc,
    /// When its words last changed.
    pub edited_at: Option<DateTimeUtc>,
    /// When readers first saw it.
    pub first_published_at: Option<DateTimeUtc>,
    /// When a moderator last let it stand although readers had reported it.
    pub looked_at: Option<DateTimeUtc>,
    #[sea_orm(belongs_to, from = "article_id", to = "id")]
    pub article: HasOne<super::article::Entity>,
    #[sea_orm(belongs_to, from = "author_id", to = "id")]
    pub author: HasOne<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
