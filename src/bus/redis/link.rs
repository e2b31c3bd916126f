//! How to reach the server: settings of a connection, the pace of retries, and how failures are told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, IntoConnectionInfo, ProtocolVersion, RedisError, RedisResult,
};

use tokio::time::Instant;

use super::BusError;

/// How long a connection attempt may take, greeting included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer may take before the connection counts as dead. Nobody waits for one but our tasks.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
/// A peer that is gone without a word is noticed after this long, even by an idle connection. The
/// subscriber's PING finds it sooner; the kernel does for the publisher, which is silent without writes.
const DEAD_PEER_AFTER: Duration = Duration::from_secs(5);

/// Where the server is, and how to get in.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    client: Client,
    address: String,
    password: Option<String>,
}

impl Link {
    pub(crate) fn parse(url: &str) -> Result<Self, BusError> {
        let unusable = |error: RedisError| {
            let text = one_line(&error.to_string());
            let reason = text.strip_suffix(" - InvalidClientConfig").unwrap_or(&text).to_owned();
            BusError::Url { reason }
        };
        let info = url.into_connection_info().map_err(unusable)?;
        let address = info.addr().to_string();
        let password = info.redis_settings().password().map(str::to_owned);
        let keepalive = TcpKeepalive::new()
            .with_time(DEAD_PEER_AFTER / 2)
            .with_interval(DEAD_PEER_AFTER / 5)
            .with_retries(3);
        let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(DEAD_PEER_AFTER);
        // Only RESP3 lets a connection that subscribes answer a PING too.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client =
            Client::open(info.set_tcp_settings(tcp).set_redis_settings(settings)).map_err(unusable)?;
        Ok(Self { client, address, password })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A new connection, whose pushes go to `on_push`. It closes when its last clone is dropped.
    pub(crate) async fn open(&self, on_push: impl AsyncPushSender) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_push_sender(on_push);
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    /// The error of a connection that the server, or something on the way, has closed.
    pub(super) fn closed() -> RedisError {
        RedisError::from(std::io::Error::new(
            std::io::ErrorKind::ConnectionReset,
            "the connection was closed",
        ))
    }

    /// What went wrong, in one line, without the password whatever a server may have echoed.
    pub(crate) fn reason(&self, error: &RedisError) -> String {
        let text =
            if error.is_timeout() { "it does not answer in time".to_owned() } else { error.to_string() };
        let text = one_line(&text);
        match self.password.as_deref().filter(|password| !password.is_empty()) {
            Some(password) => text.replace(password, "[redacted]"),
            None => text,
        }
    }

    pub(super) fn start_error(&self, error: &RedisError) -> BusError {
        let (address, reason) = (self.address.clone(), self.reason(error));
        match error.kind() {
            ErrorKind::Io => BusError::Unreachable { address, reason },
            // Whatever else it is, and the enum is open, somebody answered.
            _ => BusError::Refused { address, reason },
        }
    }

    pub(super) fn no_answer(&self, waited: Duration) -> BusError {
        let reason = format!("no answer within {} s", waited.as_secs());
        BusError::Unreachable { address: self.address.clone(), reason }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The pauses between attempts: short at first, for a connection that merely had gone stale, then doubling
/// up to a second, so that a Redis that comes back is found within that.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    last_pause: Instant,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(20);
    const LONGEST: Duration = Duration::from_secs(1);
    /// Longer than any attempt that fails. Success itself would not do as the measure: a connection that
    /// opens and dies at once would be reopened, and logged, without a pause.
    const CALM: Duration = Duration::from_secs(5);

    pub(crate) fn new() -> Self {
        Self { next: Self::FIRST, last_pause: Instant::now() }
    }

    pub(crate) async fn pause(&mut self) {
        if self.last_pause.elapsed() > Self::CALM {
            self.next = Self::FIRST;
        }
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(Self::LONGEST);
        self.last_pause = Instant::now();
    }
}

/// What both tasks know of the server.
#[derive(Debug, Default)]
pub(super) struct Health {
    subscribed: AtomicBool,
    publishing: AtomicBool,
    failures: AtomicU64,
}

impl Health {
    pub(super) fn set_subscribed(&self, good: bool) {
        self.subscribed.store(good, Ordering::Release);
    }

    pub(super) fn set_publishing(&self, good: bool) {
        self.publishing.store(good, Ordering::Release);
    }

    pub(super) fn is_good(&self) -> bool {
        self.subscribed.load(Ordering::Acquire) && self.publishing.load(Ordering::Acquire)
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}
