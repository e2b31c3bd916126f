//! Connections that died while they were idle.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use super::super::support::{
    follower::{Follower, Transport},
    node::NodeOptions,
    world::Backend,
};
use super::{arena::Arena, run::publish};

/// After PostgreSQL has ended every session, a pool is full of connections that nobody has missed yet. A reader must not
/// wait for each of them to fail in turn.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_scaled_nodes_does_not_wait_for_dead_connections_one_by_one() {
    let arena = Arena::build(Backend::Scaled, &NodeOptions::default()).await;
    let article = publish(&arena).await.remove(1);
    let ana = arena.anyone().guest("Ana").await;
    let asked = ana.run("Article", json!({ "slug": article.slug })).await;
    let variables = json!({ "articleId": article.global, "after": asked.text("/article/feedCursor") });
    let body = "Somebody wrote this before every connection died, at some length.";
    let input = json!({ "articleId": article.global, "body": body });
    assert!(ana.run("CommentSubmit", json!({ "input": input })).await.user_errors().is_empty());
    // As many at once as a pool has connections.
    join_all((0..64).map(|_| ana.run("Article", json!({ "slug": article.slug })))).await;

    arena.postgres().terminate_backends().await;
    let begun = Instant::now();
    let mut reader = Follower::open(Transport::Sse, &arena.anyone(), "ArticleEvents", variables).await;
    reader.next_payload().await;
    assert!(begun.elapsed() < Duration::from_secs(2), "the first event took {:?}", begun.elapsed());
}
