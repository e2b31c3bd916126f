//! A person's record: what became of what they wrote, what was done about them, and what they decided.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::Actor;
use crate::support::newsroom::{text, words};
use crate::support::world::{Backend, World};

const SANCTION: &str = "mutation($input: UserSanctionInput!) { userSanction(input: $input) {
    actionId rejectedCount rejectedAll userErrors { code message } } }";
/// What a person may see of their own record.
const OWN: &str = "query($id: ID!) { user(id: $id) { record { commentCounts { total }
    comments(first: 2) { nodes { id } } sanctions(first: 10) { nodes { kind reason until } } } } }";
const BY: &str =
    "query($id: ID!) { user(id: $id) { record { sanctions(first: 1) { nodes { kind by { id } } } } } }";

async fn id_of(who: &Actor) -> Value {
    who.run("Viewer", json!({})).await.data("/viewer/id").clone()
}

async fn sanction(who: &Actor, input: Value) -> Value {
    let answer = who.raw(SANCTION, json!({ "input": input })).await;
    assert!(answer.user_errors().is_empty(), "{answer}");
    answer.data("/userSanction").clone()
}

async fn record(who: &Actor, variables: Value) -> Value {
    who.run("UserRecord", variables).await.data("/user/record").clone()
}

/// One field of each entry of a list of the record, as text.
fn column(record: &Value, list: &str, field: &str) -> Vec<String> {
    let nodes = record[list]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node[field].as_str().unwrap_or("-").to_owned()).collect()
}

/// The person's comments page by page, two at a time.
async fn by_pages(who: &Actor, id: &Value, status: Option<&str>) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), Value::Null);
    loop {
        let variables = json!({ "id": id, "status": status, "first": 2, "after": after });
        let page = record(who, variables).await;
        let found = column(&page, "comments", "id");
        assert!(found.len() <= 2, "{page}");
        ids.extend(found);
        let place = &page["comments"]["pageInfo"];
        after = place["endCursor"].clone();
        if place["hasNextPage"] == false {
            assert_eq!(page["comments"]["totalCount"], ids.len(), "{page}");
            return ids;
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_record_tells_what_was_written_what_was_done_about_it_and_by_whom(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.article("story").await;
    let (ana, ben, mo) = (world.guest("Ana").await, world.guest("Ben").await, world.moderator().await);
    let (hers, his) = (id_of(&ana).await, id_of(&mo).await);
    let mut written = Vec::new();
    for number in 0..6 {
        written.push(ana.comment(&article, None, &format!("hers {number}")).await);
    }
    ben.comment(&article, None, "not hers").await;
    mo.approve(&written[0]).await;
    mo.reject(&written[1]).await;
    let spam = json!({ "input": { "id": written[2]["id"], "revision": written[2]["revision"] } });
    assert!(mo.run("CommentMarkSpam", spam).await.user_errors().is_empty());
    let gone = json!({ "input": { "id": written[3]["id"] } });
    assert!(ana.run("CommentDelete", gone).await.user_errors().is_empty());

    let now = record(&mo, json!({ "id": hers })).await;
    let counts = json!({ "total": 6, "pending": 2, "approved": 1, "rejected": 1, "spam": 1, "deleted": 1 });
    assert_eq!(now["commentCounts"], counts);
    assert_eq!((column(&now, "sanctions", "kind").len(), &now["sanctions"]["totalCount"]), (0, &json!(0)));
    let latest: Vec<String> = written.iter().rev().map(|it| text(it, "id").to_owned()).collect();
    assert_eq!(by_pages(&mo, &hers, None).await, latest, "each once, the latest first");
    assert_eq!(by_pages(&mo, &hers, Some("PENDING")).await, latest[..2]);
    let whole = now.to_string();
    assert!(!whole.contains(&words("hers 3")), "what was taken back has no words: {whole}");
    assert!(whole.contains(&words("hers 2")) && !whole.contains(&words("not hers")), "{whole}");

    let until = "2100-01-01T00:00:00Z";
    let suspend = json!({ "userId": hers, "kind": "SUSPEND", "until": until, "reason": "Calm down." });
    sanction(&mo, suspend).await;
    sanction(&mo, json!({ "userId": hers, "kind": "NONE" })).await;
    let ban = json!({ "userId": hers, "kind": "BAN", "reason": "Enough.", "rejectAllComments": true });
    let banned = sanction(&mo, ban).await;
    assert_eq!((&banned["rejectedCount"], &banned["rejectedAll"]), (&json!(3), &json!(true)));

    // From another node, and by another moderator.
    let mia = world.person("MODERATOR", "Mia").await.at(world.node(1).url());
    let now = record(&mia, json!({ "id": hers })).await;
    let counts = json!({ "total": 6, "pending": 0, "approved": 0, "rejected": 4, "spam": 1, "deleted": 1 });
    assert_eq!(now["commentCounts"], counts);
    assert_eq!(column(&now, "sanctions", "kind"), ["BAN", "NONE", "SUSPEND"]);
    assert_eq!(column(&now, "sanctions", "reason"), ["Enough.", "-", "Calm down."]);
    let lines = &now["sanctions"]["nodes"];
    assert_eq!((&lines[0]["actionId"], &lines[1]["actionId"]), (&banned["actionId"], &Value::Null));
    assert_eq!(lines[2]["by"]["displayName"], "Mo Derator");
    assert!(text(&lines[2], "until").starts_with("2100-01-01T00:00:00"), "{lines}");

    let done = record(&mia, json!({ "id": his })).await;
    let actions = ["REJECTED", "REJECTED", "REJECTED", "MARKED_SPAM", "REJECTED", "APPROVED"];
    assert_eq!(column(&done, "decisions", "action"), actions);
    assert_eq!(done["decisions"]["totalCount"], 6);
    let lines = &done["decisions"]["nodes"];
    assert_eq!((&lines[0]["actionId"], &lines[3]["actionId"]), (&banned["actionId"], &Value::Null));
    assert_eq!(lines[5]["comment"]["id"], written[0]["id"]);
    assert_eq!((&lines[5]["from"], &lines[5]["to"]), (&json!("PENDING"), &json!("APPROVED")));
    assert_eq!(column(&done, "sanctionsImposed", "kind"), ["BAN", "NONE", "SUSPEND"]);
    assert_eq!(done["sanctionsImposed"]["nodes"][0]["user"]["id"], hers);
    assert_eq!(done["commentCounts"]["total"], 0);
    let few = record(&mia, json!({ "id": his, "first": 2 })).await;
    assert_eq!(column(&few, "decisions", "action").len(), 2);

    // The person sees what is theirs, and not who was at it.
    let own = ana.raw(OWN, json!({ "id": hers })).await;
    assert_eq!(own.number("/user/record/commentCounts/total"), 6);
    assert_eq!(column(own.data("/user/record"), "sanctions", "kind"), ["BAN", "NONE", "SUSPEND"]);
    let by = ana.raw(BY, json!({ "id": hers })).await;
    let line = &by.body["data"]["user"]["record"]["sanctions"]["nodes"][0];
    assert_eq!((by.code(), line), ("FORBIDDEN", &json!({ "kind": "BAN", "by": null })));
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_everybody_decided_comes_page_by_page_the_latest_first(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.article("story").await;
    let (ana, mo) = (world.guest("Ana").await, world.moderator().await);
    let mia = world.person("MODERATOR", "Mia").await.at(world.node(1).url());
    let mut decided = Vec::new();
    for number in 0..5 {
        let comment = ana.comment(&article, None, &format!("hers {number}")).await;
        if number % 2 == 0 {
            mo.approve(&comment).await
        } else {
            mia.reject(&comment).await
        };
        decided.insert(0, (text(&comment, "id").to_owned(), ["Mo Derator", "Mia"][number % 2]));
    }
    // Undecided, and so not listed.
    ana.comment(&article, None, "waiting").await;
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let answer = mia.run("ModerationDecisions", json!({ "first": 2, "after": after })).await;
        let page = answer.data("/moderationDecisions");
        assert_eq!(page["totalCount"], 5);
        for line in page["nodes"].as_array().unwrap() {
            seen.push((text(&line["comment"], "id").to_owned(), text(&line["by"], "displayName").to_owned()));
        }
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    let decided: Vec<(String, String)> = decided.into_iter().map(|(id, by)| (id, by.to_owned())).collect();
    assert_eq!(seen, decided);
    let wrong = mo.run("ModerationDecisions", json!({ "after": "nonsense" })).await;
    assert_eq!(wrong.code(), "BAD_CURSOR");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_nobody_elses(#[values(Backend::Embedded, Backend::Scaled)] backend: Backend) {
    let world = World::start(backend).await;
    let (ana, ben) = (world.guest("Ana").await, world.guest("Ben").await);
    let hers = id_of(&ana).await;
    assert_eq!(ben.raw(OWN, json!({ "id": hers })).await.code(), "FORBIDDEN");
    assert_eq!(world.anyone().raw(OWN, json!({ "id": hers })).await.code(), "UNAUTHENTICATED");
    // By another way to the same person.
    let node = "query($id: ID!) { node(id: $id) { ... on User { displayName record { commentCounts { total } } } } }";
    let answer = ben.raw(node, json!({ "id": hers })).await;
    let node = &answer.body["data"]["node"];
    assert_eq!((answer.code(), node), ("FORBIDDEN", &json!({ "displayName": "Ana", "record": null })));
    let own = "query($id: ID!) { user(id: $id) { record { decisions(first: 1) { totalCount } } } }";
    assert_eq!(ana.raw(own, json!({ "id": hers })).await.code(), "FORBIDDEN");

    let mo = world.moderator().await;
    let article = world.article("story").await;
    let wrong = mo.run("UserRecord", json!({ "id": article.id })).await;
    assert_eq!(wrong.code(), "WRONG_ID_TYPE");
    let wrong = mo.run("UserRecord", json!({ "id": hers, "after": "nonsense" })).await;
    assert_eq!(wrong.code(), "BAD_CURSOR");
}
