//! Following an article: what readers are told equals what a fresh query says.

use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::Actor;
use crate::support::follower::{Ending, Follower, Transport};
use crate::support::newsroom::{Published, text, words};
use crate::support::node::NodeOptions;
use crate::support::operations::Operation;
use crate::support::wait;
use crate::support::world::{Backend, Plan, World};

/// What a reader's page shows: every comment with its words and counts, and the article's count.
#[derive(Clone, PartialEq, Debug, Default)]
struct Page {
    comments: BTreeMap<String, (Value, i64)>,
    count: i64,
}

impl Page {
    async fn fresh(reader: &Actor, article: &Published) -> Self {
        let read = reader.read(article).await;
        let mut page = Self { count: read["commentCount"].as_i64().unwrap(), ..Self::default() };
        for edge in read["comments"]["edges"].as_array().unwrap() {
            page.take(&edge["node"]);
            let below = reader.run("Thread", json!({ "id": edge["node"]["id"], "first": 100 })).await;
            for edge in below.list("/comment/descendants/edges") {
                page.take(&edge["node"]);
            }
        }
        page
    }

    fn take(&mut self, comment: &Value) {
        // A tombstone's place follows from its replies: a page knows those.
        if comment["body"].is_null() {
            return;
        }
        let count = comment["replyCount"].as_i64().unwrap();
        self.comments.insert(text(comment, "id").to_owned(), (comment["body"].clone(), count));
    }

    fn apply(&mut self, event: &Value) {
        if let Some(count) = event["commentCount"].as_i64() {
            self.count = count;
        }
        match text(event, "__typename") {
            "CommentPublished" | "CommentRestored" | "CommentEdited" => self.take(&event["comment"]),
            "CommentRemoved" => {
                self.comments.remove(text(event, "commentId"));
            }
            "CommentCountsChanged" => {
                if let Some(shown) = self.comments.get_mut(text(event, "commentId")) {
                    shown.1 = event["replyCount"].as_i64().unwrap();
                }
            }
            "ArticleUpdated" | "CommentingChanged" => {}
            other => panic!("{other} does not belong here"),
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_feed_over_a_snapshot_equals_a_fresh_query(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
    #[values(Transport::WebSocket, Transport::Sse)] transport: Transport,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let (ana, ben, mo) = (world.guest("Ana").await, world.guest("Ben").await, world.moderator().await);
    let top = ana.comment(&article, None, "before").await;
    let snapshot = world.anyone().read(&article).await;
    let mut page = Page::fresh(&world.anyone(), &article).await;
    let from = json!({ "articleId": article.id, "after": snapshot["feedCursor"] });
    let reader = world.node(1).anyone();
    let mut follower = Follower::open(transport, &reader, "ArticleEvents", from).await;

    // Everything that can happen to a page.
    let reply = ben.comment(&article, Some(text(&top, "id")), "reply").await;
    let deep = ana.comment(&article, Some(text(&reply, "id")), "deep").await;
    let edit = json!({ "id": reply["id"], "revision": 1, "body": words("other words") });
    ben.run("CommentEdit", json!({ "input": edit })).await.data("/commentEdit/comment/id");
    let gone = ana.comment(&article, None, "gone").await;
    let rejected = mo.reject(&gone).await;
    let spam = json!({ "id": deep["id"], "revision": deep["revision"] });
    mo.run("CommentMarkSpam", json!({ "input": spam })).await.data("/commentMarkSpam/comment/id");
    mo.approve(&rejected).await;
    ben.run("CommentReact", json!({ "input": { "id": top["id"], "kind": "LIKE", "on": true } })).await;
    ana.run("CommentDelete", json!({ "input": { "id": top["id"] } })).await;
    let editor = world.editor().await;
    let mut story = crate::support::newsroom::story("open");
    story["revision"] = json!(1);
    editor.run("ArticlePublish", json!({ "input": story })).await.data("/articlePublish/article/id");
    let close = json!({ "articleId": article.id, "state": "CLOSED" });
    editor.run("CommentingSet", json!({ "input": close })).await.data("/commentingSet/article/id");

    let mut seen = Vec::new();
    loop {
        let payload = follower.next_payload().await;
        let event = payload["data"]["articleEvents"]["event"].clone();
        page.apply(&event);
        let last = event["__typename"] == "CommentingChanged";
        seen.push(event);
        if last {
            break;
        }
    }
    assert_eq!(page, Page::fresh(&world.anyone(), &article).await, "{seen:#?}");

    // The same by query, to a poller.
    let since = json!({ "articleId": article.id, "after": snapshot["feedCursor"] });
    let polled = world.node(1).anyone().run("ArticleEventsSince", since).await;
    let kinds =
        |events: Vec<&Value>| events.iter().map(|e| text(e, "__typename").to_owned()).collect::<Vec<_>>();
    let polled: Vec<&Value> = polled.list("/articleEvents/edges").iter().map(|edge| &edge["node"]).collect();
    assert_eq!(kinds(polled), kinds(seen.iter().collect()));
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_event_shows_nothing_that_was_removed_since(
    #[values(Transport::WebSocket, Transport::Sse)] transport: Transport,
) {
    let world = World::embedded().await;
    let article = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    let snapshot = world.anyone().read(&article).await;
    let from = json!({ "articleId": article.id, "after": snapshot["feedCursor"] });
    // Somebody who has seen it all keeps the frames warm.
    let mut early = Follower::open(transport, &world.anyone(), "ArticleEvents", from.clone()).await;
    let comment = ana.comment(&article, None, "regretted").await;
    let payload = early.next_payload().await;
    assert_eq!(payload["data"]["articleEvents"]["event"]["comment"]["body"], comment["body"]);
    ana.run("CommentDelete", json!({ "input": { "id": comment["id"] } })).await;
    early.next_payload().await;

    let mut late = Follower::open(transport, &world.anyone(), "ArticleEvents", from).await;
    let seen = late.collect_until(2).await;
    let event = &seen[0]["data"]["articleEvents"]["event"];
    assert_eq!(event["__typename"], "CommentPublished");
    assert_eq!((&event["comment"]["body"], &event["comment"]["author"]), (&Value::Null, &Value::Null));
    assert_eq!(seen[1]["data"]["articleEvents"]["event"]["__typename"], "CommentRemoved");
    assert!(late.raw_frames().all(|frame| !frame.contains("regretted")));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_followed_is_refused_in_the_same_words_on_every_transport(
    #[values(Transport::WebSocket, Transport::Sse)] transport: Transport,
) {
    let world = World::embedded().await;
    let article = world.article("last-keeper").await;
    let unknown = format!("QQ{}", "A".repeat(21));
    for (id, after, code) in [
        ("x", Value::Null, "INVALID_ID"),
        (&*unknown, Value::Null, "NOT_FOUND"),
        (&*article.id, json!("x"), "BAD_CURSOR"),
    ] {
        let operation = Operation::named("ArticleEvents", json!({ "articleId": id, "after": after }));
        let ending = match Follower::try_open(transport, &world.anyone(), operation).await {
            Ok(mut follower) => match follower.try_next().await {
                Ok(payload) => payload,
                Err(Ending::Failed(errors)) => json!({ "errors": errors }),
                Err(other) => panic!("{other:?}"),
            },
            Err(Ending::Failed(errors)) => json!({ "errors": errors }),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(ending["errors"][0]["extensions"]["code"], code, "{ending:#}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_older_than_the_history_that_is_kept_is_told_to_start_over(
    #[values(Transport::WebSocket, Transport::Sse)] transport: Transport,
) {
    let flags = ["--rate-limits", "off", "--demo", "off", "--feed-retention-days", "0"].map(str::to_owned);
    let options = NodeOptions { flags: flags.to_vec(), ..NodeOptions::default() };
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    let article = world.open_article("open").await;
    let old = world.anyone().read(&article).await["feedCursor"].clone();
    let ana = world.guest("Ana").await;
    for number in 0..3 {
        ana.comment(&article, None, &format!("kept {number}")).await;
    }
    let recent = world.anyone().read(&article).await["feedCursor"].clone();
    // History is trimmed when a node starts, and now and then.
    world.node(0).terminate().await;
    world.node(0).start_again().await;
    let since = json!({ "articleId": article.id, "after": old });
    wait::eventually(wait::deadline(), "the history to be trimmed", async || {
        let polled = world.anyone().run("ArticleEventsSince", since.clone()).await;
        match polled.text("/articleEvents/edges/0/node/__typename") {
            "FeedReset" => Ok(()),
            other => Err(other.to_owned()),
        }
    })
    .await;
    let mut follower = Follower::open(transport, &world.anyone(), "ArticleEvents", since).await;
    let reset = follower.next_payload().await;
    assert_eq!(reset["data"]["articleEvents"]["event"]["reason"], "TRIMMED");
    // Who had seen everything goes on without a word.
    let from = json!({ "articleId": article.id, "after": recent });
    let mut current = Follower::open(transport, &world.anyone(), "ArticleEvents", from).await;
    let next = ana.comment(&article, None, "next").await;
    for reader in [&mut follower, &mut current] {
        let event = reader.next_payload().await;
        assert_eq!(event["data"]["articleEvents"]["event"]["comment"]["id"], next["id"]);
    }
    world.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fragment_at_the_root_is_refused_not_overlooked() {
    let world = World::embedded().await;
    let article = world.open_article("open").await;
    let document = "subscription($id: ID!) { ...Root } fragment Root on Subscription { articleEvents(articleId: $id) { cursor } }";
    let operation = Operation::raw(document, json!({ "id": article.id }));
    let mut reader = Follower::try_open(Transport::WebSocket, &world.anyone(), operation).await.unwrap();
    let Err(Ending::Failed(errors)) = reader.try_next().await else { panic!("it must fail") };
    assert_eq!(errors[0]["extensions"]["code"], "BAD_SUBSCRIPTION_ROOT");
}
