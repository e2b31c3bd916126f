//! The record of every decision, and readers' reports.

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
            .table("moderation_entry")
            .col(uuid("id").primary_key())
            .col(uuid("comment_id"))
            .col(uuid_null("actor_id"))
            .col(text("action"))
            .col(text_null("from_status"))
            .col(text("to_status"))
            .col(text_null("reason"))
            .col(text_null("note"))
            .col(integer("revision"))
            .col(timestamp_with_time_zone("at"))
            .foreign_key(
                ForeignKey::create()
                    .from("moderation_entry", "comment_id")
                    .to("comment", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .from("moderation_entry", "actor_id")
                    .to("user", "id")
                    .on_delete(ForeignKeyAction::SetNull),
            )
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create()
            .name("moderation_entry_comment")
            .table("moderation_entry")
            .col("comment_id")
            .col("id")
            .to_owned();
        manager.create_index(index).await?;
        let table = Table::create()
            .table("report")
            .col(uuid("id").primary_key())
            .col(uuid("comment_id"))
            .col(uuid("user_id"))
            .col(text("reason"))
            .col(text_null("note"))
            .col(timestamp_with_time_zone("created_at"))
            .foreign_key(
                ForeignKey::create()
                    .from("report", "comment_id")
                    .to("comment", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .from("report", "user_id")
                    .to("user", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create()
            .name("report_once")
            .table("report")
            .col("comment_id")
            .col("user_id")
            .unique()
            .to_owned();
        manager.create_index(index).await?;
        let index = Index::create()
            .name("moderation_entry_actor")
            .table("moderation_entry")
            .col("actor_id")
            .to_owned();
        manager.create_index(index).await?;
        let index = Index::create().name("report_user").table("report").col("user_id").to_owned();
        manager.create_index(index).await?;
        Ok(())
    }
}
