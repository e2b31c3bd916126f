//! What a newsroom sets of the rules for submissions.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "moderation_rules")]
pub struct Model {
    /// The article whose rules these are; nil: the site's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope_id: Uuid,
    /// Rises with each change, from 1.
    pub revision: i32,
    /// The layer, as JSON.
    #[sea_orm(column_type = "Text")]
    pub rules: String,
    /// When they last changed.
    pub updated_at: DateTimeUtc,
    /// Who changed them; null once the account is gone.
    pub updated_by: Option<Uuid>,
}

impl ActiveModelBehavior for ActiveModel {}
