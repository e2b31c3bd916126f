//! The moderators' queues: what they hold, and what happens in them, told exactly once and in order.

use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::Actor;
use crate::support::follower::{Ending, Follower, Transport};
use crate::support::newsroom::{text, words};
use crate::support::operations::Operation;
use crate::support::world::{Backend, World};

const STATE: &str = "{ moderationState { cursor queues { name count } } }";

/// What an update says, in a word: the kind, the queue, and the comment.
fn told(payload: &Value) -> String {
    let update = &payload["data"]["moderationEvents"];
    let event = &update["event"];
    let id = event["comment"]["id"].as_str().or(event["commentId"].as_str()).unwrap_or_default();
    format!("{} {} {id}", text(event, "__typename"), event["queue"].as_str().unwrap_or("-"))
}

fn counts(queues: &Value) -> BTreeMap<String, i64> {
    let pair = |queue: &Value| (text(queue, "name").to_owned(), queue["count"].as_i64().unwrap());
    queues.as_array().unwrap().iter().map(pair).collect()
}

async fn state(who: &Actor) -> Value {
    who.raw(STATE, json!({})).await.data("/moderationState").clone()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_happens_in_the_queues_is_told_once_in_order_and_again_after_a_cursor(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
    #[values(Transport::WebSocket, Transport::Sse)] transport: Transport,
) {
    let world = World::start(backend).await;
    let article = world.article("one").await;
    let (ana, ben, mo) = (world.guest("Ana").await, world.guest("Ben").await, world.moderator().await);
    let before = state(&mo).await;
    let there = mo.at(world.node(1).url());
    let mut follower =
        Follower::open(transport, &there, "ModerationEvents", json!({ "after": before["cursor"] })).await;

    let first = ana.comment(&article, None, "first").await;
    let second = ben.comment(&article, None, "second").await;
    let claim = "mutation($id: ID!, $on: Boolean!) { commentClaim(input: { id: $id, on: $on }) { comment { id } userErrors { code } } }";
    mo.raw(claim, json!({ "id": first["id"], "on": true })).await.data("/commentClaim/comment/id");
    mo.approve(&first).await;
    let report = json!({ "input": { "id": first["id"], "reason": "ABUSE" } });
    assert!(ben.run("CommentReport", report).await.user_errors().is_empty());
    mo.run("CommentMarkSpam", json!({ "input": { "id": first["id"], "revision": 2 } })).await;
    ben.run("CommentDelete", json!({ "input": { "id": second["id"] } })).await;

    let (one, two) = (text(&first, "id"), text(&second, "id"));
    let about = |payloads: &[Value], id: &str| -> Vec<String> {
        payloads.iter().map(told).filter(|line| line.ends_with(id)).collect()
    };
    let payloads = follower.collect_until(12).await;
    assert_eq!(
        about(&payloads, one),
        [
            format!("CommentEnteredQueue PENDING {one}"),
            format!("CommentEnteredQueue ALL {one}"),
            format!("CommentClaimed - {one}"),
            format!("CommentClaimed - {one}"),
            format!("CommentLeftQueue PENDING {one}"),
            format!("CommentEnteredQueue REPORTED {one}"),
            format!("CommentLeftQueue REPORTED {one}"),
            format!("CommentEnteredQueue SPAM {one}"),
        ],
        "{payloads:#?}"
    );
    assert_eq!(
        about(&payloads, two),
        [
            format!("CommentEnteredQueue PENDING {two}"),
            format!("CommentEnteredQueue ALL {two}"),
            format!("CommentLeftQueue PENDING {two}"),
            format!("CommentLeftQueue ALL {two}"),
        ]
    );
    let last = &payloads.last().unwrap()["data"]["moderationEvents"];
    assert_eq!(counts(&last["queues"]), counts(&state(&mo).await["queues"]), "as a fresh query counts");

    // Whoever comes back with a cursor gets what they missed, the same; a deleted comment without its words.
    let after = payloads[3]["data"]["moderationEvents"]["cursor"].clone();
    let mut again = Follower::open(transport, &mo, "ModerationEvents", json!({ "after": after })).await;
    let repeated = again.collect_until(payloads.len() - 4).await;
    let lines = |payloads: &[Value]| payloads.iter().map(told).collect::<Vec<_>>();
    assert_eq!(lines(&repeated), lines(&payloads[4..]));
    let seen = format!("{repeated:?}");
    assert!(!seen.contains(&words("second")), "taken back: {seen}");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn only_moderators_follow_and_search_the_queues(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let articles = [world.article("one").await, world.article("two").await];
    let (ana, ben, mo) = (world.guest("Ana").await, world.guest("Ben").await, world.moderator().await);
    for transport in [Transport::WebSocket, Transport::Sse] {
        let opened =
            Follower::try_open(transport, &ana, Operation::named("ModerationEvents", json!({}))).await;
        let ending = match opened {
            Ok(mut follower) => follower.try_next().await,
            Err(ending) => Err(ending),
        };
        match ending {
            Ok(refusal) => {
                assert_eq!(refusal["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refusal}");
                assert!(refusal["data"].is_null(), "{refusal}");
            }
            Err(Ending::Failed(errors)) => assert!(errors.to_string().contains("FORBIDDEN"), "{errors}"),
            Err(Ending::Refused(text)) => assert!(text.contains("FORBIDDEN"), "{text}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(ana.raw(STATE, json!({})).await.code(), "FORBIDDEN");
    for (who, article, mark) in
        [(&ana, 0, "Harbour lights"), (&ben, 0, "100% of it"), (&ana, 1, "the HARBOUR again")]
    {
        who.comment(&articles[article], None, mark).await;
    }
    let author = ana.run("Viewer", json!({})).await.data("/viewer/id").clone();
    let search = "query($article: ID, $author: ID, $text: String) {
        moderationQueue(queue: PENDING, articleId: $article, authorId: $author, text: $text) { totalCount nodes { id } } }";
    for (variables, count) in [
        (json!({}), 3),
        (json!({ "text": "harbour" }), 2),
        (json!({ "text": "100%" }), 1),
        (json!({ "text": "1_0" }), 0),
        (json!({ "author": author }), 2),
        (json!({ "author": author, "article": articles[1].id, "text": "HARBOUR" }), 1),
    ] {
        let answer = mo.raw(search, variables.clone()).await;
        assert_eq!(answer.number("/moderationQueue/totalCount"), count, "{variables}");
        assert_eq!(answer.list("/moderationQueue/nodes").len() as i64, count, "{variables}");
    }
    assert_eq!(mo.raw(search, json!({ "text": "x" })).await.code(), "BAD_SEARCH");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn two_moderators_on_the_same_hundred_comments(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let articles = [world.article("one").await, world.article("two").await];
    let ana = world.editor().await;
    let mut items = Vec::new();
    for number in 0..100 {
        let comment = ana.comment(&articles[number % 2], None, &format!("contested {number}")).await;
        items.push(json!({ "id": comment["id"], "revision": comment["revision"] }));
    }
    let (mo, mia) = (world.moderator().await, world.person("MODERATOR", "Mia").await.at(world.node(1).url()));
    let race = |who: Actor, to: &'static str, items: Vec<Value>| async move {
        let mut codes = Vec::new();
        for part in items.chunks(20) {
            let input = json!({ "items": part, "to": to });
            let answer = who.run("CommentsModerate", json!({ "input": input })).await;
            let results = answer.list("/commentsModerate/results").to_vec();
            codes.extend(results.iter().map(|it| it["userErrors"][0]["code"].as_str().map(str::to_owned)));
        }
        codes
    };
    let mut backwards = items.clone();
    backwards.reverse();
    let (approved, mut rejected) =
        tokio::join!(race(mo.clone(), "APPROVED", items), race(mia, "REJECTED", backwards));
    rejected.reverse();
    let mut won = 0;
    for pair in approved.iter().zip(&rejected) {
        match pair {
            (None, Some(code)) | (Some(code), None) if code == "CONFLICT" => {
                won += i64::from(pair.0.is_none())
            }
            other => panic!("decided once, and the other told: {other:?}"),
        }
    }
    let mut shown = 0;
    for article in &articles {
        shown += world.anyone().read(article).await["commentCount"].as_i64().unwrap();
    }
    assert_eq!(shown, won);
    assert_eq!(counts(&state(&mo).await["queues"])["PENDING"], 0);
    world.check().await;
}
