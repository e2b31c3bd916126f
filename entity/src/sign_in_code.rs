//! A one-time sign-in that has not been used yet.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_code")]
pub struct Model {
    /// SHA-256 of the code, in hex: the code itself is nowhere.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code_hash: String,
    /// Whom it signs in.
    pub user_id: Uuid,
    /// Until when.
    pub expires_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
