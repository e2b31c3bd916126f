//! Variables that have to have a value, over every transport.

use serde_json::json;

use crate::support::operations::Operation;
use crate::support::sse::{EventStream, Item};
use crate::support::world::World;
use crate::support::ws::{Frame, Socket};

#[tokio::test(flavor = "multi_thread")]
async fn a_required_variable_without_a_value_is_refused_over_every_transport() {
    let world = World::embedded().await;
    let article = world.article("last-keeper").await;
    let anyone = world.anyone();
    let query = "query($n: Int!) { articles(first: $n) { nodes { id } } }";
    for variables in [json!({}), json!({ "n": null }), json!({ "m": 1 })] {
        let answer = anyone.raw(query, variables).await;
        assert_eq!(answer.code(), "VARIABLE_REQUIRED", "{answer}");
        let message = answer.errors()[0]["message"].as_str().unwrap();
        assert!(message.contains("\"$n\" of type \"Int!\""), "{message}");
    }
    for good in ["query($n: Int! = 1) { articles(first: $n) { nodes { id } } }", query] {
        let variables = if good == query { json!({ "n": 1 }) } else { json!({}) };
        assert!(anyone.raw(good, variables).await.errors().is_empty());
    }

    // A reader whose cursor is misspelt would miss what came after it.
    let follow = Operation::raw(
        "subscription($id: ID!, $after: String!) { commentApproved(articleId: $id, after: $after) { cursor } }",
        json!({ "id": article.id, "aftr": "x" }),
    );
    let mut socket = Socket::open(&anyone.base).await.unwrap();
    socket.init(None).await.unwrap();
    socket.subscribe("1", &follow).await;
    let Some(Frame::Error { errors, .. }) = socket.frame().await else { panic!("it was followed") };
    assert_eq!(errors[0]["extensions"]["code"], "VARIABLE_REQUIRED", "{errors}");
    let told = match EventStream::open(&anyone, &follow, None).await {
        Err(refused) => refused,
        Ok(mut events) => loop {
            match events.item().await {
                Some(Item::Event { data, .. }) => break data,
                Some(Item::Comment(_)) => {}
                other => panic!("{other:?}: it was followed"),
            }
        },
    };
    assert!(told.contains("VARIABLE_REQUIRED"), "{told}");
}
