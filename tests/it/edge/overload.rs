//! What is turned away when memory is short, and what goes on.

use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{TEXT, code, get, post, with_flags};
use crate::support::newsroom::text;
use crate::support::node::Node;
use crate::support::operations::Operation;
use crate::support::sse::{EventStream, Item};
use crate::support::wait;
use crate::support::ws::{Frame, Socket};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_short_of_memory_turns_requests_away_and_says_when_to_come_back() {
    let world = with_flags(&["--limit", "memory-mib=1"]).await;
    world.node(0).logs("memory is short").await;
    is_turned_away(world.node(0)).await;
}

/// On every transport, with a status or a code that says so, and when to come back.
async fn is_turned_away(node: &Node) {
    let anyone = node.anyone();
    let refused = post(&anyone, &json!({ "query": TEXT })).await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"2".parse().unwrap()));
    assert_eq!(code(&refused.json().await.unwrap()), "OVERLOADED");
    let refused = get(&anyone, &[("query", TEXT)]).await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"2".parse().unwrap()));
    let stream = EventStream::open(&anyone, &Operation::raw(TEXT, json!({})), None).await;
    let refused = stream.err().expect("no stream");
    assert!(refused.starts_with("503") && refused.contains("OVERLOADED"), "{refused}");
    let handshake =
        anyone.request(Method::GET).header("connection", "upgrade").header("upgrade", "websocket");
    let refused = handshake.send().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"2".parse().unwrap()));
    let refused = Socket::open(&anyone.base).await.err().expect("no socket");
    assert!(refused.contains("503"), "{refused}");
    for page in ["/", "/feed.atom", "/sign-in"] {
        let refused = anyone.http.get(format!("{}{page}", anyone.base)).send().await.unwrap();
        let when = refused.headers().get("retry-after").and_then(|seconds| seconds.to_str().ok());
        assert_eq!((refused.status().as_u16(), when), (503, Some("2")), "{page}");
    }
    let script = anyone.http.get(format!("{}/embed.js", anyone.base)).send().await.unwrap();
    assert_eq!(script.status().as_u16(), 200, "what is only sent costs nothing");
    let alive = anyone.http.get(format!("{}/healthz", anyone.base)).send().await.unwrap();
    assert_eq!(alive.status().as_u16(), 200, "it is busy, not dead");
}

/// Bytes of a large body.
const BODY: usize = 8 * 1024 * 1024;

/// A client that has sent all of a large body but its end; one that is turned away sends less.
async fn holding_back(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    stream.write_all(format!("{head}content-length: {BODY}\r\n\r\n").as_bytes()).await.unwrap();
    let _ = stream.write_all(&vec![b' '; BODY - 1]).await;
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn under_real_pressure_newcomers_are_turned_away_and_who_is_there_misses_nothing() {
    let limits = format!("memory-mib=192,bodies-kib={},body-bytes={BODY}", 512 * 1024);
    let world = with_flags(&["--limit", &limits]).await;
    let node = world.node(0);
    let article = world.open_article("open").await;
    let (ana, anyone) = (world.guest("Ana").await, world.anyone());
    let follow = Operation::named("CommentApproved", json!({ "articleId": article.id }));
    let mut stream = EventStream::open(&anyone, &follow, None).await.unwrap();
    let mut socket = Socket::open(&anyone.base).await.unwrap();
    socket.init(None).await.unwrap();
    socket.subscribe("feed", &follow).await;
    socket.ping().await;

    // Twice the memory that there is, if it is let.
    let mut clients = Vec::new();
    while !node.log().contains("memory is short") {
        assert!(clients.len() * BODY < 2 * 192 * 1024 * 1024, "{}", node.log());
        clients.push(wait::soon("the node to take a body", holding_back(node.port())).await);
    }
    is_turned_away(node).await;
    socket.subscribe("more", &Operation::raw(TEXT, json!({}))).await;
    let Some(Frame::Error { errors, .. }) = socket.frame().await else { panic!("an answer") };
    assert_eq!(errors[0]["extensions"]["code"], "OVERLOADED");

    drop(clients);
    node.logs("memory is no longer short").await;
    assert_eq!(anyone.raw(TEXT, json!({})).await.text("/__typename"), "Query");
    let mut newcomer = Socket::open(&anyone.base).await.unwrap();
    newcomer.init(None).await.unwrap();
    let comment = ana.comment(&article, None, "said when it was over").await;
    let Some(Frame::Next { payload, .. }) = socket.frame().await else { panic!("an event") };
    assert_eq!(payload["data"]["commentApproved"]["comment"]["id"], comment["id"]);
    let data = loop {
        match stream.item().await.expect("an event") {
            Item::Event { data, .. } => break data,
            Item::Comment(_) => {}
            ended => panic!("{ended:?}"),
        }
    };
    assert!(data.contains(text(&comment, "id")), "{data}");
    world.check().await;
}
