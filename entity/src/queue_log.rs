//! How far the log that moderators follow is numbered: one row.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "queue_log")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// The last number given; 0 before the first.
    pub sequence: i64,
    /// When that event happened.
    pub at: Option<DateTimeUtc>,
    /// What the queue of pending comments held after it, like the three below.
    pub pending: i64,
    /// What the queue of reported comments held.
    pub reported: i64,
    /// What the queue of spam held.
    pub spam: i64,
    /// What the queue of all comments held.
    pub all: i64,
}

impl ActiveModelBehavior for ActiveModel {}
