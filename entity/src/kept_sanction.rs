//! A sanction in force on somebody who deleted their account, for when they come back; and nothing else of them.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "kept_sanction")]
pub struct Model {
    /// A keyed digest of who they are to their host site.
    #[sea_orm(primary_key, auto_increment = false)]
    pub person: String,
    /// `SanctionKind::name`.
    pub kind: String,
    /// Until when.
    pub until: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
