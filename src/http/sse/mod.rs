//! Server-sent events: one operation per response (graphql-sse, distinct connections mode), each event with
//! its cursor as `id:`, so that `Last-Event-ID` resumes.
//!
//! Over HTTP/1.1 the connection is [taken over](live) after the head of the response: an idle reader costs its
//! socket and a task. Over HTTP/1.0, which knows no chunks and which some proxies speak, it is a [body].

mod body;
mod live;

use std::net::IpAddr;
use std::time::Duration;

use async_graphql::Response as GraphResponse;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, BytesMut};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, StatusCode, Version, header};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Edge;
use super::credentials::Pass;
use super::graphql::problem::Problem;
use super::line::{Peer, take_over};
use super::negotiate::Media;
use crate::auth::{End, Refused};
use crate::crowd::{Place, most_of};
use crate::domain::address::network;
use crate::feed::Frame;
use crate::graphql::engine::{Accepted, refused, to_json};
use crate::graphql::{GraphError, Live};
use crate::limits::{seconds, size};
use crate::metrics;

/// Told at the beginning: the stream is open, and a browser that loses it comes back after 1 to 2 seconds.
const OPENING: &[u8] = b":\nretry: 1000\n\n";
const HEARTBEAT_BYTES: &[u8] = b":\n\n";
/// An EventSource drops an event without data.
const COMPLETE: &[u8] = b"event: complete\ndata: \n\n";

/// An operation that starts.
type Starting = BoxFuture<'static, Result<Live, Box<GraphResponse>>>;

/// What ends a stream from our side.
struct Until {
    /// How long a stream may be silent before it says that it is alive.
    heartbeat: Duration,
    stopping: CancellationToken,
    /// When the credentials end.
    ends: Option<Instant>,
    /// Ready when whoever it is for is no longer let in, before that.
    withdrawn: Option<BoxFuture<'static, End>>,
    /// Counts as one from its address until it has ended.
    place: Place<IpAddr>,
}

/// Answers with a stream that ends at once: the request was refused.
pub fn refuse(response: &GraphResponse) -> Response {
    respond(Body::from(refusal(response)))
}

/// Answers with everything that the operation gives, for as long as the client listens; unless its address listens to
/// as much as it may.
pub fn stream(
    edge: &Edge,
    accepted: Accepted,
    pass: &Pass,
    resume: Option<String>,
    peer: Peer,
    version: Version,
) -> Response {
    let from = peer.address.ip();
    let most = most_of(from, size(edge.engine.limits().streams_per_address));
    let Ok(place) = edge.streams.enter(network(from), usize::MAX, most) else {
        metrics::all().turned_away("stream", "address");
        let message = "Too many streams are open from where you are: close others first.";
        return Problem::later(GraphError::new("RATE_LIMITED", message)).respond(Media::Json);
    };
    let (engine, viewer) = (edge.engine.clone(), pass.viewer());
    let starting = async move { engine.stream(accepted, viewer, resume).await }.boxed();
    let until = Until {
        heartbeat: seconds(edge.engine.limits().heartbeat_seconds.max(1)),
        stopping: edge.stopping.clone(),
        ends: pass.expiry(edge),
        withdrawn: pass.withdrawn(edge),
        place,
    };
    if version != Version::HTTP_11 {
        return respond(body::body(starting, until));
    }
    let (body, taken) = take_over(peer.line);
    edge.tasks.spawn(async move {
        // An error means that the client has gone before it was answered.
        if let Ok(line) = taken.await {
            live::serve(line, starting, until).await;
        }
    });
    let mut response = respond(body);
    // What comes after the stream's end would find nobody.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// What a stream says last when whoever it is for is no longer let in: why. With a changed role the same token
/// is good, so the client just comes back.
fn farewell(end: End) -> Option<Bytes> {
    let why = match end {
        End::Expired => Refused::Expired,
        End::Ended => Refused::Ended,
        End::RoleChanged => return None,
    };
    let mut bytes = BytesMut::from(&*Frame::new(None, &to_json(&refused(why.into()))).event());
    bytes.put_slice(COMPLETE);
    Some(bytes.freeze())
}

/// The whole stream of an operation that did not start.
fn refusal(response: &GraphResponse) -> Bytes {
    let mut bytes = BytesMut::from(OPENING);
    bytes.put_slice(&Frame::new(None, &to_json(response)).event());
    bytes.put_slice(COMPLETE);
    bytes.freeze()
}

/// The whole stream of an operation that has one answer, which takes the frame's room for as long as it lasts.
fn whole(frame: Frame) -> Bytes {
    let mut bytes = BytesMut::from(OPENING);
    bytes.put_slice(&frame.event());
    bytes.put_slice(COMPLETE);
    Bytes::from_owner(Whole { bytes: bytes.freeze(), _frame: frame })
}

struct Whole {
    bytes: Bytes,
    _frame: Frame,
}

impl AsRef<[u8]> for Whole {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn respond(body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(Media::Events.content_type())),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
        (header::VARY, HeaderValue::from_static("accept, authorization, cookie")),
        // nginx would hold events back otherwise.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (StatusCode::OK, headers, body).into_response()
}
