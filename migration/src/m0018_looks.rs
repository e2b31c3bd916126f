//! When a moderator let stand what readers had reported: a report was wrong where that came after it. And of comments
//! that their authors took back, the traces of the rules go as well: they may quote the words.

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
        let column =
            Table::alter().table("comment").add_column(timestamp_with_time_zone_null("looked_at")).to_owned();
        manager.alter_table(column).await?;
        let traces = Query::update()
            .table("comment")
            .value("held_because", "[]")
            .and_where(Expr::col("status").eq("DELETED"))
            .and_where(Expr::col("held_because").ne("[]"))
            .to_owned();
        manager.execute(traces).await
    }
}
