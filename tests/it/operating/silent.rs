//! A PostgreSQL that lost its power and was replaced: its connections say nothing any more, and do not end.

use std::time::Duration;

use serde_json::json;

use crate::support::newsroom::words;
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
