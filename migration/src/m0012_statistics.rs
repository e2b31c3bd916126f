//! Statistics read the record of a stretch of time: an index by time, so that they cost what that stretch holds and
//! not what the record does.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index =
            Index::create().name("moderation_entry_time").table("moderation_entry").col("at").to_owned();
        manager.create_index(index).await
    }
}
