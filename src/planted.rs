//! Bugs, planted one at a time to see whether the fault tests find them. No build of the product has this file: it takes
//! the feature `planted-bugs`, which only `tests/it/faults/planted.rs` asks for, and then `TALKBACK_PLANTED_BUG` chooses.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::bus::{EventBus, Hint, Topic};
use crate::domain::article::Article;
use crate::domain::event::Event;

static BUG: LazyLock<String> = LazyLock::new(|| std::env::var("TALKBACK_PLANTED_BUG").unwrap_or_default());

fn is(bug: &str) -> bool {
    *BUG == bug
}

/// Tells the nodes of an event before it is committed, and not again: they look for it, and it is not there yet.
/// The time between is what a busy disk would make of it.
pub async fn publish_before_commit(bus: &dyn EventBus, article: &Article) {
    if is_told_before_commit() {
        bus.publish(Hint { topic: Topic::Article(article.id), sequence: article.sequence });
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Whether [`publish_before_commit`] has said it all.
pub fn is_told_before_commit() -> bool {
    is("publish-before-commit")
}

/// Reads the log as `WHERE comment_id > :last` would: what was submitted early and approved late is passed over.
pub fn id_over_last(mut events: Vec<Event>) -> Vec<Event> {
    if is("id-over-last") {
        let mut last = None;
        events.retain(|event| {
            let later = event.comment_id() > last;
            last = last.max(event.comment_id());
            later
        });
    }
    events
}

/// Where a reader that has fallen behind a ring goes on: as a broadcast channel does, with the oldest that is there.
pub fn drop_on_lag(skip: i64) -> i64 {
    if is("drop-on-lag") { skip.max(0) } else { skip }
}

/// The sequence that a reader with a cursor goes on after.
pub fn resume_after(sequence: i64) -> i64 {
    match BUG.as_str() {
        "resume-off-by-one" => sequence + 1,
        "duplicate-on-resume" => (sequence - 1).max(0),
        _ => sequence,
    }
}

/// Whether everybody reads everybody's words, whatever a moderator said.
pub fn leaks_words() -> bool {
    is("leak")
}

/// Panics at that place: once, when it comes by there for the `nth` time.
///
/// # Panics
/// That is what it is for.
#[expect(clippy::panic, reason = "a bug, planted")]
pub fn panic_at(place: &str, nth: u32) {
    static PASSED: AtomicU32 = AtomicU32::new(0);
    if BUG.strip_prefix("panic-") == Some(place) && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == nth {
        panic!("planted");
    }
}
