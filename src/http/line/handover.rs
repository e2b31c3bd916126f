//! Taking a connection over from hyper once it has written the head of a response.
//!
//! Hyper does so by itself for a `101` only. Here the response has a body that never gives anything: when it
//! is first asked, the head is in hyper's buffer; when hyper next flushes, it has been sent. From then on the
//! line is its taker's, and the body fails, so that hyper lets go of what it held for the connection.

use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::Frame;
use tokio::sync::oneshot;

use super::{Line, Phase};

/// The body that hyper is given, and the line once it has been handed over: an error where the client left
/// before.
pub fn take_over(line: Arc<Line>) -> (Body, oneshot::Receiver<Arc<Line>>) {
    let (given, taken) = oneshot::channel();
    (Body::new(Handover { line, given: Some(given) }), taken)
}

/// See the module.
#[derive(Debug)]
pub struct Handover {
    line: Arc<Line>,
    given: Option<oneshot::Sender<Arc<Line>>>,
}

impl hyper::body::Body for Handover {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let line = Arc::clone(&self.line);
        let mut out = line.out();
        if matches!(out.phase, Phase::Taken) {
            drop(out);
            if let Some(given) = self.given.take() {
                // Nobody waits any more: the line ends with this body.
                let _ = given.send(line);
            }
            return Poll::Ready(Some(Err(Error::new(ErrorKind::ConnectionAborted, "handed over"))));
        }
        out.phase = Phase::Asked(cx.waker().clone());
        Poll::Pending
    }
}
