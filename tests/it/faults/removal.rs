//! What was taken back stays taken back, also on a node that has not heard of it yet.

use serde_json::{Value, json};

use super::super::support::{
    follower::{Follower, Transport},
    node::NodeOptions,
    world::Backend,
};
use super::{arena::Arena, run::publish};

/// With Redis dead, the other node learns of a rejection by comparing, a second later. Somebody who opens the page in that
/// second must not be shown the words: they were gone before.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_after_a_removal_is_not_shown_what_it_removed_on_scaled_nodes_without_redis() {
    let arena = Arena::build(Backend::Scaled, &NodeOptions::default()).await;
    let article = publish(&arena).await.remove(1);
    let ana = arena.anyone().guest("Ana").await;
    let moderator = arena.person("MODERATOR", "Mo Derator").await;
    let after = moderator.run("Article", json!({ "slug": article.slug })).await;
    let variables = json!({ "articleId": article.global, "after": after.text("/article/feedCursor") });
    arena.redis().kill().await;
    let elsewhere = arena.anyone().at(arena.posts[1].readers.http_url());
    let mut first = Follower::open(Transport::Sse, &elsewhere, "ArticleEvents", variables.clone()).await;
    let mut expected = 0;
    for number in 0..5 {
        let body = format!("Words number {number}, which somebody will think better of soon.");
        let input = json!({ "articleId": article.global, "body": body });
        let submitted = ana.run("CommentSubmit", json!({ "input": input })).await;
        let id = submitted.text("/commentSubmit/comment/id").to_owned();
        // The other node has rendered it by now.
        let shown = first.next_payload().await;
        assert_eq!(shown.pointer("/data/articleEvents/event/comment/body"), Some(&Value::from(body)));
        let rejected = moderator.run("CommentReject", json!({ "input": { "id": id, "revision": 1 } })).await;
        assert!(rejected.user_errors().is_empty(), "{rejected}");

        let mut late =
            Follower::open(Transport::WebSocket, &elsewhere, "ArticleEvents", variables.clone()).await;
        let frames = late.collect_until(expected + 2).await;
        let texts: Vec<_> = frames.iter().map(ToString::to_string).collect();
        assert!(
            !texts.iter().any(|text| text.contains("Words number")),
            "words that were removed before\n{texts:#?}"
        );
        expected += 2;
        let removed = first.next_payload().await;
        assert_eq!(
            removed.pointer("/data/articleEvents/event/__typename"),
            Some(&Value::from("CommentRemoved"))
        );
    }
}
