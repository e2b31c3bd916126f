//! Something done to many comments at once.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "moderation_action")]
pub struct Model {
    /// Time-ordered (UUIDv7).
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `ActionKind::name`.
    pub kind: String,
    /// Who; null once their account is gone.
    pub actor_id: Option<Uuid>,
    /// `CommentStatus::name`: what the comments were to become.
    pub to_status: Option<String>,
    /// `ReasonCode::name`.
    pub reason: Option<String>,
    /// What the moderator noted down.
    pub note: Option<String>,
    /// Whose comments, where it is about a person.
    pub user_id: Option<Uuid>,
    /// The action that it undoes.
    pub undoes: Option<Uuid>,
    /// The action that undoes it.
    pub undone_by: Option<Uuid>,
    /// What became of each item, as JSON, for a retry; null where they are found by another way.
    #[sea_orm(column_type = "Text", nullable)]
    pub outcomes: Option<String>,
    /// When it began.
    pub at: DateTimeUtc,
    /// When its last comment was done; null: a node goes on with it.
    pub finished_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
