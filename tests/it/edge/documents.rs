//! Queries by their digest, and registered operations.

use reqwest::header::ALLOW;
use rstest::rstest;
use serde_json::{Value, json};

use super::{TEXT, answer, by_digest, code, get, with_flags};
use crate::support::client::Actor;
use crate::support::node::{Node, NodeOptions, Store};
use crate::support::operations::Operation;
use crate::support::reaper;
use crate::support::sse::{EventStream, Item};
use crate::support::wait;
use crate::support::world::{Backend, World};
use crate::support::ws::{Frame, Socket};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_sent_whole_to_one_node_and_by_its_digest_to_any(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let (here, there) = (world.node(0).anyone(), world.node(1).anyone());
    let unknown = answer(&here, &by_digest(TEXT)).await;
    assert_eq!(unknown["errors"][0]["message"], "PersistedQueryNotFound");
    assert_eq!(code(&unknown), "PERSISTED_QUERY_NOT_FOUND");

    let mut whole = by_digest(TEXT);
    whole["query"] = TEXT.into();
    assert_eq!(answer(&here, &whole).await, json!({ "data": { "__typename": "Query" } }));
    assert_eq!(answer(&there, &by_digest(TEXT)).await["data"]["__typename"], "Query");

    let extensions = by_digest(TEXT)["extensions"].to_string();
    let cached = get(&there, &[("extensions", &extensions)]).await;
    assert_eq!(cached.headers()["cache-control"], "public, max-age=0, s-maxage=2, must-revalidate");
    assert_eq!(cached.json::<Value>().await.unwrap()["data"]["__typename"], "Query");

    whole["query"] = "{ other: __typename }".into();
    assert_eq!(code(&answer(&here, &whole).await), "PERSISTED_QUERY_HASH_MISMATCH");
    let mutation = "mutation { sessionEnd { __typename } }";
    let mut by_post = by_digest(mutation);
    by_post["query"] = mutation.into();
    answer(&here, &by_post).await;
    let extensions = by_digest(mutation)["extensions"].to_string();
    let by_get = get(&here, &[("extensions", &extensions)]).await;
    assert_eq!((by_get.status().as_u16(), &by_get.headers()[ALLOW]), (405, &"POST".parse().unwrap()));
}

/// Sends a text with its digest.
async fn send_whole(actor: &Actor, text: &str) -> Value {
    let mut whole = by_digest(text);
    whole["query"] = text.into();
    answer(actor, &whole).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_each_scaled_node_knows_what_it_was_sent_and_they_share_again_when_it_is_back() {
    let world = World::scaled(2).await;
    let (here, there) = (world.node(0).anyone(), world.node(1).anyone());
    let known = json!({ "data": { "__typename": "Query" } });
    assert_eq!(send_whole(&here, TEXT).await, known);
    assert_eq!(answer(&there, &by_digest(TEXT)).await, known);

    let redis = world.redis();
    for outage in ["silent", "dead"] {
        if outage == "silent" {
            redis.pause()
        } else {
            redis.kill().await
        }
        let text = format!("query Persisted {{ __typename }} # while it is {outage}");
        assert_eq!(send_whole(&here, &text).await, known, "{outage}");
        assert_eq!(answer(&here, &by_digest(&text)).await, known, "{outage}");
        assert_eq!(code(&answer(&there, &by_digest(&text)).await), "PERSISTED_QUERY_NOT_FOUND", "{outage}");
        // So the client does what it does then.
        assert_eq!(send_whole(&there, &text).await, known, "{outage}");
        assert_eq!(answer(&there, &by_digest(&text)).await, known, "{outage}");
        assert_eq!(answer(&there, &by_digest(TEXT)).await, known, "what was shared before is remembered");
        world.node(0).logs("persisted queries are not shared").await;

        if outage == "silent" {
            redis.resume()
        } else {
            redis.start_again().await
        }
        // A node asks it again about a second after it failed: nothing announces that.
        let number = std::sync::atomic::AtomicU32::new(0);
        wait::eventually(wait::deadline(), "the nodes to share what they are sent", async || {
            let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let text = format!("query Persisted {{ __typename }} # {number} after it was {outage}");
            assert_eq!(send_whole(&here, &text).await, known);
            let answer = answer(&there, &by_digest(&text)).await;
            if answer == known { Ok(()) } else { Err(answer.to_string()) }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_only_registered_operations_run_no_other_does_on_any_transport() {
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/operations.graphql");
    let world = with_flags(&["--operations", ours, "--operations-only"]).await;
    let article = world.open_article("open").await;
    let anyone = world.anyone();
    let named = json!({ "documentId": "Article", "variables": { "slug": "open" } });
    assert_eq!(answer(&anyone, &named).await["data"]["article"]["id"], article.id);

    let refused = "OPERATION_NOT_REGISTERED";
    assert_eq!(anyone.raw(TEXT, json!({})).await.code(), refused);
    assert_eq!(code(&answer(&anyone, &by_digest(TEXT)).await), refused);
    assert_eq!(code(&get(&anyone, &[("query", TEXT)]).await.json().await.unwrap()), refused);

    let mut stream = EventStream::open(&anyone, &Operation::raw(TEXT, json!({})), None).await.unwrap();
    let first = loop {
        match stream.item().await.expect("an event") {
            Item::Event { data, .. } => break data,
            Item::Comment(_) => {}
            Item::End | Item::Cut(_) => panic!("no event"),
        }
    };
    assert!(first.contains(refused), "{first}");

    let mut socket = Socket::open(&anyone.base).await.unwrap();
    socket.init(None).await.unwrap();
    socket.subscribe("1", &Operation::raw(TEXT, json!({}))).await;
    let Some(Frame::Error { errors, .. }) = socket.frame().await else { panic!("no error") };
    assert_eq!(errors[0]["extensions"]["code"], refused);
    let payload = json!({ "documentId": "Article", "variables": { "slug": "open" } });
    socket.send(&json!({ "type": "subscribe", "id": "2", "payload": payload })).await;
    let Some(Frame::Next { payload, .. }) = socket.frame().await else { panic!("no answer") };
    assert_eq!(payload["data"]["article"]["id"], article.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_operation_that_is_no_good_is_named_before_anybody_is_served() {
    let home = reaper::directory("operations");
    let store = Store { data_dir: home.join("data"), database_url: None, redis_url: None };
    let folder = home.join("operations");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("good.graphql"), "query Front { articles(first: 3) { nodes { headline } } }")
        .unwrap();
    let started = async |name: &str, text: &str, limits: &str| {
        std::fs::write(folder.join(name), text).unwrap();
        let mut options = NodeOptions::default();
        options
            .flags
            .extend(["--operations", folder.to_str().unwrap(), "--limit", limits].map(str::to_owned));
        let started = Node::try_start(&store, options).await.map(drop);
        std::fs::remove_file(folder.join(name)).unwrap();
        started
    };
    let usual = "depth=20";
    assert_eq!(started("more.gql", "query More { __typename }", usual).await, Ok(()));
    for (name, text, limits, told) in [
        (
            "bad.graphql",
            "query Teaser { articles { nodes { headlin } } }",
            usual,
            ["bad.graphql", "Teaser", "headlin"],
        ),
        ("bad.json", r#"{"4f": "query Teaser { nothing }"}"#, usual, ["bad.json", "Teaser (4f)", "nothing"]),
        ("torn.graphql", "query Teaser {\n  articles {\n", usual, ["torn.graphql", "line 3", "expected"]),
        (
            "deep.graphql",
            "query Teaser { articles { nodes { headline } } }",
            "depth=2",
            ["deep.graphql", "Teaser", "levels"],
        ),
        (
            "again.graphql",
            "query Front { __typename }",
            usual,
            ["good.graphql", "Front", "another operation"],
        ),
    ] {
        let why = started(name, text, limits).await.expect_err(name);
        let line = why
            .lines()
            .find(|line| line.contains("talkback: can't register"))
            .unwrap_or_else(|| panic!("{why}"));
        // With so small a limit, whichever file comes first is the one that is told.
        let told = if limits == usual { told } else { ["graphql", "levels", "can't register"] };
        assert!(told.iter().all(|part| line.contains(part)), "{name}: {line}");
    }
}
