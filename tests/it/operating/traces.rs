//! Traces to an OpenTelemetry collector.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::node::NodeOptions;
use crate::support::world::{Backend, Plan, World};
use crate::support::{example, wait};

/// Takes what an exporter sends, and passes each body on.
async fn collector() -> (u16, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (report, bodies) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut received, mut buffer) = (Vec::new(), [0; 4096]);
            let body = loop {
                let read = stream.read(&mut buffer).await.unwrap_or(0);
                if read == 0 {
                    break None;
                }
                received.extend_from_slice(&buffer[..read]);
                let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else {
                    continue;
                };
                let head = String::from_utf8_lossy(&received[..end]).to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                if received.len() == end + 4 + length.parse::<usize>().unwrap() {
                    assert!(head.starts_with("post /v1/traces"), "{head}");
                    break Some(received.split_off(end + 4));
                }
            };
            let Some(body) = body else { continue };
            let _ = report.send(body);
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, bodies)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_and_its_operation_are_spans_of_the_callers_trace() {
    const TRACE: [u8; 16] = *b"\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c";
    let (port, mut bodies) = collector().await;
    let env = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://127.0.0.1:{port}")),
        ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let options = NodeOptions { binary: Some(example::binary().await), env, ..NodeOptions::default() };
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    let asked = world.anyone().http.post(format!("{}/graphql", world.node(0).url()));
    let asked = asked.header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let answer = asked.json(&serde_json::json!({ "query": "{ __typename }" })).send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let mut sent = Vec::new();
    while !sent.windows(16).any(|window| window == TRACE) {
        sent.extend(wait::soon("spans to arrive", bodies.recv()).await.unwrap());
    }
    let text = String::from_utf8_lossy(&sent);
    let said = ["service.name", "talkback", "request", "operation", "/graphql", "http.request.method", &id];
    for word in said {
        assert!(text.contains(word), "{word} is missing in {text}");
    }
}
