//! What was done about a person, over time.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_sanction")]
pub struct Model {
    /// Time-ordered (UUIDv7).
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// About whom.
    pub user_id: Uuid,
    /// `Sanction::name`, or `NONE` where one was lifted.
    pub kind: String,
    /// Until when.
    pub until: Option<DateTimeUtc>,
    /// Why, as the person is told.
    pub reason: Option<String>,
    /// Who; null once their account is gone, and where it was kept of an account that the person deleted.
    pub actor_id: Option<Uuid>,
    /// The bulk action that refused their comments along with it.
    pub action_id: Option<Uuid>,
    /// When.
    pub at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
