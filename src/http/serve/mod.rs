//! The accept loop: who gets a connection, how long it may dawdle, and how it ends when the node stops.
//!
//! HTTP/1.1 only: browsers speak HTTP/2 over TLS alone, which a proxy before this ends, and each protocol more
//! is one more to attack.
//!
//! - [`crowd`]: how many there may be, in all and from one address
//! - [`line`]: the TCP stream as hyper sees it, which notices a reader that has stopped reading
//! - [`patience`]: how long a client may take for the head and the body of a request

mod crowd;
mod line;
mod patience;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use crate::limits;

pub use crowd::{Crowd, Place, household};
pub use line::Line;

use super::line::Peer;

/// The head of a request: a token and a `Last-Event-ID` are a few hundred bytes, a query in the address a few
/// thousand. More is answered with 431 or 414.
const HEAD_MAX: usize = 32 * 1024;
/// Headers of one request.
const HEADERS_MAX: usize = 64;
/// What the kernel may hold on to for a reader that no longer acknowledges anything.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(60);
/// Refusals that are waited for until their client has read them; others are cut.
const REFUSALS_MAX: usize = 64;
/// How long such a client may take.
const REFUSAL_WAIT: Duration = Duration::from_secs(2);
/// What a connection too many is told.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json; charset=utf-8\r\nretry-after: 5\r\ncontent-length: 116\r\nconnection: close\r\n\r\n\
    {\"errors\":[{\"message\":\"Too many connections are open: try again in a moment.\",\"extensions\":{\"code\":\"OVERLOADED\"}}]}\n";

/// What connections may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time, streams and sockets included.
    pub connections: usize,
    /// The same from one address.
    pub connections_per_address: usize,
    /// From its first byte to its last, the head of a request.
    pub head_wait: Duration,
    /// Between two requests on one connection: longer than proxies keep theirs.
    pub idle_wait: Duration,
    /// The body of a request, all of it.
    pub body_wait: Duration,
    /// Without a single byte taken, while there is something to send.
    pub write_wait: Duration,
    /// Requests under way, once the node is asked to stop.
    pub drain_wait: Duration,
}

impl From<&limits::Limits> for Limits {
    fn from(all: &limits::Limits) -> Self {
        Self {
            connections: limits::size(all.connections),
            connections_per_address: limits::size(all.connections_per_address),
            head_wait: limits::seconds(all.head_seconds),
            idle_wait: limits::seconds(all.idle_seconds),
            body_wait: limits::seconds(all.body_seconds),
            write_wait: limits::seconds(all.write_seconds),
            drain_wait: limits::seconds(all.drain_seconds),
        }
    }
}

/// Serves until `stopping` is cancelled and what was begun has ended, or [`Limits::drain_wait`] is over. `tasks`
/// is told of every connection; what outlives one, as a WebSocket does, belongs there too.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    tasks: TaskTracker,
    stopping: CancellationToken,
) {
    let (limits, crowd) = (Arc::new(limits), Crowd::default());
    let (cut, refusals) = (CancellationToken::new(), Arc::new(Semaphore::new(REFUSALS_MAX)));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                recover(&error).await;
                continue;
            }
        };
        prepare(&stream);
        let most = if from.ip().to_canonical().is_loopback() {
            usize::MAX // a proxy on this machine speaks for everybody
        } else {
            limits.connections_per_address
        };
        if let Some(place) = crowd.enter(household(from.ip()), limits.connections, most) {
            let line = Line::new(stream, place, limits.write_wait);
            let one = connection(line, from, app.clone(), Arc::clone(&limits), stopping.clone());
            let cut = cut.clone();
            tasks.spawn(async move {
                tokio::select! {
                    () = one => {}
                    () = cut.cancelled_owned() => {}
                }
            });
        } else if let Ok(permit) = Arc::clone(&refusals).try_acquire_owned() {
            tasks.spawn(async move {
                let _ = tokio::time::timeout(REFUSAL_WAIT, refuse(stream)).await;
                drop(permit);
            });
        }
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(limits.drain_wait, tasks.wait()).await.is_err() {
        tracing::warn!(connections = tasks.len(), "some requests did not end in time and were cut off");
        cut.cancel();
    }
}

/// One connection, request after request.
async fn connection(
    line: Line,
    from: SocketAddr,
    app: Router,
    limits: Arc<Limits>,
    stopping: CancellationToken,
) {
    let timer = patience::HeadTimer::new(line.pulse(), limits.head_wait, limits.idle_wait);
    let body_wait = limits.body_wait;
    let peer = Peer { address: from, line: line.line() };
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(|body| patience::limited(body, body_wait));
        request.extensions_mut().insert(ConnectInfo(peer.clone()));
        app.clone().call(request)
    });
    let serving = Builder::new()
        .timer(timer)
        .header_read_timeout(limits.head_wait)
        .max_buf_size(HEAD_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(line, service)
        .with_upgrades();
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stopping.cancelled_owned() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

fn prepare(stream: &TcpStream) {
    // An event is one small write: waiting for more would only delay it.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX)) {
        tracing::debug!(%error, "TCP_USER_TIMEOUT could not be set");
    }
}

/// A client that vanished before it was accepted is nothing. Without file handles, accepting again at once would
/// only spin.
async fn recover(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "connections can't be accepted");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Says that there is no room, and waits until that was read: what is closed with something unread is reset, and
/// the answer lost with it.
async fn refuse(stream: TcpStream) -> std::io::Result<()> {
    let mut rest = FULL;
    while !rest.is_empty() {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    socket2::SockRef::from(&stream).shutdown(std::net::Shutdown::Write)?;
    let mut buffer = [0; 1024];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_is_as_long_as_it_says() {
        let text = std::str::from_utf8(FULL).expect("it is text");
        let (head, body) = text.split_once("\r\n\r\n").expect("it has a head");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
    }
}
