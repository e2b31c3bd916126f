//! Writes that share a commit. SQLite has one writer, and a commit waits for the disk, which takes longer than all else
//! that a write does. So writes that wait for their turn while another is at it join its transaction, each under a
//! savepoint of its own, and are made durable by one commit. Nobody waits for company: whoever is alone commits at once.
//!
//! - A write is acknowledged after the commit that it is part of, as if it had been alone. If that fails, all of its group
//!   are told so, and nothing of them is there.
//! - A write that is given up is rolled back to its savepoint; the others don't notice.
//! - What comes after sees what was written before it in the same group, as it would have seen it committed. Readers see
//!   none of it before the commit.
//! - Turns are taken in the order of asking. A group closes when those have had theirs who waited as its first member was
//!   done, or with its [`MEMBERS_MAX`]th.
//!
//! Those who wait are requests that run, of which there are only so many at once (`executions`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::task::JoinError;

use super::connect::ACQUIRE_TIMEOUT;
use super::{Result, StoreError};

/// Writes in one commit.
const MEMBERS_MAX: usize = 32;
/// Around a group's writes, to tell at its end whether its transaction is still the one that it was: a database that
/// gives up may have ended it by itself.
const OPEN: &str = "SAVEPOINT together";
const CLOSE: &str = "RELEASE together";

/// The turns of a store's writers.
#[derive(Debug, Default)]
pub(super) struct Turns {
    group: Arc<Mutex<Option<Group>>>,
    waiting: Arc<AtomicUsize>,
}

/// An open transaction, and those whose writes are in it.
#[derive(Debug)]
struct Group {
    transaction: DatabaseTransaction,
    members: Vec<oneshot::Sender<Outcome>>,
    /// Whether somebody has queued to commit it.
    is_called: bool,
}

type Outcome = std::result::Result<(), Arc<DbErr>>;

/// The turn of one writer. Dropped, it is the next one's.
#[derive(Debug)]
pub(super) struct Turn {
    group: OwnedMutexGuard<Option<Group>>,
    queue: Arc<Mutex<Option<Group>>>,
    waiting: Arc<AtomicUsize>,
}

/// Counts somebody as waiting.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Turns {
    /// Waits for a turn, and begins a write.
    pub(super) async fn take(&self, writer: &DatabaseConnection) -> Result<(DatabaseTransaction, Turn)> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let waiting = Waiting(Arc::clone(&self.waiting));
        let asked = Arc::clone(&self.group).lock_owned();
        let group = tokio::time::timeout(ACQUIRE_TIMEOUT, asked)
            .await
            .map_err(|_| StoreError::Database(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)))?;
        drop(waiting);
        let turn = Turn { group, queue: Arc::clone(&self.group), waiting: Arc::clone(&self.waiting) };
        let writer = writer.clone();
        // A task of its own: a beginning that is given up half-way would take the whole group with it.
        done(tokio::spawn(turn.begin(writer)).await)?
    }
}

impl Turn {
    async fn begin(mut self, writer: DatabaseConnection) -> Result<(DatabaseTransaction, Self)> {
        let group = match &mut *self.group {
            Some(group) => group,
            none => {
                let options = TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..Default::default()
                };
                let transaction = writer.begin_with_options(options).await?;
                transaction.execute_unprepared(OPEN).await?;
                none.insert(Group { transaction, members: Vec::new(), is_called: false })
            }
        };
        match group.transaction.begin().await {
            Ok(write) => Ok((write, self)),
            Err(error) => {
                let error = Arc::new(error);
                self.fail(&error);
                Err(StoreError::Together(error))
            }
        }
    }

    /// Makes a write durable, with the others of its group.
    pub(super) async fn commit(self, write: DatabaseTransaction) -> Result<()> {
        // A task of its own: whoever gives up waiting takes nothing from the others.
        let outcome = done(tokio::spawn(self.hand_in(write)).await)?;
        match outcome.await {
            Ok(outcome) => outcome.map_err(StoreError::Together),
            Err(_) => Err(StoreError::Corrupt("a group of writes was left without an answer".to_owned())),
        }
    }

    /// The end of a write; what is received says how the commit went.
    async fn hand_in(mut self, write: DatabaseTransaction) -> oneshot::Receiver<Outcome> {
        let (member, outcome) = oneshot::channel();
        let released = write.commit().await;
        let is_alone = self.waiting.load(Ordering::Acquire) == 0;
        let Some(group) = &mut *self.group else { return outcome };
        group.members.push(member);
        if let Err(error) = released {
            self.fail(&Arc::new(error));
        } else if group.members.len() >= MEMBERS_MAX || (is_alone && !group.is_called) {
            self.close().await;
        } else if !std::mem::replace(&mut group.is_called, true) {
            let queue = Arc::clone(&self.queue);
            let waiting = Arc::clone(&self.waiting);
            // Its place is behind those who wait now.
            tokio::spawn(async move {
                let group = Arc::clone(&queue).lock_owned().await;
                Self { group, queue, waiting }.close().await;
            });
        }
        outcome
    }

    /// Commits what is written, and tells everybody.
    async fn close(mut self) {
        let Some(Group { transaction, members, .. }) = self.group.take() else { return };
        let outcome = match transaction.execute_unprepared(CLOSE).await {
            Ok(_) => transaction.commit().await,
            Err(error) => Err(error),
        };
        let outcome = outcome.map_err(Arc::new);
        for member in members {
            // An error means that nobody waits any more.
            let _ = member.send(outcome.clone());
        }
    }

    /// Gives the whole group up.
    fn fail(&mut self, error: &Arc<DbErr>) {
        for member in self.group.take().into_iter().flat_map(|group| group.members) {
            let _ = member.send(Err(Arc::clone(error)));
        }
    }
}

impl Drop for Turn {
    /// Where nobody's write is in it, the transaction ends with the turn: an open one keeps other programs out.
    fn drop(&mut self) {
        if self.group.as_ref().is_some_and(|group| group.members.is_empty()) {
            *self.group = None;
        }
    }
}

/// What a task of ours came to: it ends before its time only with the whole program.
fn done<T>(ended: std::result::Result<T, JoinError>) -> Result<T> {
    ended.map_err(|error| StoreError::Corrupt(format!("a write was cut short: {error}")))
}
