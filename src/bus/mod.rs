//! Telling every node that something was committed: a hint, never the truth.
//!
//! After a commit a node publishes `(topic, sequence)`. The bus may drop, repeat, reorder or merge what it
//! carries; whoever follows a topic compares the number with what it has and reads the rest from the store.
//! So a bus never has to be reliable, only fast and bounded: nothing in here waits for a network, and no
//! queue in here grows without a limit.
//!
//! - `local`: [`LocalBus`], one process.
//! - `redis`: [`RedisBus`], any number of nodes over Redis pub/sub.
//! - `notices`: [`Notices`], the receiving end that both share.
//!
//! One contract suite, `tests/it/bus.rs`, runs over both.

mod local;
mod notices;
mod redis;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use self::local::LocalBus;
pub use self::notices::{CAPACITY, Notices};
pub(crate) use self::redis::{Backoff, Link};
pub use self::redis::{BusError, RedisBus};
use crate::domain::ids::ArticleId;

/// What a node can follow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Topic {
    /// What readers of one article can see.
    Article(ArticleId),
    /// What moderators of the whole site can see.
    Moderation,
}

/// "The log of `topic` has reached `sequence`": from here on, the store can say what happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Hint {
    /// Whose log grew.
    pub topic: Topic,
    /// The highest sequence known to be committed; a later hint may carry a lower one.
    pub sequence: i64,
}

/// What reaches a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Something was committed to a topic that this node follows.
    Hint(Hint),
    /// Hints may have been lost, of any topic: compare everything followed with the store. It stands for
    /// all hints that were waiting when it was delivered, so they do not come after it.
    Gap,
}

/// One node's end of the bus. Nothing here waits, so a request that is cancelled right after its commit has
/// still published, and a dead bus delays nobody.
pub trait EventBus: Send + Sync + 'static {
    /// Tells every node that follows the topic, this one included. Best effort and never an error to the
    /// writer. Hints of a topic that have not left yet are merged into the highest.
    fn publish(&self, hint: Hint);

    /// Starts following; following twice is following once. On a remote bus it takes effect a round trip
    /// later, or as soon as there is a connection: a hint published in between may be missed.
    fn follow(&self, topic: Topic);

    /// Stops following. Nothing about the topic is put before the node from here on, though what already
    /// waits in its [`Notices`] still comes out.
    fn unfollow(&self, topic: Topic);

    /// Whether hints flow both ways, as far as is known. Without them the service is degraded (events arrive
    /// at the pace of comparing with the store), not dead.
    fn is_connected(&self) -> bool;

    /// What passed through this end since it was opened, for metrics.
    fn stats(&self) -> BusStats;
}

/// Counters of one end of the bus. They only grow.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct BusStats {
    /// Hints that this node published.
    pub published: u64,
    /// Hints that were put before this node, its own included.
    pub received: u64,
    /// Hints dropped at this end because a queue was full, in either direction.
    pub dropped: u64,
    /// Times that this node was told to compare with the store.
    pub gaps: u64,
    /// Failed attempts to reach the server or to be served by it.
    pub failures: u64,
}

/// A panic elsewhere leaves sets and counters usable: going on beats spreading it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
