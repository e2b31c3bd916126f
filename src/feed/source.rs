//! Where a subscription's resolver takes its events from: handed to it by a group, or followed on its own.

use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, mpsc};

use super::lock;
use super::log::Happening;
use crate::domain::cursor::FeedCursor;
use crate::domain::event::ResetReason;

/// What a resolver turns into a payload.
#[derive(Clone, Debug)]
pub enum FeedItem {
    /// Something happened.
    Happening(Happening),
    /// The reader's cursor has no place in the log: it starts over from a query, and from here on.
    Reset {
        /// Why.
        reason: ResetReason,
        /// Where the log stands.
        cursor: FeedCursor,
    },
}

impl FeedItem {
    /// The cursor after it.
    #[must_use]
    pub fn cursor(&self) -> FeedCursor {
        match self {
            Self::Happening(happening) => FeedCursor::after(&happening.event),
            Self::Reset { cursor, .. } => *cursor,
        }
    }
}

/// A channel of one place that a group puts into a request's data; whoever resolves the subscription takes
/// its receiving end.
#[derive(Clone, Debug)]
pub struct Injected(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    items: Mutex<Option<mpsc::Receiver<FeedItem>>>,
    taken: Notify,
}

impl Injected {
    pub(super) fn new() -> (mpsc::Sender<FeedItem>, Self) {
        let (sender, items) = mpsc::channel(1);
        (sender, Self(Arc::new(Shared { items: Mutex::new(Some(items)), taken: Notify::new() })))
    }

    /// Takes the receiving end: the subscription has begun.
    #[must_use]
    pub fn take(&self) -> Option<mpsc::Receiver<FeedItem>> {
        let items = lock(&self.0.items).take();
        self.0.taken.notify_one();
        items
    }

    pub(super) async fn taken(&self) {
        self.0.taken.notified().await;
    }
}
