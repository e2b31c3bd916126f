//! Where a connection is between a request and the end of its answer, which hyper does not tell.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::Error;
use axum::body::{Body, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};

/// Of one connection, whose requests come one after the other. hyper may read one before the answer to the last was flushed;
/// then an answer of ours is still to be written, and this does not call it over.
#[derive(Debug, Default)]
pub struct Exchange {
    /// Requests so far.
    asked: AtomicU64,
    /// Those whose answer was made and flushed.
    answered: AtomicU64,
    /// From the request until its answer's last piece is hyper's.
    is_open: AtomicBool,
}

impl Exchange {
    /// A request was read. Its answer lasts until this is dropped.
    pub fn begin(self: &Arc<Self>) -> Answering {
        self.asked.fetch_add(1, Ordering::AcqRel);
        self.is_open.store(true, Ordering::Release);
        Answering(Arc::clone(self))
    }

    /// All that hyper had to write is written.
    pub fn flushed(&self) {
        if !self.is_open.load(Ordering::Acquire) {
            self.answered.store(self.asked.load(Ordering::Acquire), Ordering::Release);
        }
    }

    /// Whether nothing of ours is left to be written: what is written then is hyper's own.
    pub fn is_over(&self) -> bool {
        let asked = self.asked.load(Ordering::Acquire);
        !self.is_open.load(Ordering::Acquire) && asked == self.answered.load(Ordering::Acquire)
    }
}

/// See [`Exchange::begin`].
#[derive(Debug)]
pub struct Answering(Arc<Exchange>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.is_open.store(false, Ordering::Release);
    }
}

/// The body of an answer.
pub struct AnswerBody {
    body: Body,
    _answering: Answering,
}

impl AnswerBody {
    /// The answer is over when this is dropped.
    pub fn new(body: Body, answering: Answering) -> Self {
        Self { body, _answering: answering }
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
