//! How people sign in, which sessions were ended, and the log by which every node hears of it.
//!
//! Beside `user`, not in it: what proves who somebody is, is read when they sign in and never with their
//! comments.

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
        let of_user = |table: &'static str| {
            ForeignKey::create()
                .from(table, "user_id")
                .to("user", "id")
                .on_delete(ForeignKeyAction::Cascade)
                .to_owned()
        };
        let table = Table::create()
            .table("account")
            .col(uuid("user_id").primary_key())
            .col(text_null("login"))
            .col(text_null("password_hash"))
            .col(text_null("issuer"))
            .col(text_null("subject"))
            .col(timestamp_with_time_zone_null("claims_at"))
            .col(integer("epoch"))
            .col(timestamp_with_time_zone_null("signed_out_at"))
            .foreign_key(&mut of_user("account"))
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create().name("account_login").table("account").col("login").unique().to_owned();
        manager.create_index(index).await?;
        let index = Index::create()
            .name("account_subject")
            .table("account")
            .col("issuer")
            .col("subject")
            .unique()
            .to_owned();
        manager.create_index(index).await?;

        let table = Table::create()
            .table("ended_session")
            .col(uuid("session_id").primary_key())
            .col(uuid("user_id"))
            .col(timestamp_with_time_zone("expires_at"))
            .foreign_key(&mut of_user("ended_session"))
            .to_owned();
        manager.create_table(table).await?;
        for (name, column) in [("ended_session_user", "user_id"), ("ended_session_age", "expires_at")] {
            let index = Index::create().name(name).table("ended_session").col(column).to_owned();
            manager.create_index(index).await?;
        }

        // Without a reference: a line must outlive the person whose account was deleted.
        let table = Table::create()
            .table("standing_change")
            .col(big_integer("sequence").primary_key())
            .col(uuid("user_id"))
            .col(uuid_null("session_id"))
            .col(timestamp_with_time_zone("at"))
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create().name("standing_change_age").table("standing_change").col("at").to_owned();
        manager.create_index(index).await?;
        // The counter is a row that each change updates last in its transaction: a serial would let a change
        // become visible after one with a greater number, and a node would never hear of it.
        let table = Table::create()
            .table("standing_head")
            .col(integer("id").primary_key())
            .col(big_integer("sequence"))
            .to_owned();
        manager.create_table(table).await?;
        let head = Query::insert()
            .into_table("standing_head")
            .columns(["id", "sequence"])
            .values_panic([1.into(), 0.into()])
            .to_owned();
        manager.execute(head).await
    }
}
