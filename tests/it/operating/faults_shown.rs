//! A fault of ours says its code and where to look, over every transport, and nothing of our insides.

use reqwest::Method;
use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::operations::Operation;
use crate::support::world::{Backend, World};
use crate::support::ws::{Frame, Socket};

/// What no client may read, in any case.
const INSIDES: [&str; 11] = [
    "select",
    "sqlite",
    "postgres",
    "sqlx",
    "no such table",
    "relation",
    "elsewhere",
    "/src/",
    ".rs:",
    "seaorm",
    "panicked",
];

#[track_caller]
fn says_nothing(text: &str) {
    let lower = text.to_lowercase();
    for inside in INSIDES {
        assert!(!lower.contains(inside), "{inside:?} in {text}");
    }
}

#[track_caller]
fn trace_of(error: &Value) -> String {
    assert_eq!(error["extensions"]["code"], "INTERNAL", "{error:#}");
    let trace = error["extensions"]["traceId"].as_str().unwrap().to_owned();
    assert!(error["message"].as_str().unwrap().contains(&trace), "{error:#}");
    trace
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_database_is_a_code_and_a_trace_over_every_transport(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.article("last-keeper").await;
    let inside = world.store.look_inside().await;
    inside.execute_unprepared("ALTER TABLE article RENAME TO elsewhere").await.unwrap();
    let (node, anyone) = (world.node(0), world.anyone());
    let operation = Operation::named("Article", json!({ "slug": article.slug }));

    let request = anyone.request(Method::POST).json(&operation).header("x-request-id", "from-the-proxy-1");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers()["x-request-id"], "from-the-proxy-1");
    let text = response.text().await.unwrap();
    says_nothing(&text);
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        trace_of(&body["errors"][0]),
        "from-the-proxy-1",
        "one id for the answer, the error and the log"
    );

    let events = anyone.request(Method::POST).json(&operation).header("accept", "text/event-stream");
    let stream = events.send().await.unwrap();
    let id = stream.headers()["x-request-id"].to_str().unwrap().to_owned();
    let text = stream.text().await.unwrap();
    says_nothing(&text);
    let data = text.lines().find_map(|line| line.strip_prefix("data: {")).unwrap();
    let payload: Value = serde_json::from_str(&format!("{{{data}")).unwrap();
    assert_eq!(trace_of(&payload["errors"][0]), id);

    let mut socket = Socket::open(&node.url()).await.unwrap();
    socket.init(None).await.unwrap();
    socket.subscribe("1", &operation).await;
    let errors = match socket.frame().await {
        Some(Frame::Error { errors, .. }) => errors,
        Some(Frame::Next { payload, .. }) => payload["errors"].clone(),
        other => panic!("{other:?}"),
    };
    says_nothing(&errors.to_string());
    let over_socket = trace_of(&errors[0]);

    let page = anyone.http.get(format!("{}/articles/{}", node.url(), article.slug));
    let page = page.send().await.unwrap();
    assert_eq!(page.status(), 500);
    let on_page = page.headers()["x-request-id"].to_str().unwrap().to_owned();
    let text = page.text().await.unwrap();
    says_nothing(&text);
    assert!(text.contains(&on_page), "the page says what to quote");

    for trace in ["from-the-proxy-1", &id, &over_socket, &on_page] {
        node.logs(trace).await;
        let log = node.log();
        assert_eq!(log.lines().filter(|line| line.contains(trace)).count(), 1, "logged once: {trace}\n{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_could_do_harm_is_replaced() {
    let world = World::embedded().await;
    for bad in ["x", "<script>alert(1)</script>", &"a".repeat(500)] {
        let request = world.anyone().request(Method::POST).json(&Operation::named("Viewer", json!({})));
        let response = request.header("x-request-id", bad).send().await.unwrap();
        let id = response.headers()["x-request-id"].to_str().unwrap();
        assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    }
}
