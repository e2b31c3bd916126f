//! A session that was ended before its time.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ended_session")]
pub struct Model {
    /// Which.
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// When it would have ended by itself: from then on the row is not needed.
    pub expires_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
