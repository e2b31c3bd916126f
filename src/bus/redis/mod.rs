//! The bus of several nodes, over Redis pub/sub.
//!
//! Two connections per node, each owned by one task that reopens it without end:
//! - `subscriber` receives. Whenever its connection is new, it subscribes to everything followed and then
//!   raises a gap, because Redis keeps nothing for the absent.
//! - `publisher` sends. Callers only leave hints in its outbox, where those of one topic merge into the
//!   highest, so an outage costs memory per topic, not per write, and what waited goes out when it is over.
//!
//! `interest` is what the node follows, `link` how to reach the server, `channels` the names on the wire.
//! The crate's own connection manager is not used: while it retries without end it keeps itself alive, so a
//! bus dropped during an outage would leave its tasks behind, and it hands messages over without a bound.

mod channels;
mod interest;
mod link;
mod publisher;
mod subscriber;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::channels::Channels;
use self::interest::Interest;
use self::link::Health;
pub(crate) use self::link::{Backoff, Link};
use self::publisher::{Outbox, Publisher};
use self::subscriber::Subscriber;
use super::notices::{NoticeSender, Notices, channel};
use super::{BusStats, EventBus, Hint, Topic};

/// How long a start may wait for Redis before it gives up.
const START_TIMEOUT: Duration = Duration::from_secs(4);

/// Why a bus over Redis could not be opened: one line each, and never the password.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The URL is wrong, or asks for what this build does not have.
    #[error("the Redis URL cannot be used: {reason}")]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing answers there.
    #[error("Redis at {address} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port, or the path of a socket.
        address: String,
        /// What the attempt ended with.
        reason: String,
    },
    /// It answers, but does not let this node in, or not publish and subscribe.
    #[error("Redis at {address} refused: {reason}")]
    Refused {
        /// Host and port, or the path of a socket.
        address: String,
        /// What the server said.
        reason: String,
    },
}

/// One node's end of the bus over Redis. Dropping it closes both connections and ends its [`Notices`],
/// after a last, brief attempt to send what was published.
#[derive(Debug)]
pub struct RedisBus {
    interest: Arc<Interest>,
    outbox: Arc<Outbox>,
    notices: NoticeSender,
    health: Arc<Health>,
    published: AtomicU64,
    _subscriber: JoinSet<()>,
    /// The publisher ends when this is dropped; unlike the subscriber it still has something to finish.
    _alive: oneshot::Sender<Infallible>,
}

impl RedisBus {
    /// Connects to the Redis (6 or newer) at `url` (`redis://[user:password@]host[:port][/db]`), on channels
    /// that begin with `prefix`. Nodes that are to hear each other share both.
    ///
    /// # Errors
    /// Within five seconds, when Redis cannot be reached or does not allow publishing and subscribing. Once
    /// this has succeeded, an outage is never an error again: the bus reconnects until it is dropped.
    pub async fn connect(url: &str, prefix: &str) -> Result<(Arc<Self>, Notices), BusError> {
        let link = Link::parse(url)?;
        let channels = Channels::new(prefix);
        let (sender, notices) = channel();
        let interest = Arc::new(Interest::default());
        let health = Arc::new(Health::default());
        let outbox = Arc::new(Outbox::default());
        let subscriber = Subscriber {
            link: link.clone(),
            channels: channels.clone(),
            interest: interest.clone(),
            notices: sender.clone(),
            health: health.clone(),
        };
        let mut publisher = Publisher::new(link.clone(), channels, outbox.clone(), health.clone());

        // Both are tried out, because a user may be allowed in and still not onto these channels (Redis 7
        // gives new users none); better said now than in every log line after.
        let opening = async {
            let session = subscriber.open().await?;
            publisher.open().await?;
            Ok(session)
        };
        let session = match timeout(START_TIMEOUT, opening).await {
            Ok(opened) => opened.map_err(|error| link.start_error(&error))?,
            Err(_) => return Err(link.no_answer(START_TIMEOUT)),
        };

        health.set_subscribed(true);
        health.set_publishing(true);
        let mut tasks = JoinSet::new();
        tasks.spawn(subscriber.run(session));
        let (alive, bus_dropped) = oneshot::channel();
        tokio::spawn(publisher.run(bus_dropped));
        let bus = Self {
            interest,
            outbox,
            notices: sender,
            health,
            published: AtomicU64::new(0),
            _subscriber: tasks,
            _alive: alive,
        };
        Ok((Arc::new(bus), notices))
    }
}

impl EventBus for RedisBus {
    fn publish(&self, hint: Hint) {
        self.published.fetch_add(1, Ordering::Relaxed);
        // This node hears itself at once, with or without Redis; the echo that comes back is a repeat.
        if self.interest.includes(hint.topic) {
            self.notices.hint(hint);
        }
        self.outbox.put(hint);
    }

    fn follow(&self, topic: Topic) {
        self.interest.add(topic);
    }

    fn unfollow(&self, topic: Topic) {
        self.interest.remove(topic);
    }

    fn is_connected(&self) -> bool {
        self.health.is_good()
    }

    fn stats(&self) -> BusStats {
        let (received, overflowed, gaps) = self.notices.counts();
        BusStats {
            published: self.published.load(Ordering::Relaxed),
            received,
            dropped: overflowed + self.outbox.dropped(),
            gaps,
            failures: self.health.failures(),
        }
    }
}
