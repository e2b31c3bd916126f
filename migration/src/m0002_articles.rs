//! Articles with their key points and tags. Counts and the log's head live in the article's row, so that one
//! row lock orders everything that its readers see.

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
            .table("article")
            .col(uuid("id").primary_key())
            .col(text("slug").unique_key())
            .col(integer("revision"))
            .col(text("headline"))
            .col(text_null("summary"))
            .col(text_null("key_points_heading"))
            .col(text_null("story_headline"))
            .col(text_null("standfirst"))
            .col(text_null("pull_quote_text"))
            .col(text_null("pull_quote_attribution"))
            .col(text_null("dateline_place"))
            .col(text_null("dateline_date"))
            .col(text_null("byline"))
            .col(text_null("source_name"))
            .col(text_null("source_url"))
            .col(text_null("section"))
            .col(text("language"))
            .col(text("body"))
            .col(text("body_html"))
            .col(integer("reading_time_minutes"))
            .col(text_null("url"))
            .col(boolean("commenting_open"))
            .col(boolean("premoderated"))
            .col(integer("min_length"))
            .col(integer("max_length"))
            .col(text_null("guidelines"))
            .col(timestamp_with_time_zone_null("closes_at"))
            .col(integer("comment_count").default(0))
            .col(big_integer("sequence").default(0))
            .col(timestamp_with_time_zone_null("sequence_at"))
            .col(timestamp_with_time_zone("published_at"))
            .col(timestamp_with_time_zone("updated_at"))
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create()
            .name("article_published")
            .table("article")
            .col("published_at")
            .col("id")
            .to_owned();
        manager.create_index(index).await?;
        let index = Index::create()
            .name("article_section")
            .table("article")
            .col("section")
            .col("published_at")
            .col("id")
            .to_owned();
        manager.create_index(index).await?;
        let table = Table::create()
            .table("article_tag")
            .col(uuid("article_id"))
            .col(text("tag"))
            .col(integer("position"))
            .primary_key(Index::create().col("article_id").col("tag"))
            .foreign_key(
                ForeignKey::create()
                    .from("article_tag", "article_id")
                    .to("article", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create()
            .name("article_tag_tag")
            .table("article_tag")
            .col("tag")
            .col("article_id")
            .to_owned();
        manager.create_index(index).await?;
        let table = Table::create()
            .table("key_point")
            .col(uuid("id").primary_key())
            .col(uuid("article_id"))
            .col(integer("position"))
            .col(text("text"))
            .foreign_key(
                ForeignKey::create()
                    .from("key_point", "article_id")
                    .to("article", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create()
            .name("key_point_article")
            .table("key_point")
            .col("article_id")
            .col("position")
            .unique()
            .to_owned();
        manager.create_index(index).await?;
        Ok(())
    }
}
