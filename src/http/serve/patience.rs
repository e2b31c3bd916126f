//! How long a client may take to say what it wants.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::rt;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// How long the rest of a head is waited for once the node is asked to stop.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// hyper has one time for the head of a request, and lets it run while the connection lies idle. This tells the
/// two apart: from the first byte on, the head's time; until then, the longer one, except for a connection that
/// has never said anything.
#[derive(Clone)]
pub struct HeadTimer {
    /// Rises with each arrival.
    pulse: Arc<AtomicU64>,
    head_wait: Duration,
    idle_wait: Duration,
    /// The node stops: what has not been asked for by then is waited for no longer than [`LAST_WAIT`].
    stopping: CancellationToken,
}

impl HeadTimer {
    /// For one connection.
    pub fn new(
        pulse: Arc<AtomicU64>,
        head_wait: Duration,
        idle_wait: Duration,
        stopping: CancellationToken,
    ) -> Self {
        Self { pulse, head_wait, idle_wait, stopping }
    }
}

impl rt::Timer for HeadTimer {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn rt::Sleep>> {
        let seen = self.pulse.load(Ordering::Relaxed);
        let wait = if seen == 0 { self.head_wait } else { self.idle_wait };
        let stopping = Some(Box::pin(self.stopping.clone().cancelled_owned()));
        let timer = self.clone();
        Box::pin(HeadSleep { timer, seen, begun: seen == 0, sleep: Box::pin(sleep(wait)), stopping })
    }

    fn sleep_until(&self, _: std::time::Instant) -> Pin<Box<dyn rt::Sleep>> {
        rt::Timer::sleep(self, self.head_wait)
    }
}

struct HeadSleep {
    timer: HeadTimer,
    /// What had arrived when the wait began.
    seen: u64,
    /// Whether the head's own time runs.
    begun: bool,
    sleep: Pin<Box<Sleep>>,
    /// `None` once it has.
    stopping: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl rt::Sleep for HeadSleep {}

impl Future for HeadSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.begun && self.timer.pulse.load(Ordering::Relaxed) != self.seen {
            self.begun = true;
            let wait = if self.stopping.is_some() { self.timer.head_wait } else { LAST_WAIT };
            let ends = Instant::now() + wait;
            self.sleep.as_mut().reset(ends);
        }
        if self.stopping.as_mut().is_some_and(|stopping| stopping.as_mut().poll(cx).is_ready()) {
            self.stopping = None;
            let ends = self.sleep.deadline().min(Instant::now() + LAST_WAIT);
            self.sleep.as_mut().reset(ends);
        }
        self.sleep.as_mut().poll(cx)
    }
}

/// A body that fails with [`io::ErrorKind::TimedOut`] when it is not whole in time.
pub fn limited(body: Incoming, wait: Duration) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    Body::new(Limited { body, ends: Box::pin(sleep(wait)) })
}

struct Limited {
    body: Incoming,
    ends: Pin<Box<Sleep>>,
}

impl HttpBody for Limited {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        ready!(self.ends.as_mut().poll(cx));
        Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
