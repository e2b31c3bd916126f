//! A stream as the body of a response. The protocol below takes a piece when it has room for it, so that a
//! client that does not read costs one batch of frames.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use bytes::{BufMut, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{COMPLETE, HEARTBEAT_BYTES, OPENING, Starting, Until, farewell, refusal, whole};
use crate::auth::End;
use crate::crowd::Place;
use crate::feed::Frame;
use crate::graphql::Live;

/// The body of an operation's stream, which lasts until `until` at the latest.
pub fn body(starting: Starting, until: Until) -> Body {
    let now = Instant::now();
    let Until { heartbeat, stopping, ends, withdrawn, place } = until;
    Body::from_stream(Flow {
        phase: Phase::Starting(starting),
        withdrawn,
        stopping: Box::pin(stopping.cancelled_owned()),
        timer: Box::pin(sleep_until(ends.map_or(now + heartbeat, |ends| ends.min(now + heartbeat)))),
        ends,
        heartbeat,
        spoke: now,
        _place: place,
    })
}

/// A stream under way. It is polled for each event, so what does not change in between is not made anew.
struct Flow {
    phase: Phase,
    withdrawn: Option<BoxFuture<'static, End>>,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
    timer: Pin<Box<Sleep>>,
    ends: Option<Instant>,
    /// How long it may be silent.
    heartbeat: Duration,
    /// When something was last sent.
    spoke: Instant,
    _place: Place<IpAddr>,
}

enum Phase {
    Starting(Starting),
    Following(BoxStream<'static, Vec<Frame>>),
    Ended,
}

impl Stream for Flow {
    type Item = Result<Bytes, Infallible>;

    /// An end without `complete` means that the client comes back, to another node or with a new token.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // What was asked before is answered: whoever ends their own session is told that it worked, and who wrote
        // something, what came of it.
        if matches!(self.phase, Phase::Starting(_)) {
            let bytes = ready!(self.poll_operation(cx));
            self.spoke = Instant::now();
            return Poll::Ready(bytes.map(Ok));
        }
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
            let silent = now.duration_since(self.spoke) >= self.heartbeat;
            if silent {
                self.spoke = now;
            }
            let heartbeat = self.spoke + self.heartbeat;
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
    /// Who it is for is no longer let in: tells why, and ends.
    fn show_out(&mut self, end: End) -> Poll<Option<Result<Bytes, Infallible>>> {
        self.phase = Phase::Ended;
        Poll::Ready(farewell(end).map(Ok))
    }

    fn poll_operation(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match &mut self.phase {
            Phase::Starting(starting) => {
                let (phase, bytes) = match ready!(starting.poll_unpin(cx)) {
                    Ok(Live::Once(Some(frame))) => (Phase::Ended, whole(frame)),
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
        return frame.event();
    }
    let mut bytes = BytesMut::with_capacity(frames.iter().map(|frame| frame.event().len()).sum());
    for frame in frames {
        bytes.put_slice(&frame.event());
    }
    bytes.freeze()
}
