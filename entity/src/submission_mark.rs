//! What the rules remember of a submission, for as long as they look back.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "submission_mark")]
pub struct Model {
    /// Which submission.
    #[sea_orm(primary_key, auto_increment = false)]
    pub comment_id: Uuid,
    /// Whose.
    pub author_id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// The beginning of the SHA-256 of its folded words; null for a short text.
    pub text_digest: Option<Vec<u8>>,
    /// The beginning of the salted SHA-256 of the network that it came from.
    pub address_digest: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
