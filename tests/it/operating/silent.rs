//! A PostgreSQL that says nothing, for a while or in the connections that were open, and does not end them.

use std::time::Duration;

use serde_json::json;

use crate::support::follower::{Follower, Transport};
use crate::support::newsroom::words;
use crate::support::operations::Operation;
use crate::support::wait;
use crate::support::world::{Backend, Plan, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_connections_all_went_silent_opens_others() {
    let world = World::planned(Backend::Scaled, Plan { nodes: 1, faults: true, ..Plan::default() }).await;
    let article = world.open_article("last-keeper").await;
    let ana = world.guest("Ana").await;
    let link = world.postgres_link.as_ref().expect("a world with faults has one");

    // More requests than there are places in the pool, all of them under way when it happens.
    link.stall();
    let under_way: Vec<_> = (0..48)
        .map(|_| {
            let anyone = world.anyone();
            let read = json!({ "slug": article.slug, "first": 1 });
            tokio::spawn(async move { anyone.run("Article", read).await })
        })
        .collect();
    let full = async || {
        let open = link.open();
        if open >= 32 { Ok(()) } else { Err(format!("{open} connections")) }
    };
    wait::eventually(wait::deadline(), "every place to be taken", full).await;
    link.strand();
    link.resume();
    // Those who asked have gone; their connections are given back, and say nothing.
    under_way.iter().for_each(tokio::task::JoinHandle::abort);

    let taken = async || {
        let input = json!({ "articleId": article.id, "body": words("after") });
        let answer = ana.run("CommentSubmit", json!({ "input": input })).await;
        if answer.errors().is_empty() { Ok(()) } else { Err(answer.to_string()) }
    };
    wait::eventually(Duration::from_secs(20), "the node to be itself again", taken).await;
    world.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_would_follow_an_article_is_told_that_the_database_does_not_answer() {
    let world = World::planned(Backend::Scaled, Plan { nodes: 1, faults: true, ..Plan::default() }).await;
    let article = world.open_article("last-keeper").await;
    let link = world.postgres_link.as_ref().expect("a world with faults has one");
    link.stall();
    let follow = Operation::named("CommentApproved", json!({ "articleId": article.id }));
    for transport in [Transport::Sse, Transport::WebSocket] {
        let told = Follower::first_word(transport, &world.anyone(), follow.clone()).await;
        assert!(told.contains("UNAVAILABLE"), "{transport:?}: {told}");
    }
    link.resume();
    let ana = world.guest("Ana").await;
    let from = json!({ "articleId": article.id, "after": ana.read(&article).await["feedCursor"] });
    let mut reader = Follower::open(Transport::Sse, &ana, "CommentApproved", from).await;
    ana.comment(&article, None, "after").await;
    reader.next_payload().await;
}
