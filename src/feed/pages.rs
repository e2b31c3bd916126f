//! Pages of the past, each made once for everybody who wants it at that time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use super::lock;

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
    /// The last sequence in it: the last page of a log grows.
    pub upto: i64,
    /// The generation of the hub: words taken back make every page made before stale.
    pub generation: u64,
}

impl PageKey {
    /// The page that holds `sequence` in a log that reaches to `head`.
    pub fn holding(sequence: i64, head: i64, generation: u64) -> Self {
        let index = sequence.div_euclid(PAGE);
        Self { index, upto: head.min(index * PAGE + PAGE - 1), generation }
    }

    /// The first sequence that the page can hold.
    pub const fn first(&self) -> i64 {
        if self.index == 0 { 1 } else { self.index * PAGE }
    }
}

/// A few pages, each made by the first who asks while the others wait for it.
#[derive(Debug)]
pub struct PageCache<T> {
    slots: Mutex<VecDeque<Slot<T>>>,
}

#[derive(Debug)]
struct Slot<T> {
    key: PageKey,
    page: Arc<OnceCell<Arc<T>>>,
    since: Instant,
}

impl<T> Default for PageCache<T> {
    fn default() -> Self {
        Self { slots: Mutex::default() }
    }
}

impl<T> PageCache<T> {
    /// The page, made by `make` if it is not there. A failure is not kept: the next who asks tries again.
    pub async fn get<E>(&self, key: PageKey, make: impl Future<Output = Result<T, E>>) -> Result<Arc<T>, E> {
        let cell = self.slot(key);
        let page = cell.get_or_try_init(|| async { make.await.map(Arc::new) }).await?;
        Ok(Arc::clone(page))
    }

    /// Lets go of pages that nobody asked for lately.
    pub fn expire(&self) {
        lock(&self.slots).retain(|slot| slot.since.elapsed() < KEPT_FOR);
    }

    fn slot(&self, key: PageKey) -> Arc<OnceCell<Arc<T>>> {
        let mut slots = lock(&self.slots);
        if let Some(slot) = slots.iter().find(|slot| slot.key == key) {
            return Arc::clone(&slot.page);
        }
        // The same page as of earlier is of no use to anybody any more.
        slots.retain(|slot| slot.key.index != key.index && slot.key.generation == key.generation);
        if slots.len() >= KEPT {
            slots.pop_front();
        }
        let page = Arc::new(OnceCell::new());
        slots.push_back(Slot { key, page: Arc::clone(&page), since: Instant::now() });
        page
    }
}
