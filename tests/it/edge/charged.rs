//! What is refused costs what any request does, over every transport, and is told apart from what is refused for that.

use std::time::Instant;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::{TEXT, answer, by_digest, code};
use crate::support::client::Actor;
use crate::support::node::NodeOptions;
use crate::support::world::{Backend, Plan, World};
use crate::support::ws::{Frame, Socket};

/// Reads from one address at once, and in a minute.
const READS: usize = 3_000;
/// How many more a second makes.
const A_SECOND: usize = 50;

/// With rates, behind a proxy: the test itself.
async fn limited() -> World {
    let flags = ["--rate-limits", "on", "--demo", "off", "--trusted-proxy", "127.0.0.0/8"];
    let options = NodeOptions { flags: flags.map(str::to_owned).to_vec(), ..NodeOptions::default() };
    World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await
}

/// The code that a request of somebody at `address` is answered with: `(none)` where it is answered.
async fn asked(actor: &Actor, address: &str, accept: &str, body: &Value) -> String {
    let request = actor.request(Method::POST).header("x-forwarded-for", address).header("accept", accept);
    let response = request.json(body).send().await.unwrap();
    let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
    let json = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or(&text);
    let code = code(&serde_json::from_str(json).unwrap()).to_owned();
    let is_too_fast = code == "RATE_LIMITED";
    assert_eq!(status == 429, is_too_fast && accept != "text/event-stream", "{status}: {text}");
    code
}

/// Sends the same again and again, eight at a time, until that is too much: how many were not.
async fn until_too_fast(actor: &Actor, address: &str, body: &Value) -> usize {
    let (mut taken, most) = (0, 3 * READS);
    let mut sent = stream::iter(0..most).map(|_| asked(actor, address, "application/json", body)).buffered(8);
    while let Some(code) = sent.next().await {
        if code == "RATE_LIMITED" {
            return taken;
        }
        taken += 1;
    }
    panic!("{most} requests were taken, and none was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_parse_costs_a_read_each_and_what_is_answered_costs_one() {
    let world = limited().await;
    let anyone = world.anyone();
    for (address, body) in
        [("192.0.2.1", json!({ "query": "{ articles(" })), ("192.0.2.2", json!({ "query": TEXT }))]
    {
        let started = Instant::now();
        let taken = until_too_fast(&anyone, address, &body).await;
        let most = READS + A_SECOND * (started.elapsed().as_secs() as usize + 1) + 8;
        assert!((READS..=most).contains(&taken), "{taken} of {body} were taken");
    }
    // A page reads as a query does.
    let pages = async |address: &str| {
        let page = || anyone.http.get(format!("{}/", anyone.base)).header("x-forwarded-for", address).send();
        let answers = join_all((0..100).map(|_| page())).await;
        answers.into_iter().filter(|answer| answer.as_ref().unwrap().status().as_u16() == 429).count()
    };
    until_too_fast(&anyone, "192.0.2.4", &json!({ "query": TEXT })).await;
    assert!(pages("192.0.2.4").await > 0, "whoever has used up their reads gets no pages");
    assert_eq!(pages("192.0.2.5").await, 0, "somebody else does");
    // Neither a neighbour nor whoever has used up their reads is kept from writing.
    let write = json!({ "query": "mutation { sessionStartGuest(input: { displayName: \"\" }) { token } }" });
    for address in ["192.0.2.1", "192.0.2.3"] {
        assert_eq!(asked(&anyone, address, "application/json", &write).await, "(none)", "{address}");
    }
}

#[rstest]
#[case::no_document("{ articles(", None, "GRAPHQL_PARSE_FAILED")]
#[case::no_such_field("{ articlez { totalCount } }", None, "GRAPHQL_VALIDATION_FAILED")]
#[case::no_such_operation("query A { __typename }", Some("B"), "OPERATION_NOT_FOUND")]
#[case::a_value_is_missing("query($b: Boolean!) { __typename @skip(if: $b) }", None, "VARIABLE_REQUIRED")]
#[tokio::test(flavor = "multi_thread")]
async fn an_address_over_its_rate_is_told_that_whatever_it_sends(
    #[case] query: &str,
    #[case] name: Option<&str>,
    #[case] expected: &str,
) {
    let world = limited().await;
    let (anyone, address) = (world.anyone(), "192.0.2.1");
    let mut body = json!({ "query": query });
    if let Some(name) = name {
        body["operationName"] = name.into();
    }
    for accept in ["application/json", "text/event-stream"] {
        assert_eq!(asked(&anyone, "192.0.2.9", accept, &body).await, expected, "{accept}");
    }
    let nobody = anyone.with_token("nonsense");
    assert_eq!(asked(&nobody, "192.0.2.9", "application/json", &body).await, "UNAUTHENTICATED");
    let mut socket = Socket::open_from(&anyone.base, address).await.unwrap();
    socket.init(None).await.unwrap();

    until_too_fast(&anyone, address, &json!({ "query": TEXT })).await;
    let started = Instant::now();
    let many = |actor: &Actor, accept: &'static str| {
        let (actor, body) = (actor.clone(), body.clone());
        join_all((0..100).map(move |_| {
            let (actor, body) = (actor.clone(), body.clone());
            async move { asked(&actor, address, accept, &body).await }
        }))
    };
    let mut codes = many(&anyone, "application/json").await;
    codes.extend(many(&nobody, "application/json").await);
    codes.extend(many(&anyone, "text/event-stream").await);
    for id in 0..100 {
        let payload = &body;
        socket.send(&json!({ "type": "subscribe", "id": id.to_string(), "payload": payload })).await;
        let Some(Frame::Error { errors, .. }) = socket.frame().await else { panic!("no error") };
        codes.push(errors[0]["extensions"]["code"].as_str().unwrap().to_owned());
    }
    let taken = codes.iter().filter(|code| *code != "RATE_LIMITED").count();
    let most = A_SECOND * (started.elapsed().as_secs() as usize + 1);
    assert!(taken <= most, "{taken} of 400 were looked at, where {most} were due");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_not_valid_is_remembered_by_nobody(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let (here, there) = (world.node(0).anyone(), world.node(1).anyone());
    let send = async |text: &str, transport: &str| {
        let mut whole = by_digest(text);
        whole["query"] = text.into();
        if transport == "ws" {
            let mut socket = Socket::open(&here.base).await.unwrap();
            socket.init(None).await.unwrap();
            socket.send(&json!({ "type": "subscribe", "id": "1", "payload": whole })).await;
            socket.frame().await.expect("an answer");
            return;
        }
        let accept = if transport == "sse" { "text/event-stream" } else { "application/json" };
        here.request(Method::POST)
            .header("accept", accept)
            .json(&whole)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
    };
    for transport in ["http", "sse", "ws"] {
        for wrong in
            ["{ nosuchfield }", "{ articles(first: 1, nothing: 2) { totalCount } }", "query A { ...F }"]
        {
            let text = format!("{wrong} # {transport}");
            send(&text, transport).await;
            for actor in [&here, &there] {
                let answer = answer(actor, &by_digest(&text)).await;
                assert_eq!(code(&answer), "PERSISTED_QUERY_NOT_FOUND", "{text}");
            }
        }
        // A field that fails is another matter: the text was good.
        let text = format!("{{ moderationQueue(queue: PENDING) {{ totalCount }} }} # {transport}");
        send(&text, transport).await;
        for actor in [&here, &there] {
            assert_eq!(code(&answer(actor, &by_digest(&text)).await), "UNAUTHENTICATED", "{text}");
        }
    }
}
