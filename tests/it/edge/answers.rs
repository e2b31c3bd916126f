//! Answers are as large as they may be, and wait for their clients in the room that there is.

use std::fmt::Write;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::{code, post, with_flags};
use crate::support::client::Actor;
use crate::support::follower::{Follower, Transport};
use crate::support::newsroom::Published;
use crate::support::operations::Operation;
use crate::support::wait;
use crate::support::world::World;

/// An article with so many comments of 4,800 characters.
async fn wordy(world: &World, comments: usize) -> Published {
    let (article, ana) = (world.open_article("wordy").await, world.guest("Ana").await);
    for number in 0..comments {
        ana.comment(&article, None, &format!("{number} {}", "many words ".repeat(430))).await;
    }
    article
}

/// All comments of an article, so many times.
fn everything(article: &Published, times: usize) -> String {
    format!("{{ article(slug: \"{}\") {{ {} }} }}", article.slug, lists(times))
}

fn lists(times: usize) -> String {
    let mut fields = String::new();
    for number in 0..times {
        write!(fields, "a{number}: comments(first: 100) {{ nodes {{ body }} }} ").unwrap();
    }
    fields
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_no_larger_than_it_may_be_whatever_brings_it() {
    let world = with_flags(&["--limit", "answer-bytes=100000"]).await;
    let article = wordy(&world, 10).await;
    let anyone = world.anyone();
    let (once, often) = (everything(&article, 1), everything(&article, 5));
    let answer = anyone.raw(&once, json!({})).await;
    assert_eq!(answer.data("/article/a0/nodes").as_array().map(Vec::len), Some(10));

    let request = anyone.request(Method::POST).header("accept", "application/graphql-response+json");
    let refused = request.json(&json!({ "query": often })).send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 400);
    let refused: Value = refused.json().await.unwrap();
    assert_eq!((code(&refused), refused.get("data")), ("ANSWER_TOO_LARGE", None));
    let operation = Operation::raw(&often, json!({}));
    for transport in [Transport::Sse, Transport::WebSocket] {
        let told = Follower::first_word(transport, &anyone, operation.clone()).await;
        assert!(told.contains("ANSWER_TOO_LARGE"), "{transport:?}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_in_every_row_counts_too() {
    let world = with_flags(&["--limit", "answer-bytes=100000"]).await;
    let article = wordy(&world, 10).await;
    let ask = async |times: usize| {
        let scores: String = (0..times).map(|number| format!("s{number}: reportScore ")).collect();
        let comments = format!("comments(first: 100) {{ nodes {{ {scores} }} }}");
        let query = format!("{{ article(slug: \"{}\") {{ {comments} }} }}", article.slug);
        world.anyone().raw(&query, json!({})).await.body
    };
    let few = ask(2).await;
    assert_eq!((code(&few), few["errors"].as_array().map(Vec::len)), ("UNAUTHENTICATED", Some(20)));
    // Six hundred times a quarter of a kilobyte, and hardly any data.
    assert_eq!(code(&ask(60).await), "ANSWER_TOO_LARGE");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_said_to_be_done_though_its_answer_is_too_large() {
    let world = with_flags(&["--limit", "answer-bytes=100000"]).await;
    let article = wordy(&world, 10).await;
    let ben = world.guest("Ben").await;
    let write = "mutation ($input: CommentSubmitInput!) { commentSubmit(input: $input) { comment { article {";
    let text = format!("{write} {} }} }} }} }}", lists(5));
    let body = "Somebody asks for all that there is, along with what they say.";
    let input = json!({ "input": { "articleId": article.id, "body": body } });
    let told = ben.raw(&text, input).await.body;
    assert_eq!(code(&told), "ANSWER_NOT_SENT", "{told}");
    assert_eq!((&told["data"], &told["errors"][0]["path"]), (&Value::Null, &json!(["commentSubmit"])));
    let read =
        ben.raw(&format!("{{ article(slug: \"{}\") {{ commentCount }} }}", article.slug), json!({})).await;
    assert_eq!(read.data("/article/commentCount"), 11, "it was done");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_no_larger_than_it_may_be_and_others_get_theirs() {
    let world = with_flags(&["--limit", "event-bytes=20000"]).await;
    let article = wordy(&world, 10).await;
    let (anyone, ben) = (world.anyone(), world.guest("Ben").await);
    let after = anyone.read(&article).await["feedCursor"].clone();
    let variables = json!({ "id": article.id, "after": after });
    let follow = async |fields: &str| {
        let text = format!(
            "subscription ($id: ID!, $after: String) {{ commentApproved(articleId: $id, after: $after) {{ {fields} }} }}"
        );
        let operation = Operation::raw(&text, variables.clone());
        Follower::try_open(Transport::Sse, &anyone, operation).await.unwrap()
    };
    let mut greedy = follow("comment { article { comments(first: 50) { nodes { body } } } }").await;
    let mut modest = follow("cursor comment { body }").await;
    for mark in ["one", "two"] {
        ben.comment(&article, None, mark).await;
        assert_eq!(code(&greedy.next_payload().await), "ANSWER_TOO_LARGE");
        let told = modest.next_payload().await;
        let body = told["data"]["commentApproved"]["comment"]["body"].as_str().unwrap_or_default();
        assert!(body.starts_with(mark), "{told}");
    }
}

/// Somebody who asks, and reads nothing but that the answer comes.
async fn holding(anyone: &Actor, port: u16, from: &str, query: &str) -> (u16, TcpStream) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(([127, 0, 0, 1], port).into()).await.unwrap();
    let (host, body) = (anyone.base.trim_start_matches("http://"), json!({ "query": query }).to_string());
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\nx-forwarded-for: {from}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    (std::str::from_utf8(&status[9..]).unwrap().parse().unwrap(), stream)
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_wait_in_the_room_that_there_is_and_an_address_has_its_share_of_it() {
    // Room for two at a time, of which an address may have one. What the system's buffers take is not held.
    let limits = format!("answer-bytes={},answers-kib={}", 16 * 1024 * 1024, 80 * 1024);
    let flags = ["--trusted-proxy", "127.0.0.1", "--limit", &limits];
    let world = with_flags(&flags).await;
    let article = wordy(&world, 40).await;
    let (anyone, port) = (world.anyone(), world.node(0).port());
    let large = everything(&article, 45);
    let ask = async |from: &'static str| holding(&anyone, port, from, &large).await;
    let (status, first) = wait::soon("an answer", ask("203.0.113.1")).await;
    assert_eq!(status, 200);
    let (status, _) = wait::soon("an answer", ask("203.0.113.1")).await;
    assert_eq!(status, 503, "the address has its share");
    let (status, _other) = wait::soon("an answer", ask("203.0.113.2")).await;
    assert_eq!(status, 200, "another one has its own");
    let small = post(&anyone, &json!({ "query": everything(&article, 1).replace("body", "id") })).await;
    assert_eq!(small.status().as_u16(), 200, "what is small is always sent");
    drop(first);
    let again = async || {
        let (status, _) = ask("203.0.113.1").await;
        if status == 200 { Ok(()) } else { Err(status.to_string()) }
    };
    wait::eventually(wait::deadline(), "the room to be given back", again).await;
}
