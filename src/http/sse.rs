//! Server-sent events: one operation per response (graphql-sse, distinct connections mode), each event with
//! its cursor as `id:`, so that `Last-Event-ID` resumes.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_graphql::Response as GraphResponse;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, Stream, StreamExt};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::Edge;
use super::credentials::Pass;
use super::negotiate::Media;
use crate::auth::{End, Refused};
use crate::feed::Frame;
use crate::graphql::Live;
use crate::graphql::engine::{Accepted, refused as refused_response, to_json};

/// How often a silent stream says that it is alive: under the minute after which proxies give up.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Told at the beginning: the stream is open, and a browser that loses it comes back after 1 to 2 seconds.
const OPENING: &[u8] = b":\nretry: 1000\n\n";
const HEARTBEAT_BYTES: &[u8] = b":\n\n";
/// An EventSource drops an event without data.
const COMPLETE: &[u8] = b"event: complete\ndata: \n\n";

/// Answers with a stream that ends at once: the request was refused.
pub fn refuse(response: &GraphResponse) -> Response {
    respond(Body::from(refusal(response)))
}

/// Answers with everything that the operation gives, for as long as the client listens.
pub fn stream(edge: &Edge, accepted: Accepted, pass: &Pass, resume: Option<String>) -> Response {
    let (ends, viewer) = (pass.expiry(edge), pass.viewer());
    let now = Instant::now();
    let engine = edge.engine.clone();
    let starting = async move { engine.stream(accepted, viewer, resume).await };
    respond(Body::from_stream(Flow {
        phase: Phase::Starting(starting.boxed()),
        withdrawn: pass.withdrawn(edge),
        stopping: Box::pin(edge.stopping.clone().cancelled_owned()),
        timer: Box::pin(sleep_until(ends.map_or(now + HEARTBEAT, |ends| ends.min(now + HEARTBEAT)))),
        ends,
        spoke: now,
    }))
}

/// A stream under way. It is polled for each event, so what does not change in between is not made anew.
struct Flow {
    phase: Phase,
    withdrawn: Option<BoxFuture<'static, End>>,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
    timer: Pin<Box<Sleep>>,
    ends: Option<Instant>,
    /// When something was last sent.
    spoke: Instant,
}

enum Phase {
    Starting(BoxFuture<'static, Result<Live, Box<GraphResponse>>>),
    Following(BoxStream<'static, Vec<Frame>>),
    Ended,
}

impl Stream for Flow {
    type Item = Result<Bytes, Infallible>;

    /// An end without `complete` means that the client comes back, to another node or with a new token.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !matches!(self.phase, Phase::Ended)
            && let Some(Poll::Ready(end)) = self.withdrawn.as_mut().map(|withdrawn| withdrawn.poll_unpin(cx))
        {
            return self.show_out(end);
        }
        if let Poll::Ready(bytes) = self.poll_operation(cx) {
            self.spoke = Instant::now();
            return Poll::Ready(bytes.map(Ok));
        }
        if self.stopping.as_mut().poll(cx).is_ready() {
            self.phase = Phase::Ended;
            return Poll::Ready(None);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if self.ends.is_some_and(|ends| ends <= now) {
                return self.show_out(End::Expired);
            }
            let silent = now.duration_since(self.spoke) >= HEARTBEAT;
            if silent {
                self.spoke = now;
            }
            let heartbeat = self.spoke + HEARTBEAT;
            let next = self.ends.map_or(heartbeat, |ends| ends.min(heartbeat));
            self.timer.as_mut().reset(next);
            if silent {
                return Poll::Ready(Some(Ok(Bytes::from_static(HEARTBEAT_BYTES))));
            }
        }
        Poll::Pending
    }
}

impl Flow {
    /// Who it is for is no longer let in: tells why, and ends. With a changed role the same token is good, so
    /// the client just comes back.
    fn show_out(&mut self, end: End) -> Poll<Option<Result<Bytes, Infallible>>> {
        self.phase = Phase::Ended;
        let refused = match end {
            End::Expired => Refused::Expired,
            End::Ended => Refused::Ended,
            End::RoleChanged => return Poll::Ready(None),
        };
        let mut bytes =
            BytesMut::from(Frame::new(None, &to_json(&refused_response(refused.into()))).event().as_ref());
        bytes.put_slice(COMPLETE);
        Poll::Ready(Some(Ok(bytes.freeze())))
    }

    fn poll_operation(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match &mut self.phase {
            Phase::Starting(starting) => {
                let (phase, bytes) = match ready!(starting.poll_unpin(cx)) {
                    Ok(live) => (Phase::Following(live.into_frames()), Bytes::from_static(OPENING)),
                    Err(response) => (Phase::Ended, refusal(&response)),
                };
                self.phase = phase;
                Poll::Ready(Some(bytes))
            }
            Phase::Following(frames) => {
                let frames = ready!(frames.poll_next_unpin(cx));
                if frames.is_none() {
                    self.phase = Phase::Ended;
                }
                Poll::Ready(Some(frames.map_or(Bytes::from_static(COMPLETE), |frames| chunk(&frames))))
            }
            Phase::Ended => Poll::Ready(None),
        }
    }
}

/// Everything that is ready goes out in one piece; a single event, as nearly always, in the bytes that all
/// readers share.
fn chunk(frames: &[Frame]) -> Bytes {
    if let [frame] = frames {
        return frame.event().clone();
    }
    let mut bytes = BytesMut::with_capacity(frames.iter().map(|frame| frame.event().len()).sum());
    for frame in frames {
        bytes.put_slice(frame.event());
    }
    bytes.freeze()
}

/// The whole stream of an operation that did not start.
fn refusal(response: &GraphResponse) -> Bytes {
    let mut bytes = BytesMut::from(OPENING);
    bytes.put_slice(Frame::new(None, &to_json(response)).event());
    bytes.put_slice(COMPLETE);
    bytes.freeze()
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
