//! The log of what readers see, one per article, numbered under the article's row lock.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("article_event")
            .col(uuid("article_id"))
            .col(big_integer("sequence"))
            .col(text("kind"))
            .col(uuid_null("comment_id"))
            .col(integer("comment_count"))
            .col(integer_null("reply_count"))
            .col(text_null("reactions"))
            .col(timestamp_with_time_zone("at"))
            .primary_key(Index::create().col("article_id").col("sequence"))
            .foreign_key(
                ForeignKey::create()
                    .from("article_event", "article_id")
                    .to("article", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create().name("article_event_age").table("article_event").col("at").to_owned();
        manager.create_index(index).await?;
        Ok(())
    }
}
