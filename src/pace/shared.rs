//! Token buckets in Redis: one script, so that a check is one round trip and nobody comes in between.
//!
//! Nobody waits for a Redis that is slow or gone: after [`PATIENCE`] a request goes on with the buckets of its
//! node, and so do all others until a connection works again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use redis::aio::{MultiplexedConnection, SendError};
use redis::{PushInfo, RedisResult, Script};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::{Rate, TooFast};
use crate::bus::{Backoff, BusError, Link, lock};
use crate::complaints::Complaints;

/// How long a request waits for Redis: a hundred times what Redis takes.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long a start waits for the first connection.
const START_WAIT: Duration = Duration::from_secs(2);

/// The generic cell rate algorithm, by the time of Redis, bucket after bucket until one refuses. A key holds
/// the instant at which its bucket will be full, in microseconds, and is gone by then.
/// KEYS: the buckets. ARGV: for each, what one takes, and what an empty one lacks, in microseconds.
/// Answers the microseconds to wait; 0 means go on.
const SCRIPT: &str = r"
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
for i, key in ipairs(KEYS) do
    local interval, depth = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local full_at = math.max(tonumber(redis.call('GET', key) or '0'), now) + interval
    local wait = full_at - now - depth
    if wait > 0 then return wait end
    redis.call('SET', key, string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
end
return 0
";

/// See the module.
pub(super) struct Shared {
    link: Arc<Current>,
    script: Script,
    prefix: String,
    _connecting: AbortOnDropHandle<()>,
}

/// The connection in use, if there is one, and which one it is.
#[derive(Default)]
struct Current {
    connection: Mutex<(u64, Option<MultiplexedConnection>)>,
    lost: Notify,
}

impl Shared {
    /// Connects, or goes on trying.
    pub(super) async fn start(url: &str, prefix: &str) -> Result<Self, BusError> {
        let link = Link::parse(url)?;
        let current = Arc::new(Current::default());
        match timeout(START_WAIT, open(&link)).await {
            Ok(Ok(connection)) => current.renew(connection),
            Ok(Err(error)) => complain(&link, &link.reason(&error)),
            Err(_) => complain(&link, "it does not answer in time"),
        }
        let connecting = tokio::spawn(keep_connected(link, Arc::clone(&current)));
        Ok(Self {
            link: current,
            script: Script::new(SCRIPT),
            prefix: format!("{prefix}:pace:"),
            _connecting: AbortOnDropHandle::new(connecting),
        })
    }

    /// Takes one from each bucket; `None`: Redis did not say.
    pub(super) async fn take(&self, buckets: &[(String, Rate)]) -> Option<Result<(), TooFast>> {
        let (generation, mut connection) = self.link.get()?;
        let mut invocation = self.script.prepare_invoke();
        for (name, rate) in buckets {
            let interval = rate.interval().as_micros() as u64;
            invocation.key(format!("{}{name}", self.prefix));
            invocation.arg(interval).arg(interval * u64::from(rate.burst));
        }
        let asked: Result<RedisResult<u64>, _> =
            timeout(PATIENCE, invocation.invoke_async(&mut connection)).await;
        match asked {
            Ok(Ok(0)) => Some(Ok(())),
            Ok(Ok(wait)) => Some(Err(TooFast(Duration::from_micros(wait)))),
            Ok(Err(_)) | Err(_) => {
                self.link.lose(generation);
                None
            }
        }
    }
}

impl Current {
    fn get(&self) -> Option<(u64, MultiplexedConnection)> {
        let current = lock(&self.connection);
        current.1.clone().map(|connection| (current.0, connection))
    }

    fn renew(&self, connection: MultiplexedConnection) {
        let mut current = lock(&self.connection);
        *current = (current.0 + 1, Some(connection));
    }

    /// Lets go of a connection that failed, unless another has taken its place.
    fn lose(&self, generation: u64) {
        let mut current = lock(&self.connection);
        if current.0 == generation && current.1.take().is_some() {
            self.lost.notify_one();
        }
    }
}

async fn open(link: &Link) -> RedisResult<MultiplexedConnection> {
    let mut connection = link.open(|_: PushInfo| Ok::<(), SendError>(())).await?;
    // A server that takes connections and does not answer is no better than none.
    redis::cmd("PING").exec_async(&mut connection).await?;
    Ok(connection)
}

async fn keep_connected(link: Link, current: Arc<Current>) {
    let mut backoff = Backoff::new();
    let complaints = Complaints::default();
    loop {
        while current.get().is_some() {
            current.lost.notified().await;
        }
        match open(&link).await {
            Ok(connection) => {
                current.renew(connection);
                tracing::info!(redis = link.address(), "write rates are counted for all nodes together");
            }
            Err(error) => {
                if complaints.is_due() {
                    complain(&link, &link.reason(&error));
                }
                backoff.pause().await;
            }
        }
    }
}

fn complain(link: &Link, reason: &str) {
    tracing::warn!(redis = link.address(), reason, "write rates are counted per node until Redis is back");
}
