//! What a person may do about all that is held of them: take it along, and have it deleted.

use std::sync::Arc;

use rstest::rstest;
use serde_json::{Value, json};
use talkback::clock::Clock;
use talkback::domain::comment::CommentStatus;
use talkback::service::Service;
use talkback::store::DatabaseUrl;

use crate::support::client::{Actor, Answer};
use crate::support::follower::{Follower, Transport};
use crate::support::inside::Inside;
use crate::support::newsroom::{Published, text, words};
use crate::support::postgres::Postgres;
use crate::support::reaper;
use crate::support::wait;
use crate::support::world::{Backend, World};

const EXPORT: &str = "mutation($input: AccountExportInput) { accountExport(input: $input) {
    json endCursor hasNextPage userErrors { code message } } }";
const DELETE: &str = "mutation($input: AccountDeleteInput!) { accountDelete(input: $input) {
    userId erasedCount erasedAll userErrors { code message field } } }";
const UNDO: &str =
    "mutation($id: ID!) { moderationUndo(input: { actionId: $id }) { userErrors { code message } } }";
const HISTORY: &str =
    "query($id: ID!) { comment(id: $id) { status body history { action actionId by { displayName } } } }";

/// The lines of the whole export, page by page.
async fn exported(who: &Actor, of: Option<&str>) -> Vec<Value> {
    let (mut lines, mut after): (Vec<Value>, _) = (Vec::new(), Value::Null);
    loop {
        let answer = who.raw(EXPORT, json!({ "input": { "userId": of, "after": after } })).await;
        let page = answer.text("/accountExport/json").lines().map(|line| serde_json::from_str(line).unwrap());
        lines.extend(page);
        after = answer.data("/accountExport/endCursor").clone();
        assert_eq!(answer.data("/accountExport/hasNextPage"), &json!(!after.is_null()));
        if after.is_null() {
            return lines;
        }
    }
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

async fn id_of(who: &Actor) -> String {
    who.run("Viewer", json!({})).await.text("/viewer/id").to_owned()
}

async fn delete(who: &Actor, of: Option<&str>, confirm: &str) -> Answer {
    who.raw(DELETE, json!({ "input": { "userId": of, "confirm": confirm } })).await
}

async fn react(who: &Actor, to: &Value) {
    let answer =
        who.run("CommentReact", json!({ "input": { "id": to["id"], "kind": "LIKE", "on": true } })).await;
    assert!(answer.user_errors().is_empty(), "{answer}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_what_was_written_and_nobody_elses(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("story").await;
    let (ana, ben, mo) = (world.guest("Ana").await, world.guest("Ben").await, world.moderator().await);
    let his = ben.comment(&article, None, "his").await;
    let first = ana.comment(&article, Some(text(&his, "id")), "hers").await;
    for number in 0..101 {
        ana.comment(&article, None, &format!("one of many {number}")).await;
    }
    mo.reject(&first).await;
    react(&ana, &his).await;
    let report = json!({ "input": { "id": his["id"], "reason": "ABUSE", "note": "in her words" } });
    assert!(ana.run("CommentReport", report).await.user_errors().is_empty());

    let lines = exported(&ana, None).await;
    assert_eq!(of_type(&lines, "profile")[0]["displayName"], "Ana");
    let comments = of_type(&lines, "comment");
    assert_eq!(comments.len(), 102, "over two pages, each once");
    assert_eq!(comments[0]["body"], json!(words("hers")));
    assert_eq!((&comments[0]["status"], &comments[0]["inReplyTo"]), (&json!("REJECTED"), &his["id"]));
    assert_eq!(
        (&comments[0]["article"]["slug"], &comments[0]["createdAt"].is_string()),
        (&json!("story"), &true)
    );
    let actions: Vec<&Value> =
        comments[0]["history"].as_array().unwrap().iter().map(|it| &it["action"]).collect();
    assert_eq!(actions, ["SUBMITTED", "REJECTED"]);
    assert_eq!(of_type(&lines, "reaction")[0]["commentId"], his["id"]);
    assert_eq!(of_type(&lines, "report")[0]["note"], "in her words");
    let whole = json!(lines).to_string();
    assert!(!whole.contains("Mo Derator") && !whole.contains(&words("his")), "nobody else's data");

    let (ana_id, admin) = (id_of(&ana).await, world.admin().await);
    assert_eq!(exported(&admin, Some(&ana_id)).await, lines);
    for stranger in [&ben, &mo] {
        let answer = stranger.raw(EXPORT, json!({ "input": { "userId": ana_id } })).await;
        assert_eq!(answer.code(), "FORBIDDEN");
    }
    assert_eq!(world.anyone().raw(EXPORT, json!({})).await.code(), "UNAUTHENTICATED");
    let wrong = ana.raw(EXPORT, json!({ "input": { "after": "nonsense" } })).await;
    assert_eq!(wrong.code(), "BAD_CURSOR");
    let command = world.store.command(&["user", "export", "--id", &ana_id]).await;
    let written: Vec<Value> =
        command.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(written, lines, "{}", command.stderr);
}

/// A thread that somebody else has a part in, and a follower of it.
async fn thread(world: &World, ana: &Actor, ben: &Actor) -> (Published, [Value; 4], Follower) {
    let article = world.open_article("story").await;
    let top = ana.comment(&article, None, "hers, replied to").await;
    let reply = ben.comment(&article, Some(text(&top, "id")), "his reply").await;
    let below = ana.comment(&article, Some(text(&reply, "id")), "hers, below").await;
    let alone = ana.comment(&article, None, "hers, alone").await;
    react(ana, &reply).await;
    let cursor = world.anyone().read(&article).await["feedCursor"].clone();
    let there = world.anyone().at(world.node(1).url());
    let variables = json!({ "articleId": article.id, "after": cursor });
    let follower = Follower::open(Transport::WebSocket, &there, "ArticleEvents", variables).await;
    (article, [top, reply, below, alone], follower)
}

/// What followers see of a deletion of that thread's first author, in order.
async fn assert_seen_to_go(follower: &mut Follower, [top, reply, below, alone]: &[Value; 4]) {
    let mut removed = Vec::new();
    loop {
        let event = follower.next_payload().await["data"]["articleEvents"]["event"].clone();
        if event["__typename"] == "CommentRemoved" {
            removed.push((event["commentId"].clone(), event["commentCount"].clone()));
        } else {
            assert_eq!(event["__typename"], "CommentCountsChanged", "{event}");
            // The last thing to go is what she liked.
            if event["commentId"] == reply["id"] && event["reactions"] == json!([]) {
                break;
            }
        }
    }
    let expected = [(top, 3), (below, 2), (alone, 1)].map(|(it, count)| (it["id"].clone(), json!(count)));
    assert_eq!(removed, expected, "each once, in order");
}

async fn assert_whole(world: &World, article: &Published, [top, reply, ..]: &[Value; 4]) {
    let now = world.anyone().read(article).await;
    assert_eq!(now["commentCount"], 1);
    let edges = now["comments"]["edges"].as_array().unwrap();
    assert_eq!(edges.len(), 1, "{now:#}");
    let tombstone = &edges[0]["node"];
    assert_eq!(
        (&tombstone["id"], &tombstone["author"], &tombstone["body"]),
        (&top["id"], &Value::Null, &Value::Null)
    );
    assert_eq!(tombstone["replies"]["edges"][0]["node"]["body"], reply["body"], "replies of others stay");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_leaves_a_whole_thread_and_no_name(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let (ana, ben, mo) = (world.guest("Ana").await, world.guest("Ben").await, world.moderator().await);
    let (article, comments, mut follower) = thread(&world, &ana, &ben).await;
    let ana_id = id_of(&ana).await;
    let ana_there = ana.at(world.node(1).url());
    id_of(&ana_there).await;

    for stranger in [&ben, &mo] {
        assert_eq!(delete(stranger, Some(&ana_id), "Ana").await.code(), "FORBIDDEN");
    }
    assert_eq!(delete(&world.anyone(), None, "Ana").await.code(), "UNAUTHENTICATED");
    let slip = delete(&ana, None, "ana").await;
    let error = &slip.user_errors()[0];
    assert_eq!((error.code.as_str(), error.field.as_deref()), ("INVALID", Some(&["confirm".to_owned()][..])));

    let done = delete(&ana, None, "Ana").await;
    assert_eq!(done.text("/accountDelete/userId"), ana_id);
    assert_eq!(
        (done.number("/accountDelete/erasedCount"), done.data("/accountDelete/erasedAll")),
        (3, &json!(true))
    );
    assert_seen_to_go(&mut follower, &comments).await;
    assert_whole(&world, &article, &comments).await;

    // Nobody can be her any more, on any node, and nothing says her name.
    let refused = ana.run("Viewer", json!({})).await;
    assert_eq!((refused.status, &refused.errors()[0]["extensions"]["reason"]), (401, &json!("ACCOUNT_GONE")));
    wait::eventually(wait::deadline(), "the other node to refuse the token", async || {
        let answer = ana_there.run("Viewer", json!({})).await;
        if answer.status == 401 { Ok(()) } else { Err(answer.to_string()) }
    })
    .await;
    let history = mo.raw(HISTORY, json!({ "id": comments[0]["id"] })).await;
    let last = history.data("/comment/history/1");
    assert_eq!((&last["action"], &last["by"]["displayName"]), (&json!("DELETED"), &json!("Deleted account")));
    assert_eq!(history.data("/comment/history/0/by/displayName"), "Deleted account");
    let undo = mo.raw(UNDO, json!({ "id": last["actionId"] })).await;
    assert_eq!(undo.user_errors()[0].code, "DELETED", "what is erased is not brought back");

    // An administrator finds her deleted; there is nothing to export, and nobody to be given a role.
    let admin = world.admin().await;
    let again = delete(&admin, Some(&ana_id), "").await;
    assert_eq!(
        (again.number("/accountDelete/erasedCount"), again.data("/accountDelete/erasedAll")),
        (0, &json!(true))
    );
    let nothing = admin.raw(EXPORT, json!({ "input": { "userId": ana_id } })).await;
    assert_eq!(nothing.code(), "NOT_FOUND");
    let role = "mutation($input: UserRoleSetInput!) { userRoleSet(input: $input) { user { id } } }";
    let answer = admin.raw(role, json!({ "input": { "userId": ana_id, "role": "ADMIN" } })).await;
    assert_eq!(answer.code(), "NOT_FOUND");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_deletes_an_account_and_running_nodes_hear_of_it(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    // A moderator, so that there is something that they decided.
    let (mo, ben) = (world.moderator().await, world.guest("Ben").await);
    let (article, comments, mut follower) = thread(&world, &mo, &ben).await;
    let held = world.article("held").await;
    let decided = ben.comment(&held, None, "decided on").await;
    mo.approve(&decided).await;
    let unsure = world.store.command(&["user", "delete", "--name", "Mo Derator"]).await;
    assert!(!unsure.status.success() && unsure.stderr.contains("--yes"), "{}", unsure.stderr);
    let done = world.store.command(&["user", "delete", "--name", "Mo Derator", "--yes"]).await;
    assert!(done.status.success() && done.stdout.contains("3 comments"), "{}{}", done.stdout, done.stderr);

    assert_seen_to_go(&mut follower, &comments).await;
    assert_whole(&world, &article, &comments).await;
    wait::eventually(wait::deadline(), "the node to hear of the command", async || {
        let answer = mo.run("Viewer", json!({})).await;
        if answer.status == 401 { Ok(()) } else { Err(answer.to_string()) }
    })
    .await;
    let other = world.person("MODERATOR", "Max").await;
    let history = other.raw(HISTORY, json!({ "id": decided["id"] })).await;
    let line = history.data("/comment/history/1");
    assert_eq!(
        (&line["action"], &line["by"]["displayName"]),
        (&json!("APPROVED"), &json!("Deleted account"))
    );
    assert_eq!(history.data("/comment/status"), "APPROVED", "what they decided stays decided");
    assert_ne!(id_of(&world.moderator().await).await, "", "somebody of the same name is somebody new");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_was_cut_short_is_finished_by_the_upkeep(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let database = match backend {
        Backend::Embedded => None,
        Backend::Scaled => Some(Postgres::shared().await.database().await),
    };
    let url = match &database {
        None => DatabaseUrl::Sqlite(reaper::directory("erasure").join("talkback.db")),
        Some(database) => DatabaseUrl::Postgres(database.url().to_owned()),
    };
    let inside = Inside::open(&url).await;
    let clock = Arc::new(Clock::manual(inside.service.clock.now()));
    let service = Service { clock: Arc::clone(&clock), ..inside.service.clone() };
    let article = inside.article("long").await;
    let mut hers = Vec::new();
    for _ in 0..120 {
        hers.push(inside.say(&article, None, 0).await.id);
    }
    let ana = inside.people[1].id().unwrap();
    let left = async || {
        let comments = service.store.latest().comments(&hers).await.unwrap();
        comments.iter().filter(|comment| comment.state.status() != CommentStatus::Deleted).count()
    };
    // The node stops at the first batches: the future is dropped as soon as the name is gone from the store.
    let cut_short = async {
        while service.store.latest().erasure_under_way(ana).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = cut_short => {}
        erasure = service.erase(ana, None) => panic!("{erasure:?}: it was to be cut short"),
    }
    let rest = left().await;
    assert!(rest > 0, "something is left to finish");
    service.resume_actions().await.unwrap();
    assert_eq!(left().await, rest, "not before it is clear that nobody is at it");
    clock.advance(chrono::Duration::minutes(1));
    service.resume_actions().await.unwrap();
    assert_eq!(left().await, 0);
    assert!(service.store.latest().erasure_under_way(ana).await.unwrap().is_none());
    let report = service.store.check().await.unwrap();
    assert!(report.violations.is_empty(), "{:?}", report.violations);
}
