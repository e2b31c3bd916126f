//! Each limit by its name: on the command line, in the environment, in the file.

use reqwest::Method;
use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{TEXT, answer, code, post, with_flags};
use crate::operating::seen::metrics_url;
use crate::siege::wire::{exchange, frame, init, socket, text};
use crate::support::node::NodeOptions;
use crate::support::operations::Operation;
use crate::support::reaper;
use crate::support::sse::{EventStream, Item};
use crate::support::wait;
use crate::support::world::{Backend, Plan, World};
use crate::support::ws::{Frame, Socket};

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
async fn a_message_on_a_socket_is_as_long_as_a_flag_says() {
    let world = with_flags(&["--limit", "socket-message-bytes=1000"]).await;
    let mut socket = Socket::open(&world.anyone().base).await.unwrap();
    socket.init(None).await.unwrap();
    let message = |bytes: usize| format!("{:<bytes$}", r#"{"type":"ping"}"#);
    socket.send_text(message(1_000)).await;
    assert_eq!(socket.frame().await, Some(Frame::Pong(json!(null))));
    socket.send_text(message(1_001)).await;
    let closed = Frame::Closed { code: Some(1009), reason: "A message has at most 1000 bytes".to_owned() };
    assert_eq!(socket.frame().await, Some(closed));
    // In pieces it is no longer.
    let pieces = [frame(0x01, &[b' '; 600]), frame(0x00, &[b' '; 400]), frame(0x80, b" ")];
    let conversation = [vec![init()], pieces.to_vec()].concat();
    let answered = exchange(world.node(0).port(), &self::socket(&conversation), false).await;
    assert!(answered.text.ends_with("A message has at most 1000 bytes"), "{}", answered.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_on_a_socket_is_waited_for_as_long_as_the_environment_says() {
    let env = vec![("TALKBACK_LIMIT".to_owned(), "socket-init-seconds=1,depth=3".to_owned())];
    let options = NodeOptions { env, ..NodeOptions::default() };
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    let mut socket = Socket::open(&world.anyone().base).await.unwrap();
    let reason = "Connection initialisation timeout".to_owned();
    assert_eq!(socket.frame().await, Some(Frame::Closed { code: Some(4408), reason }));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn who_never_pauses_on_a_socket_does_not_outlast_its_time(
    #[values(0x8a, 0x00)] what_follows: u8, // pongs, and the pieces of a message that never ends
) {
    let world = with_flags(&["--limit", "socket-init-seconds=1"]).await;
    let mut stream = TcpStream::connect(("127.0.0.1", world.node(0).port())).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    writing.write_all(&socket(&[frame(0x01, b"")])).await.unwrap();
    let more = frame(what_follows, b"").repeat(1_000);
    let flood = async {
        while writing.write_all(&more).await.is_ok() {}
        // Refused: what there is to read says why.
        std::future::pending::<()>().await;
    };
    let closed = async {
        let mut received = Vec::new();
        let told = b"Connection initialisation timeout";
        while !received.windows(told.len()).any(|it| it == told) {
            assert_ne!(reading.read_buf(&mut received).await.unwrap(), 0, "it ended without a word");
        }
    };
    tokio::select! {
        () = flood => {}
        () = wait::soon("the socket to be closed", closed) => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_begun_on_a_socket_has_to_come_whole_in_time() {
    let world = with_flags(&["--limit", "body-seconds=1"]).await;
    // The rest of the message never comes; pings go on.
    let half = &text(r#"{"type":"ping"}"#)[..10];
    for begun in [half.to_vec(), [frame(0x01, b"{"), frame(0x89, b"")].concat()] {
        let answered = exchange(world.node(0).port(), &socket(&[init(), begun]), false).await;
        assert!(answered.text.ends_with("A message did not come whole in time"), "{}", answered.text);
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn where_files_are_few_connections_are_refused_before_there_is_none_left() {
    use std::os::unix::fs::PermissionsExt;

    let script = reaper::directory("few-files").join("talkback");
    let binary = env!("CARGO_BIN_EXE_talkback");
    std::fs::write(&script, format!("#!/bin/sh\nulimit -n 256\nexec {binary} \"$@\"\n")).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let options = NodeOptions { binary: Some(script), ..NodeOptions::default() };
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    world.node(0).logs("may open few files").await;
    let mut open = Vec::new();
    for _ in 0..150 {
        open.push(TcpStream::connect(("127.0.0.1", world.node(0).port())).await.unwrap());
    }
    let refused = exchange(world.node(0).port(), b"", false).await;
    assert!(
        refused.text.starts_with("HTTP/1.1 503") && refused.text.contains("OVERLOADED"),
        "{}",
        refused.text
    );
    drop(open);
    let let_in = async || {
        let request = b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        let answered = exchange(world.node(0).port(), request, false).await;
        if answered.statuses == [200] { Ok(()) } else { Err(answered.text) }
    };
    wait::eventually(wait::deadline(), "those to be let in who come later", let_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_and_heartbeats_come_as_often_as_the_file_says() {
    let world = World::embedded().await;
    let article = world.open_article("open").await;
    let file = world.store.data_dir.join("talkback.toml"); // the node runs in that directory
    let limits = r#"limit = ["socket-ping-seconds=1", "socket-silence-seconds=1", "heartbeat-seconds=1"]"#;
    std::fs::write(file, limits).unwrap();
    world.node(0).terminate().await;
    world.node(0).start_again().await;

    let anyone = world.anyone();
    let follow = Operation::named("CommentApproved", json!({ "articleId": article.id }));
    let mut stream = EventStream::open(&anyone, &follow, None).await.unwrap();
    // The first comes with the opening.
    while stream.heartbeats() < 3 {
        assert!(matches!(stream.item().await, Some(Item::Comment(_))), "a heartbeat");
    }
    let mut polite = Socket::open(&anyone.base).await.unwrap();
    polite.init(None).await.unwrap();
    polite.subscribe("1", &follow).await;
    // It hears pings, and answers none.
    let port = world.node(0).port();
    let silent = async { exchange(port, &socket(&[init()]), false).await };
    let ended = tokio::select! {
        ended = wait::soon("the silent one to be closed", silent) => ended,
        frame = polite.frame() => panic!("{frame:?} for one that answers"),
    };
    assert!(ended.text.ends_with("No answer in time"), "{}", ended.text);
    polite.ping().await;
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
async fn streams_are_capped_for_an_address_also_behind_a_proxy() {
    let limits = ["--limit", "streams-per-address=2", "--trusted-proxy", "127.0.0.1/32"];
    let world = with_flags(&[&limits[..], &["--metrics-listen", "127.0.0.1:0"]].concat()).await;
    let article = world.open_article("open").await;
    let follow = Operation::named("CommentApproved", json!({ "articleId": article.id }));
    let body = serde_json::to_vec(&follow).unwrap();
    let anyone = world.anyone();
    let open = async |forwarded: &[u8]| {
        let request = anyone.http.post(format!("{}/graphql", anyone.base)).body(body.clone());
        let headers = [("content-type", "application/json"), ("accept", "text/event-stream")];
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let forwarded = http::HeaderValue::from_bytes(forwarded).unwrap();
        request.header("x-forwarded-for", forwarded).send().await.unwrap()
    };
    let (first, _second) = (open(b"203.0.113.7").await, open(b"203.0.113.7").await);
    assert_eq!(first.status(), 200);
    // What a client claims stands to the left of what its proxy knows.
    for claimed in [&b"203.0.113.7"[..], b"198.51.100.1, 203.0.113.7", b"\xff, 203.0.113.7"] {
        let third = open(claimed).await;
        assert_eq!(third.status(), 429, "{claimed:?}");
        assert!(third.headers().contains_key("retry-after"));
        assert_eq!(code(&third.json().await.unwrap()), "RATE_LIMITED");
    }
    assert_eq!(open(b"203.0.113.8").await.status(), 200, "somebody else");
    let metrics =
        anyone.http.get(metrics_url(world.node(0)).await).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains(r#"talkback_turned_away_total{what="stream",why="address"} 3"#), "{metrics}");
    drop(first);
    let again = async || match open(b"203.0.113.7").await.status().as_u16() {
        200 => Ok(()),
        other => Err(other.to_string()),
    };
    wait::eventually(wait::deadline(), "the place of the one that left", again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_follows_an_article_in_so_many_ways_and_in_the_same_as_often_as_it_likes() {
    let flags = ["--trusted-proxy", "127.0.0.1", "--limit", "followed-cost=10"];
    let world = with_flags(&flags).await;
    let article = world.open_article("open").await;
    let anyone = world.anyone();
    let follow = async |from: &str, way: usize| {
        let text = format!(
            "subscription ($id: ID!) {{ commentApproved(articleId: $id) {{ cursor comment {{ id w{way}: body }} }} }}"
        );
        let body = json!({ "query": text, "variables": { "id": article.id } });
        let request = anyone.request(Method::POST).header("accept", "text/event-stream");
        let mut stream = request.header("x-forwarded-for", from).json(&body).send().await.unwrap();
        let mut text = String::new();
        while !text.contains("retry:") && !text.contains("errors") {
            text.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().expect("something")));
        }
        (text.contains("RATE_LIMITED"), stream)
    };
    let (is_refused, _first) = follow("203.0.113.1", 1).await;
    assert!(!is_refused);
    let (is_refused, _second) = follow("203.0.113.1", 2).await;
    assert!(!is_refused, "two ways of five points");
    let mut same = Vec::new();
    for _ in 0..20 {
        same.push(follow("203.0.113.1", 1).await);
    }
    assert!(same.iter().all(|(is_refused, _)| !is_refused), "those cost nothing more");
    assert!(follow("203.0.113.1", 3).await.0, "a third way");
    assert!(!follow("203.0.113.2", 3).await.0, "from elsewhere");
}
