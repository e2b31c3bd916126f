//! Articles are found by the address of their own page: that is how comments on a newsroom's page name theirs.

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
            Index::create().name("article_url").table("article").col("url").col("published_at").to_owned();
        manager.create_index(index).await
    }
}
