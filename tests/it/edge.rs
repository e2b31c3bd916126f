//! The letter of the protocols, where the reference clients (`tests/clients`) don't reach.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use reqwest::{Method, RequestBuilder, Response, Url};
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};
use talkback::auth::digest;

use crate::support::client::Actor;
use crate::support::node::NodeOptions;
use crate::support::operations::Operation;
use crate::support::sse::{EventStream, Item};
use crate::support::wait;
use crate::support::world::{Backend, Plan, World};
use crate::support::ws::{Frame, Socket};

const TEXT: &str = "query Persisted { __typename }";

fn by_digest(text: &str) -> Value {
    json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": digest(text) } } })
}

async fn post(actor: &Actor, body: &Value) -> Response {
    actor.request(Method::POST).json(body).send().await.unwrap()
}

async fn answer(actor: &Actor, body: &Value) -> Value {
    post(actor, body).await.json().await.unwrap()
}

fn code(answer: &Value) -> &str {
    answer.pointer("/errors/0/extensions/code").and_then(Value::as_str).unwrap_or("(none)")
}

/// A request with parameters in its address.
fn asking(actor: &Actor, method: Method, parameters: &[(&str, &str)]) -> RequestBuilder {
    let url = Url::parse_with_params(&format!("{}/graphql", actor.base), parameters).unwrap();
    let request = actor.http.request(method, url);
    match &actor.token {
        Some(token) => request.bearer_auth(token),
        None => request,
    }
}

async fn get(actor: &Actor, parameters: &[(&str, &str)]) -> Response {
    asking(actor, Method::GET, parameters).send().await.unwrap()
}

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
async fn an_operation_too_many_is_an_error_and_the_others_go_on() {
    let world = World::embedded().await;
    let article = world.open_article("open").await;
    let mut socket = Socket::open(&world.anyone().base).await.unwrap();
    socket.init(None).await.unwrap();
    let follow = Operation::named("CommentApproved", json!({ "articleId": article.id }));
    for id in 0..32 {
        socket.subscribe(&id.to_string(), &follow).await;
    }
    socket.subscribe("one more", &follow).await;
    let Some(Frame::Error { id, errors }) = socket.frame().await else { panic!("no error") };
    assert_eq!((&*id, &errors[0]["extensions"]["code"]), ("one more", &json!("TOO_MANY_OPERATIONS")));
    socket.complete("7").await;
    socket.subscribe("in its place", &Operation::raw(TEXT, json!({}))).await;
    let Some(Frame::Next { id, .. }) = socket.frame().await else { panic!("no answer") };
    assert_eq!(id, "in its place");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_may_come_packed_within_the_limit() {
    let world = World::embedded().await;
    let anyone = world.anyone();
    let send = async |encoding: &str, body: Vec<u8>| {
        let request = anyone.request(Method::POST).header(CONTENT_TYPE, "application/json");
        let response = request.header(CONTENT_ENCODING, encoding).body(body).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let pack = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let query = json!({ "query": "{ __typename }" }).to_string();
    assert_eq!(send("gzip", pack(query.as_bytes())).await.1["data"]["__typename"], "Query");
    let bomb = pack(&vec![b' '; 100 * 1024 * 1024]);
    assert!(bomb.len() < 128 * 1024);
    for (encoding, body, status, expected) in [
        ("gzip", bomb, 413, "PAYLOAD_TOO_LARGE"),
        ("gzip", query.clone().into_bytes(), 400, "BAD_REQUEST"),
        ("br", query.clone().into_bytes(), 415, "UNSUPPORTED_ENCODING"),
        ("gzip, gzip", pack(&pack(query.as_bytes())), 415, "UNSUPPORTED_ENCODING"),
    ] {
        let (got, answer) = send(encoding, body).await;
        assert_eq!((got, code(&answer)), (status, expected), "{encoding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_method_has_its_answer() {
    let world = World::embedded().await;
    let anyone = world.anyone();
    let query = [("query", "{ articles(first: 1) { totalCount } }")];
    let first = get(&anyone, &query).await;
    let tag = first.headers()[ETAG].clone();
    assert_eq!(first.headers()["cache-control"], "public, no-cache");
    let again = asking(&anyone, Method::GET, &query).header(IF_NONE_MATCH, &tag).send().await.unwrap();
    assert_eq!((again.status().as_u16(), again.headers()[ETAG].clone()), (304, tag.clone()));
    world.open_article("open").await;
    let changed = asking(&anyone, Method::GET, &query).header(IF_NONE_MATCH, &tag).send().await.unwrap();
    assert_eq!(changed.status().as_u16(), 200, "it is another answer now");
    let signed_in = get(&world.editor().await, &query).await;
    assert_eq!(signed_in.headers()["cache-control"], "no-store", "an answer to somebody is nobody else's");

    for (age, header) in [
        ("15", "public, max-age=15, stale-while-revalidate=60"),
        ("3600", "public, max-age=30, stale-while-revalidate=60"),
        ("0", "public, no-cache"),
    ] {
        let extensions = format!(r#"{{"maxAge":{age}}}"#);
        let aged = [query[0], ("extensions", extensions.as_str())];
        let old = get(&anyone, &aged).await;
        assert_eq!(old.headers()["cache-control"], header);
        assert_eq!(old.headers()["vary"], "accept, authorization, cookie");
        assert_eq!(get(&world.editor().await, &aged).await.headers()["cache-control"], "no-store");
    }
    let wrong = get(&anyone, &[query[0], ("extensions", r#"{"maxAge":"long"}"#)]).await;
    assert_eq!((wrong.status().as_u16(), code(&wrong.json().await.unwrap())), (400, "BAD_REQUEST"));
    let failed = get(&anyone, &[("query", "{ article { id } }"), ("extensions", r#"{"maxAge":15}"#)]).await;
    assert_eq!(failed.headers()["cache-control"], "no-store", "what failed is nobody's to keep");

    let head = asking(&anyone, Method::HEAD, &query).send().await.unwrap();
    assert_eq!(head.status().as_u16(), 200);
    assert!(head.headers().contains_key(ETAG) && head.text().await.unwrap().is_empty());
    let options = anyone.request(Method::OPTIONS).send().await.unwrap();
    assert_eq!(
        (options.status().as_u16(), &options.headers()[ALLOW]),
        (204, &"GET, HEAD, POST, OPTIONS".parse().unwrap())
    );
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let refused = anyone.request(method).send().await.unwrap();
        assert_eq!(refused.status().as_u16(), 405);
        assert_eq!(refused.headers()[ALLOW], "GET, HEAD, POST, OPTIONS");
        assert_eq!(code(&refused.json().await.unwrap()), "METHOD_NOT_ALLOWED");
    }
}

async fn with_flags(flags: &[&str]) -> World {
    let mut options = NodeOptions::default();
    options.flags.extend(flags.iter().map(|flag| (*flag).to_owned()));
    World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_set_by_name_and_the_cost_is_told_to_who_asks() {
    let world =
        with_flags(&["--limit", "depth=2,socket-operations=1", "--limit", "execution-seconds=1"]).await;
    let anyone = world.anyone();
    let deep = anyone.raw("{ articles(first: 1) { nodes { slug } } }", json!({})).await;
    assert_eq!(deep.code(), "TOO_DEEP");
    assert_eq!(deep.body["errors"][0]["extensions"]["limit"], 2);
    // Whoever holds the database's pen makes every writer wait.
    let inside = world.store.look_inside().await;
    let pen = inside.begin().await.unwrap();
    pen.execute_unprepared("UPDATE article SET slug = slug").await.unwrap();
    let write =
        json!({ "query": "mutation { sessionStartGuest(input: { displayName: \"Ana\" }) { token } }" });
    let slow = post(&anyone, &write).await;
    assert_eq!(slow.status().as_u16(), 503);
    assert_eq!(code(&slow.json().await.unwrap()), "TIMEOUT");
    pen.rollback().await.unwrap();

    let asks = json!({ "query": "{ __typename }", "extensions": { "cost": true } });
    let cost = json!({ "points": 1, "limit": 25_000, "depth": 1, "fields": 1 });
    assert_eq!(
        answer(&anyone, &asks).await,
        json!({ "data": { "__typename": "Query" }, "extensions": { "cost": cost } })
    );
    let mut socket = Socket::open(&anyone.base).await.unwrap();
    socket.init(None).await.unwrap();
    socket.send(&json!({ "type": "subscribe", "id": "1", "payload": asks })).await;
    let Some(Frame::Next { payload, .. }) = socket.frame().await else { panic!("no answer") };
    assert_eq!(payload["extensions"]["cost"], cost);
    let help = world.store.command(&["--help"]).await.stdout;
    assert!(help.contains("sockets-per-person=64"), "{help}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_introspection_off_nothing_tells_of_the_schema() {
    let world = with_flags(&["--introspection", "off"]).await;
    let anyone = world.anyone();
    assert_eq!(anyone.raw(TEXT, json!({})).await.text("/__typename"), "Query");
    for query in [
        "{ __schema { types { name } } }",
        "{ __type(name: \"Query\") { name } }",
        "{ artcles(first: 1) { totalCount } }",
        "{ articles(frst: 1) { totalCount } }",
        "{ __typename @skp(if: true) }",
        "{ __typename @skip(iff: true) }",
    ] {
        let operation = Operation::raw(query, json!({}));
        let by_post = anyone.send(operation.clone()).await.body.to_string();
        let mut stream = EventStream::open(&anyone, &operation, None).await.unwrap();
        let by_stream = loop {
            match stream.item().await.expect("an event") {
                Item::Event { data, .. } => break data,
                Item::Comment(_) => {}
                Item::End | Item::Cut(_) => panic!("no event"),
            }
        };
        let mut socket = Socket::open(&anyone.base).await.unwrap();
        socket.init(None).await.unwrap();
        socket.subscribe("1", &operation).await;
        let by_socket = match socket.frame().await {
            Some(Frame::Error { errors, .. }) => errors.to_string(),
            Some(Frame::Next { payload, .. }) => payload.to_string(),
            other => panic!("{other:?}"),
        };
        for told in [by_post, by_stream, by_socket] {
            assert!(
                !told.contains("Did you mean") && !told.contains("\"articles\"") && !told.contains("Article"),
                "{query}: {told}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_are_capped_for_a_person_and_for_an_address() {
    let world = with_flags(&[
        "--limit",
        "sockets-per-person=2",
        "--limit",
        "sockets-per-address=3",
        "--trusted-proxy",
        "127.0.0.1/32",
    ])
    .await;
    let ana = world.guest("Ana").await;
    let token = ana.token.as_deref();
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut socket = Socket::open(&ana.base).await.unwrap();
        socket.init(token).await.unwrap();
        open.push(socket);
    }
    let mut third = Socket::open(&ana.base).await.unwrap();
    let Err(Frame::Closed { code, reason }) = third.init(token).await else { panic!("a third socket") };
    assert_eq!((code, &*reason), (Some(4429), "Too many sockets: close others first"));
    open.pop().unwrap().close().await;
    // The node gives the place back when the socket's task has ended, which nothing announces.
    let again = async || {
        let mut socket = Socket::open(&ana.base).await?;
        socket.init(token).await.map_err(|instead| format!("{instead:?}"))
    };
    wait::eventually(wait::deadline(), "the place of the one that left", again).await;

    let from = async |address: &str| Socket::open_from(&ana.base, address).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        let mut socket = from("192.0.2.7").await.unwrap();
        socket.init(None).await.unwrap();
        others.push(socket);
    }
    let mut fourth = from("192.0.2.7").await.unwrap();
    let Some(Frame::Closed { code, .. }) = fourth.frame().await else { panic!("a fourth socket") };
    assert_eq!(code, Some(4429));
    from("192.0.2.8").await.unwrap().init(None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_short_of_memory_turns_requests_away_and_says_when_to_come_back() {
    let world = with_flags(&["--limit", "memory-mib=1"]).await;
    let anyone = world.anyone();
    world.node(0).logs("memory is short").await;
    let query = json!({ "query": TEXT });
    let refused = post(&anyone, &query).await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"2".parse().unwrap()));
    assert_eq!(code(&refused.json().await.unwrap()), "OVERLOADED");
    let mut socket = Socket::open(&anyone.base).await.unwrap();
    socket.init(None).await.unwrap();
    socket.subscribe("1", &Operation::raw(TEXT, json!({}))).await;
    let Some(Frame::Error { errors, .. }) = socket.frame().await else { panic!("an answer") };
    assert_eq!(errors[0]["extensions"]["code"], "OVERLOADED");
}
