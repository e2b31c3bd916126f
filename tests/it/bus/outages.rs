//! What only Redis can do to a bus: die, hang, cut connections, refuse.

use std::time::{Duration, Instant};

use talkback::bus::{BusError, Hint, RedisBus, Topic};
use tokio::time::timeout;

use super::super::support::redis::OwnRedis;
use super::node::{DEADLINE, Node, article, eventually};
use super::two_nodes_on_redis;

#[tokio::test]
async fn a_killed_redis_delays_no_write_and_comes_back_with_a_gap() {
    let (mut a, mut b, redis) = two_nodes_on_redis().await;
    a.tune_in(&b, &[article(1)]).await;
    b.tune_in(&a, &[article(1)]).await;

    redis.kill().await;
    let started = Instant::now();
    for sequence in 1..=100 {
        a.publish(article(1), sequence);
    }
    assert!(started.elapsed() < Duration::from_millis(300), "publishing waits: {:?}", started.elapsed());
    // A node hears itself without Redis.
    a.until(article(1), 100).await;
    eventually("the outage is noticed", || !a.bus.is_connected() && !b.bus.is_connected()).await;
    // Long enough for the pauses between attempts to have grown to their longest.
    let failures = b.bus.stats().failures;
    eventually("the node keeps trying", || b.bus.stats().failures >= failures + 7).await;
    b.bus.follow(article(2));

    redis.start_again().await;
    let started = Instant::now();
    b.until_gap().await;
    // What was not followed before the outage is, too, and everything else still is.
    a.publish(article(1), 101);
    a.publish(article(2), 1);
    b.until(article(2), 1).await;
    a.publish(article(1), 102);
    b.until(article(1), 102).await;
    assert!(started.elapsed() < Duration::from_secs(3), "back after {:?}", started.elapsed());
    assert!(a.bus.is_connected() && b.bus.is_connected());
}

#[tokio::test]
async fn a_killed_subscriber_connection_is_replaced_with_a_gap() {
    let (a, mut b, redis) = two_nodes_on_redis().await;
    b.tune_in(&a, &[article(1)]).await;
    for sequence in 1..=3 {
        redis.command::<redis::Value>(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
        let started = Instant::now();
        b.until_gap().await;
        assert!(started.elapsed() < Duration::from_secs(3), "back after {:?}", started.elapsed());
        a.publish(article(1), sequence);
        assert_eq!(b.until(article(1), sequence).await, []);
    }
}

#[tokio::test]
async fn a_killed_publisher_connection_loses_no_hint() {
    let (a, mut b, redis) = two_nodes_on_redis().await;
    b.tune_in(&a, &[article(1)]).await;
    for sequence in 1..=3 {
        redis.command::<redis::Value>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
        a.publish(article(1), sequence);
        b.until(article(1), sequence).await;
    }
}

#[tokio::test]
async fn a_short_pause_of_redis_delays_hints_and_no_write() {
    let (a, mut b, redis) = two_nodes_on_redis().await;
    b.tune_in(&a, &[article(1)]).await;
    redis.command::<redis::Value>(&["CLIENT", "PAUSE", "700", "ALL"]).await;
    let started = Instant::now();
    a.publish(article(1), 1);
    assert!(started.elapsed() < Duration::from_millis(300), "publishing waits: {:?}", started.elapsed());
    assert_eq!(b.until(article(1), 1).await, []);
    assert!(b.bus.is_connected(), "a pause shorter than the patience of a PING is no outage");
}

#[tokio::test]
async fn a_redis_that_hangs_is_noticed_and_comes_back_with_a_gap() {
    let (a, mut b, redis) = two_nodes_on_redis().await;
    b.tune_in(&a, &[article(1)]).await;
    redis.pause();
    eventually("a server that answers nothing is noticed", || !b.bus.is_connected()).await;
    a.publish(article(1), 1);
    redis.resume();
    let started = Instant::now();
    b.until_gap().await;
    a.publish(article(1), 2);
    b.until(article(1), 2).await;
    assert!(started.elapsed() < Duration::from_secs(3), "back after {:?}", started.elapsed());
}

#[tokio::test]
async fn dropping_the_bus_during_an_outage_leaves_nothing_behind() {
    let (a, b, redis) = two_nodes_on_redis().await;
    redis.kill().await;
    eventually("the outage is noticed", || !a.bus.is_connected()).await;
    let Node { bus, mut notices, .. } = a;
    bus.publish(Hint { topic: article(1), sequence: 1 });
    drop(bus);
    assert_eq!(timeout(DEADLINE, notices.recv()).await, Ok(None));

    redis.start_again().await;
    eventually("the other node is back", || b.bus.is_connected()).await;
    let connections = || async { redis.command::<String>(&["CLIENT", "LIST"]).await.lines().count() };
    assert_eq!(connections().await, 3, "two of the node that is left, and the one that asks");
    drop(b);
    let started = Instant::now();
    while connections().await > 1 {
        assert!(started.elapsed() < DEADLINE, "connections stay open");
    }
}

#[tokio::test]
async fn messages_that_are_no_hints_are_ignored() {
    let (a, mut b, redis) = two_nodes_on_redis().await;
    b.tune_in(&a, &[Topic::Moderation]).await;
    for payload in ["", "what?", "1.5", "99999999999999999999"] {
        redis.command::<redis::Value>(&["PUBLISH", "talkback:moderation", payload]).await;
    }
    redis.command::<redis::Value>(&["PUBLISH", "talkback:moderation", "5"]).await;
    assert_eq!(b.until(Topic::Moderation, 5).await, []);
}

#[tokio::test]
async fn buses_with_different_prefixes_do_not_hear_each_other() {
    let (a, mut b, redis) = two_nodes_on_redis().await;
    let stranger = Node::new(RedisBus::connect(&redis.url(), "elsewhere").await.expect("a bus"));
    let mut witness = Node::new(RedisBus::connect(&redis.url(), "elsewhere").await.expect("a bus"));
    b.tune_in(&a, &[article(1)]).await;
    witness.tune_in(&stranger, &[article(1)]).await;
    stranger.publish(article(1), 1);
    witness.until(article(1), 1).await;
    assert_eq!(b.everything_from(&a).await, []);
}

async fn refused(url: &str) -> BusError {
    let started = Instant::now();
    let error = RedisBus::connect(url, "talkback").await.map(drop).expect_err("a refusal");
    assert!(started.elapsed() < Duration::from_secs(5), "{error} took {:?}", started.elapsed());
    let text = error.to_string();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!format!("{text} {error:?}").contains("hunter2"), "{text}");
    error
}

#[tokio::test]
async fn a_start_without_redis_fails_with_one_line() {
    let redis = OwnRedis::start().await;
    redis.kill().await;
    let error = refused(&redis.url()).await;
    assert!(matches!(error, BusError::Unreachable { .. }), "{error:?}");

    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    let error = refused(&format!("redis://:hunter2@{address}")).await;
    assert!(matches!(error, BusError::Unreachable { .. }), "{error:?}");

    for url in
        ["redis://:hunter2@", "http://:hunter2@localhost", "redis://:hunter2@127.0.0.1/seven", "hunter2"]
    {
        let error = refused(url).await;
        assert!(matches!(error, BusError::Url { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_start_that_redis_refuses_fails_with_one_line() {
    let redis = OwnRedis::start().await;
    let url = |login: &str| format!("redis://{login}@127.0.0.1:{}", redis.port());
    redis.command::<redis::Value>(&["ACL", "SETUSER", "bus", "on", ">right", "+@all", "&talkback:*"]).await;
    redis
        .command::<redis::Value>(&["ACL", "SETUSER", "outsider", "on", ">hunter2", "+@all", "resetchannels"])
        .await;
    redis.command::<redis::Value>(&["CONFIG", "SET", "requirepass", "right"]).await;

    for login in ["", "bus:hunter2", "outsider:hunter2"] {
        let error = refused(&url(login).replace("//@", "//")).await;
        assert!(matches!(error, BusError::Refused { .. }), "{login}: {error:?}");
    }
    let mut a = Node::new(RedisBus::connect(&url("bus:right"), "talkback").await.expect("a bus"));
    let b = Node::new(RedisBus::connect(&url(":right"), "talkback").await.expect("a bus"));
    a.tune_in(&b, &[article(1)]).await;
}
