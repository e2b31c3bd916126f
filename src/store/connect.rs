//! Opening the store: where it is, how its connections are set up, and its migrations.

mod postgres;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::Connection;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbErr};
use tracing::log::LevelFilter;

use super::{Migrated, Store};
use crate::private;

/// Readers of one SQLite file at a time: each is a connection with a thread.
const SQLITE_READERS: u32 = 8;
/// How long a request waits for a connection before it is told to come back.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

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
                        let _ = url.set_password(Some("***"));
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
    /// Nothing is there, and making it was not asked for.
    #[error(
        "there is no store at {url}: look at --data-dir and --database-url, or start the server once, which makes one"
    )]
    Missing {
        /// Where, without its password.
        url: DatabaseUrl,
    },
    /// An earlier version of this program made it.
    #[error(
        "the store at {url} is of an earlier version: start this version of the server once, which upgrades it"
    )]
    Outdated {
        /// Where, without its password.
        url: DatabaseUrl,
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

/// What a store is opened for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It is made where there is none, and brought up to date. Nothing takes long.
    Serving,
    /// It must be there. Statements may take their time: whole tables are read.
    Command,
}

impl Store {
    /// Opens the store, makes it where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// [`ConnectError`], in one line, without secrets.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, ConnectError> {
        Self::connect(url, Use::Serving).await
    }

    /// Opens a store that is there, as this program made or upgraded it, and changes nothing about it.
    ///
    /// # Errors
    /// [`ConnectError`]: [`Missing`](ConnectError::Missing) and [`Outdated`](ConnectError::Outdated) where it is not.
    pub async fn open_existing(url: &DatabaseUrl) -> Result<Self, ConnectError> {
        let missing = || ConnectError::Missing { url: url.clone() };
        if let DatabaseUrl::Sqlite(path) = url
            && !path.exists()
        {
            return Err(missing());
        }
        let store = Self::connect(url, Use::Command).await?;
        match store.migrated().await {
            Ok(Migrated::All) => Ok(store),
            Ok(Migrated::Behind) => Err(ConnectError::Outdated { url: url.clone() }),
            Err(_) => Err(missing()),
        }
    }

    async fn connect(url: &DatabaseUrl, wanted: Use) -> Result<Self, ConnectError> {
        let unreachable =
            |error: DbErr| ConnectError::Unreachable { url: url.clone(), reason: one_line(&error) };
        let statements = Arc::new(AtomicU64::new(0));
        let (mut writer, mut reader) = match url {
            DatabaseUrl::Sqlite(path) => {
                if wanted == Use::Serving {
                    keep_private(path);
                }
                let writer = Database::connect(sqlite(path, false, wanted)).await.map_err(unreachable)?;
                let reader = Database::connect(sqlite(path, true, wanted)).await.map_err(unreachable)?;
                (writer, reader)
            }
            DatabaseUrl::Postgres(address) => {
                let unreachable = |reason: String| ConnectError::Unreachable { url: url.clone(), reason };
                postgres::probe(address).await.map_err(unreachable)?;
                let pool = Database::connect(postgres::pool(address, wanted)).await;
                let pool = pool.map_err(|error| unreachable(one_line(&error)))?;
                (pool.clone(), pool)
            }
        };
        if wanted == Use::Serving {
            let made = match url {
                DatabaseUrl::Sqlite(_) => Migrator::up(&writer, None).await,
                DatabaseUrl::Postgres(address) => postgres::migrate(address).await,
            };
            let failed = |error| ConnectError::Migration { url: url.clone(), reason: one_line(&error) };
            made.map_err(failed)?;
        }
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

/// A store is made for its owner alone, and what SQLite puts beside it is as the file itself. One that is there is its owner's
/// to decide about.
fn keep_private(path: &std::path::Path) {
    // Where this fails, SQLite says why.
    if !path.exists() && private::create(path).is_ok() {
        return;
    }
    if private::is_open_to_all(path) {
        let path = path.display();
        tracing::warn!(%path, "everybody on this machine can read the store: chmod 600 it and what lies beside it");
    }
}

fn sqlite(path: &std::path::Path, read_only: bool, wanted: Use) -> ConnectOptions {
    let mode = match wanted {
        Use::Serving => "rwc",
        Use::Command => "rw",
    };
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode={mode}", path.display()));
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

fn common(options: &mut ConnectOptions) -> &mut ConnectOptions {
    options
        .sqlx_logging(true)
        .sqlx_logging_level(LevelFilter::Trace)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
}

fn one_line(error: &DbErr) -> String {
    error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
