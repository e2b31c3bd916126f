//! What the store knows of itself: its signing key where nodes share it, its demo mark.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "setting")]
pub struct Model {
    /// Which fact.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The fact.
    pub value: String,
}

impl ActiveModelBehavior for ActiveModel {}
