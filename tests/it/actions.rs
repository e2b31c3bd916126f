//! What was done to many comments at once, read by its id.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::Actor;
use crate::support::newsroom::text;
use crate::support::world::{Backend, World};

const ACTION: &str =
    "query($id: ID!, $first: Int, $after: String) { node(id: $id) { __typename id ... on ModerationAction {
    kind by { displayName } to reason note user { id } undoes { id } undoneBy { id kind } at finishedAt
    changes(first: $first, after: $after) { totalCount nodes { comment { id } action from to note actionId }
        pageInfo { hasNextPage endCursor } } } } }";
const UNDO: &str = "mutation($id: ID!) { moderationUndo(input: { actionId: $id }) { actionId userErrors { code message } } }";
const SANCTION: &str = "mutation($input: UserSanctionInput!) { userSanction(input: $input) { actionId userErrors { code message } } }";

async fn action(who: &Actor, id: &Value) -> Value {
    who.raw(ACTION, json!({ "id": id })).await.data("/node").clone()
}

/// What the action changed, page by page, two at a time: comment and status after.
async fn changed(who: &Actor, id: &Value) -> Vec<(String, String)> {
    let (mut found, mut after) = (Vec::new(), Value::Null);
    loop {
        let answer = who.raw(ACTION, json!({ "id": id, "first": 2, "after": after })).await;
        let page = answer.data("/node/changes");
        for line in page["nodes"].as_array().unwrap() {
            assert_eq!(&line["actionId"], id, "{answer}");
            found.push((text(&line["comment"], "id").to_owned(), text(line, "to").to_owned()));
        }
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(page["totalCount"], found.len(), "{answer}");
            return found;
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_read_by_its_id_with_what_it_changed_and_what_undid_it(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.article("story").await;
    let (ana, mo) = (world.guest("Ana").await, world.moderator().await);
    let mut held = Vec::new();
    for number in 0..5 {
        held.push(ana.comment(&article, None, &format!("batch {number}")).await);
    }
    mo.reject(&held[2]).await; // so that this one is a conflict, and nothing that the action changed
    let items: Vec<Value> =
        held.iter().map(|it| json!({ "id": it["id"], "revision": it["revision"] })).collect();
    let input = json!({ "items": items, "to": "APPROVED", "reason": "OTHER", "note": "a batch" });
    let bulk = mo.run("CommentsModerate", json!({ "input": input })).await;
    let id = bulk.data("/commentsModerate/actionId").clone();

    // By another moderator, at another node.
    let mia = world.person("MODERATOR", "Mia").await.at(world.node(1).url());
    let read = action(&mia, &id).await;
    assert_eq!((&read["__typename"], &read["id"]), (&json!("ModerationAction"), &id));
    assert_eq!((&read["kind"], &read["by"]["displayName"]), (&json!("BULK"), &json!("Mo Derator")));
    assert_eq!(
        (&read["to"], &read["reason"], &read["note"]),
        (&json!("APPROVED"), &json!("OTHER"), &json!("a batch"))
    );
    assert_eq!(
        (&read["user"], &read["undoes"], &read["undoneBy"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(read["at"], read["finishedAt"], "it was one transaction");
    let latest: Vec<_> =
        [4, 3, 1, 0].map(|it| (text(&held[it], "id").to_owned(), "APPROVED".to_owned())).into();
    assert_eq!(changed(&mia, &id).await, latest, "each that it changed, once");

    let undo = mia.raw(UNDO, json!({ "id": id })).await.data("/moderationUndo/actionId").clone();
    let read = action(&mo, &id).await;
    assert_eq!(read["undoneBy"], json!({ "id": undo, "kind": "UNDO" }));
    let back = action(&mo, &undo).await;
    assert_eq!(
        (&back["kind"], &back["undoes"]["id"], &back["by"]["displayName"]),
        (&json!("UNDO"), &id, &json!("Mia"))
    );
    assert_eq!((&back["to"], &back["changes"]["totalCount"]), (&Value::Null, &json!(4)));

    let hers = ana.run("Viewer", json!({})).await.data("/viewer/id").clone();
    let ban = json!({ "userId": hers, "kind": "BAN", "reason": "Enough.", "rejectAllComments": true });
    let banned = mo.raw(SANCTION, json!({ "input": ban })).await.data("/userSanction/actionId").clone();
    let read = action(&mo, &banned).await;
    assert_eq!(
        (&read["kind"], &read["user"]["id"], &read["changes"]["totalCount"]),
        (&json!("REJECT_ALL"), &hers, &json!(4))
    );
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_for_moderators(#[values(Backend::Embedded, Backend::Scaled)] backend: Backend) {
    let world = World::start(backend).await;
    let article = world.article("story").await;
    let (ana, mo) = (world.guest("Ana").await, world.moderator().await);
    let comment = ana.comment(&article, None, "one").await;
    let input = json!({ "items": [{ "id": comment["id"], "revision": 1 }], "to": "APPROVED" });
    let bulk = mo.run("CommentsModerate", json!({ "input": input })).await;
    let id = bulk.data("/commentsModerate/actionId").clone();
    assert_eq!(ana.run("Node", json!({ "id": id })).await.code(), "FORBIDDEN");
    assert_eq!(world.anyone().run("Node", json!({ "id": id })).await.code(), "UNAUTHENTICATED");
    // Whether there is one is nobody else's to know either.
    let none = talkback::domain::ids::opaque(b'M', uuid::Uuid::max());
    assert_eq!(ana.run("Node", json!({ "id": none })).await.code(), "FORBIDDEN");
    assert_eq!(mo.run("Node", json!({ "id": none })).await.code(), "NOT_FOUND");
    let both = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
    let answer = mo.raw(both, json!({ "ids": [id, comment["id"]] })).await;
    assert_eq!(answer.data("/nodes/0"), &json!({ "__typename": "ModerationAction", "id": id }));
    assert_eq!(answer.data("/nodes/1/__typename"), "Comment");
    let wrong = mo.raw(ACTION, json!({ "id": id, "after": "nonsense" })).await;
    assert_eq!(wrong.code(), "BAD_CURSOR");
}
