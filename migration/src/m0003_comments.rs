//! Comments. One index per order of a thread's level (`shown` before the sort key: removed comments cost a
//! page nothing), one by path for whole threads, and those of the queues.

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
            .table("comment")
            .col(uuid("id").primary_key())
            .col(uuid("article_id"))
            .col(uuid("under_id"))
            .col(uuid_null("parent_id"))
            .col(binary("path"))
            .col(uuid_null("author_id"))
            .col(text("body"))
            .col(text("body_html"))
            .col(text("status"))
            .col(timestamp_with_time_zone_null("status_at"))
            .col(uuid_null("status_by"))
            .col(text_null("status_reason"))
            .col(integer("revision"))
            .col(boolean("shown"))
            .col(integer("reply_count").default(0))
            .col(integer("descendant_count").default(0))
            .col(integer("score").default(0))
            .col(integer("open_reports").default(0))
            .col(uuid_null("claimed_by"))
            .col(timestamp_with_time_zone_null("claimed_until"))
            .col(text("held_because"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("edited_at"))
            .col(timestamp_with_time_zone_null("first_published_at"))
            .foreign_key(
                ForeignKey::create()
                    .from("comment", "article_id")
                    .to("article", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .from("comment", "parent_id")
                    .to("comment", "id")
                    .on_delete(ForeignKeyAction::Restrict),
            )
            .foreign_key(
                ForeignKey::create()
                    .from("comment", "author_id")
                    .to("user", "id")
                    .on_delete(ForeignKeyAction::SetNull),
            )
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create()
            .name("comment_by_time")
            .table("comment")
            .col("under_id")
            .col("shown")
            .col("created_at")
            .col("id")
            .to_owned();
        manager.create_index(index).await?;
        let index = Index::create()
            .name("comment_by_replies")
            .table("comment")
            .col("under_id")
            .col("shown")
            .col("reply_count")
            .col("id")
            .to_owned();
        manager.create_index(index).await?;
        let index = Index::create()
            .name("comment_by_score")
            .table("comment")
            .col("under_id")
            .col("shown")
            .col("score")
            .col("id")
            .to_owned();
        manager.create_index(index).await?;
        let index = Index::create()
            .name("comment_by_path")
            .table("comment")
            .col("article_id")
            .col("path")
            .unique()
            .to_owned();
        manager.create_index(index).await?;
        let index = Index::create()
            .name("comment_by_author")
            .table("comment")
            .col("author_id")
            .col("created_at")
            .col("id")
            .to_owned();
        manager.create_index(index).await?;
        let index = Index::create().name("comment_by_parent").table("comment").col("parent_id").to_owned();
        manager.create_index(index).await?;
        let index = Index::create()
            .name("comment_queue")
            .table("comment")
            .col("status")
            .col("created_at")
            .col("id")
            .to_owned();
        manager.create_index(index).await?;
        let index = Index::create()
            .name("comment_queue_article")
            .table("comment")
            .col("article_id")
            .col("status")
            .col("created_at")
            .col("id")
            .to_owned();
        manager.create_index(index).await?;
        let index = Index::create()
            .name("comment_queue_reported")
            .table("comment")
            .col("open_reports")
            .col("created_at")
            .col("id")
            .to_owned();
        manager.create_index(index).await?;
        let table = Table::create()
            .table("reaction")
            .col(uuid("comment_id"))
            .col(uuid("user_id"))
            .col(text("kind"))
            .col(timestamp_with_time_zone("created_at"))
            .primary_key(Index::create().col("comment_id").col("user_id").col("kind"))
            .foreign_key(
                ForeignKey::create()
                    .from("reaction", "comment_id")
                    .to("comment", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .from("reaction", "user_id")
                    .to("user", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        let table = Table::create()
            .table("idempotency_key")
            .col(uuid("user_id"))
            .col(text("key"))
            .col(text("fingerprint"))
            .col(uuid("comment_id"))
            .col(timestamp_with_time_zone("created_at"))
            .primary_key(Index::create().col("user_id").col("key"))
            .foreign_key(
                ForeignKey::create()
                    .from("idempotency_key", "user_id")
                    .to("user", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        let index =
            Index::create().name("idempotency_key_age").table("idempotency_key").col("created_at").to_owned();
        manager.create_index(index).await?;
        let index = Index::create().name("reaction_user").table("reaction").col("user_id").to_owned();
        manager.create_index(index).await?;
        Ok(())
    }
}
