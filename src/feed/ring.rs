//! The last frames of a group: what its live readers are given.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::frame::{Frame, Taken};
use crate::domain::ids::CommentId;

/// Bytes of all rings of a node together; with more, each keeps [`LEAST`]. What readers miss they read from pages.
const TOGETHER: usize = 64 * 1024 * 1024;
/// Bytes that a ring may always keep.
const LEAST: usize = 16 * 1024;

/// One place per event, bounded by bytes.
#[derive(Debug)]
pub(super) struct Ring {
    places: VecDeque<Place>,
    bytes: usize,
    bytes_max: usize,
    /// Bytes of all rings.
    together: Arc<AtomicUsize>,
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
        size_of::<Self>() + self.frame.as_ref().map_or(0, |frame| frame.bytes())
    }
}

impl Ring {
    pub fn new(bytes_max: usize, together: Arc<AtomicUsize>) -> Self {
        Self { places: VecDeque::new(), bytes: 0, bytes_max, together }
    }

    pub fn push(&mut self, place: Place) {
        self.grow(place.bytes());
        self.places.push_back(place);
        while self.is_too_large() && self.places.len() > 1 {
            self.pop_front();
        }
    }

    fn is_too_large(&self) -> bool {
        let is_short = self.together.load(Ordering::Relaxed) > TOGETHER;
        self.bytes > if is_short { LEAST } else { self.bytes_max }
    }

    fn grow(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.together.fetch_add(bytes, Ordering::Relaxed);
    }

    fn shrink(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.together.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes kept.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    fn pop_front(&mut self) {
        if let Some(place) = self.places.pop_front() {
            self.shrink(place.bytes());
        }
    }

    pub fn clear(&mut self) {
        self.places.clear();
        self.shrink(self.bytes);
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
        let after = place.bytes();
        self.shrink(before);
        self.grow(after);
    }

    /// The frames after a sequence, as many as go together, and the sequence that they reach to; `None`
    /// where the ring does not go back that far.
    pub fn after(&self, sequence: i64) -> Option<(Vec<Frame>, i64)> {
        let first = self.places.front()?.sequence;
        let skip = sequence + 1 - first;
        #[cfg(feature = "planted-bugs")]
        let skip = crate::planted::drop_on_lag(skip);
        let skip = usize::try_from(skip).ok()?;
        let (mut taken, mut reached) = (Taken::default(), sequence);
        for place in self.places.iter().skip(skip) {
            if let Some(frame) = &place.frame
                && !taken.take(frame)
            {
                break;
            }
            reached = place.sequence;
        }
        Some((taken.frames, reached))
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(ring: &mut Ring, sequences: std::ops::Range<i64>) {
        for sequence in sequences {
            let frame = Some(Frame::new(None, &[b'x'; 1024]));
            ring.push(Place { sequence, comment: None, frame });
        }
    }

    #[test]
    fn where_all_rings_have_too_much_each_keeps_a_little() {
        let together = Arc::default();
        let mut ring = Ring::new(256 * 1024, Arc::clone(&together));
        push(&mut ring, 1..101);
        assert!(ring.after(0).is_some(), "all of it");
        let others = TOGETHER;
        together.fetch_add(others, Ordering::Relaxed);
        push(&mut ring, 101..102);
        assert!(ring.bytes() <= LEAST && ring.after(100).is_some(), "{}", ring.bytes());
        together.fetch_sub(others, Ordering::Relaxed);
        assert_eq!(together.load(Ordering::Relaxed), ring.bytes());
        drop(ring);
        assert_eq!(together.load(Ordering::Relaxed), 0);
    }
}
