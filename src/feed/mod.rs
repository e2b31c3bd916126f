//! The realtime engine. A reader is a cursor into a log, an article's or the moderators'; everything here serves to move cursors
//! on cheaply.
//!
//! - A [`Hub`](hub::Hub) per followed log reads it from the store, once for everybody on this node.
//! - A [`Group`](group::Group) per distinct subscription renders each event once; its readers share the bytes.
//! - A [`Reader`](reader::Reader) is a position in a group: it takes what is there, or waits. Joining late,
//!   falling behind and coming back are all the same to it: it reads pages of the past until it is live.
//! - A live reader sleeps: its group's [carriers](carry) write to its [`Outlet`] what it has not had.
//!
//! Nothing here queues per reader, and nothing waits for one.

mod carry;
mod caught;
mod frame;
mod group;
mod hub;
mod log;
mod pages;
mod patience;
mod plan;
mod reader;
mod render;
mod ring;
mod solo;
mod source;

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::Stream;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::bus::{EventBus, Notice, Notices, Topic};
use crate::domain::cursor::FeedCursor;
use crate::domain::event::LogId;
use crate::store::{Store, StoreError};

pub use carry::{Batch, Outlet};
pub use frame::Frame;
pub use log::Happening;
pub use plan::{Audience, Plan, Planned, Selection, follows_queues, has_plain_root, plan};
pub use reader::Reader;
pub use render::{Execute, INTERNAL, INTERRUPTED, STORAGE_UNAVAILABLE, UNAVAILABLE};
pub use source::{FeedItem, Injected};

use caught::caught;
use hub::Hub;
use render::RenderError;

/// How often a node compares the logs that it serves with the store: a lost last hint costs its readers
/// so long at most.
const COMPARE_EVERY: Duration = Duration::from_secs(1);

/// Distinct subscriptions to one log that a node renders, each with its ring and its task.
const GROUPS_MAX: usize = 10_000;

/// How long the store may take for what the feed asks, before the question is asked again.
const STORE_WAIT: Duration = Duration::from_secs(3);

/// Why an article can't be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// There is no such article.
    #[error("There is no article with that id.")]
    NotFound,
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store does not say how far the log has come.
    #[error("The feed can't be read at present: try again.")]
    OutOfReach,
    /// The node is stopping.
    #[error("This server is stopping: come back.")]
    Stopping,
}

/// Why there is no subscription.
#[derive(Debug)]
pub enum SubscribeError {
    /// The operation is refused: what to tell the client.
    Refused(Box<async_graphql::Response>),
    /// The article can't be followed.
    Follow(FollowError),
    /// The article is followed in more ways than one node renders.
    Crowded,
    /// A fault of ours, logged where it arose.
    Fault,
}

impl From<FollowError> for SubscribeError {
    fn from(error: FollowError) -> Self {
        Self::Follow(error)
    }
}

/// The feed of one node.
#[derive(Clone)]
pub struct Feed {
    registry: Arc<Registry>,
    _pump: Arc<AbortOnDropHandle<()>>,
}

/// How much a node keeps for those who follow.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Kept {
    /// Logs that somebody follows.
    pub hubs: usize,
    /// Events of these, as read from the store.
    pub events: usize,
    /// Distinct subscriptions that are rendered.
    pub groups: usize,
    /// Bytes of frames that are rendered and kept for live readers.
    pub frame_bytes: usize,
    /// Rendered pages of the past, kept for a moment for others who come back.
    pub pages: usize,
}

/// The hubs of this node. The map's lock also orders following and unfollowing on the bus.
struct Registry {
    store: Store,
    bus: Arc<dyn EventBus>,
    hubs: Mutex<HashMap<LogId, Weak<Hub>>>,
    /// Bytes of rendered frames that all groups keep together.
    rings: Arc<AtomicUsize>,
}

impl Feed {
    /// Starts the feed: one task that wakes hubs on the bus's hints and compares them with the store.
    #[must_use]
    pub fn start(store: Store, bus: Arc<dyn EventBus>, notices: Notices) -> Self {
        let registry = Arc::new(Registry { store, bus, hubs: Mutex::default(), rings: Arc::default() });
        let pump = tokio::spawn(pump(Arc::clone(&registry), notices));
        Self { registry, _pump: Arc::new(AbortOnDropHandle::new(pump)) }
    }

    /// The hub of a log, made if nobody follows it yet.
    ///
    /// # Errors
    /// [`FollowError`].
    pub(crate) async fn hub(&self, log: LogId) -> Result<Arc<Hub>, FollowError> {
        let hub = self.registry.join(log);
        timeout(STORE_WAIT, hub.ready()).await.map_err(|_| FollowError::OutOfReach)??;
        Ok(hub)
    }

    /// Follows a log: everybody who follows it in the same way shares what is rendered.
    ///
    /// # Errors
    /// [`SubscribeError`]: the operation itself is refused, or the article can't be followed.
    pub async fn subscribe(
        &self,
        plan: Plan,
        execute: &Execute,
        log: LogId,
        after: Option<FeedCursor>,
    ) -> Result<Reader, SubscribeError> {
        let hub = self.hub(log).await?;
        if hub.groups.count() >= GROUPS_MAX {
            return Err(SubscribeError::Crowded);
        }
        let from = after.map_or(i64::MAX, |cursor| cursor.sequence);
        let group = hub.groups.join(&hub, plan, execute, from).await.map_err(|error| match error {
            RenderError::Refused(response) => SubscribeError::Refused(response),
            RenderError::Fault => SubscribeError::Fault,
        })?;
        Ok(Reader::new(group, after))
    }

    /// Follows a log alone: the same events, not yet rendered.
    ///
    /// # Errors
    /// [`FollowError`].
    pub async fn follow(
        &self,
        log: LogId,
        after: Option<FeedCursor>,
    ) -> Result<impl Stream<Item = FeedItem> + use<>, FollowError> {
        Ok(solo::follow(self.hub(log).await?, after))
    }

    /// What this node keeps for those who follow.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let mut kept = Kept::default();
        for hub in self.registry.live() {
            kept.hubs += 1;
            kept.events += hub.log.kept();
            hub.groups.add_kept(&mut kept);
        }
        kept
    }
}

impl Registry {
    fn join(self: &Arc<Self>, log: LogId) -> Arc<Hub> {
        let mut hubs = lock(&self.hubs);
        if let Some(hub) = hubs.get(&log).and_then(Weak::upgrade) {
            return hub;
        }
        // Followed before the log is first read: what is committed in between comes as a hint.
        self.bus.follow(topic(log));
        let leave = Arc::downgrade(self);
        let hub = Hub::start(self.store.clone(), log, Arc::clone(&self.rings), move || {
            if let Some(registry) = leave.upgrade() {
                registry.leave(log);
            }
        });
        hubs.insert(log, Arc::downgrade(&hub));
        hub
    }

    /// A hub's last reader has gone. Somebody may have started another one in the meantime: that one stays.
    fn leave(&self, log: LogId) {
        let mut hubs = lock(&self.hubs);
        if hubs.get(&log).is_some_and(|hub| hub.strong_count() == 0) {
            hubs.remove(&log);
            self.bus.unfollow(topic(log));
        }
    }

    fn live(&self) -> Vec<Arc<Hub>> {
        lock(&self.hubs).values().filter_map(Weak::upgrade).collect()
    }

    fn get(&self, log: LogId) -> Option<Arc<Hub>> {
        lock(&self.hubs).get(&log).and_then(Weak::upgrade)
    }

    /// One statement for all articles served, however many.
    async fn compare(&self) {
        #[cfg(feature = "planted-bugs")]
        crate::planted::panic_at("comparing", 2);
        let hubs = self.live();
        if hubs.is_empty() {
            return;
        }
        let logs: Vec<LogId> = hubs.iter().map(|hub| hub.log.id()).collect();
        match timeout(STORE_WAIT, self.store.heads(&logs)).await {
            Ok(Ok(heads)) => {
                let heads: HashMap<_, _> = heads.into_iter().map(|head| (head.log, head)).collect();
                for hub in hubs {
                    hub.groups.expire();
                    hub.log.compared(heads.get(&hub.log.id()));
                }
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "comparing the feeds with the store failed; trying again")
            }
            Err(_) => tracing::warn!("comparing the feeds with the store took too long; trying again"),
        }
    }
}

/// Compares now and then, and when hints may have been lost. Apart from the hints: a store that does not
/// answer must not keep them.
async fn keep_comparing(registry: Arc<Registry>, gap: Arc<Notify>) {
    let mut tick = tokio::time::interval(COMPARE_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = gap.notified() => {}
        }
        // A panic is over by the next comparison.
        let _ = caught("comparing", registry.compare()).await;
    }
}

/// Wakes hubs on the bus's hints.
async fn pump(registry: Arc<Registry>, mut notices: Notices) {
    let gap = Arc::new(Notify::new());
    let _comparing =
        AbortOnDropHandle::new(tokio::spawn(keep_comparing(Arc::clone(&registry), Arc::clone(&gap))));
    while let Some(notice) = notices.recv().await {
        // What a panic makes of a hint, the next comparison makes up for.
        let _ = caught("taking a hint", async {
            match notice {
                Notice::Hint(hint) => {
                    let log = match hint.topic {
                        Topic::Article(article) => LogId::Article(article),
                        Topic::Moderation => LogId::Queues,
                    };
                    if let Some(hub) = registry.get(log) {
                        hub.log.hinted(hint.sequence);
                    }
                }
                Notice::Gap => gap.notify_one(),
            }
        })
        .await;
    }
}

/// What the bus calls a log.
const fn topic(log: LogId) -> Topic {
    match log {
        LogId::Article(article) => Topic::Article(article),
        LogId::Queues => Topic::Moderation,
    }
}

/// A panic elsewhere leaves what is behind these locks usable: going on beats spreading it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
