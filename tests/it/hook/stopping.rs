//! What ends while the hook thinks, the node or the sender's token: what was sent in over any transport is answered and stored.

use crate::support::operations::Operation;
use crate::support::sse::{EventStream, Item};
use crate::support::ws::{Frame, Socket};

use super::*;

/// The one answer that a stream has for a mutation.
async fn answer(events: &mut EventStream) -> String {
    loop {
        match events.item().await {
            Some(Item::Event { event, data, .. }) if event == "next" => return data,
            Some(Item::Comment(_)) => {}
            other => panic!("{other:?} instead of an answer"),
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn mutations_under_way_are_finished_over_every_transport(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let mut hook = TestHook::start().await;
    let world = world(backend, hook.port, 1_500, "allow").await;
    let article = world.open_article("open").await;
    let (ana, node) = (world.guest("Ana").await, world.node(0));
    let submit = |mark: &str| {
        let input = json!({ "articleId": article.id, "body": words(&format!("silence {mark}")) });
        Operation::named("CommentSubmit", json!({ "input": input }))
    };
    let mut socket = Socket::open(&node.url()).await.unwrap();
    socket.init(ana.token.as_deref()).await.unwrap();
    socket.subscribe("1", &submit("by socket")).await;
    let stream = submit("by events");
    let mut events = EventStream::open(&ana, &stream, None).await.unwrap();
    for _ in 0..2 {
        hook.asked.recv().await.unwrap();
    }

    let by_socket = async {
        let Some(Frame::Next { payload, .. }) = socket.frame().await else { panic!("no answer") };
        assert_eq!(payload["data"]["commentSubmit"]["comment"]["status"], "APPROVED", "{payload}");
        loop {
            match socket.frame().await {
                Some(Frame::Complete { .. }) => {}
                Some(Frame::Closed { code, .. }) => return code,
                other => panic!("{other:?} instead of a farewell"),
            }
        }
    };
    let (ended, code, answer) = tokio::join!(node.terminate(), by_socket, answer(&mut events));
    assert!(ended.success(), "it ends with 0, not {ended}");
    assert_eq!(code, Some(1012), "a service restart: come back");
    assert!(answer.contains("APPROVED"), "{answer}");
    node.start_again().await;
    let read = world.anyone().read(&article).await;
    assert_eq!(read["comments"]["totalCount"], 2, "what was answered is stored");
    world.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_under_way_outlives_the_token_that_it_came_with() {
    let mut hook = TestHook::start().await;
    let world = world(Backend::Embedded, hook.port, 4_000, "allow").await;
    let article = world.open_article("open").await;
    let token = world.store.token_for("READER", "Ana", "3s").await;
    let ana = world.anyone().with_token(&token);
    let submit = |mark: &str| {
        let input = json!({ "articleId": article.id, "body": words(&format!("silence {mark}")) });
        Operation::named("CommentSubmit", json!({ "input": input }))
    };
    let mut socket = Socket::open(&ana.base).await.unwrap();
    socket.init(Some(&token)).await.unwrap();
    socket.subscribe("1", &submit("by socket")).await;
    let stream = submit("by events");
    let mut events = EventStream::open(&ana, &stream, None).await.unwrap();
    for _ in 0..2 {
        hook.asked.recv().await.unwrap();
    }
    let Some(Frame::Next { payload, .. }) = socket.frame().await else { panic!("no answer") };
    assert_eq!(payload["data"]["commentSubmit"]["comment"]["status"], "APPROVED", "{payload}");
    loop {
        match socket.frame().await {
            Some(Frame::Complete { .. }) => {}
            Some(Frame::Closed { code, .. }) => break assert_eq!(code, Some(4403), "the token is over"),
            other => panic!("{other:?} instead of a farewell"),
        }
    }
    let answer = answer(&mut events).await;
    assert!(answer.contains("APPROVED"), "{answer}");
}
