//! Writes that share a commit. SQLite has one writer, and a commit waits for the disk, which takes longer than all else
//! that a write does. So writes that wait for their turn while another is at it join its transaction, each under a
//! savepoint of its own, and are made durable by one commit. Nobody waits for company: whoever is alone commits at once.
//!
//! - A write is acknowledged after the commit that it is part of, as if it had been alone. If that fails, all of its group
//!   are told so, and nothing of them is there.
//! - A write that is given up is rolled back to its savepoint; the others don't notice.
//! - What comes after sees what was written before it in the same group, as it would have seen it committed. Readers see
//!   none of it before the commit. So whoever saw it and wrote nothing (a decision that came second) waits for that commit,
//!   too, before they read on or are answered: [`seeing`] and [`Turns::settled`].
//! - Turns are taken in the order of asking. A group closes when those have had theirs who waited as its first member was
//!   done, or with its [`MEMBERS_MAX`]th.
//!
//! Those who wait are requests that run, of which there are only so many at once (`executions`).

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

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
/// Around a group's writes, to tell whether its transaction is still the one that it was: a database that gives up may have
/// ended it by itself. Asked at its end, and after a write that was given up.
const OPEN: &str = "SAVEPOINT together";
const CLOSE: &str = "RELEASE together";
const REOPEN: &str = "RELEASE together; SAVEPOINT together";

tokio::task_local! {
    /// The last group in which this request saw what others wrote.
    static SEEN: Cell<u64>;
}

/// Runs a request that may write, and keeps in mind what it saw.
pub async fn seeing<T>(request: impl Future<Output = T>) -> T {
    SEEN.scope(Cell::new(0), request).await
}

/// The turns of a store's writers.
#[derive(Debug, Default)]
pub(super) struct Turns {
    group: Arc<Mutex<Option<Group>>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Writers who wait for a turn.
    waiting: AtomicUsize,
    /// The last group that was begun, and the last one that has ended.
    begun: AtomicU64,
    ended: AtomicU64,
    /// The last group that came to nothing.
    failed: AtomicU64,
}

/// An open transaction, and those whose writes are in it.
#[derive(Debug)]
struct Group {
    number: u64,
    transaction: DatabaseTransaction,
    members: Vec<oneshot::Sender<Outcome>>,
    /// Whether somebody has queued to commit it.
    is_called: bool,
    /// Whether the last write was given up: if for a failure, it may have taken the transaction with it.
    is_doubtful: bool,
}

type Outcome = std::result::Result<(), Arc<DbErr>>;

/// The turn of one writer. Dropped, it is the next one's.
#[derive(Debug)]
pub(super) struct Turn {
    group: OwnedMutexGuard<Option<Group>>,
    queue: Arc<Mutex<Option<Group>>>,
    counts: Arc<Counts>,
}

/// Counts somebody as waiting.
struct Waiting(Arc<Counts>);

impl Waiting {
    fn new(counts: &Arc<Counts>) -> Self {
        counts.waiting.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(counts))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Turns {
    /// Waits for a turn, and begins a write.
    pub(super) async fn take(&self, writer: &DatabaseConnection) -> Result<(DatabaseTransaction, Turn)> {
        let turn = self.next().await?;
        let writer = writer.clone();
        // A task of its own: a beginning that is given up half-way would take the whole group with it.
        done(tokio::spawn(turn.begin(writer)).await)?
    }

    /// Writers who wait for a turn.
    pub(super) fn waiting(&self) -> usize {
        self.counts.waiting.load(Ordering::Acquire)
    }

    /// Waits until what this request saw of others' writes is durable; most have seen nothing that is not.
    pub(super) async fn settled(&self) -> Result<()> {
        let seen = SEEN.try_with(Cell::get).unwrap_or_default();
        if self.counts.ended.load(Ordering::Acquire) < seen {
            let turn = self.next().await?;
            if turn.group.as_ref().is_some_and(|group| group.number == seen) {
                return done(tokio::spawn(turn.close()).await)?.map_err(StoreError::Together);
            }
        }
        // It has ended, and what is under way by now is another, of which this request has seen nothing.
        if seen > 0 && self.counts.failed.load(Ordering::Acquire) >= seen {
            let error = DbErr::Custom("what another write left was not made durable".to_owned());
            return Err(StoreError::Database(error));
        }
        SEEN.try_with(|seen| seen.set(0)).unwrap_or_default();
        Ok(())
    }

    async fn next(&self) -> Result<Turn> {
        let _waiting = Waiting::new(&self.counts);
        let asked = Arc::clone(&self.group).lock_owned();
        let group = tokio::time::timeout(ACQUIRE_TIMEOUT, asked)
            .await
            .map_err(|_| StoreError::Database(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)))?;
        Ok(Turn { group, queue: Arc::clone(&self.group), counts: Arc::clone(&self.counts) })
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
                let number = self.counts.begun.fetch_add(1, Ordering::AcqRel) + 1;
                none.insert(Group {
                    number,
                    transaction,
                    members: Vec::new(),
                    is_called: false,
                    is_doubtful: false,
                })
            }
        };
        // Until it is handed in.
        let begun = match std::mem::replace(&mut group.is_doubtful, true) {
            true => group.transaction.execute_unprepared(REOPEN).await.map(|_| ()),
            false => Ok(()),
        };
        let begun = match begun {
            Ok(()) => group.transaction.begin().await,
            Err(error) => Err(error),
        };
        match begun {
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
        let is_alone = self.counts.waiting.load(Ordering::Acquire) == 0;
        let Some(group) = &mut *self.group else { return outcome };
        group.members.push(member);
        group.is_doubtful = false;
        if let Err(error) = released {
            self.fail(&Arc::new(error));
        } else if group.members.len() >= MEMBERS_MAX || (is_alone && !group.is_called) {
            // Each member hears of it for itself.
            let _ = self.close().await;
        } else if !std::mem::replace(&mut group.is_called, true) {
            let queue = Arc::clone(&self.queue);
            let counts = Arc::clone(&self.counts);
            // Its place is behind those who wait now.
            tokio::spawn(async move {
                let group = Arc::clone(&queue).lock_owned().await;
                Self { group, queue, counts }.close().await
            });
        }
        outcome
    }

    /// Commits what is written, and tells everybody.
    async fn close(mut self) -> Outcome {
        let Some(Group { number, transaction, members, .. }) = self.group.take() else { return Ok(()) };
        let outcome = match transaction.execute_unprepared(CLOSE).await {
            Ok(_) => transaction.commit().await,
            Err(error) => Err(error),
        };
        let outcome = outcome.map_err(Arc::new);
        if outcome.is_err() {
            self.counts.failed.store(number, Ordering::Release);
        }
        self.counts.ended.store(number, Ordering::Release);
        for member in members {
            // An error means that nobody waits any more.
            let _ = member.send(outcome.clone());
        }
        outcome
    }

    /// Gives the whole group up.
    fn fail(&mut self, error: &Arc<DbErr>) {
        let Some(group) = self.group.take() else { return };
        self.counts.failed.store(group.number, Ordering::Release);
        self.counts.ended.store(group.number, Ordering::Release);
        for member in group.members {
            let _ = member.send(Err(Arc::clone(error)));
        }
    }
}

impl Drop for Turn {
    /// Where nobody's write is in it, the transaction ends with the turn: an open one keeps other programs out.
    fn drop(&mut self) {
        let Some(group) = &*self.group else { return };
        if group.members.is_empty() {
            self.counts.ended.store(group.number, Ordering::Release);
            *self.group = None;
        } else {
            // An error means that it is handed on by a task of ours, and nobody's request.
            let _ = SEEN.try_with(|seen| seen.set(group.number));
        }
    }
}

/// What a task of ours came to: it ends before its time only with the whole program.
fn done<T>(ended: std::result::Result<T, JoinError>) -> Result<T> {
    ended.map_err(|error| StoreError::Corrupt(format!("a write was cut short: {error}")))
}

#[cfg(test)]
mod tests;
