//! Methods, encodings, and what is told of the schema.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use reqwest::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};

use super::{TEXT, asking, code, get, with_flags};
use crate::siege::wire::exchange;
use crate::support::operations::Operation;
use crate::support::sse::{EventStream, Item};
use crate::support::world::World;
use crate::support::ws::{Frame, Socket};

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
        ("gzip", [pack(b""), pack(query.as_bytes())].concat(), 400, "BAD_REQUEST"),
        ("br", query.clone().into_bytes(), 415, "UNSUPPORTED_ENCODING"),
        ("gzip, gzip", pack(&pack(query.as_bytes())), 415, "UNSUPPORTED_ENCODING"),
    ] {
        let (got, answer) = send(encoding, body).await;
        assert_eq!((got, code(&answer)), (status, expected), "{encoding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_is_refused_says_why_as_any_request_is_told() {
    let world = World::embedded().await;
    let nobody = world.anyone().with_token("nonsense");
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "graphql-transport-ws"),
    ];
    let request =
        upgrade.iter().fold(nobody.request(Method::GET), |it, (name, value)| it.header(*name, *value));
    let refused = request.send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 401);
    assert_eq!(code(&refused.json::<Value>().await.unwrap()), "UNAUTHENTICATED");
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
        "mutation { commentSubmit(input: { body: \"x\" }) { comment { id } } }",
        "subscription { commentApproved(afer: \"x\") { cursor } }",
        "{ article(slug: \"a\") { headlin } }",
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
            let is_about_the_schema = query.contains("__schema") || query.contains("__type(");
            assert_eq!(told.contains("INTROSPECTION_DISABLED"), is_about_the_schema, "{query}: {told}");
            assert!(!told.contains("\"data\""), "{query}: {told}");
            let is_mute = !["Did you mean", "\"articles\"", "Article", "articleId", "SubmitInput"]
                .iter()
                .any(|word| told.contains(word));
            assert!(is_mute, "{query}: {told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_at_all_is_told_so_in_json() {
    let world = World::embedded().await;
    let port = world.node(0).port();
    let long = "a".repeat(100 * 1024);
    let many = "a: b\r\n".repeat(100);
    for (bytes, status, told) in [
        ("nonsense\r\n\r\n".to_owned(), 400, "BAD_REQUEST"),
        ("GET /graphql HTTP/9.1\r\nhost: a\r\n\r\n".to_owned(), 400, "BAD_REQUEST"),
        ("GET /gra phql HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 400, "BAD_REQUEST"),
        ("GET /graphql HTTP/1.1\r\nho st: a\r\n\r\n".to_owned(), 400, "BAD_REQUEST"),
        ("POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n".to_owned(), 400, "BAD_REQUEST"),
        (format!("GET /graphql HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n"), 431, "HEADERS_TOO_LARGE"),
        (format!("GET /graphql HTTP/1.1\r\nhost: a\r\n{many}\r\n"), 431, "HEADERS_TOO_LARGE"),
        (format!("GET /graphql?query={long} HTTP/1.1\r\nhost: a\r\n\r\n"), 431, "HEADERS_TOO_LARGE"),
        // After one that is good, on the same connection.
        ("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\nnonsense\r\n\r\n".to_owned(), 400, "BAD_REQUEST"),
    ] {
        let shown = bytes.get(..60).unwrap_or(&bytes).to_owned();
        let answered = exchange(port, bytes.as_bytes(), false).await;
        assert_eq!(answered.statuses.last(), Some(&status), "{shown}: {}", answered.text);
        let (head, body) = answered.text.rsplit_once("\r\n\r\n").expect("a head and a body");
        for header in ["content-type: application/json", "date: ", "x-request-id: "] {
            assert!(head.contains(header), "{shown}: {head}");
        }
        let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{shown}: {body}"));
        assert_eq!(code(&body), told, "{shown}");
    }
}
