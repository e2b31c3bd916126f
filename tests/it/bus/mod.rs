//! What every bus promises, over each implementation; then (`outages`) what only Redis can do to one.
//!
//! Nothing here sleeps to let something happen: a test waits for the notice, or for the counter, that says
//! so. A bus may lose and repeat, so a test first makes sure that a follow has taken effect (`tune_in`), and
//! shows silence by what does arrive (`fence`).

mod node;
mod outages;

use std::time::{Duration, Instant};

use rstest::rstest;
use talkback::bus::{CAPACITY, Hint, LocalBus, Notice, RedisBus, Topic};
use tokio::time::timeout;

use self::node::{DEADLINE, Node, article, eventually};
use super::support::redis::OwnRedis;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Local,
    Redis,
}

/// Two nodes on one bus, and what keeps it running.
async fn two_nodes(kind: Kind) -> (Node, Node, Option<OwnRedis>) {
    match kind {
        Kind::Local => {
            let (bus, notices) = LocalBus::new();
            let b = Node::new(bus.endpoint());
            (Node::new((bus, notices)), b, None)
        }
        Kind::Redis => {
            let (a, b, redis) = two_nodes_on_redis().await;
            (a, b, Some(redis))
        }
    }
}

async fn two_nodes_on_redis() -> (Node, Node, OwnRedis) {
    let redis = OwnRedis::start().await;
    (on_redis(&redis).await, on_redis(&redis).await, redis)
}

async fn on_redis(redis: &OwnRedis) -> Node {
    Node::new(RedisBus::connect(&redis.url(), "talkback").await.expect("a bus"))
}

#[rstest]
#[tokio::test]
async fn a_hint_reaches_every_follower_the_publisher_included(
    #[values(Kind::Local, Kind::Redis)] kind: Kind,
) {
    let (mut a, mut b, _redis) = two_nodes(kind).await;
    let topics = [article(1), Topic::Moderation];
    a.tune_in(&b, &topics).await;
    b.tune_in(&a, &topics).await;
    for topic in topics {
        a.publish(topic, 1);
        a.until(topic, 1).await;
        b.until(topic, 1).await;
        b.publish(topic, 2);
        b.until(topic, 2).await;
        a.until(topic, 2).await;
    }
    assert!(a.bus.is_connected() && b.bus.is_connected());
}

#[rstest]
#[tokio::test]
async fn what_a_node_does_not_follow_does_not_reach_it(#[values(Kind::Local, Kind::Redis)] kind: Kind) {
    let (a, mut b, _redis) = two_nodes(kind).await;
    b.tune_in(&a, &[article(1)]).await;
    a.publish(article(2), 5);
    a.publish(Topic::Moderation, 6);
    assert_eq!(b.everything_from(&a).await, []);
}

#[rstest]
#[tokio::test]
async fn after_unfollowing_there_is_silence_until_following_again(
    #[values(Kind::Local, Kind::Redis)] kind: Kind,
) {
    let (a, mut b, _redis) = two_nodes(kind).await;
    b.tune_in(&a, &[article(1)]).await;
    b.bus.unfollow(article(1));
    b.bus.unfollow(article(1));
    a.publish(article(1), 1);
    assert_eq!(b.everything_from(&a).await, []);
    b.tune_in(&a, &[article(1)]).await;
    a.publish(article(1), 2);
    b.until(article(1), 2).await;
}

#[rstest]
#[tokio::test]
async fn following_twice_is_following_once(#[values(Kind::Local, Kind::Redis)] kind: Kind) {
    let (a, mut b, _redis) = two_nodes(kind).await;
    b.tune_in(&a, &[article(1)]).await;
    b.tune_in(&a, &[article(1)]).await;
    a.publish(article(1), 1);
    let once = Notice::Hint(Hint { topic: article(1), sequence: 1 });
    assert_eq!(b.everything_from(&a).await, [once]);
    b.bus.unfollow(article(1));
    a.publish(article(1), 2);
    assert_eq!(b.everything_from(&a).await, []);
}

#[rstest]
#[tokio::test]
async fn thousands_of_topics_are_followed_at_once(#[values(Kind::Local, Kind::Redis)] kind: Kind) {
    let (a, mut b, _redis) = two_nodes(kind).await;
    let topics: Vec<Topic> = (1..=2_000).map(article).collect();
    let started = Instant::now();
    for &topic in &topics {
        b.bus.follow(topic);
    }
    assert!(started.elapsed() < Duration::from_millis(300), "following waits: {:?}", started.elapsed());
    b.tune_in(&a, &topics).await;
    for &topic in &topics {
        b.bus.unfollow(topic);
    }
    a.publish(article(1_000), 1);
    assert_eq!(b.everything_from(&a).await, []);
}

#[rstest]
#[tokio::test]
async fn a_node_that_cannot_keep_up_gets_one_gap_and_holds_no_more_than_its_queue(
    #[values(Kind::Local, Kind::Redis)] kind: Kind,
) {
    let (a, mut b, _redis) = two_nodes(kind).await;
    let topics: Vec<Topic> = (1..=3 * CAPACITY as u128).map(article).collect();
    b.tune_in(&a, &topics).await;
    b.everything_from(&a).await;
    let before = b.bus.stats();

    for &topic in &topics {
        a.publish(topic, 1);
    }
    eventually("the flood has arrived", || {
        let now = b.bus.stats();
        now.received - before.received + now.dropped - before.dropped >= topics.len() as u64
    })
    .await;

    let now = b.bus.stats();
    assert_eq!(now.received - before.received, CAPACITY as u64);
    assert_eq!(now.gaps - before.gaps, 1);
    assert_eq!(b.next().await, Notice::Gap);
    // The gap stood for all of them; from here on hints flow again.
    assert_eq!(b.everything_from(&a).await, []);
    a.publish(article(1), 2);
    b.until(article(1), 2).await;
}

#[rstest]
#[tokio::test]
async fn a_dropped_bus_ends_its_notices_and_leaves_the_others_alone(
    #[values(Kind::Local, Kind::Redis)] kind: Kind,
) {
    let (a, mut b, _redis) = two_nodes(kind).await;
    b.tune_in(&a, &[article(1)]).await;
    let Node { bus, mut notices, .. } = a;
    bus.publish(Hint { topic: article(1), sequence: 7 });
    drop(bus);
    assert_eq!(timeout(DEADLINE, notices.recv()).await, Ok(None));
    // What was published before still went out.
    b.until(article(1), 7).await;
    b.publish(article(1), 8);
    b.until(article(1), 8).await;
}
