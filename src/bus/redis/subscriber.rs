//! The receiving connection: one task that subscribes, listens, and starts over when the connection dies.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{MultiplexedConnection, SendError};
use redis::{PushInfo, PushKind, RedisError, RedisResult};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::channels::Channels;
use super::interest::{Changes, Interest};
use super::link::{Backoff, Health, Link};
use crate::bus::Topic;
use crate::bus::notices::NoticeSender;
use crate::complaints::Complaints;

/// A server that hangs, or a connection that is only half open, shows in an unanswered PING.
const PING_EVERY: Duration = Duration::from_secs(1);
/// Channels per command: thousands of topics in a few round trips, without one reply that blocks the rest.
const BATCH: usize = 500;

pub(super) struct Subscriber {
    pub(super) link: Link,
    pub(super) channels: Channels,
    pub(super) interest: Arc<Interest>,
    pub(super) notices: NoticeSender,
    pub(super) health: Arc<Health>,
}

/// A connection that is subscribed to everything followed.
pub(super) struct Session {
    connection: MultiplexedConnection,
    lost: Arc<Notify>,
}

impl Subscriber {
    /// Connects and subscribes to everything followed.
    pub(super) async fn open(&self) -> RedisResult<Session> {
        let lost = Arc::new(Notify::new());
        let mut connection = self.link.open(self.inbox(lost.clone())).await?;
        connection.subscribe(self.channels.probe()).await?;
        connection.unsubscribe(self.channels.probe()).await?;
        let changes = Changes { subscribe: self.interest.start_over(), ..Changes::default() };
        self.tell(&mut connection, changes).await?;
        Ok(Session { connection, lost })
    }

    /// Listens for as long as the bus exists.
    pub(super) async fn run(self, first: Session) {
        let mut session = first;
        let mut backoff = Backoff::new();
        let complaints = Complaints::default();
        loop {
            let error = self.listen(session).await;
            self.health.set_subscribed(false);
            let lost_at = Instant::now();
            session = self.reopen(error, &mut backoff, &complaints).await;
            self.health.set_subscribed(true);
            // After the subscriptions, not before: comparing with the store now finds all that they missed.
            self.notices.gap();
            let outage_ms = lost_at.elapsed().as_millis();
            tracing::info!(redis = self.link.address(), outage_ms, "subscribed to the event bus again");
        }
    }

    /// Serves one connection; returns why it ended.
    async fn listen(&self, session: Session) -> RedisError {
        let Session { mut connection, lost } = session;
        let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let told = tokio::select! {
                () = lost.notified() => return Link::closed(),
                changes = self.interest.changes() => self.tell(&mut connection, changes).await,
                _ = ping.tick() => redis::cmd("PING").exec_async(&mut connection).await,
            };
            if let Err(error) = told {
                return error;
            }
        }
    }

    async fn reopen(&self, lost: RedisError, backoff: &mut Backoff, complaints: &Complaints) -> Session {
        let mut error = lost;
        loop {
            self.health.failed();
            self.interest.suspend();
            if complaints.is_due() {
                tracing::warn!(
                    redis = self.link.address(),
                    reason = self.link.reason(&error),
                    "not subscribed to the event bus: what other nodes write shows by comparing with the store"
                );
            }
            backoff.pause().await;
            match self.open().await {
                Ok(session) => return session,
                Err(still) => error = still,
            }
        }
    }

    async fn tell(&self, connection: &mut MultiplexedConnection, changes: Changes) -> RedisResult<()> {
        for batch in changes.unsubscribe.chunks(BATCH) {
            connection.unsubscribe(self.names(batch)).await?;
        }
        for batch in changes.subscribe.chunks(BATCH) {
            connection.subscribe(self.names(batch)).await?;
        }
        Ok(())
    }

    fn names(&self, topics: &[Topic]) -> Vec<String> {
        topics.iter().map(|&topic| self.channels.name(topic)).collect()
    }

    /// What the connection does with a push. It runs inside the connection's own task and must not wait.
    fn inbox(&self, lost: Arc<Notify>) -> impl Fn(PushInfo) -> Result<(), SendError> + Send + Sync + 'static {
        let (channels, interest, notices) =
            (self.channels.clone(), self.interest.clone(), self.notices.clone());
        let complaints = Complaints::default();
        move |push| {
            match push.kind {
                PushKind::Message => match channels.read(&push.data) {
                    // Redis may not have heard of an unfollow yet.
                    Some(hint) if interest.includes(hint.topic) => notices.hint(hint),
                    Some(_) => {}
                    None if complaints.is_due() => {
                        tracing::warn!("ignored a message on the event bus that is not a sequence");
                    }
                    None => {}
                },
                PushKind::Disconnection => lost.notify_one(),
                // Confirmations are answered where they were asked for; the rest is not ours.
                _ => {}
            }
            Ok(())
        }
    }
}
