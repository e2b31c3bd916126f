//! Batches by construction: what hangs off a list is asked for key by key and read in one statement.
//!
//! Everything on one level of a response is polled before anything on it runs, so the first who asks waits
//! for one turn of the task and then reads for all who asked meanwhile. No timer and no other task is
//! involved: the batches of a request are the same each time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::store::StoreError;

/// A result that several share.
type Shared<V> = Result<Option<V>, Arc<StoreError>>;

/// The batches of one kind of key, of one request.
pub struct Batch<K, V> {
    state: Mutex<State<K, V>>,
    keeps: bool,
}

struct State<K, V> {
    waiting: Vec<K>,
    slots: HashMap<K, watch::Receiver<Option<Shared<V>>>>,
    leading: bool,
    results: HashMap<K, watch::Sender<Option<Shared<V>>>>,
}

impl<K: Eq + Hash + Clone, V: Clone> Batch<K, V> {
    /// No keys yet. `keeps`: whether a result holds for the whole request, as on a snapshot.
    pub fn new(keeps: bool) -> Self {
        let state =
            State { waiting: Vec::new(), slots: HashMap::new(), leading: false, results: HashMap::new() };
        Self { state: Mutex::new(state), keeps }
    }

    /// What `read` gives for the key, in one call for all keys of the same turn; `None` where it gives
    /// nothing for it.
    ///
    /// # Errors
    /// The error of that call, shared.
    pub async fn get(
        &self,
        key: K,
        read: impl AsyncFnOnce(Vec<K>) -> Result<HashMap<K, V>, StoreError>,
    ) -> Shared<V> {
        loop {
            let (mut slot, leads) = self.ask(key.clone());
            if leads {
                let mut turn = Turn { batch: self, keys: None, done: false };
                tokio::task::yield_now().await;
                let keys = self.take();
                turn.keys = Some(keys.clone());
                let outcome = read(keys).await.map_err(Arc::new);
                self.answer(turn.keys.take().unwrap_or_default(), outcome);
                turn.done = true;
                return slot.borrow_and_update().clone().unwrap_or(Ok(None));
            }
            // An error means that the leader was dropped with its part of the response: take its place.
            if let Ok(answer) = slot.wait_for(Option::is_some).await {
                return answer.clone().unwrap_or(Ok(None));
            }
        }
    }

    /// Keeps what was read by other means, so that nobody asks for it.
    pub fn feed(&self, known: impl IntoIterator<Item = (K, V)>) {
        if !self.keeps {
            return;
        }
        let mut state = self.lock();
        for (key, value) in known {
            let (_, slot) = watch::channel(Some(Ok(Some(value))));
            state.slots.insert(key, slot);
        }
    }

    /// Lets everybody go who waits for these keys, so that one of them leads.
    fn abandon(&self, keys: Vec<K>) {
        let mut state = self.lock();
        for key in keys {
            if state.results.remove(&key).is_some() {
                state.slots.remove(&key);
            }
        }
    }

    fn ask(&self, key: K) -> (watch::Receiver<Option<Shared<V>>>, bool) {
        let mut state = self.lock();
        if let Some(slot) = state.slots.get(&key) {
            return (slot.clone(), false);
        }
        let (sender, slot) = watch::channel(None);
        state.slots.insert(key.clone(), slot.clone());
        state.results.insert(key.clone(), sender);
        state.waiting.push(key);
        let leads = !std::mem::replace(&mut state.leading, true);
        (slot, leads)
    }

    fn take(&self) -> Vec<K> {
        let mut state = self.lock();
        state.leading = false;
        std::mem::take(&mut state.waiting)
    }

    fn answer(&self, keys: Vec<K>, outcome: Result<HashMap<K, V>, Arc<StoreError>>) {
        let mut state = self.lock();
        for key in keys {
            let answer = match &outcome {
                Ok(found) => Ok(found.get(&key).cloned()),
                Err(error) => Err(Arc::clone(error)),
            };
            if let Some(sender) = state.results.remove(&key) {
                sender.send_replace(Some(answer));
            }
            if !self.keeps {
                state.slots.remove(&key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One turn of a leader. Dropped before its keys are answered, as when another field's error ends its part
/// of the response, it hands the lead on.
struct Turn<'b, K: Eq + Hash + Clone, V: Clone> {
    batch: &'b Batch<K, V>,
    /// Taken keys that are not answered yet; `None` while they are still being collected.
    keys: Option<Vec<K>>,
    done: bool,
}

impl<K: Eq + Hash + Clone, V: Clone> Drop for Turn<'_, K, V> {
    fn drop(&mut self) {
        if !self.done {
            let keys = self.keys.take().unwrap_or_else(|| self.batch.take());
            self.batch.abandon(keys);
        }
    }
}
