//! Pages of the past, each made once for everybody who wants it at that time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::lock;
use crate::metrics;

/// Events of a page: pages are aligned, so that readers who come back at different positions share them.
pub const PAGE: i64 = 64;
/// Pages kept at a time: a few seconds of a reconnect storm, at most some hundred kilobytes.
const KEPT: usize = 8;
/// How long a page that nobody asks for again is kept.
const KEPT_FOR: Duration = Duration::from_secs(5);

/// Which page, as of when.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PageKey {
    /// Sequences `index * PAGE ..= index * PAGE + PAGE - 1`.
    pub index: i64,
    /// Only what begins there: a page of more bytes than one may have comes in parts. 0: from its beginning.
    pub from: i64,
    /// The last sequence in it: the last page of a log grows.
    pub upto: i64,
    /// The generation of the hub: words taken back make every page made before stale.
    pub generation: u64,
}

impl PageKey {
    /// The page that holds `sequence` in a log that reaches to `head`.
    pub fn holding(sequence: i64, head: i64, generation: u64) -> Self {
        let index = sequence.div_euclid(PAGE);
        Self { index, from: 0, upto: head.min(index * PAGE + PAGE - 1), generation }
    }

    /// The first sequence that the page can hold.
    pub fn first(&self) -> i64 {
        self.from.max(self.index * PAGE).max(1)
    }

    /// The part that goes on from `sequence`.
    pub const fn part(self, sequence: i64) -> Self {
        Self { from: sequence, ..self }
    }
}

/// Making a page failed, for a reason that was logged and may pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failed;

/// What becomes of a page: nothing yet, or how it came out.
type Outcome<T> = Option<Result<Arc<T>, Failed>>;

/// A few pages. Each is made by a task of its own: a reader whose client does not keep up is not polled, and
/// must not hold up those who wait for the same page.
#[derive(Debug)]
pub struct PageCache<T> {
    slots: Mutex<VecDeque<Slot<T>>>,
}

#[derive(Debug)]
struct Slot<T> {
    key: PageKey,
    page: watch::Receiver<Outcome<T>>,
    since: Instant,
}

impl<T> Default for PageCache<T> {
    fn default() -> Self {
        Self { slots: Mutex::default() }
    }
}

impl<T: Send + Sync + 'static> PageCache<T> {
    /// The page, made by `make` if it is not there. A failure is not kept: the next who asks tries again.
    pub async fn get<F>(&self, key: PageKey, make: impl FnOnce() -> F) -> Result<Arc<T>, Failed>
    where
        F: Future<Output = Result<T, Failed>> + Send + 'static,
    {
        let mut page = self.slot(key, make);
        // An error means that the task panicked; what it was to make is not there.
        let outcome = page.wait_for(Option::is_some).await.map_err(|_| Failed)?;
        outcome.clone().unwrap_or(Err(Failed))
    }

    /// Lets go of pages that nobody asked for lately.
    pub fn expire(&self) {
        lock(&self.slots).retain(|slot| slot.since.elapsed() < KEPT_FOR);
    }

    /// Pages kept, or being made.
    pub fn kept(&self) -> usize {
        lock(&self.slots).len()
    }

    fn slot<F>(&self, key: PageKey, make: impl FnOnce() -> F) -> watch::Receiver<Outcome<T>>
    where
        F: Future<Output = Result<T, Failed>> + Send + 'static,
    {
        let mut slots = lock(&self.slots);
        let is_good = |slot: &&Slot<T>| {
            slot.key == key && slot.page.has_changed().is_ok() && !matches!(*slot.page.borrow(), Some(Err(_)))
        };
        if let Some(slot) = slots.iter().find(is_good) {
            metrics::all().page(true);
            return slot.page.clone();
        }
        metrics::all().page(false);
        // The same page as of earlier is of no use to anybody any more.
        let other = |slot: &Slot<T>| (slot.key.index, slot.key.from) != (key.index, key.from);
        slots.retain(|slot| other(slot) && slot.key.generation == key.generation);
        if slots.len() >= KEPT {
            slots.pop_front();
        }
        let (sender, page) = watch::channel(None);
        slots.push_back(Slot { key, page: page.clone(), since: Instant::now() });
        let make = make();
        tokio::spawn(async move {
            let outcome = make.await.map(Arc::new);
            sender.send_replace(Some(outcome));
            // Kept open for as long as somebody may ask: a closed channel means a panic.
            sender.closed().await;
        });
        page
    }
}
