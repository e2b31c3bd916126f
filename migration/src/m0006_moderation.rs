//! What moderators do to many comments at once, what they do about people, and the log that they follow.
//!
//! Events of the queues are numbered after they were written: see `store::queue_log`.

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
        bulk(manager).await?;
        people(manager).await
    }
}

async fn bulk(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("moderation_action")
        .col(uuid("id").primary_key())
        .col(text("kind"))
        .col(uuid_null("actor_id"))
        .col(text_null("to_status"))
        .col(text_null("reason"))
        .col(text_null("note"))
        .col(uuid_null("user_id"))
        .col(uuid_null("undoes"))
        .col(uuid_null("undone_by"))
        .col(text_null("outcomes"))
        .col(timestamp_with_time_zone("at"))
        .col(timestamp_with_time_zone_null("finished_at"))
        .foreign_key(
            ForeignKey::create()
                .from("moderation_action", "actor_id")
                .to("user", "id")
                .on_delete(ForeignKeyAction::SetNull),
        )
        .foreign_key(
            ForeignKey::create()
                .from("moderation_action", "user_id")
                .to("user", "id")
                .on_delete(ForeignKeyAction::SetNull),
        )
        .to_owned();
    manager.create_table(table).await?;
    for (name, columns) in [
        ("moderation_action_unfinished", &["finished_at", "at"][..]),
        ("moderation_action_actor", &["actor_id"]),
        ("moderation_action_user", &["user_id"]),
    ] {
        index(manager, name, "moderation_action", columns).await?;
    }
    // Which bulk action, and what the comment was before: an undo brings back exactly that.
    for column in [
        uuid_null("action_id"),
        timestamp_with_time_zone_null("from_at"),
        uuid_null("from_by"),
        text_null("from_reason"),
        integer("from_reports").default(0).to_owned(),
    ] {
        let table = Table::alter().table("moderation_entry").add_column(column).to_owned();
        manager.alter_table(table).await?;
    }
    index(manager, "moderation_entry_action", "moderation_entry", &["action_id", "id"]).await
}

async fn people(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for column in
        [text_null("sanction"), timestamp_with_time_zone_null("sanction_until"), text_null("sanction_reason")]
    {
        manager.alter_table(Table::alter().table("user").add_column(column).to_owned()).await?;
    }
    let table = Table::create()
        .table("user_sanction")
        .col(uuid("id").primary_key())
        .col(uuid("user_id"))
        .col(text("kind"))
        .col(timestamp_with_time_zone_null("until"))
        .col(text_null("reason"))
        .col(uuid_null("actor_id"))
        .col(uuid_null("action_id"))
        .col(timestamp_with_time_zone("at"))
        .foreign_key(
            ForeignKey::create()
                .from("user_sanction", "user_id")
                .to("user", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .from("user_sanction", "actor_id")
                .to("user", "id")
                .on_delete(ForeignKeyAction::SetNull),
        )
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "user_sanction_user", "user_sanction", &["user_id", "id"]).await?;
    index(manager, "user_sanction_actor", "user_sanction", &["actor_id"]).await
}

async fn index(
    manager: &SchemaManager<'_>,
    name: &'static str,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}
