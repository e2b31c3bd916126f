//! What a moderator decided is read by pages, the latest first: an index by whoever did it, in the order of the lines, so
//! that a page costs what it holds and not what they ever did. It also finds the lines of an account that is deleted.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::create()
            .name("moderation_entry_decisions")
            .table("moderation_entry")
            .col("actor_id")
            .col("id")
            .to_owned();
        manager.create_index(index).await
    }
}
