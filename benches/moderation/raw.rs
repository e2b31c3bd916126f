//! What deciding comes to in the database, and nothing else: the same rows read and written, in the same transactions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::site::Site;
use super::support::world::Backend;
use super::times::Times;

/// How many comments a transaction changes.
#[derive(Clone, Copy)]
pub enum Shape {
    /// One: a decision.
    Single,
    /// Several: a bulk decision, read together and written one by one.
    Bulk(usize),
}

/// A comment under an article, both as the rows name them.
#[derive(Clone, Copy)]
pub struct Case {
    pub comment: Uuid,
    pub article: Uuid,
}

/// A database without a service.
pub struct Raw {
    pub connection: DatabaseConnection,
    backend: DbBackend,
    moderator: Uuid,
    words: String,
}

impl Raw {
    /// With the settings that the service has, and so many connections to PostgreSQL.
    pub async fn open(site: &Site, backend: Backend, connections: usize) -> Self {
        Self::open_with(site, backend, connections, "FULL", &[]).await
    }

    /// [`open`](Self::open) with SQLite's `synchronous`, or with settings of PostgreSQL's sessions.
    pub async fn open_with(
        site: &Site,
        backend: Backend,
        connections: usize,
        synchronous: &'static str,
        settings: &'static [(&'static str, &'static str)],
    ) -> Self {
        let mut options = match backend {
            Backend::Embedded => {
                let file = site.store.data_dir.join("talkback.db");
                let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rw", file.display()));
                options.map_sqlx_sqlite_opts(move |sqlite| {
                    sqlite
                        .pragma("journal_mode", "WAL")
                        .pragma("synchronous", synchronous)
                        .pragma("foreign_keys", "ON")
                        .pragma("cache_size", "-16000")
                        .statement_cache_capacity(256)
                });
                options
            }
            Backend::Scaled => {
                let mut options =
                    ConnectOptions::new(site.store.database_url.clone().expect("PostgreSQL has an address"));
                options.map_sqlx_postgres_opts(move |postgres| postgres.options(settings.iter().copied()));
                options
            }
        };
        let most = if backend == Backend::Embedded { 1 } else { u32::try_from(connections).unwrap_or(1) };
        options.max_connections(most).sqlx_logging(false).test_before_acquire(false);
        let connection = Database::connect(options).await.expect("the database answers");
        let moderator = site.inside.people[0].id().expect("somebody").0;
        let backend = connection.get_database_backend();
        Self { connection, backend, moderator, words: "The harbour lights went out. ".repeat(7) }
    }

    /// `workers` at once, each `requests` transactions of that shape.
    pub async fn run(&self, site: &Site, shape: Shape, workers: usize, requests: usize) -> (Times, Duration) {
        let together = match shape {
            Shape::Single => 1,
            Shape::Bulk(together) => together,
        };
        let cases = Arc::new(Mutex::new(site.cases().into_iter()));
        let begun = Instant::now();
        let worker = async || {
            let mut times = Times::default();
            for _ in 0..requests {
                let own: Vec<Case> = cases.lock().await.by_ref().take(together).collect();
                let begun = Instant::now();
                let tx = self.begin().await;
                self.read(&tx, &own).await;
                for case in &own {
                    self.write(&tx, *case).await;
                }
                tx.commit().await.expect("no fault");
                times.add(begun.elapsed());
            }
            times
        };
        let all = futures_util::future::join_all((0..workers).map(|_| worker())).await;
        let took = begun.elapsed();
        let mut times = Times::default();
        all.into_iter().for_each(|own| times.extend(own));
        (times, took)
    }

    pub async fn begin(&self) -> DatabaseTransaction {
        let options = match self.backend {
            DbBackend::Postgres => TransactionOptions::default(),
            _ => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..Default::default()
            },
        };
        self.connection.begin_with_options(options).await.expect("the database answers")
    }

    /// The comments, their articles under a lock, and the comments again.
    pub async fn read(&self, tx: &DatabaseTransaction, cases: &[Case]) {
        let mut articles: Vec<Uuid> = cases.iter().map(|case| case.article).collect();
        articles.sort_unstable();
        articles.dedup();
        let comments: Vec<Uuid> = cases.iter().map(|case| case.comment).collect();
        let lock = if self.backend == DbBackend::Postgres { " FOR NO KEY UPDATE" } else { "" };
        for (table, ids, lock) in
            [("comment", &comments, ""), ("article", &articles, lock), ("comment", &comments, "")]
        {
            let places: Vec<String> = (1..=ids.len()).map(|place| format!("${place}")).collect();
            let sql = format!("SELECT * FROM {table} WHERE id IN ({}) ORDER BY id{lock}", places.join(", "));
            let values = ids.iter().map(|id| Value::from(*id));
            let rows = tx.query_all_raw(Statement::from_sql_and_values(self.backend, sql, values)).await;
            assert_eq!(rows.expect("no fault").len(), ids.len());
        }
    }

    /// A decision: the comment, its history, the queues' log, the article's log, the article.
    pub async fn write(&self, tx: &DatabaseTransaction, case: Case) {
        let now: DateTime<Utc> = super::site::now();
        let (comment, article, by) = (case.comment, case.article, self.moderator);
        let words = &*self.words;
        let run = async |sql: &str, values: Vec<Value>| {
            let done = tx.execute_raw(Statement::from_sql_and_values(self.backend, sql, values)).await;
            assert_eq!(done.unwrap_or_else(|error| panic!("{sql}: {error}")).rows_affected(), 1);
        };
        run(
            "UPDATE comment SET status = 'APPROVED', status_at = $1, status_by = $2, status_reason = NULL, \
             revision = revision + 1, shown = $3, body = $4, body_html = $5, held_because = '[]', open_reports = 0, \
             claimed_by = NULL, claimed_until = NULL, first_published_at = $6 WHERE id = $7",
            vec![now.into(), by.into(), true.into(), words.into(), words.into(), now.into(), comment.into()],
        )
        .await;
        run(
            "INSERT INTO moderation_entry (id, comment_id, actor_id, action, from_status, to_status, revision, at, from_reports) \
             VALUES ($1, $2, $3, 'APPROVED', 'PENDING', 'APPROVED', 2, $4, 0)",
            vec![talkback::clock::Clock::system().new_id().into(), comment.into(), by.into(), now.into()],
        )
        .await;
        run(
            "INSERT INTO queue_event (kind, queue, comment_id, actor_id, at) VALUES ('LEFT', 'PENDING', $1, $2, $3)",
            vec![comment.into(), by.into(), now.into()],
        )
        .await;
        run(
            "INSERT INTO article_event (article_id, sequence, kind, comment_id, comment_count, at) \
             SELECT id, sequence + 1, 'PUBLISHED', $1, comment_count + 1, $2 FROM article WHERE id = $3",
            vec![comment.into(), now.into(), article.into()],
        )
        .await;
        run(
            "UPDATE article SET comment_count = comment_count + 1, sequence = sequence + 1, sequence_at = $1 WHERE id = $2",
            vec![now.into(), article.into()],
        )
        .await;
    }
}
