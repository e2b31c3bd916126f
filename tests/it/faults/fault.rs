//! Faults: which there are, and which strike when.

use std::{fmt, time::Duration};

use super::super::support::world::Backend;
use super::dice::Dice;

/// One fault, with all that it needs to be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    pub fault: Fault,
    /// The node it is about.
    pub node: usize,
    pub lasts: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL, and a start after a while.
    NodeKilled,
    /// SIGKILL after a commit whose hint never left the node: the link to Redis was stalled.
    NodeKilledBeforePublish,
    /// SIGKILL while answers of the database don't reach the node: after commits that it never heard of.
    NodeKilledBeforeAnswer,
    /// SIGTERM, and a start when it has ended.
    NodeDrained,
    /// SIGSTOP.
    NodePaused,
    /// Every connection of its clients breaks.
    ClientsCut,
    /// Every connection of its clients breaks in the middle of a frame.
    ClientsCutInAFrame,
    /// Nothing moves between it and its readers, while the others write on.
    ReadersLinkStalled,
    /// Everything between it and its clients takes longer.
    ClientsDelayed,
    /// Some readers' connections break.
    ReadersCut,
    /// Some readers stop reading.
    ReadersStalled,
    RedisKilled,
    RedisPaused,
    /// `CLIENT KILL TYPE pubsub`
    RedisSubscribersCut,
    RedisLinkCut,
    RedisLinkStalled,
    /// A fast shutdown and a start.
    PostgresRestarted,
    /// All its processes die at once.
    PostgresKilled,
    PostgresPaused,
    /// Every session of its clients ends.
    PostgresBackendsTerminated,
    PostgresLinkCut,
    PostgresLinkStalled,
    PostgresLinkDelayed,
}

use Fault as F;

/// What can happen to a single node with SQLite.
const ANYWHERE: [Fault; 9] = [
    F::NodeKilled,
    F::NodeDrained,
    F::NodePaused,
    F::ClientsCut,
    F::ClientsCutInAFrame,
    F::ReadersLinkStalled,
    F::ClientsDelayed,
    F::ReadersCut,
    F::ReadersStalled,
];

/// What can happen besides to nodes on PostgreSQL and Redis.
const SCALED: [Fault; 14] = [
    F::NodeKilledBeforePublish,
    F::NodeKilledBeforeAnswer,
    F::RedisKilled,
    F::RedisPaused,
    F::RedisSubscribersCut,
    F::RedisLinkCut,
    F::RedisLinkStalled,
    F::PostgresRestarted,
    F::PostgresKilled,
    F::PostgresPaused,
    F::PostgresBackendsTerminated,
    F::PostgresLinkCut,
    F::PostgresLinkStalled,
    F::PostgresLinkDelayed,
];

/// What may come on top of any other: nothing here keeps a node from starting.
const ON_TOP: [Fault; 5] =
    [F::ClientsCut, F::ClientsCutInAFrame, F::ClientsDelayed, F::ReadersCut, F::RedisSubscribersCut];

/// So many faults: each kind once, in an order of chance, before any comes again.
pub fn plan(backend: Backend, count: usize, dice: &mut Dice) -> Vec<Vec<Strike>> {
    let kinds: Vec<Fault> = match backend {
        Backend::Embedded => ANYWHERE.to_vec(),
        Backend::Scaled => ANYWHERE.into_iter().chain(SCALED).collect(),
    };
    let (mut rounds, mut bag, mut struck) = (Vec::new(), Vec::new(), 0);
    while struck < count {
        if bag.is_empty() {
            bag.clone_from(&kinds);
        }
        let mut round = vec![strike(bag.swap_remove(dice.below(bag.len())), dice)];
        if dice.percent(25) && struck + 1 < count {
            let on_top = *dice.one_of(&ON_TOP).expect("there are some");
            let deaf = matches!(round[0].fault, F::RedisKilled | F::RedisPaused);
            let possible = kinds.contains(&on_top)
                && on_top != round[0].fault
                && !(deaf && on_top == F::RedisSubscribersCut);
            round.extend(possible.then(|| strike(on_top, dice)));
        }
        struck += round.len();
        rounds.push(round);
    }
    rounds
}

fn strike(fault: Fault, dice: &mut Dice) -> Strike {
    Strike { fault, node: dice.below(2), lasts: dice.millis(200, 1800) }
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} (node {}, {:?})", self.fault, self.node, self.lasts)
    }
}
