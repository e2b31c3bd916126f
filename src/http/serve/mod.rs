//! The accept loop: who gets a connection, how long it may dawdle, and how it ends when the node stops.
//!
//! HTTP/1.1 only: browsers speak HTTP/2 over TLS alone, which a proxy before this ends, and each protocol more
//! is one more to attack.
//!
//! - [`exchange`]: whether an answer is under way on a connection
//! - [`line`]: the TCP stream as hyper sees it, which notices a reader that has stopped reading
//! - [`malformed`]: what those are told whose request can't be read
//! - [`patience`]: how long a client may take for the head and the body of a request
//! - [`refusal`]: what those are told for whom there is no room

mod exchange;
mod line;
mod malformed;
mod patience;
mod refusal;

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use crate::complaints::Complaints;
use crate::crowd::{Crowd, Crowded, Place, most_of};
use crate::limits;

pub use line::Line;

use super::address::Proxies;
use super::line::Peer;
use crate::domain::address::network;
use exchange::AnswerBody;
use refusal::Refusals;

/// The head of a request: a token and a `Last-Event-ID` are a few hundred bytes, a query in the address a few
/// thousand. Hyper reads in pieces of this size: what is twice as long is answered with 431.
const HEAD_MAX: usize = 32 * 1024;
/// Headers of one request.
const HEADERS_MAX: usize = 64;
/// What the kernel may hold on to for a reader that no longer acknowledges anything.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(60);
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

/// Who is let in, and for how long.
pub struct Door {
    /// How many, and how patiently.
    pub limits: Limits,
    /// Who speaks for others.
    pub proxies: Proxies,
    /// Those who are in.
    pub connections: Crowd<IpAddr>,
    /// Told of every connection; what outlives one, as a WebSocket does, belongs there too.
    pub tasks: TaskTracker,
    /// Nobody else is let in, and who is in is shown out.
    pub stopping: CancellationToken,
}

impl Door {
    /// A place for a connection. A proxy speaks for everybody: those behind it are counted by their own addresses,
    /// stream by stream and socket by socket.
    fn place(&self, from: IpAddr) -> Result<Place<IpAddr>, Crowded> {
        let most = if self.proxies.is_trusted(from) {
            usize::MAX
        } else {
            most_of(from, self.limits.connections_per_address)
        };
        self.connections.enter(network(from), self.limits.connections, most)
    }
}

/// Serves until [`Door::stopping`] is cancelled and what was begun has ended, or [`Limits::drain_wait`] is over.
pub async fn serve(listener: TcpListener, app: Router, door: Door) {
    let (cut, refusals, complaints) = (CancellationToken::new(), Refusals::default(), Complaints::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = door.stopping.cancelled() => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                recover(&error, &complaints).await;
                continue;
            }
        };
        prepare(&stream);
        match door.place(from.ip()) {
            Ok(place) => {
                let line = Line::new(stream, place, door.limits.write_wait);
                let one = connection(line, from, app.clone(), door.limits.clone(), door.stopping.clone());
                let cut = cut.clone();
                door.tasks.spawn(async move {
                    tokio::select! {
                        () = one => {}
                        () = cut.cancelled_owned() => {}
                    }
                });
            }
            Err(crowded) => refusals.refuse(stream, from.ip(), crowded, &door.tasks),
        }
    }
    let Door { limits, tasks, .. } = door;
    drop(listener);
    tasks.close();
    if tokio::time::timeout(limits.drain_wait, tasks.wait()).await.is_err() {
        tracing::warn!(connections = tasks.len(), "some requests did not end in time and were cut off");
        cut.cancel();
    }
}

/// One connection, request after request.
async fn connection(line: Line, from: SocketAddr, app: Router, limits: Limits, stopping: CancellationToken) {
    let timer = patience::HeadTimer::new(line.pulse(), limits.head_wait, limits.idle_wait, stopping.clone());
    let body_wait = limits.body_wait;
    let (peer, own, exchange) = (Peer { address: from, line: line.line() }, line.line(), line.exchange());
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(|body| patience::limited(body, body_wait));
        request.extensions_mut().insert(ConnectInfo(peer.clone()));
        let (answering, response) = (exchange.begin(), app.clone().call(request));
        async move { response.await.map(|response| response.map(|body| AnswerBody::new(body, answering))) }
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
        if error.is_parse() {
            malformed::linger(&own).await;
        }
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
async fn recover(error: &std::io::Error, complaints: &Complaints) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        if complaints.is_due() {
            tracing::warn!(%error, "connections can't be accepted");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ProxyHeader;

    #[test]
    fn an_address_has_its_share_of_the_connections_and_a_proxy_speaks_for_everybody() {
        let limits = crate::limits::Limits { connections_per_address: 2, ..crate::limits::Limits::default() };
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        let door = Door {
            limits: Limits::from(&limits),
            proxies: Proxies::new(&trusted, ProxyHeader::XForwardedFor),
            connections: Crowd::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        };
        let let_in = |address: &str| {
            let address = address.parse().expect("an address");
            let places: Vec<_> = (0..5).map(|_| door.place(address)).collect();
            places.iter().filter(|place| place.is_ok()).count()
        };
        assert_eq!(let_in("203.0.113.9"), 2, "a stranger");
        assert_eq!(let_in("10.0.0.1"), 5, "a proxy");
        assert_eq!(let_in("::ffff:10.0.0.1"), 5, "the same, on a socket for both kinds of addresses");
        assert_eq!(let_in("127.0.0.1"), 5, "one that nobody named, on this machine");
    }
}
