//! A node that is asked to stop finishes what was begun, sends its readers elsewhere, and ends in time.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::seen::metrics_url;
use crate::support::newsroom::words;
use crate::support::node::NodeOptions;
use crate::support::operations::Operation;
use crate::support::sse::{EventStream, Item};
use crate::support::wait;
use crate::support::world::{Backend, Plan, World};
use crate::support::ws::{Frame, Socket};

/// Begins a request and waits until the server asks for its body.
async fn begin(base: &str, token: &str, length: usize) -> TcpStream {
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         authorization: Bearer {token}\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 25];
    wait::soon("100 Continue", stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops_finishes_a_mutation_and_sends_readers_elsewhere(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("last-keeper").await;
    let ana = world.guest("Ana").await;
    let node = world.node(0);
    let follow = Operation::named("CommentApproved", json!({ "articleId": article.id }));
    let mut socket = Socket::open(&node.url()).await.unwrap();
    socket.init(None).await.unwrap();
    socket.subscribe("1", &follow).await;
    socket.ping().await;
    let mut events = EventStream::open(&world.anyone(), &follow, None).await.unwrap();
    let input = json!({ "articleId": article.id, "body": words("just in time") });
    let body = serde_json::to_vec(&Operation::named("CommentSubmit", json!({ "input": input }))).unwrap();
    let mut begun = begin(&node.url(), ana.token.as_deref().unwrap(), body.len()).await;

    let asked = Instant::now();
    let finish = async {
        node.logs("stopping: finishing what was begun").await;
        begun.write_all(&body).await.unwrap();
        let mut answer = Vec::new();
        wait::soon("the answer", begun.read_to_end(&mut answer)).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    let farewell = async {
        loop {
            match socket.frame().await {
                Some(Frame::Closed { code, .. }) => return code,
                Some(Frame::Next { .. }) => {}
                other => panic!("{other:?} instead of a farewell"),
            }
        }
    };
    let stream_ends = async {
        loop {
            match events.item().await {
                Some(Item::End) => return,
                Some(Item::Event { event, .. }) => {
                    assert_ne!(event, "complete", "a browser would not come back")
                }
                Some(Item::Comment(_)) => {}
                other => panic!("{other:?} instead of the end of the stream"),
            }
        }
    };
    let (ended, answer, code, ()) = tokio::join!(node.terminate(), finish, farewell, stream_ends);
    assert!(ended.success(), "it ends with 0, not {ended}");
    assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
    assert_eq!(code, Some(1012), "a service restart: come back");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let payload: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(payload["data"]["commentSubmit"]["userErrors"], json!([]), "{payload}");

    node.start_again().await;
    assert_eq!(
        world.anyone().read(&article).await["comments"]["totalCount"],
        1,
        "what was answered is stored"
    );
    world.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_will_stop_says_so_first_and_half_a_request_does_not_hold_it() {
    let flags = ["--limit", "leave-seconds=2", "--metrics-listen", "127.0.0.1:0", "--demo", "off"];
    let options = NodeOptions { flags: flags.map(str::to_owned).to_vec(), ..NodeOptions::default() };
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    let (node, http) = (world.node(0), world.anyone().http);
    let metrics = metrics_url(node).await;
    let mut half = TcpStream::connect(("127.0.0.1", node.port())).await.unwrap();
    half.write_all(b"GET /healthz HT").await.unwrap();
    let asked = Instant::now();
    let leaving = async {
        node.logs("leaving in 2 s").await;
        let watchers = [node.url(), metrics.strip_suffix("/metrics").unwrap().to_owned()];
        for watched in watchers {
            let told = http.get(format!("{watched}/readyz")).send().await.unwrap();
            assert_eq!(told.status(), 503, "at {watched}");
            assert_eq!(told.json::<Value>().await.unwrap()["stopping"], true);
        }
        let served = http.get(format!("{}/healthz", node.url())).send().await.unwrap();
        assert_eq!(
            (served.status().as_u16(), &served.headers()["connection"]),
            (200, &"close".parse().unwrap())
        );
        node.logs("stopping: finishing what was begun").await;
        // The metrics' listener is there for as long as the stop takes.
        let told = http.get(metrics.replace("/metrics", "/readyz")).send().await.unwrap();
        assert_eq!(told.status(), 503);
    };
    let (ended, ()) = tokio::join!(node.terminate(), leaving);
    assert!(ended.success(), "it ends with 0, not {ended}");
    assert!(asked.elapsed() < Duration::from_secs(7), "it took {:?}", asked.elapsed());
    assert_eq!(wait::soon("the half request's end", half.read(&mut [0; 1])).await.unwrap(), 0);
}
