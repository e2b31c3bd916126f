//! A log as one node has read it: the last events in a ring, the past in pages.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::caught::caught;
use super::pages::{Failed, PageCache, PageKey};
use super::{FollowError, STORE_WAIT, lock};
use crate::domain::comment::Comment;
use crate::domain::cursor::FeedCursor;
use crate::domain::event::{Event, LogId, ResetReason};
use crate::domain::ids::CommentId;
use crate::store::{Head, Store, StoreError};

/// Events held for those who are nearly live. Whoever is further behind reads pages.
const RING: usize = 256;
/// Events read from the store at once.
const BATCH: u64 = 256;
/// How long to wait after a failure of the store, doubling.
pub(super) const RETRY_FROM: Duration = Duration::from_millis(50);
/// The longest such wait.
pub(super) const RETRY_TO: Duration = Duration::from_secs(1);

/// An event with the comment that it is about, as that is now.
#[derive(Clone, Debug)]
pub struct Happening {
    /// The event.
    pub event: Event,
    /// Its comment, loaded once for all who render it.
    pub comment: Option<Arc<Comment>>,
}

/// How far the log has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    Unread,
    Missing,
    At(Progress),
}

/// How far the log has been read, and in which life of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Progress {
    pub head: Head,
    /// Rises when the log turns out to be another one: a backup was restored under a running node.
    pub life: u64,
}

/// See the module.
pub(super) struct Log {
    id: LogId,
    store: Store,
    standing: watch::Sender<Standing>,
    wake: Notify,
    ring: Mutex<VecDeque<Happening>>,
    generation: AtomicU64,
    pages: PageCache<Vec<Happening>>,
    /// Whether the log may have gone back.
    suspect: AtomicBool,
    /// How many times a fresh reading was asked for, and how many of those have been answered.
    asked: AtomicU64,
    answered: watch::Sender<u64>,
}

impl Log {
    pub fn new(store: Store, id: LogId) -> Self {
        Self {
            id,
            store,
            standing: watch::Sender::new(Standing::Unread),
            wake: Notify::new(),
            ring: Mutex::default(),
            generation: AtomicU64::new(0),
            pages: PageCache::default(),
            suspect: AtomicBool::new(false),
            asked: AtomicU64::new(0),
            answered: watch::Sender::new(0),
        }
    }

    pub fn id(&self) -> LogId {
        self.id
    }

    /// Events kept in memory.
    pub fn kept(&self) -> usize {
        lock(&self.ring).len()
    }

    /// Reads on whenever it is woken, for as long as the hub lives.
    pub async fn keep_reading(self: Arc<Self>) {
        let mut pause = RETRY_FROM;
        loop {
            let asked = self.asked.load(Ordering::Acquire);
            match timeout(STORE_WAIT, caught("reading a log", self.read_on())).await {
                Ok(Some(Ok(()))) => {
                    pause = RETRY_FROM;
                    self.answered.send_replace(asked);
                    if self.asked.load(Ordering::Acquire) == asked {
                        self.wake.notified().await;
                    }
                }
                failed => {
                    let why = failed.map_or_else(
                        |_| "it took too long".to_owned(),
                        |failed| match failed {
                            Some(Ok(())) => String::new(),
                            Some(Err(error)) => error.to_string(),
                            None => "it panicked".to_owned(),
                        },
                    );
                    tracing::warn!(why, log = %self.id, "reading a feed failed; trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(RETRY_TO);
                }
            }
        }
    }

    pub async fn ready(&self) -> Result<(), FollowError> {
        let mut standing = self.standing.subscribe();
        loop {
            match *standing.borrow_and_update() {
                Standing::At(_) => return Ok(()),
                Standing::Missing => return Err(FollowError::NotFound),
                Standing::Unread => {}
            }
            standing.changed().await.map_err(|_| FollowError::Stopping)?;
        }
    }

    /// How far the log has been read. Only asked once it is ready.
    pub fn progress(&self) -> Progress {
        match *self.standing.borrow() {
            Standing::At(progress) => progress,
            Standing::Unread | Standing::Missing => {
                Progress { head: Head { log: self.id, sequence: 0, at: None }, life: 0 }
            }
        }
    }

    /// Where a group that wants everything after `from` can begin: there, if it is at hand, else now.
    pub fn reachable(&self, from: i64) -> Head {
        let ring = lock(&self.ring);
        let head = self.progress().head;
        match ring.front() {
            Some(first) if from < head.sequence && first.event.sequence() <= from + 1 => {
                Head { sequence: from, at: None, ..head }
            }
            Some(_) | None => head,
        }
    }

    /// Waits for the log to move on from `seen`.
    pub async fn moved(&self, seen: Progress) {
        let mut standing = self.standing.subscribe();
        let moved = |standing: &Standing| matches!(standing, Standing::At(progress) if *progress != seen);
        // An error means that the log is gone, and with it whoever waits here.
        let _ = standing.wait_for(moved).await;
    }

    /// What was rendered under another generation may hold words that were taken back since.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The bus says that the log has reached `sequence`.
    pub fn hinted(&self, sequence: i64) {
        let is_news = match self.id {
            LogId::Article(_) => sequence > self.progress().head.sequence,
            // Numbered by whoever reads it: nobody can say yet how far it has come.
            LogId::Queues => true,
        };
        if is_news {
            self.wake.notify_one();
        }
    }

    /// The store said where the log was. One that seems to have gone back may only have been overtaken by
    /// what was read meanwhile: the reading task looks again.
    pub fn compared(&self, head: Option<&Head>) {
        self.pages.expire();
        let (Standing::At(known), Some(head)) = (*self.standing.borrow(), head) else { return };
        if *head != known.head {
            self.suspect.fetch_or(went_back(&known.head, head), Ordering::AcqRel);
            self.wake.notify_one();
        }
    }

    fn begin_again(&self, head: Head, life: u64) {
        tracing::warn!(log = %self.id, "a log is not the one that was read before");
        lock(&self.ring).clear();
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.standing.send_replace(Standing::At(Progress { head, life: life + 1 }));
    }

    /// Makes sure that everything committed before this call has been read. Callers at the same time share
    /// one reading.
    pub async fn refresh(&self) -> Result<(), Failed> {
        let mine = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        self.wake.notify_one();
        let mut answered = self.answered.subscribe();
        answered.wait_for(|answered| *answered >= mine).await.map(drop).map_err(|_| Failed)
    }

    async fn read_on(&self) -> Result<(), StoreError> {
        #[cfg(feature = "planted-bugs")]
        crate::planted::panic_at("reading", 12);
        let suspect = self.suspect.swap(false, Ordering::AcqRel);
        let standing = *self.standing.borrow();
        if suspect || !matches!(standing, Standing::At(_)) {
            let head = self.store.heads(&[self.id]).await?.pop();
            match (standing, head) {
                (Standing::At(known), Some(head)) => {
                    if went_back(&known.head, &head) {
                        self.begin_again(head, known.life);
                    }
                }
                (Standing::Unread | Standing::Missing, Some(head)) => {
                    self.standing.send_replace(Standing::At(Progress { head, life: 0 }));
                }
                (_, None) => {
                    self.standing.send_replace(Standing::Missing);
                }
            }
        }
        self.store.settle(self.id).await?;
        while let Standing::At(progress) = { *self.standing.borrow() } {
            // With the last event that is known: a log that lost it, and grew again since, is another one.
            let mut events = self.events(progress.head.sequence - 1, BATCH + 1).await?;
            let known = events.first().filter(|first| first.sequence() == progress.head.sequence);
            let is_same = match known.map(Event::at) {
                Some(at) => {
                    let is_same = progress.head.at.is_none_or(|known| known == at);
                    if is_same {
                        events.remove(0);
                    }
                    is_same
                }
                // Trimmed, or there is none yet.
                None => events.first().is_none_or(|next| next.sequence() == progress.head.sequence + 1),
            };
            let Some(last) = events.last() else { break };
            if !is_same {
                let (sequence, at) = (last.sequence(), Some(last.at()));
                let head = Head { log: self.id, sequence, at };
                self.begin_again(head, progress.life);
                continue;
            }
            let all = (events.len() as u64) < BATCH;
            self.take_in(self.with_comments(events).await?, progress);
            if all {
                break;
            }
        }
        Ok(())
    }

    fn take_in(&self, batch: Vec<Happening>, progress: Progress) {
        let mut ring = lock(&self.ring);
        let mut head = progress.head;
        for happening in batch {
            if happening.event.takes_words_back() {
                self.generation.fetch_add(1, Ordering::AcqRel);
            }
            // Earlier events about the same comment show it as it is now.
            for earlier in ring.iter_mut().filter(|earlier| earlier.is_about_same(&happening)) {
                earlier.comment.clone_from(&happening.comment);
            }
            (head.sequence, head.at) = (happening.event.sequence(), Some(happening.event.at()));
            ring.push_back(happening);
        }
        let surplus = ring.len().saturating_sub(RING);
        ring.drain(..surplus);
        drop(ring);
        self.standing.send_replace(Standing::At(Progress { head, ..progress }));
    }

    /// The events after `sequence` as far as they are at hand, else a page of them. Empty: there is no next
    /// event, or it is no longer in the log.
    pub async fn after(self: &Arc<Self>, sequence: i64) -> Result<Vec<Happening>, Failed> {
        {
            let ring = lock(&self.ring);
            if let Some(first) = ring.front().map(|happening| happening.event.sequence())
                && first <= sequence + 1
            {
                let skip = usize::try_from(sequence + 1 - first).unwrap_or(usize::MAX);
                return Ok(ring.iter().skip(skip).cloned().collect());
            }
        }
        let page = self.page(self.key(sequence + 1)).await?;
        Ok(page.iter().filter(|happening| happening.event.sequence() > sequence).cloned().collect())
    }

    /// The key of the page that holds `sequence`, as of now.
    pub fn key(&self, sequence: i64) -> PageKey {
        PageKey::holding(sequence, self.progress().head.sequence, self.generation())
    }

    /// A page of the past, read from the store once for all who want it.
    pub async fn page(self: &Arc<Self>, key: PageKey) -> Result<Arc<Vec<Happening>>, Failed> {
        let log = Arc::clone(self);
        let make = || async move {
            let limit = u64::try_from(key.upto - key.first() + 1).unwrap_or(0);
            match timeout(STORE_WAIT, log.load(key.first() - 1, limit)).await {
                Ok(Ok(page)) => Ok(page),
                Ok(Err(error)) => {
                    tracing::warn!(%error, log = %log.id, "reading a page of a feed failed");
                    Err(Failed)
                }
                Err(_) => {
                    tracing::warn!(log = %log.id, "reading a page of a feed took too long");
                    Err(Failed)
                }
            }
        };
        self.pages.get(key, make).await
    }

    /// Whether a cursor has a place here: its event is the one that is there, and all that came after it
    /// still is.
    pub async fn placement(self: &Arc<Self>, cursor: &FeedCursor) -> Result<Option<ResetReason>, Failed> {
        if *cursor == self.progress().head.cursor() {
            return Ok(None);
        }
        if cursor.sequence >= self.progress().head.sequence {
            // Another node may have told the client of an event that this one has not read yet.
            self.refresh().await?;
        }
        let head = self.progress().head;
        if *cursor == head.cursor() {
            return Ok(None);
        }
        if cursor.sequence >= head.sequence {
            return Ok(Some(ResetReason::Restored));
        }
        let named = self.event(cursor.sequence).await?;
        let next = self.event(cursor.sequence + 1).await?;
        Ok(match (named, next) {
            (Some(event), _) if event.at().timestamp_micros() != cursor.at_micros => {
                Some(ResetReason::Restored)
            }
            (_, None) => Some(ResetReason::Trimmed),
            (_, Some(_)) => None,
        })
    }

    async fn event(self: &Arc<Self>, sequence: i64) -> Result<Option<Event>, Failed> {
        if sequence < 1 {
            return Ok(None);
        }
        let is_it = |happening: &&Happening| happening.event.sequence() == sequence;
        if let Some(happening) = lock(&self.ring).iter().find(is_it) {
            return Ok(Some(happening.event.clone()));
        }
        let page = self.page(self.key(sequence)).await?;
        Ok(page.iter().find(is_it).map(|happening| happening.event.clone()))
    }

    /// Two statements, however many events: the events, then their comments.
    async fn load(&self, after: i64, limit: u64) -> Result<Vec<Happening>, StoreError> {
        self.with_comments(self.events(after, limit).await?).await
    }

    async fn events(&self, after: i64, limit: u64) -> Result<Vec<Event>, StoreError> {
        let events = self.store.latest().events_after_sequence(self.id, after, limit).await?;
        #[cfg(feature = "planted-bugs")]
        let events = crate::planted::id_over_last(events);
        Ok(events)
    }

    async fn with_comments(&self, events: Vec<Event>) -> Result<Vec<Happening>, StoreError> {
        let mut ids: Vec<CommentId> = events.iter().filter_map(Event::comment_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let comments: HashMap<CommentId, Arc<Comment>> = self
            .store
            .latest()
            .comments(&ids)
            .await?
            .into_iter()
            .map(|comment| (comment.id, Arc::new(comment)))
            .collect();
        let happening = |event: Event| Happening {
            comment: event.comment_id().and_then(|id| comments.get(&id).cloned()),
            event,
        };
        Ok(events.into_iter().map(happening).collect())
    }
}

/// Whether a head is not what the known one can have become: the log is another store's.
fn went_back(known: &Head, now: &Head) -> bool {
    now.sequence < known.sequence || (now.sequence == known.sequence && now.at != known.at)
}

impl Happening {
    fn is_about_same(&self, other: &Self) -> bool {
        let comment = self.event.comment_id();
        comment.is_some() && comment == other.event.comment_id()
    }
}
