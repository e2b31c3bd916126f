//! The sending connection: an outbox that callers fill without waiting, and one task that empties it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redis::aio::{MultiplexedConnection, SendError};
use redis::{PushInfo, PushKind, RedisResult};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::channels::Channels;
use super::link::{Backoff, Health, Link};
use crate::bus::{Hint, Topic, lock};
use crate::complaints::Complaints;

/// How many topics wait for an absent Redis. Beyond it hints are dropped: the nodes that miss them compare
/// with the store when they are back.
const OUTBOX_TOPICS: usize = 10_000;
/// PUBLISH commands per round trip.
const BATCH: usize = 500;
/// How long a bus that was dropped still tries to send.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The highest sequence per topic that Redis has not confirmed yet.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: Mutex<HashMap<Topic, i64>>,
    filled: Notify,
    dropped: AtomicU64,
}

impl Outbox {
    pub(super) fn put(&self, hint: Hint) {
        let mut waiting = lock(&self.waiting);
        let full = waiting.len() >= OUTBOX_TOPICS;
        match waiting.entry(hint.topic) {
            Entry::Occupied(mut known) => {
                let highest = (*known.get()).max(hint.sequence);
                known.insert(highest);
            }
            Entry::Vacant(_) if full => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            Entry::Vacant(free) => {
                free.insert(hint.sequence);
                self.filled.notify_one();
            }
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn next_batch(&self) -> Vec<(Topic, i64)> {
        lock(&self.waiting).iter().take(BATCH).map(|(&topic, &sequence)| (topic, sequence)).collect()
    }

    /// Forgets what was sent, except where a higher sequence has come in since.
    fn sent(&self, batch: &[(Topic, i64)]) {
        let mut waiting = lock(&self.waiting);
        for &(topic, sequence) in batch {
            if let Entry::Occupied(known) = waiting.entry(topic)
                && *known.get() <= sequence
            {
                known.remove();
            }
        }
    }
}

pub(super) struct Publisher {
    link: Link,
    channels: Channels,
    outbox: Arc<Outbox>,
    health: Arc<Health>,
    connection: Option<MultiplexedConnection>,
    lost: Arc<Notify>,
}

impl Publisher {
    pub(super) fn new(link: Link, channels: Channels, outbox: Arc<Outbox>, health: Arc<Health>) -> Self {
        Self { link, channels, outbox, health, connection: None, lost: Arc::default() }
    }

    /// Connects, and makes sure that publishing is allowed.
    pub(super) async fn open(&mut self) -> RedisResult<()> {
        let lost = Arc::new(Notify::new());
        self.lost = lost.clone();
        let on_push = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                lost.notify_one();
            }
            Ok::<(), SendError>(())
        };
        let mut connection = self.link.open(on_push).await?;
        redis::cmd("PUBLISH").arg(self.channels.probe()).arg(0).exec_async(&mut connection).await?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Publishes until the bus is dropped.
    pub(super) async fn run(mut self, bus_dropped: oneshot::Receiver<Infallible>) {
        tokio::select! {
            () = self.publish_forever() => {}
            _ = bus_dropped => {}
        }
        if self.connection.is_some() {
            // Best effort to the end: the other nodes find out from the store otherwise.
            let _ = timeout(LAST_WORDS, self.empty()).await;
        }
    }

    async fn publish_forever(&mut self) {
        let mut backoff = Backoff::new();
        let complaints = Complaints::default();
        loop {
            let Err(error) = self.serve().await;
            self.connection = None;
            self.health.set_publishing(false);
            self.health.failed();
            if complaints.is_due() {
                tracing::warn!(
                    redis = self.link.address(),
                    reason = self.link.reason(&error),
                    "cannot publish on the event bus: hints wait until it is back"
                );
            }
            backoff.pause().await;
        }
    }

    /// Serves one connection until it fails.
    async fn serve(&mut self) -> RedisResult<Infallible> {
        loop {
            self.empty().await?;
            self.health.set_publishing(true);
            // Noticed even while there is nothing to send, so that the next hint finds a connection that works.
            tokio::select! {
                () = self.outbox.filled.notified() => {}
                () = self.lost.notified() => return Err(Link::closed()),
            }
        }
    }

    /// Sends all that waits. A batch leaves the outbox only when Redis has confirmed it: sending a hint
    /// twice does no harm, so neither a failure nor a cancellation in the middle loses one.
    async fn empty(&mut self) -> RedisResult<()> {
        loop {
            if self.connection.is_none() {
                self.open().await?;
            }
            let batch = self.outbox.next_batch();
            let Some(connection) = self.connection.as_mut().filter(|_| !batch.is_empty()) else {
                return Ok(());
            };
            let mut pipeline = redis::pipe();
            for &(topic, sequence) in &batch {
                pipeline.cmd("PUBLISH").arg(self.channels.name(topic)).arg(sequence);
            }
            pipeline.exec_async(connection).await?;
            self.outbox.sent(&batch);
        }
    }
}
