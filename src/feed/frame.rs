//! What a transport sends for one event: bytes that all readers of a group share.

use std::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};

use crate::domain::ids::CommentId;

/// One event, rendered: the GraphQL response as JSON, and the cursor after it. Cheap to clone.
///
/// It is kept as the server-sent event that it makes, with the response inside: both transports send from the
/// same bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    event: Bytes,
    payload: u32,
}

/// After the payload: the end of its line, and of the event.
const END: &[u8] = b"\n\n";

impl Frame {
    /// A frame of a response as JSON, which holds no line break. No cursor: nothing can be resumed after it.
    pub fn new(cursor: Option<&str>, payload: &[u8]) -> Self {
        let mut event = BytesMut::with_capacity(payload.len() + cursor.map_or(0, str::len) + 32);
        event.put_slice(b"event: next\n");
        if let Some(cursor) = cursor {
            event.put_slice(b"id: ");
            event.put_slice(cursor.as_bytes());
            event.put_slice(b"\n");
        }
        event.put_slice(b"data: ");
        // The head of an event has a cursor's length, and little more.
        let start = u32::try_from(event.len()).unwrap_or(0);
        event.put_slice(payload);
        event.put_slice(END);
        Self { event: event.freeze(), payload: start }
    }

    /// The response.
    pub fn payload(&self) -> &[u8] {
        let end = self.event.len() - END.len();
        &self.event[self.payload as usize..end]
    }

    /// The server-sent event `next`, with the cursor as its `id`.
    pub fn event(&self) -> &Bytes {
        &self.event
    }
}

/// The last frames of a group, one place per event, bounded by bytes.
#[derive(Debug)]
pub(super) struct Ring {
    places: VecDeque<Place>,
    bytes: usize,
    bytes_max: usize,
}

#[derive(Debug)]
pub(super) struct Place {
    pub sequence: i64,
    pub comment: Option<CommentId>,
    /// `None`: the group's subscription does not want this event.
    pub frame: Option<Frame>,
}

impl Place {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.frame.as_ref().map_or(0, |frame| frame.event.len())
    }
}

impl Ring {
    pub fn new(bytes_max: usize) -> Self {
        Self { places: VecDeque::new(), bytes: 0, bytes_max }
    }

    pub fn push(&mut self, place: Place) {
        self.bytes += place.bytes();
        self.places.push_back(place);
        while self.bytes > self.bytes_max && self.places.len() > 1 {
            self.pop_front();
        }
    }

    fn pop_front(&mut self) {
        if let Some(place) = self.places.pop_front() {
            self.bytes -= place.bytes();
        }
    }

    pub fn clear(&mut self) {
        self.places.clear();
        self.bytes = 0;
    }

    /// The places that show a comment.
    pub fn about(&self, comment: CommentId) -> Vec<i64> {
        let shows = |place: &&Place| place.comment == Some(comment) && place.frame.is_some();
        self.places.iter().filter(shows).map(|place| place.sequence).collect()
    }

    /// Puts another frame in an event's place.
    pub fn replace(&mut self, sequence: i64, frame: Frame) {
        let Some(place) = self.places.iter_mut().find(|place| place.sequence == sequence) else { return };
        let before = place.bytes();
        place.frame = Some(frame);
        self.bytes = self.bytes - before + place.bytes();
    }

    /// The frames after a sequence, at most `limit` of them, and the sequence that they reach to; `None`
    /// where the ring does not go back that far.
    pub fn after(&self, sequence: i64, limit: usize) -> Option<(Vec<Frame>, i64)> {
        let first = self.places.front()?.sequence;
        let skip = sequence + 1 - first;
        #[cfg(feature = "planted-bugs")]
        let skip = crate::planted::drop_on_lag(skip);
        let skip = usize::try_from(skip).ok()?;
        let mut frames = Vec::new();
        let mut reached = sequence;
        for place in self.places.iter().skip(skip) {
            if let Some(frame) = &place.frame {
                if frames.len() == limit {
                    break;
                }
                frames.push(frame.clone());
            }
            reached = place.sequence;
        }
        Some((frames, reached))
    }
}
