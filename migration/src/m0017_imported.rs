//! What came from elsewhere, by the id that it had there: so that an import that is run again adds what is missing and
//! nothing twice.

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
            .table("imported")
            .col(text("kind"))
            .col(text("foreign_id"))
            .col(uuid("id"))
            .primary_key(Index::create().col("kind").col("foreign_id"))
            .to_owned();
        manager.create_table(table).await?;
        // For a person whose account is deleted: what they were called elsewhere goes with them.
        let index = Index::create().name("imported_id").table("imported").col("id").to_owned();
        manager.create_index(index).await
    }
}
