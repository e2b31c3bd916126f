//! An answer that takes room until its client has taken it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::Error;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::graphql::Held;

/// The same answer: the room is given back with the last of its bytes.
pub fn keep(response: Response, held: Held) -> Response {
    response.map(|body| Body::new(KeptBody { body, held: Some(held) }))
}

/// Bytes of an answer that is whole.
pub fn bytes(response: &Response) -> usize {
    let exact = response.body().size_hint().exact();
    exact.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0)
}

/// A body in one piece, as answers are that were made whole; of any other, the first piece stands for all.
struct KeptBody {
    body: Body,
    held: Option<Held>,
}

impl HttpBody for KeptBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let Some(held) = self.held.take() else { return Poll::Ready(frame) };
        // hyper lets go of the body before it has written what it gave.
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(|bytes| held.keep(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
