//! The last frames of a group: what its live readers are given.

use std::collections::VecDeque;

use super::frame::{Frame, Taken};
use crate::domain::ids::CommentId;

/// One place per event, bounded by bytes.
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
        size_of::<Self>() + self.frame.as_ref().map_or(0, |frame| frame.bytes())
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

    /// Bytes kept.
    pub const fn bytes(&self) -> usize {
        self.bytes
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
