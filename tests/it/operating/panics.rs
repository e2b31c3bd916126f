//! A panic in the engine of the feed, planted: whoever follows gets every event all the same, once and in order.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::example;
use crate::support::follower::{Follower, Transport};
use crate::support::node::NodeOptions;
use crate::support::world::{Backend, Plan, World};

const COMMENTS: usize = 25;

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_feed_costs_a_reader_a_reconnection_at_most(
    #[values("reading", "rendering", "carrying", "comparing")] place: &str,
    #[values(Transport::WebSocket, Transport::Sse)] transport: Transport,
) {
    let env = vec![("TALKBACK_PLANTED_BUG".to_owned(), format!("panic-{place}"))];
    let options = NodeOptions { binary: Some(example::binary().await), env, ..NodeOptions::default() };
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    let article = world.open_article("last-keeper").await;
    let (anyone, ana) = (world.anyone(), world.guest("Ana").await);
    let from = json!({ "articleId": article.id, "after": anyone.read(&article).await["feedCursor"] });
    let mut reader = Follower::open(transport, &anyone, "CommentApproved", from).await;
    let mut seen = Vec::new();
    for number in 0..COMMENTS {
        ana.comment(&article, None, &format!("number {number}")).await;
        while seen.len() <= number {
            let payload = reader.next_payload().await;
            match payload.pointer("/errors/0/extensions/code") {
                Some(code) => {
                    assert_eq!(code, "FEED_INTERRUPTED", "{payload}");
                    reader.resume().await;
                }
                None => seen.push(words(&payload)),
            }
        }
    }
    let all: Vec<_> = (0..COMMENTS).map(|number| format!("number {number}")).collect();
    assert_eq!(seen, all);
    world.node(0).logs("a task of the feed panicked").await;
    ana.comment(&article, None, "the last").await;
    assert_eq!(words(&reader.next_payload().await), "the last");
}

/// What was written, without what makes it long enough.
fn words(payload: &Value) -> String {
    let body = payload["data"]["commentApproved"]["comment"]["body"].as_str().unwrap_or_default();
    body.split(':').next().unwrap_or_default().to_owned()
}
