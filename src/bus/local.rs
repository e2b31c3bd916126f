//! The bus of a single process: publishing walks the ends and puts the hint into the queues of followers.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::notices::{NoticeSender, Notices, channel};
use super::{BusStats, EventBus, Hint, Topic, lock};

/// One end of an in-process bus. A service has one; [`LocalBus::endpoint`] gives tests a second node.
#[derive(Debug)]
pub struct LocalBus {
    ends: Arc<Mutex<Vec<Weak<End>>>>,
    own: Arc<End>,
    published: AtomicU64,
}

#[derive(Debug)]
struct End {
    followed: Mutex<HashSet<Topic>>,
    notices: NoticeSender,
}

impl LocalBus {
    /// A bus with one end.
    pub fn new() -> (Arc<Self>, Notices) {
        Self::join(Arc::default())
    }

    /// Another node's end of the same bus. The bus lasts until its last end is dropped.
    pub fn endpoint(&self) -> (Arc<Self>, Notices) {
        Self::join(self.ends.clone())
    }

    fn join(ends: Arc<Mutex<Vec<Weak<End>>>>) -> (Arc<Self>, Notices) {
        let (sender, notices) = channel();
        let own = Arc::new(End { followed: Mutex::default(), notices: sender });
        {
            let mut present = lock(&ends);
            present.retain(|end| end.strong_count() > 0);
            present.push(Arc::downgrade(&own));
        }
        (Arc::new(Self { ends, own, published: AtomicU64::new(0) }), notices)
    }
}

impl EventBus for LocalBus {
    fn publish(&self, hint: Hint) {
        self.published.fetch_add(1, Ordering::Relaxed);
        for end in lock(&self.ends).iter().filter_map(Weak::upgrade) {
            if lock(&end.followed).contains(&hint.topic) {
                end.notices.hint(hint);
            }
        }
    }

    fn follow(&self, topic: Topic) {
        lock(&self.own.followed).insert(topic);
    }

    fn unfollow(&self, topic: Topic) {
        lock(&self.own.followed).remove(&topic);
    }

    fn is_connected(&self) -> bool {
        true
    }

    fn stats(&self) -> BusStats {
        let (received, dropped, gaps) = self.own.notices.counts();
        BusStats { published: self.published.load(Ordering::Relaxed), received, dropped, gaps, failures: 0 }
    }
}
