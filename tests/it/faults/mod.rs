//! The first promise, under fire: a reader gets every event of an article exactly once and in order, whatever dies.
//!
//! A run (`campaign`, `run`) builds an installation behind faulty links (`arena`), lets people write (`script`, `ledger`) and
//! follow (`reader`, `frame`), and strikes (`fault`, `strikes`) as its seed says (`dice`). Then comes the verdict (`judge`), with
//! the database as the oracle (`oracle`): each reader's frames are held against the log (`check`), and a page that followed the
//! feed against a fresh one (`replay`).
//! `planted` shows that the checker is no rubber stamp: six bugs, planted one by one, must each be found.
//!
//! ```text
//! TALKBACK_FAULTS_SEED=123 cargo test --test it faults::   the same decisions again
//! TALKBACK_FAULTS=500 cargo test --test it faults::        a longer campaign
//! ```
//!
//! The same seed makes the same decisions in the same order; how they fall in with the servers' own timing, no seed can say.

mod arena;
mod campaign;
mod check;
mod dice;
mod fault;
mod frame;
mod judge;
mod ledger;
mod oracle;
mod planted;
mod pool;
mod reader;
mod removal;
mod replay;
mod run;
mod script;
mod strikes;

use std::time::Duration;

use talkback::{clock::Clock, domain::ids::CommentId, graphql::GlobalId};
use uuid::Uuid;

use self::campaign::Campaign;
use super::support::{pressure::Took, world::Backend};

/// An article that is fought over.
#[derive(Clone, Debug)]
pub struct Article {
    pub index: usize,
    pub slug: String,
    pub global: String,
    pub id: Uuid,
    /// Whether a moderator reads first. Of the two, one is of each kind.
    pub premoderated: bool,
}

/// Something that must not be.
#[derive(Clone, Debug)]
pub struct Violation {
    pub what: What,
    pub text: String,
    /// Late by the clock alone: without the time in which somebody waited for a processor, it is not.
    pub excused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Acknowledged, and not stored; or stored twice.
    Lost,
    /// A write whose outcome nobody would tell.
    Unsettled,
    /// The log and the history in the database don't agree.
    Log,
    /// A reader never saw an event.
    Missing,
    /// A reader saw an event twice, or late.
    Twice,
    /// A frame says something else than the log.
    Content,
    /// A frame shows words that were not to be shown, or hides others.
    Words,
    /// A frame, or an end, that should never come.
    Odd,
    /// Readers were behind for longer than promised after a fault was over.
    Slow,
    /// Nothing is wrong, and yet events come late.
    Late,
    /// A page that followed the feed is not what a fresh one is.
    Replay,
    /// `talkback check` found something.
    Check,
}

impl Violation {
    pub fn new(what: What, text: impl Into<String>) -> Self {
        Self { what, text: text.into(), excused: false }
    }

    /// What took longer than `limit` is late; excused, if its fair time did not.
    pub fn late(what: What, took: Took, limit: Duration, text: String) -> Option<Self> {
        (took.all > limit).then(|| Self { what, text, excused: took.fair <= limit })
    }
}

/// A comment's id without its wrapping.
pub fn comment_uuid(global: &str) -> Uuid {
    match GlobalId::decode(&async_graphql::ID(global.to_owned())) {
        Ok(GlobalId::Comment(CommentId(id))) => id,
        other => panic!("{global:?} is no comment's id: {other:?}"),
    }
}

/// Faults of the ordinary run, both ways to run the service together.
const FAULTS: usize = 64;

fn faults() -> usize {
    std::env::var("TALKBACK_FAULTS").map_or(FAULTS, |text| text.parse().expect("TALKBACK_FAULTS is a number"))
}

/// A run's seed: the one that is asked for, else a new one.
fn seed() -> u64 {
    std::env::var("TALKBACK_FAULTS_SEED").map_or_else(
        |_| Clock::system().now().timestamp_micros().unsigned_abs() % 1_000_000_000,
        |text| text.parse().expect("TALKBACK_FAULTS_SEED is a number"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_one_node_misses_nothing_and_sees_nothing_twice() {
    Campaign::new(Backend::Embedded, seed(), faults() / 4).run().await.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_scaled_nodes_misses_nothing_and_sees_nothing_twice() {
    Campaign::new(Backend::Scaled, seed(), faults() - faults() / 4).run().await.assert_clean();
}
