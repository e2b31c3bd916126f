//! The only code that knows SeaORM: connections and transactions, viewer-scoped queries over keyset pages,
//! the writes that belong together, and the event log.
//!
//! Reads go through a [`Snapshot`]: everything that one request sees is as of one instant. Writes go through
//! a [`WriteTx`]. The order of locks is: a bulk action's row; the row of a person (whoever writes holds their
//! own, so that a sanction waits for what they are writing); the rows of articles, several in the order of their
//! ids; comments. On SQLite there is one writer, so the order is moot there; the semantics are the same.

mod accounts;
mod actions;
mod articles;
mod check;
mod check_queues;
mod comment_writes;
mod comments;
mod connect;
mod erasure;
mod events;
mod export;
mod guests;
mod idempotency;
mod imported;
mod kept_sanctions;
mod moderation;
mod page;
mod queue_log;
mod reactions;
mod record;
mod reports;
mod rows;
mod rules;
mod sanctions;
mod standing;
mod state;
mod statistics;
mod together;
mod trial;
mod users;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    IsolationLevel, QueryResult, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

pub use together::seeing;
use together::{Turn, Turns};

pub use accounts::{Introduced, Member, login};
pub use actions::Undoable;
pub use articles::{ArticleFilter, ArticleWrite};
pub use check::{CheckReport, Violation};
pub use comment_writes::{Change, NewComment, NewEntry};
pub use comments::{CommentOrder, Level};
pub use connect::{ConnectError, DatabaseUrl};
pub use events::{EventsAfter, Head};
pub use export::{ExportPage, ExportPart, ExportPlace};
pub use idempotency::{FirstResult, Remembered};
pub use imported::Foreign;
pub use moderation::QueueFilter;
pub use page::{Direction, Keyset, Page, PageRequest};
pub use reactions::Reacted;
pub use record::{Lines, StatusCounts};
pub use reports::{NewReport, Report};
pub use rules::{AddressDigest, FactsWanted, NewMark, RuleScope, StoredLayer};
pub use sanctions::NewSanction;
pub use standing::{CLOCKS_DIFFER, Standing, StandingChange};
pub use state::{BackupError, Migrated, PoolState};

/// What can go wrong below the service.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not do what it was asked.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// The database did not do what several writers asked of it together.
    #[error("the database failed: {0}")]
    Together(Arc<DbErr>),
    /// A row holds what no version of this program wrote.
    #[error("the store is corrupt: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether a row with that key was there already: a concurrent retry got there first.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(
            self.database().and_then(DbErr::sql_err),
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_))
        )
    }

    /// Whether a row refers to one that is not there: a person whom this store does not know.
    #[must_use]
    pub fn is_missing_reference(&self) -> bool {
        matches!(
            self.database().and_then(DbErr::sql_err),
            Some(sea_orm::SqlErr::ForeignKeyConstraintViolation(_))
        )
    }

    /// What the database said.
    fn database(&self) -> Option<&DbErr> {
        match self {
            Self::Database(error) => Some(error),
            Self::Together(error) => Some(error),
            Self::Corrupt(_) => None,
        }
    }
}

/// The result of everything here.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A store: SQLite with one writer and several readers, or a pool of PostgreSQL connections.
#[derive(Clone, Debug)]
pub struct Store {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    /// Of SQLite's one writer.
    turns: Option<Arc<Turns>>,
    statements: Arc<AtomicU64>,
}

impl Store {
    /// A view of the store as of one instant; it costs nothing until it is first read.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let options = match self.backend() {
            DbBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                sqlite_transaction_mode: None,
            },
            _ => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
                ..Default::default()
            },
        };
        Ok(Snapshot { conn: Reading::Frozen(self.reader.begin_with_options(options).await?) })
    }

    /// A view that moves on with each statement: for one statement, or where the order of reading makes
    /// no difference.
    #[must_use]
    pub fn latest(&self) -> Snapshot {
        Snapshot { conn: Reading::Latest(self.reader.clone()) }
    }

    /// Begins a write. Dropped without [`WriteTx::commit`], it never happened.
    ///
    /// # Errors
    /// The database is out of reach, or busy for longer than it waits.
    pub async fn write(&self) -> Result<WriteTx> {
        Ok(match &self.turns {
            None => WriteTx { conn: self.writer.begin().await?, turn: None },
            Some(turns) => {
                let (conn, turn) = turns.take(&self.writer).await?;
                WriteTx { conn, turn: Some(turn) }
            }
        })
    }

    /// Waits until what this request saw of others' writes is durable. Whoever answers a request that may have written, or
    /// reads on for one, calls this first; see [`seeing`].
    ///
    /// # Errors
    /// It was not made durable: the database failed.
    pub async fn settled(&self) -> Result<()> {
        match &self.turns {
            None => Ok(()),
            Some(turns) => turns.settled().await,
        }
    }

    /// SQL statements sent so far, those that begin and end transactions not counted.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }
}

/// A view of the store; see [`Store::snapshot`].
#[derive(Debug)]
pub struct Snapshot {
    conn: Reading,
}

#[derive(Debug)]
enum Reading {
    Frozen(DatabaseTransaction),
    Latest(DatabaseConnection),
}

/// A write in progress; see [`Store::write`].
#[derive(Debug)]
pub struct WriteTx {
    // Dropped in this order: a write is rolled back before the next one's turn.
    conn: DatabaseTransaction,
    turn: Option<Turn>,
}

impl WriteTx {
    /// Makes the write durable.
    ///
    /// # Errors
    /// The database refused; nothing was written.
    pub async fn commit(self) -> Result<()> {
        match self.turn {
            None => Ok(self.conn.commit().await?),
            Some(turn) => turn.commit(self.conn).await,
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reading {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Frozen(tx) => tx.get_database_backend(),
            Self::Latest(pool) => pool.get_database_backend(),
        }
    }

    async fn execute_raw(&self, stmt: Statement) -> std::result::Result<ExecResult, DbErr> {
        match self {
            Self::Frozen(tx) => tx.execute_raw(stmt).await,
            Self::Latest(pool) => pool.execute_raw(stmt).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> std::result::Result<ExecResult, DbErr> {
        match self {
            Self::Frozen(tx) => tx.execute_unprepared(sql).await,
            Self::Latest(pool) => pool.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, stmt: Statement) -> std::result::Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Frozen(tx) => tx.query_one_raw(stmt).await,
            Self::Latest(pool) => pool.query_one_raw(stmt).await,
        }
    }

    async fn query_all_raw(&self, stmt: Statement) -> std::result::Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Frozen(tx) => tx.query_all_raw(stmt).await,
            Self::Latest(pool) => pool.query_all_raw(stmt).await,
        }
    }
}
