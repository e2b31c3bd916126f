//! The keys in force, kept current while the service runs: a file is looked at every other second, an address
//! asked now and then, and at once, within limits, for a key that is not known. Where there is nothing good to
//! be had, the last good keys stay.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::keys::Keys;
use super::source::{Source, SourceError, Stamp};

/// How often a file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Requests that wait at once for an address to be asked.
const WAITING: usize = 64;
/// What part of the period lies at least between two questions.
const AT_MOST: u32 = 20;

/// See the module.
pub struct Ring {
    source: Source,
    every: Duration,
    kept: Mutex<Kept>,
    /// One question at a time.
    asking: tokio::sync::Mutex<()>,
    waiting: Semaphore,
}

struct Kept {
    keys: Arc<Keys>,
    /// Whether there have been any.
    is_filled: bool,
    asked_at: Instant,
    /// Whether the last answer was good: a change is told in the log, once.
    is_good: bool,
    stamp: Option<Stamp>,
    /// How often other keys came: watchers compare it.
    changes: u64,
}

impl Ring {
    /// The keys of a source, with those that it has now. An address may be out of reach for the time being.
    ///
    /// # Errors
    /// [`SourceError`]: what is there is no good.
    pub async fn open(source: Source, every: Duration) -> Result<Self, SourceError> {
        let stamp = source.stamp().await;
        let (keys, is_filled) = match source.read().await {
            Ok(keys) => (keys, true),
            Err(error) if error.is_passing() => {
                tracing::warn!(%error, "until then, tokens of the host site can't be checked; asking again");
                (Keys::default(), false)
            }
            Err(error) => return Err(error),
        };
        let kept = Kept {
            keys: Arc::new(keys),
            is_filled,
            asked_at: Instant::now(),
            is_good: is_filled,
            stamp,
            changes: 0,
        };
        Ok(Self {
            source,
            every,
            kept: Mutex::new(kept),
            asking: tokio::sync::Mutex::default(),
            waiting: Semaphore::new(WAITING),
        })
    }

    /// The keys in force.
    pub fn keys(&self) -> Arc<Keys> {
        self.with(|kept| Arc::clone(&kept.keys))
    }

    /// Whether there have been keys yet.
    pub fn is_filled(&self) -> bool {
        self.with(|kept| kept.is_filled)
    }

    /// Asks again for the sake of a key that is not known, if that was not done just now. Tells whether to look
    /// again.
    pub async fn ask_again(&self) -> bool {
        if !self.source.can_be_asked() || self.was_just_asked() {
            return false;
        }
        let Ok(_place) = self.waiting.try_acquire() else { return false };
        let _turn = self.asking.lock().await;
        // Whoever was first has asked for all.
        if !self.was_just_asked() {
            self.ask().await;
        }
        true
    }

    /// Keeps the keys current for as long as it is polled, and calls `changed` after each change.
    pub async fn watch(&self, changed: &(impl Fn() + Sync)) {
        let mut heard_of = 0;
        loop {
            let (is_good, wait) = self.with(|kept| {
                let wait = if kept.is_good { self.every } else { self.every / AT_MOST };
                (kept.is_good, wait.saturating_sub(kept.asked_at.elapsed()))
            });
            match &self.source {
                Source::Secret(_) => std::future::pending().await,
                Source::SecretFile(_) | Source::JwksFile(_) => {
                    sleep(LOOK_EVERY).await;
                    let stamp = self.source.stamp().await;
                    if self.with(|kept| kept.stamp != stamp) || !is_good {
                        self.with(|kept| kept.stamp = stamp);
                        let _turn = self.asking.lock().await;
                        self.ask().await;
                    }
                }
                Source::JwksUrl(..) => {
                    // Woken in between to see what a request asked for.
                    sleep(wait.min(LOOK_EVERY)).await;
                    let _turn = self.asking.lock().await;
                    let due = if self.with(|kept| kept.is_good) { self.every } else { self.every / AT_MOST };
                    if self.with(|kept| kept.asked_at.elapsed()) >= due {
                        self.ask().await;
                    }
                }
            }
            let changes = self.with(|kept| kept.changes);
            if changes != heard_of {
                heard_of = changes;
                changed();
            }
        }
    }

    async fn ask(&self) {
        let read = self.source.read().await;
        self.with(|kept| {
            kept.asked_at = Instant::now();
            match read {
                Ok(keys) => {
                    if !kept.is_good {
                        tracing::info!("single sign-on keys are to be had again");
                    }
                    (kept.is_good, kept.is_filled) = (true, true);
                    if !keys.are(&kept.keys) {
                        tracing::info!("single sign-on has other keys now");
                        kept.keys = Arc::new(keys);
                        kept.changes += 1;
                    }
                }
                Err(error) => {
                    if kept.is_good {
                        tracing::warn!(%error, "the last good single sign-on keys stay in force");
                    }
                    kept.is_good = false;
                }
            }
        });
    }

    fn was_just_asked(&self) -> bool {
        self.with(|kept| kept.asked_at.elapsed()) < self.every / AT_MOST
    }

    fn with<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        look(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
