//! One line of a comment's history.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "moderation_entry")]
pub struct Model {
    /// Time-ordered (UUIDv7).
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which comment.
    pub comment_id: Uuid,
    /// Who; null: the article's policy, or an account that is gone.
    pub actor_id: Option<Uuid>,
    /// `HistoryAction::name`.
    pub action: String,
    /// Before; null when submitted.
    pub from_status: Option<String>,
    /// After.
    pub to_status: String,
    /// `ReasonCode::name`.
    pub reason: Option<String>,
    /// What the moderator noted down.
    pub note: Option<String>,
    /// The comment's revision after it.
    pub revision: i32,
    /// When.
    pub at: DateTimeUtc,
    /// The bulk action that it is part of.
    pub action_id: Option<Uuid>,
    /// Since when it had been what it was; of decisions only, like the three below.
    pub from_at: Option<DateTimeUtc>,
    /// Who had made it so.
    pub from_by: Option<Uuid>,
    /// `ReasonCode::name`: why.
    pub from_reason: Option<String>,
    /// The open reports that it dealt with.
    pub from_reports: i32,
    #[sea_orm(belongs_to, from = "comment_id", to = "id")]
    pub comment: HasOne<super::comment::Entity>,
    #[sea_orm(belongs_to, from = "actor_id", to = "id")]
    pub actor: HasOne<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
