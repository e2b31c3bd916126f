//! What the node follows, and what of that the subscriber has not told Redis yet.

use std::collections::HashSet;
use std::sync::Mutex;

use tokio::sync::Notify;

use crate::bus::{Topic, lock};

#[derive(Debug, Default)]
pub(super) struct Interest {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    followed: HashSet<Topic>,
    /// Topics whose place in `followed` may differ from Redis's view; `None` without a connection, when
    /// the next one takes all of `followed` anyway and an outage must not pile up changes.
    untold: Option<HashSet<Topic>>,
}

/// What to tell Redis next.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) subscribe: Vec<Topic>,
    pub(super) unsubscribe: Vec<Topic>,
}

impl Interest {
    pub(super) fn add(&self, topic: Topic) {
        let mut state = lock(&self.state);
        if state.followed.insert(topic) {
            self.note(&mut state, topic);
        }
    }

    pub(super) fn remove(&self, topic: Topic) {
        let mut state = lock(&self.state);
        if state.followed.remove(&topic) {
            self.note(&mut state, topic);
        }
    }

    pub(super) fn includes(&self, topic: Topic) -> bool {
        lock(&self.state).followed.contains(&topic)
    }

    /// For a new connection: everything to subscribe to. Changes are recorded from here on.
    pub(super) fn start_over(&self) -> Vec<Topic> {
        let mut state = lock(&self.state);
        state.untold = Some(HashSet::new());
        state.followed.iter().copied().collect()
    }

    /// The connection is gone.
    pub(super) fn suspend(&self) {
        lock(&self.state).untold = None;
    }

    /// Waits until there is something to tell. Cancelling it loses nothing.
    pub(super) async fn changes(&self) -> Changes {
        loop {
            if let Some(changes) = self.take() {
                return changes;
            }
            self.changed.notified().await;
        }
    }

    fn take(&self) -> Option<Changes> {
        let mut state = lock(&self.state);
        let State { followed, untold } = &mut *state;
        let untold = untold.as_mut().filter(|untold| !untold.is_empty())?;
        let (subscribe, unsubscribe) = untold.drain().partition(|topic| followed.contains(topic));
        Some(Changes { subscribe, unsubscribe })
    }

    fn note(&self, state: &mut State, topic: Topic) {
        if let Some(untold) = &mut state.untold {
            untold.insert(topic);
            self.changed.notify_one();
        }
    }
}
