//! How a person signs in, and since when their sessions count. Guests have none until one is ended.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// The name that a local account signs in with, in lower case; unique.
    pub login: Option<String>,
    /// Argon2id, as a PHC string.
    pub password_hash: Option<String>,
    /// Who vouches for a person of single sign-on (`iss`); unique with the subject.
    pub issuer: Option<String>,
    /// Who it is to them (`sub`).
    pub subject: Option<String>,
    /// When the token was issued that name and role were taken from.
    pub claims_at: Option<DateTimeUtc>,
    /// Rises when all sessions are ended: tokens of ours name the one they were issued in.
    pub epoch: i32,
    /// When all sessions were ended last: tokens of others must be younger.
    pub signed_out_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
