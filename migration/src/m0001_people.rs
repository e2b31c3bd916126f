//! People, how they sign in once, and what the store knows of itself.

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
        let table =
            Table::create().table("setting").col(text("key").primary_key()).col(text("value")).to_owned();
        manager.create_table(table).await?;
        let table = Table::create()
            .table("user")
            .col(uuid("id").primary_key())
            .col(text("kind"))
            .col(text("display_name"))
            .col(text("role"))
            .col(timestamp_with_time_zone("created_at"))
            .to_owned();
        manager.create_table(table).await?;
        let table = Table::create()
            .table("sign_in_code")
            .col(text("code_hash").primary_key())
            .col(uuid("user_id"))
            .col(timestamp_with_time_zone("expires_at"))
            .foreign_key(
                ForeignKey::create()
                    .from("sign_in_code", "user_id")
                    .to("user", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create().name("sign_in_code_user").table("sign_in_code").col("user_id").to_owned();
        manager.create_index(index).await?;
        Ok(())
    }
}
