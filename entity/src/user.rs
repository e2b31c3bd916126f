//! A person: a guest or a local account.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user")]
pub struct Model {
    /// Time-ordered (UUIDv7).
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `UserKind::name`.
    pub kind: String,
    /// As everybody sees it.
    pub display_name: String,
    /// `Role::name`.
    pub role: String,
    /// When they came.
    pub created_at: DateTimeUtc,
    /// `Sanction::name` of the one imposed last; null: none. It may have run out.
    pub sanction: Option<String>,
    /// Until when.
    pub sanction_until: Option<DateTimeUtc>,
    /// Why, as the person is told.
    pub sanction_reason: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
