//! The receiving end of every bus: a bounded queue with a flag beside it for what did not fit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{Notify, mpsc};

use super::{Hint, Notice};

/// How many hints wait for a node before they are traded for one [`Notice::Gap`].
pub const CAPACITY: usize = 1024;

/// What a bus tells this node, for one consumer. It ends once the bus is dropped.
#[derive(Debug)]
pub struct Notices {
    hints: mpsc::Receiver<Hint>,
    gap: Arc<Gap>,
}

impl Notices {
    /// The next notice; `None` once the bus is gone. Cancelling it loses nothing.
    pub async fn recv(&mut self) -> Option<Notice> {
        loop {
            if self.gap.raised.swap(false, Ordering::AcqRel) {
                self.discard_waiting();
                return Some(Notice::Gap);
            }
            tokio::select! {
                biased;
                () = self.gap.wake.notified() => {}
                hint = self.hints.recv() => return hint.map(Notice::Hint),
            }
        }
    }

    /// Comparing with the store answers every hint that waits. Keeping them would leave the queue full,
    /// and a burst would turn into one comparison per hint instead of one per queue.
    fn discard_waiting(&mut self) {
        for _ in 0..self.hints.len() {
            if self.hints.try_recv().is_err() {
                return;
            }
        }
    }
}

/// A flag, not a queue: however much is lost, there is one gap to tell of.
#[derive(Debug, Default)]
struct Gap {
    raised: AtomicBool,
    wake: Notify,
    count: AtomicU64,
    received: AtomicU64,
    dropped: AtomicU64,
}

/// The sending end. It never waits.
#[derive(Clone, Debug)]
pub(super) struct NoticeSender {
    hints: mpsc::Sender<Hint>,
    gap: Arc<Gap>,
}

impl NoticeSender {
    pub(super) fn hint(&self, hint: Hint) {
        match self.hints.try_send(hint) {
            Ok(()) => {
                self.gap.received.fetch_add(1, Ordering::Relaxed);
            }
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.gap.dropped.fetch_add(1, Ordering::Relaxed);
                self.gap();
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
    }

    /// Tells the node to compare with the store, at the latest after the notice that it is handling.
    pub(super) fn gap(&self) {
        if !self.gap.raised.swap(true, Ordering::AcqRel) {
            self.gap.count.fetch_add(1, Ordering::Relaxed);
            self.gap.wake.notify_one();
        }
    }

    /// (received, dropped, gaps)
    pub(super) fn counts(&self) -> (u64, u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.gap.received), read(&self.gap.dropped), read(&self.gap.count))
    }
}

pub(super) fn channel() -> (NoticeSender, Notices) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    let gap = Arc::new(Gap::default());
    (NoticeSender { hints: sender, gap: gap.clone() }, Notices { hints: receiver, gap })
}
