//! One event of the log that moderators follow.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "queue_event")]
pub struct Model {
    /// In the order of writing.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Its place in the log; null until it is numbered.
    pub sequence: Option<i64>,
    /// `QueueEventKind::name`.
    pub kind: String,
    /// `QueueName::name`, of what enters or leaves one.
    pub queue: Option<String>,
    /// Which comment.
    pub comment_id: Uuid,
    /// Who did it; null for a policy.
    pub actor_id: Option<Uuid>,
    /// Until when somebody has claimed it.
    pub claimed_until: Option<DateTimeUtc>,
    /// When.
    pub at: DateTimeUtc,
    /// What the queue of pending comments holds after it; null until it is numbered, like the three below.
    pub pending: Option<i64>,
    /// What the queue of reported comments holds.
    pub reported: Option<i64>,
    /// What the queue of spam holds.
    pub spam: Option<i64>,
    /// What the queue of all comments holds.
    pub all: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
