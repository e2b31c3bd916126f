//! Who acts too fast is told when to come back, at whichever node, and nobody else suffers.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::{Actor, Answer};
use crate::support::node::NodeOptions;
use crate::support::operations::Operation;
use crate::support::world::{Backend, Plan, World};

/// With limits, behind a proxy: the test itself.
async fn limited(backend: Backend) -> World {
    let flags = ["--rate-limits", "on", "--demo", "off", "--trusted-proxy", "127.0.0.0/8"];
    let options = NodeOptions { flags: flags.map(str::to_owned).to_vec(), ..NodeOptions::default() };
    World::planned(backend, Plan { options, ..Plan::default() }).await
}

/// A write that changes nothing: a name that nobody may have.
fn write() -> Operation {
    Operation::named("SessionStartGuest", json!({ "input": { "displayName": "" } }))
}

/// Writes from one address until that is too much: how many were taken, and the answer to the last.
async fn until_refused(actors: [&Actor; 2], from: &str, most: usize) -> (usize, Answer) {
    for taken in 0..most {
        let actor = actors[taken % 2];
        let request = actor.request(reqwest::Method::POST).json(&write()).header("x-forwarded-for", from);
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body: Value = response.json().await.unwrap();
        if status != 200 {
            return (taken, Answer { operation: write(), status, headers, body });
        }
    }
    panic!("{most} writes were taken, and none was refused");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn who_writes_too_fast_is_told_when_to_come_back(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = limited(backend).await;
    let ana = world.guest("Ana").await;
    let there = ana.at(world.node(1).url());
    let started = Instant::now();
    let (taken, refused) = until_refused([&ana, &there], "192.0.2.1", 60).await;
    // One more is allowed every three seconds.
    let most = 20 + usize::try_from(started.elapsed().as_secs() / 3).unwrap() + 1;
    assert!((20..=most).contains(&taken), "{taken} writes were taken, of both nodes together");
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMITED"), "{refused}");
    let wait = refused.errors()[0]["extensions"]["retryAfter"].as_u64().unwrap();
    assert!((1..=3).contains(&wait), "{refused}");
    assert_eq!(refused.headers["retry-after"], wait.to_string());
    assert!(world.anyone().run("Articles", json!({})).await.errors().is_empty(), "reading goes on");
    let moderator = world.moderator().await;
    for _ in 0..30 {
        let answer = moderator.send(write()).await;
        assert_eq!(answer.status, 200, "moderators work at their own pace\n{answer}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_limited_behind_its_proxy_and_its_neighbour_is_not(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = limited(backend).await;
    let (here, there) = (world.node(0).anyone(), world.node(1).anyone());
    let started = Instant::now();
    // What a client claims to have been forwarded for is to the left of what the proxy says.
    let (taken, refused) = until_refused([&here, &there], "198.51.100.7, 192.0.2.1", 400).await;
    let most = 120 + usize::try_from(started.elapsed().as_secs() * 2).unwrap() + 2;
    assert!((120..=most).contains(&taken), "{taken} writes were taken, of both nodes together");
    assert_eq!(refused.code(), "RATE_LIMITED", "{refused}");
    for other in ["192.0.2.2", "198.51.100.7", "2001:db8::1"] {
        let request = here.request(reqwest::Method::POST).json(&write()).header("x-forwarded-for", other);
        assert_eq!(request.send().await.unwrap().status(), 200, "{other}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn without_redis_each_node_counts_alone_and_nobody_waits(#[values(true, false)] hangs: bool) {
    let world = limited(Backend::Scaled).await;
    let anyone = world.anyone();
    assert_eq!(anyone.send(write()).await.status, 200);
    if hangs {
        world.redis().pause();
    } else {
        world.redis().kill().await;
    }
    let mut slow = Duration::ZERO;
    for _ in 0..20 {
        let started = Instant::now();
        assert_eq!(anyone.send(write()).await.status, 200, "it fails open");
        slow += started.elapsed();
    }
    // One request waits out its patience; the next know better.
    assert!(slow < Duration::from_secs(5), "twenty writes took {slow:?}");
    world.node(0).logs("write rates are counted per node until Redis is back").await;
    if hangs {
        world.redis().resume();
    } else {
        world.redis().start_again().await;
    }
    world.node(0).logs("write rates are counted for all nodes together").await;
}
