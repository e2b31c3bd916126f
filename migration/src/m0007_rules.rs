//! What a newsroom sets of the rules for submissions: one row for the site (the nil id) and one for each article with rules
//! of its own. And what the rules remember of a submission, apart from the comment, so that it can be forgotten soon: whose,
//! when, and digests of its text and of where it came from.

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
            .table("moderation_rules")
            .col(uuid("scope_id").primary_key())
            .col(integer("revision"))
            .col(text("rules"))
            .col(timestamp_with_time_zone("updated_at"))
            .col(uuid_null("updated_by"))
            .foreign_key(
                ForeignKey::create()
                    .from("moderation_rules", "updated_by")
                    .to("user", "id")
                    .on_delete(ForeignKeyAction::SetNull),
            )
            .to_owned();
        manager.create_table(table).await?;
        let table = Table::create()
            .table("submission_mark")
            .col(uuid("comment_id").primary_key())
            .col(uuid("author_id"))
            .col(timestamp_with_time_zone("at"))
            .col(binary_null("text_digest"))
            .col(binary_null("address_digest"))
            .foreign_key(
                ForeignKey::create()
                    .from("submission_mark", "comment_id")
                    .to("comment", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .from("submission_mark", "author_id")
                    .to("user", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        for (name, column) in [
            ("submission_mark_author", Some("author_id")),
            ("submission_mark_text", Some("text_digest")),
            ("submission_mark_address", Some("address_digest")),
            ("submission_mark_age", None),
        ] {
            let mut index = Index::create();
            index.name(name).table("submission_mark");
            if let Some(column) = column {
                index.col(column);
            }
            manager.create_index(index.col("at").to_owned()).await?;
        }
        Ok(())
    }
}
