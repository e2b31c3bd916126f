//! Server-sent events: one operation per response (graphql-sse, distinct connections mode), each event with
//! its cursor as `id:`, so that `Last-Event-ID` resumes.

use std::time::Duration;

use async_graphql::Response as GraphResponse;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, BytesMut};
use futures_util::stream;
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Edge;
use super::negotiate::Media;
use crate::domain::user::Viewer;
use crate::feed::Frame;
use crate::graphql::Live;
use crate::graphql::engine::{Accepted, to_json};

/// How often a silent stream says that it is alive: under the minute after which proxies give up.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Told at the beginning: the stream is open, and a browser that loses it comes back after 1 to 2 seconds.
const OPENING: &[u8] = b":\nretry: 1000\n\n";
const HEARTBEAT_BYTES: &[u8] = b":\n\n";
/// An EventSource drops an event without data.
const COMPLETE: &[u8] = b"event: complete\ndata: \n\n";

/// Answers with a stream that ends at once: the request was refused.
pub fn refuse(response: &GraphResponse) -> Response {
    let payload = to_json(response);
    let mut bytes = BytesMut::from(OPENING);
    put(&mut bytes, &Frame { cursor: Bytes::new(), payload: payload.into() });
    bytes.put_slice(COMPLETE);
    respond(Body::from(bytes.freeze()))
}

/// A stream under way.
struct Flow {
    edge: Edge,
    state: State,
    ends: Option<Instant>,
}

/// Where a stream is.
enum State {
    Opening(Box<(Accepted, Viewer, Option<String>)>),
    Following(Box<Live>),
    Ended,
}

/// Answers with everything that the operation gives, for as long as the client listens.
pub fn stream(edge: Edge, accepted: Accepted, viewer: Viewer, resume: Option<String>) -> Response {
    let ends = super::expiry(&edge, &viewer);
    let flow = Flow { edge, state: State::Opening(Box::new((accepted, viewer, resume))), ends };
    respond(Body::from_stream(stream::unfold(flow, Flow::step)))
}

impl Flow {
    async fn step(mut self) -> Option<(Result<Bytes, std::convert::Infallible>, Self)> {
        let (bytes, state) = match self.state {
            State::Opening(opening) => Self::open(&self.edge, *opening).await,
            State::Following(live) => Self::follow(&self.edge.stopping, self.ends, live).await?,
            State::Ended => return None,
        };
        self.state = state;
        Some((Ok(bytes), self))
    }

    async fn open(edge: &Edge, opening: (Accepted, Viewer, Option<String>)) -> (Bytes, State) {
        let (accepted, viewer, resume) = opening;
        let mut bytes = BytesMut::from(OPENING);
        let state = match edge.engine.stream(accepted, viewer, resume).await {
            Ok(live) => State::Following(Box::new(live)),
            Err(response) => {
                let payload = to_json(&response);
                put(&mut bytes, &Frame { cursor: Bytes::new(), payload: payload.into() });
                bytes.put_slice(COMPLETE);
                State::Ended
            }
        };
        (bytes.freeze(), state)
    }

    /// `None` ends the stream without `complete`: the client comes back, to another node or with a new token.
    async fn follow(
        stopping: &CancellationToken,
        ends: Option<Instant>,
        mut live: Box<Live>,
    ) -> Option<(Bytes, State)> {
        let heartbeat = Instant::now() + HEARTBEAT;
        let until = ends.map_or(heartbeat, |ends| ends.min(heartbeat));
        tokio::select! {
            () = stopping.cancelled() => None,
            frames = live.next() => Some(match frames {
                Some(frames) => (chunk(&frames), State::Following(live)),
                None => (Bytes::from_static(COMPLETE), State::Ended),
            }),
            () = sleep_until(until) => {
                (until == heartbeat).then(|| (Bytes::from_static(HEARTBEAT_BYTES), State::Following(live)))
            }
        }
    }
}

/// Everything that is ready goes out in one piece.
fn chunk(frames: &[Frame]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(frames.iter().map(|frame| frame.payload.len() + 96).sum());
    for frame in frames {
        put(&mut bytes, frame);
    }
    bytes.freeze()
}

/// JSON holds no line break, so the payload is one `data:` line.
fn put(bytes: &mut BytesMut, frame: &Frame) {
    bytes.put_slice(b"event: next\n");
    if !frame.cursor.is_empty() {
        bytes.put_slice(b"id: ");
        bytes.put_slice(&frame.cursor);
        bytes.put_slice(b"\n");
    }
    bytes.put_slice(b"data: ");
    bytes.put_slice(&frame.payload);
    bytes.put_slice(b"\n\n");
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
