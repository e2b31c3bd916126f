//! What a transport sends for one event: bytes that all readers of a group share.

use bytes::{BufMut, Bytes, BytesMut};

/// One event, rendered: the GraphQL response as JSON, and the cursor after it. Cheap to clone.
///
/// It is kept as the HTTP chunk of the server-sent event that it makes, with the response inside: every
/// transport sends from the same bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    chunk: Bytes,
    event: u32,
    payload: u32,
}

/// After the payload: the end of its line, and of the event.
const EVENT_END: &[u8] = b"\n\n";
/// After the event (RFC 9112, section 7.1).
const CHUNK_END: &[u8] = b"\r\n";

/// Frames that go out together, at most: what one write takes, and what a slow reader holds.
const TOGETHER: usize = 32;
/// Bytes of them, unless a single one has more.
const TOGETHER_BYTES: usize = 64 * 1024;

impl Frame {
    /// A frame of a response as JSON, which holds no line break. No cursor: nothing can be resumed after it.
    pub fn new(cursor: Option<&str>, payload: &[u8]) -> Self {
        let id = cursor.map_or(0, |cursor| "id: \n".len() + cursor.len());
        let head = "event: next\n".len() + id + "data: ".len();
        let size = format!("{:x}\r\n", head + payload.len() + EVENT_END.len());
        let (event, payload_at) = (size.len(), size.len() + head);
        let mut chunk = BytesMut::with_capacity(payload_at + payload.len() + 4);
        chunk.put_slice(size.as_bytes());
        chunk.put_slice(b"event: next\n");
        if let Some(cursor) = cursor {
            chunk.put_slice(b"id: ");
            chunk.put_slice(cursor.as_bytes());
            chunk.put_slice(b"\n");
        }
        chunk.put_slice(b"data: ");
        chunk.put_slice(payload);
        chunk.put_slice(EVENT_END);
        chunk.put_slice(CHUNK_END);
        // Both lie in a head of a cursor's length and little more.
        let at = |place: usize| u32::try_from(place).unwrap_or(0);
        Self { chunk: chunk.freeze(), event: at(event), payload: at(payload_at) }
    }

    /// The same bytes, in other hands.
    #[must_use]
    pub fn wrapped(self, wrap: impl FnOnce(Bytes) -> Bytes) -> Self {
        Self { chunk: wrap(self.chunk), ..self }
    }

    /// The response.
    pub fn payload(&self) -> &[u8] {
        let end = self.chunk.len() - EVENT_END.len() - CHUNK_END.len();
        &self.chunk[self.payload as usize..end]
    }

    /// The server-sent event `next`, with the cursor as its `id`.
    pub fn event(&self) -> Bytes {
        self.chunk.slice(self.event as usize..self.chunk.len() - CHUNK_END.len())
    }

    /// The event as a chunk of an HTTP/1.1 body.
    pub fn chunk(&self) -> &[u8] {
        &self.chunk
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.chunk.len()
    }
}

/// Frames taken for one write, as many as may go together.
#[derive(Default)]
pub(super) struct Taken {
    pub frames: Vec<Frame>,
    bytes: usize,
}

impl Taken {
    /// Takes another one; `false`: it has to wait for the next time.
    pub fn take(&mut self, frame: &Frame) -> bool {
        let full = self.frames.len() >= TOGETHER || self.bytes + frame.bytes() > TOGETHER_BYTES;
        if full && !self.frames.is_empty() {
            return false;
        }
        self.bytes += frame.bytes();
        self.frames.push(frame.clone());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_a_chunk_of_an_event_of_a_payload() {
        let frame = Frame::new(Some("c1"), b"{\"data\":1}");
        assert_eq!(frame.payload(), b"{\"data\":1}");
        assert_eq!(&*frame.event(), b"event: next\nid: c1\ndata: {\"data\":1}\n\n");
        assert_eq!(frame.chunk(), b"25\r\nevent: next\nid: c1\ndata: {\"data\":1}\n\n\r\n");
        assert_eq!(&*Frame::new(None, b"{}").event(), b"event: next\ndata: {}\n\n");
    }

    #[test]
    fn what_goes_together_is_bounded_by_number_and_by_bytes_but_never_nothing() {
        let (small, large) = (Frame::new(None, b"{}"), Frame::new(None, &vec![b' '; TOGETHER_BYTES]));
        let taken = |frame: &Frame| {
            let mut taken = Taken::default();
            while taken.take(frame) {}
            taken.frames.len()
        };
        assert_eq!((taken(&small), taken(&large)), (TOGETHER, 1));
    }
}
