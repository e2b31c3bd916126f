//! What came from elsewhere, by the id that it had there.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imported")]
pub struct Model {
    /// `Foreign::name`: what it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Its id there.
    #[sea_orm(primary_key, auto_increment = false)]
    pub foreign_id: String,
    /// Its id here.
    pub id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
