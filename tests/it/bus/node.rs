//! A node's end of a bus, as the tests use it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use talkback::bus::{CAPACITY, EventBus, Hint, Notice, Notices, Topic};
use talkback::domain::ids::ArticleId;
use tokio::time::timeout;
use uuid::Uuid;

pub const DEADLINE: Duration = Duration::from_secs(10);
/// Marks hints that only find out whether a topic is followed yet.
const PROBE: i64 = 0;
pub const FENCE: Topic = Topic::Article(ArticleId(Uuid::max()));

pub fn article(number: u128) -> Topic {
    Topic::Article(ArticleId(Uuid::from_u128(number)))
}

pub struct Node {
    pub bus: Arc<dyn EventBus>,
    pub notices: Notices,
    pub fences: i64,
}

impl Node {
    pub fn new<B: EventBus>((bus, notices): (Arc<B>, Notices)) -> Self {
        Self { bus, notices, fences: 0 }
    }

    pub fn publish(&self, topic: Topic, sequence: i64) {
        self.bus.publish(Hint { topic, sequence });
    }

    pub async fn next(&mut self) -> Notice {
        loop {
            let notice = timeout(DEADLINE, self.notices.recv()).await.expect("a notice in time");
            match notice.expect("a bus that is still there") {
                Notice::Hint(Hint { sequence: PROBE, .. }) => {}
                notice => return notice,
            }
        }
    }

    /// Reads up to and including the hint; returns what came before it.
    pub async fn until(&mut self, topic: Topic, sequence: i64) -> Vec<Notice> {
        let mut before = Vec::new();
        loop {
            match self.next().await {
                Notice::Hint(hint) if hint == (Hint { topic, sequence }) => return before,
                other => before.push(other),
            }
        }
    }

    pub async fn until_gap(&mut self) {
        while self.next().await != Notice::Gap {}
    }

    /// Follows all of `topics` (and the fence) and waits until what `other` publishes there arrives.
    pub async fn tune_in(&mut self, other: &Node, topics: &[Topic]) {
        let started = Instant::now();
        let mut silent: HashSet<Topic> = topics.iter().copied().chain([FENCE]).collect();
        for &topic in &silent {
            self.bus.follow(topic);
        }
        while !silent.is_empty() {
            assert!(started.elapsed() < DEADLINE, "{} topics stay silent", silent.len());
            // Fewer at a time than a queue holds: nobody reads while they are published.
            for &topic in silent.iter().take(CAPACITY / 2) {
                other.publish(topic, PROBE);
            }
            while let Ok(notice) = timeout(Duration::from_millis(20), self.notices.recv()).await {
                match notice.expect("a bus that is still there") {
                    Notice::Hint(hint) => {
                        assert_eq!(
                            hint.sequence, PROBE,
                            "a test that tunes in before reading what it waits for"
                        );
                        silent.remove(&hint.topic);
                    }
                    Notice::Gap => {}
                }
            }
        }
    }

    /// Everything that arrives from what `other`, to which this node is tuned in, has published so far. Hints
    /// that leave together may change places, so one fence could overtake them; the second leaves after them.
    pub async fn everything_from(&mut self, other: &Node) -> Vec<Notice> {
        let mut arrived = Vec::new();
        for _ in 0..2 {
            self.fences += 1;
            other.publish(FENCE, self.fences);
            arrived.extend(self.until(FENCE, self.fences).await);
        }
        arrived
    }
}

/// Waits for something that shows in no notice.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < DEADLINE, "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
