//! Tests of the tools: a faulty proxy or parser would make good code look bad, or bad code look good.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{
    operations::{Definitions, Operation},
    process::Process,
    proxy::Proxy,
    servers,
    sse::{Item, Parser},
    wait,
};

#[test]
fn an_operation_goes_out_with_the_fragments_it_uses_and_no_others() {
    let document = r#"
        # a { brace in a comment
        query One($a: In = { b: "}" }) { one(a: $a) { ...Outer } }   # tail
        fragment Inner on T { id }
        fragment Outer on T { ...Inner ... on U { x } """
        } text """ }
        fragment Unused on T { name }
        mutation Two { two }
    "#;
    let definitions = Definitions::read(document);
    let one = definitions.document("One").expect("it is there");
    assert!(one.starts_with("query One($a: In = { b: \"}\" }) {"), "{one}");
    assert!(one.contains("fragment Inner") && one.contains("fragment Outer"), "{one}");
    assert!(!one.contains("Unused") && !one.contains("tail"), "{one}");
    assert_eq!(definitions.document("Two").as_deref(), Some("mutation Two { two }"));
    assert_eq!(definitions.document("Three"), None);
}

#[test]
fn the_contract_has_its_operations() {
    let approved = Operation::named("CommentApproved", json!({ "articleId": "1" }));
    assert!(approved.query.starts_with("subscription CommentApproved("), "{}", approved.query);
    assert_eq!(approved.query.matches("fragment ").count(), 1, "{}", approved.query);
}

#[test]
fn events_are_read_the_same_however_the_bytes_are_cut() {
    let stream =
        ":beat\nid: 7\nevent: next\ndata: {\"a\":\ndata: 1}\n\n\r\nevent:complete\rdata:\r\rid: lost"
            .as_bytes();
    let event = |event: &str, data: &str, id: Option<&str>| Item::Event {
        event: event.to_owned(),
        data: data.to_owned(),
        id: id.map(str::to_owned),
    };
    let expected = vec![
        Item::Comment("beat".to_owned()),
        event("next", "{\"a\":\n1}", Some("7")),
        event("complete", "", None),
    ];
    for size in 1..stream.len() {
        let mut parser = Parser::default();
        stream.chunks(size).for_each(|piece| parser.feed(piece));
        let found: Vec<_> = std::iter::from_fn(|| parser.next()).collect();
        assert_eq!(found, expected, "in pieces of {size} bytes");
    }
}

#[test]
fn a_url_goes_through_a_proxy_by_its_port() {
    for (before, after) in [
        ("postgres://u:p@127.0.0.1:5432/db?x=1", "postgres://u:p@127.0.0.1:9/db?x=1"),
        ("redis://:p@127.0.0.1:6379", "redis://:p@127.0.0.1:9"),
        ("redis://localhost/", "redis://localhost:9/"),
    ] {
        assert_eq!(servers::with_port(before, 9), after);
    }
}

#[tokio::test]
async fn a_process_is_heard_and_its_end_is_seen() {
    let mut shell = std::process::Command::new("sh");
    let process = Process::spawn("a shell", shell.args(["-c", "echo one; echo two >&2; echo three; exit 3"]));
    let three = process.line(wait::deadline(), |line| (line == "three").then_some(())).await;
    assert_eq!(three, Ok(()));
    let ended = process.ended().await;
    assert_eq!((ended.status.code(), &*ended.stdout, &*ended.stderr), (Some(3), "one\nthree\n", "two\n"));
    let why =
        process.line(wait::deadline(), |line| (line == "four").then_some(())).await.expect_err("never said");
    assert!(why.contains("exit status: 3") && why.contains("| two"), "{why}");
}

/// A proxy before an echo server, and a client behind it.
async fn echo() -> (Proxy, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = peer.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    let proxy = Proxy::before(port).await;
    let client = TcpStream::connect(("127.0.0.1", proxy.port())).await.expect("the proxy listens");
    (proxy, client)
}

async fn round_trip(client: &mut TcpStream, bytes: usize) {
    client.write_all(&vec![7; bytes]).await.expect("written");
    wait::soon("the echo", client.read_exact(&mut vec![0; bytes])).await.expect("read");
}

#[tokio::test]
async fn the_proxy_cuts_at_once_and_lets_new_connections_in() {
    let (proxy, mut client) = echo().await;
    round_trip(&mut client, 5).await;
    assert_eq!((proxy.bytes_up(), proxy.bytes_down(), proxy.open()), (5, 5, 1));
    proxy.cut();
    let cut = wait::soon("the cut", client.read(&mut [0])).await;
    assert_eq!(cut.expect_err("a reset").kind(), std::io::ErrorKind::ConnectionReset);
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await.expect("the proxy listens");
    round_trip(&mut client, 5).await;
    proxy.refuse();
    let mut refused = TcpStream::connect(("127.0.0.1", proxy.port())).await.expect("accepted, then reset");
    assert!(!matches!(wait::soon("the refusal", refused.read(&mut [0])).await, Ok(1)));
}

#[tokio::test]
async fn the_proxy_cuts_after_the_byte_it_was_told() {
    let (proxy, mut client) = echo().await;
    proxy.cut_after(1_000);
    client.write_all(&[7; 3_000]).await.expect("written");
    let mut received = Vec::new();
    let cut = wait::soon("the cut", client.read_to_end(&mut received)).await;
    assert!(cut.is_err());
    assert_eq!((received.len(), proxy.bytes_down()), (1_000, 1_000));
}

#[tokio::test]
async fn a_stalled_proxy_holds_little_and_loses_nothing() {
    let (proxy, client) = echo().await;
    proxy.stall();
    let (mut from, mut to) = client.into_split();
    let total = 8 * 1024 * 1024;
    let mut writing = tokio::spawn(async move { to.write_all(&vec![7; total]).await.map(|()| to) });
    // Nothing tells that nothing happens. A proxy that swallows would be done long before.
    let swallowed = tokio::time::timeout(Duration::from_millis(200), &mut writing).await;
    assert!(swallowed.is_err(), "the proxy took 8 MiB while stalled");
    assert_eq!((proxy.bytes_up(), proxy.bytes_down()), (0, 0));
    proxy.resume();
    let mut received = vec![0; total];
    wait::soon("all of it", from.read_exact(&mut received)).await.expect("read");
    writing.await.expect("no panic").expect("written");
}

#[tokio::test]
async fn the_proxy_delays_and_limits() {
    let (proxy, mut client) = echo().await;
    round_trip(&mut client, 1).await;
    proxy.delay(Duration::from_millis(40));
    let start = Instant::now();
    round_trip(&mut client, 1).await;
    assert!(start.elapsed() >= Duration::from_millis(80), "each way takes 40 ms: {:?}", start.elapsed());
    proxy.resume();
    proxy.limit(100_000);
    let start = Instant::now();
    round_trip(&mut client, 20_000).await;
    assert!(start.elapsed() >= Duration::from_millis(150), "20 kB take 0.2 s: {:?}", start.elapsed());
}

#[tokio::test]
async fn a_goodbye_passes_through_the_proxy() {
    let (proxy, mut client) = echo().await;
    client.write_all(&[7; 100_000]).await.expect("written");
    client.shutdown().await.expect("half closed");
    let mut received = Vec::new();
    wait::soon("the echo and its end", client.read_to_end(&mut received)).await.expect("a clean end");
    assert_eq!(received.len(), 100_000);
    wait::eventually(wait::deadline(), "the proxy to forget the connection (it tells nobody)", || async {
        if proxy.open() == 0 { Ok(()) } else { Err(format!("{} open", proxy.open())) }
    })
    .await;
}
