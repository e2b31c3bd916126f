//! The store's schema, one change per file, alike on SQLite and PostgreSQL. A migration that has been
//! released is never edited: the next change is the next file.

pub use sea_orm_migration::prelude::*;

mod m0001_people;
mod m0002_articles;
mod m0003_comments;
mod m0004_event_log;
mod m0005_moderation;
mod m0006_moderation;
mod m0007_rules;
mod m0008_identity;
mod m0010_article_url;
mod m0012_statistics;
mod m0013_queue_log;
mod m0014_decisions;
mod m0017_imported;
mod m0018_looks;
mod m0019_kept_sanctions;

/// Every change, in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_people::Migration),
            Box::new(m0002_articles::Migration),
            Box::new(m0003_comments::Migration),
            Box::new(m0004_event_log::Migration),
            Box::new(m0005_moderation::Migration),
            Box::new(m0006_moderation::Migration),
            Box::new(m0007_rules::Migration),
            Box::new(m0008_identity::Migration),
            Box::new(m0010_article_url::Migration),
            Box::new(m0012_statistics::Migration),
            Box::new(m0013_queue_log::Migration),
            Box::new(m0014_decisions::Migration),
            Box::new(m0017_imported::Migration),
            Box::new(m0018_looks::Migration),
            Box::new(m0019_kept_sanctions::Migration),
        ]
    }
}
