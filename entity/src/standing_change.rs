//! Somebody's sessions or role changed: what a node may not go on believing.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "standing_change")]
pub struct Model {
    /// In the order of commits, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// Whose.
    pub user_id: Uuid,
    /// Which session; none: all of them.
    pub session_id: Option<Uuid>,
    /// When.
    pub at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
