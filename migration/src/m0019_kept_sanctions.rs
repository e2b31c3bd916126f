//! Sanctions that stay in force although the account that they were imposed on is deleted. Whoever signs in at a host site
//! can come back as somebody new; a digest that only this installation can make is enough to know them by.

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
            .table("kept_sanction")
            .col(text("person").primary_key())
            .col(text("kind"))
            .col(timestamp_with_time_zone_null("until"))
            .to_owned();
        manager.create_table(table).await
    }
}
