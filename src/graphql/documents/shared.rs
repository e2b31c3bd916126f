//! The texts of persisted queries that nodes share. A convenience: without it a client sends its text once more.

use std::time::Duration;

use redis::aio::{MultiplexedConnection, SendError};
use redis::{PushInfo, RedisResult};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::bus::{BusError, Link};
use crate::complaints::Complaints;

/// How long a request waits for it.
const WAIT: Duration = Duration::from_millis(250);
/// After a failure, nobody waits for so long.
const PAUSE: Duration = Duration::from_secs(1);
/// Texts kept; with one more, all are let go of, and clients send theirs again.
const TEXTS_MAX: usize = 2_000;
/// How long they are kept when nobody adds one, in seconds.
const KEPT_S: usize = 7 * 24 * 60 * 60;
/// One key, so that it works on a cluster; bounded in the same step that adds.
const PUT: &str = "if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then redis.call('DEL', KEYS[1]) end
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
    redis.call('EXPIRE', KEYS[1], ARGV[4])";

/// See the module. Reached when first needed; what fails is told once in a while and else overlooked.
pub(super) struct Shared {
    link: Link,
    key: String,
    connection: Mutex<Connection>,
    complaints: Complaints,
}

/// The one connection.
enum Connection {
    /// There has been no need yet.
    None,
    Open(MultiplexedConnection),
    /// Then it failed.
    Lost(Instant),
}

impl Shared {
    /// On the Redis at `url`, under `prefix`.
    ///
    /// # Errors
    /// The URL can't be used.
    pub(super) fn new(url: &str, prefix: &str) -> Result<Self, BusError> {
        let (link, key) = (Link::parse(url)?, format!("{prefix}:documents"));
        Ok(Self { link, key, connection: Mutex::new(Connection::None), complaints: Complaints::default() })
    }

    /// The text of a digest.
    pub(super) async fn get(&self, hash: &str) -> Option<String> {
        let got = self.ask(async move |mut connection| {
            redis::cmd("HGET").arg(&self.key).arg(hash).query_async::<Option<String>>(&mut connection).await
        });
        got.await.flatten()
    }

    /// Keeps the text of a digest.
    pub(super) async fn put(&self, hash: &str, text: &str) {
        let _ = self
            .ask(async move |mut connection| {
                let mut call = redis::cmd("EVAL");
                call.arg(PUT).arg(1).arg(&self.key).arg(hash).arg(text).arg(TEXTS_MAX).arg(KEPT_S);
                call.exec_async(&mut connection).await
            })
            .await;
    }

    /// `None`: Redis did not say.
    async fn ask<T, F>(&self, ask: impl FnOnce(MultiplexedConnection) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let asked = async {
            match self.connection().await {
                Ok(Some(connection)) => ask(connection).await.map(Some),
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            }
        };
        let why = match timeout(WAIT, asked).await {
            Ok(Ok(answer)) => return answer,
            Ok(Err(error)) => self.link.reason(&error),
            Err(_) => "it does not answer in time".to_owned(),
        };
        *self.connection.lock().await = Connection::Lost(Instant::now());
        if self.complaints.is_due() {
            tracing::warn!(redis = self.link.address(), reason = why, "persisted queries are not shared");
        }
        None
    }

    /// The connection, opened if there is none; `None` shortly after it failed.
    async fn connection(&self) -> RedisResult<Option<MultiplexedConnection>> {
        let mut current = self.connection.lock().await;
        match &*current {
            Connection::Open(connection) => return Ok(Some(connection.clone())),
            Connection::Lost(when) if when.elapsed() < PAUSE => return Ok(None),
            Connection::None | Connection::Lost(_) => {}
        }
        let connection = self.link.open(|_: PushInfo| Ok::<(), SendError>(())).await?;
        *current = Connection::Open(connection.clone());
        Ok(Some(connection))
    }
}
