//! The log that moderators follow. Its events are written with the changes that they tell of, and numbered
//! afterwards: see `store::queue_log`. The counts begin with what the queues hold now.

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
            .table("queue_event")
            // Assigned as it is written. Never twice, or what was trimmed would be numbered anew.
            .col(big_integer("id").primary_key().auto_increment())
            .col(big_integer_null("sequence"))
            .col(text("kind"))
            .col(text_null("queue"))
            .col(uuid("comment_id"))
            .col(uuid_null("actor_id"))
            .col(timestamp_with_time_zone_null("claimed_until"))
            .col(timestamp_with_time_zone("at"))
            .col(big_integer_null("pending"))
            .col(big_integer_null("reported"))
            .col(big_integer_null("spam"))
            .col(big_integer_null("all"))
            .to_owned();
        manager.create_table(table).await?;
        for (name, table, columns) in [
            ("queue_event_sequence", "queue_event", &["sequence", "id"][..]),
            ("queue_event_age", "queue_event", &["at"]),
            // The queue of all comments has no condition that another index serves.
            ("comment_queue_all", "comment", &["created_at", "id"]),
        ] {
            let mut index = Index::create();
            index.name(name).table(table);
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        let table = Table::create()
            .table("queue_log")
            .col(integer("id").primary_key())
            .col(big_integer("sequence"))
            .col(timestamp_with_time_zone_null("at"))
            .col(big_integer("pending"))
            .col(big_integer("reported"))
            .col(big_integer("spam"))
            .col(big_integer("all"))
            .to_owned();
        manager.create_table(table).await?;
        let begin = r#"INSERT INTO queue_log (id, sequence, pending, reported, spam, "all") SELECT 1, 0,
            COUNT(CASE WHEN status = 'PENDING' THEN 1 END), COUNT(CASE WHEN open_reports > 0 THEN 1 END),
            COUNT(CASE WHEN status = 'SPAM' THEN 1 END), COUNT(CASE WHEN status <> 'DELETED' THEN 1 END) FROM comment"#;
        // Nobody can decide on what its author has taken back.
        let tidy = "UPDATE comment SET open_reports = 0, claimed_by = NULL, claimed_until = NULL WHERE status = 'DELETED'";
        for statement in [tidy, begin] {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
