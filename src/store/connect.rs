//! Opening the store: where it is, how its connections are set up, and its migrations.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::Connection;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr};
use tracing::log::LevelFilter;

use super::Store;

/// Readers of one SQLite file at a time: each is a connection with a thread.
const SQLITE_READERS: u32 = 8;
/// Connections of one node to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 32;
/// How old a connection to PostgreSQL gets: after a failover none of the old ones lasts.
const CONNECTION_AGE: Duration = Duration::from_secs(10 * 60);
/// How long a request waits for a connection before it is told to come back.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection that nobody uses is taken to be alive. When the database ends every session, a pool is full of
/// dead ones: without a test each would fail somebody's request, and readers would wait out their retries one by one.
const TRUSTED_FOR: Duration = Duration::from_millis(200);

/// Where the store is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server: `postgres://user:password@host/database`.
    Postgres(String),
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::fmt::Display for DatabaseUrl {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => match url::Url::parse(url) {
                Ok(mut url) => {
                    if url.password().is_some() {
                        let _ = url.set_password(Some("…"));
                    }
                    write!(f, "{url}")
                }
                Err(_) => f.write_str("postgres://…"),
            },
        }
    }
}

/// Why the store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No connection.
    #[error("can't open the database {url}: {reason}")]
    Unreachable {
        /// Which, without its password.
        url: DatabaseUrl,
        /// What it said.
        reason: String,
    },
    /// A connection, but no schema.
    #[error("can't bring the database {url} up to date: {reason}")]
    Migration {
        /// Which, without its password.
        url: DatabaseUrl,
        /// What it said.
        reason: String,
    },
}

impl Store {
    /// Opens the store and brings its schema up to date.
    ///
    /// # Errors
    /// [`ConnectError`], in one line, without secrets.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, ConnectError> {
        let unreachable =
            |error: DbErr| ConnectError::Unreachable { url: url.clone(), reason: one_line(&error) };
        let statements = Arc::new(AtomicU64::new(0));
        let (mut writer, mut reader) = match url {
            DatabaseUrl::Sqlite(path) => {
                let writer = Database::connect(sqlite(path, false)).await.map_err(unreachable)?;
                let reader = Database::connect(sqlite(path, true)).await.map_err(unreachable)?;
                (writer, reader)
            }
            DatabaseUrl::Postgres(url) => {
                let pool = Database::connect(postgres(url)).await.map_err(unreachable)?;
                (pool.clone(), pool)
            }
        };
        migrate(&writer, url).await?;
        for connection in [&mut writer, &mut reader] {
            let count = Arc::clone(&statements);
            connection.set_metric_callback(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
        }
        let turns = match url {
            DatabaseUrl::Sqlite(_) => Some(Arc::default()),
            DatabaseUrl::Postgres(_) => None,
        };
        Ok(Self { writer, reader, turns, statements })
    }

    /// Whether the database answers now.
    pub async fn is_reachable(&self) -> bool {
        self.reader.execute_unprepared("SELECT 1").await.is_ok()
    }

    /// Ends all connections, after what is under way.
    pub async fn close(self) {
        for connection in [self.reader, self.writer] {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "closing the database failed");
            }
        }
    }
}

/// Several nodes may start on the same PostgreSQL at once: an advisory lock lets one migrate at a time.
async fn migrate(connection: &DatabaseConnection, url: &DatabaseUrl) -> Result<(), ConnectError> {
    let failed = |error: DbErr| ConnectError::Migration { url: url.clone(), reason: one_line(&error) };
    match url {
        DatabaseUrl::Sqlite(_) => Migrator::up(connection, None).await.map_err(failed),
        DatabaseUrl::Postgres(address) => {
            const LOCK: i64 = 0x7461_6c6b_6261_636b; // "talkback"
            let mut options = postgres(address);
            options.max_connections(1);
            let holder = Database::connect(options).await.map_err(failed)?;
            holder.execute_unprepared(&format!("SELECT pg_advisory_lock({LOCK})")).await.map_err(failed)?;
            let outcome = Migrator::up(connection, None).await.map_err(failed);
            holder.close().await.map_err(failed)?;
            outcome
        }
    }
}

fn sqlite(path: &std::path::Path, read_only: bool) -> ConnectOptions {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
    common(&mut options).max_connections(if read_only { SQLITE_READERS } else { 1 });
    options.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite
            .pragma("journal_mode", "WAL")
            // FULL, not NORMAL: an acknowledged comment survives a power cut.
            .pragma("synchronous", "FULL")
            .pragma("foreign_keys", "ON")
            .pragma("cache_size", "-16000")
            .pragma("temp_store", "MEMORY")
            .statement_cache_capacity(256)
            .busy_timeout(ACQUIRE_TIMEOUT);
        if read_only { sqlite.pragma("query_only", "ON") } else { sqlite }
    });
    // When a commit fails (a full disk), SQLite ends the transaction by itself, and the driver goes on believing that it is
    // inside: from then on it would ask for savepoints in the place of transactions, and acknowledge what is never committed.
    options.map_sqlx_sqlite_before_acquire(|connection, _| {
        let is_idle = !connection.is_in_transaction();
        Box::pin(std::future::ready(Ok(is_idle)))
    });
    options
}

fn postgres(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    common(&mut options).max_connections(POSTGRES_CONNECTIONS).max_lifetime(CONNECTION_AGE);
    options.map_sqlx_postgres_opts(|postgres| {
        postgres.options([("statement_timeout", "10s"), ("idle_in_transaction_session_timeout", "15s")])
    });
    options
}

fn common(options: &mut ConnectOptions) -> &mut ConnectOptions {
    options
        .sqlx_logging(true)
        .sqlx_logging_level(LevelFilter::Trace)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire_if_idle_for(TRUSTED_FOR)
}

fn one_line(error: &DbErr) -> String {
    error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
