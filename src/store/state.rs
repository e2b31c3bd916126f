//! How the store itself is: its connections, its tables, whether it can be written to, and a copy of it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement};

use super::{Result, Store, StoreError};
use crate::private;

/// Connections of one pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolState {
    /// Open ones.
    pub open: usize,
    /// Of these, not in use.
    pub idle: usize,
    /// As many as there may be.
    pub most: usize,
}

/// Whether the tables are those that this program was written for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Migrated {
    /// All changes were made; a later program may have made more.
    All,
    /// Some are missing: another node is making them, or somebody went back to an old copy.
    Behind,
}

/// Why a store can't be copied.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is something at the place.
    #[error("{0} is there already: choose a name that is free")]
    Exists(String),
    /// PostgreSQL has a tool of its own.
    #[error(
        "the store is in PostgreSQL, which has its own tool: pg_dump --format=custom --file={0} \"$TALKBACK_DATABASE_URL\""
    )]
    Postgres(String),
    /// The file system refused.
    #[error("can't write {path}: {reason}")]
    File {
        /// Where.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Connections to the database, by what they are for.
    #[must_use]
    pub fn pools(&self) -> Vec<(&'static str, PoolState)> {
        match self.backend() {
            DbBackend::Sqlite => vec![("writer", sqlite(&self.writer)), ("reader", sqlite(&self.reader))],
            _ => {
                let pool = self.writer.get_postgres_connection_pool();
                let most = pool.options().get_max_connections() as usize;
                vec![("pool", PoolState { open: pool.size() as usize, idle: pool.num_idle(), most })]
            }
        }
    }

    /// Writes that wait for the turn of another, where there is one writer.
    #[must_use]
    pub fn writes_waiting(&self) -> usize {
        self.turns.as_ref().map_or(0, |turns| turns.waiting())
    }

    /// Whether the database answers, and with the tables that this program needs.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn migrated(&self) -> Result<Migrated> {
        let statement = Statement::from_string(self.backend(), "SELECT version FROM seaql_migrations");
        let rows = self.reader.query_all_raw(statement).await?;
        let made = rows.iter().map(|row| row.try_get_by_index(0));
        let made: HashSet<String> = made.collect::<std::result::Result<_, DbErr>>()?;
        let all = Migrator::migrations().iter().all(|change| made.contains(change.name()));
        Ok(if all { Migrated::All } else { Migrated::Behind })
    }

    /// Writes a copy of the store as of one instant, while others read and write. SQLite only.
    ///
    /// # Errors
    /// [`BackupError`], in one line. A copy that was not finished does not stay behind.
    pub async fn backup(&self, file: &Path) -> std::result::Result<(), BackupError> {
        let shown = file.display().to_string();
        if self.backend() != DbBackend::Sqlite {
            return Err(BackupError::Postgres(shown));
        }
        if file.exists() {
            return Err(BackupError::Exists(shown));
        }
        let failed =
            |error: std::io::Error| BackupError::File { path: shown.clone(), reason: error.to_string() };
        let unfinished = file.with_added_extension("unfinished");
        drop(private::create(&unfinished).map_err(failed)?);
        // SQLite writes into an empty file that is there, with the permissions that it has.
        let name = unfinished.display().to_string();
        let copy = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [name.into()]);
        let copied = self.writer.execute_raw(copy).await;
        let finished = copied.map_err(|error| BackupError::Store(error.into())).and_then(|_| {
            std::fs::File::open(&unfinished).and_then(|copy| copy.sync_all()).map_err(failed)?;
            std::fs::rename(&unfinished, file).map_err(failed)
        });
        if finished.is_err() {
            let _ = std::fs::remove_file(&unfinished);
        }
        finished
    }
}

fn sqlite(connection: &DatabaseConnection) -> PoolState {
    let pool = connection.get_sqlite_connection_pool();
    let most = pool.options().get_max_connections() as usize;
    PoolState { open: pool.size() as usize, idle: pool.num_idle(), most }
}

impl StoreError {
    /// Whether no connection came free in time, or another process held what was wanted: there is too much to do, or the
    /// database is out of reach.
    #[must_use]
    pub fn is_out_of_reach(&self) -> bool {
        matches!(self.database(), Some(DbErr::ConnectionAcquire(_)))
            || self.code().is_some_and(|code| is_busy(&code))
    }

    /// Whether the database can't be written to, though it can be read: the disk is full or fails, or somebody
    /// made it read-only.
    #[must_use]
    pub fn is_unwritable(&self) -> bool {
        self.code().is_some_and(|code| refuses_writes(&code))
    }

    /// What the database calls it.
    fn code(&self) -> Option<Cow<'_, str>> {
        let Some(
            DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error))
            | DbErr::Conn(RuntimeErr::SqlxError(error)),
        ) = self.database()
        else {
            return None;
        };
        error.as_database_error()?.code()
    }
}

/// Whether nothing was done because another process was at it, or there were too many. Codes as below.
fn is_busy(code: &str) -> bool {
    const BUSY: u32 = 5;
    if code.len() == 5 {
        return matches!(code, "53300" | "55P03" | "57P03");
    }
    code.parse::<u32>().is_ok_and(|code| code & 0xff == BUSY)
}

/// Codes of SQLite are numbers, with the kind in the lowest byte (<https://sqlite.org/rescode.html>); those of
/// PostgreSQL have five characters (appendix A of its manual).
fn refuses_writes(code: &str) -> bool {
    const READONLY: u32 = 8;
    const FULL: u32 = 13;
    const IOERR: u32 = 10;
    /// Which input or output failed: write, sync, truncate, the directory's sync, and the shared memory's size.
    const IOERR_OF_WRITES: [u32; 5] = [3, 4, 6, 5, 19];
    if code.len() == 5 {
        return matches!(code, "53100" | "25006" | "58030");
    }
    code.parse::<u32>().is_ok_and(|code| match code & 0xff {
        READONLY | FULL => true,
        IOERR => IOERR_OF_WRITES.contains(&(code >> 8)),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_faults() {
        for code in ["8", "264", "1032", "13", "778", "1034", "53100", "25006"] {
            assert!(refuses_writes(code), "{code}");
        }
        for code in ["5", "261", "517", "53300", "57P03"] {
            assert!(is_busy(code), "{code}");
        }
        for code in ["1", "8", "11", "2067", "23505", "40001", ""] {
            assert!(!is_busy(code), "{code}");
        }
        for code in ["1", "5", "517", "11", "266", "2067", "23505", "40001", "08006", ""] {
            assert!(!refuses_writes(code), "{code}");
        }
    }
}
