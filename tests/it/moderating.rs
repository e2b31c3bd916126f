//! Many comments at once, undoing it, and what a newsroom does about people.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::{Actor, Answer};
use crate::support::newsroom::{Published, text, words};
use crate::support::world::{Backend, World};

const HISTORY: &str = "query($id: ID!) { comment(id: $id) { status revision history { action from to reason note actionId by { displayName } } } }";
const UNDO: &str = "mutation($id: ID!) { moderationUndo(input: { actionId: $id }) {
    actionId undoneCount leftCount results { id comment { id status revision } userErrors { code message } } userErrors { code message field } } }";
const SANCTION: &str = "mutation($input: UserSanctionInput!) { userSanction(input: $input) {
    user { id sanction { kind until reason } } actionId rejectedCount rejectedAll userErrors { code message field } } }";

async fn bulk(who: &Actor, comments: &[&Value], to: &str, key: Option<&str>) -> Answer {
    let items: Vec<Value> = comments
        .iter()
        .map(|comment| json!({ "id": comment["id"], "revision": comment["revision"] }))
        .collect();
    let input =
        json!({ "items": items, "to": to, "reason": "OFF_TOPIC", "note": "a batch", "idempotencyKey": key });
    who.run("CommentsModerate", json!({ "input": input })).await
}

/// The status and the first error's code of each result.
fn outcomes(answer: &Answer, field: &str) -> Vec<(Option<String>, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let results = answer.list(&format!("/{field}/results"));
    results.iter().map(|it| (text(&it["comment"]["status"]), text(&it["userErrors"][0]["code"]))).collect()
}

fn is(status: &str) -> (Option<String>, Option<String>) {
    (Some(status.to_owned()), None)
}

fn refused(status: &str, code: &str) -> (Option<String>, Option<String>) {
    (Some(status.to_owned()), Some(code.to_owned()))
}

async fn queue_total(who: &Actor, queue: &str) -> i64 {
    who.run("ModerationQueue", json!({ "queue": queue, "first": 1 }))
        .await
        .number("/moderationQueue/totalCount")
}

async fn person_of(who: &Actor) -> Value {
    who.run("Viewer", json!({})).await.data("/viewer/id").clone()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn many_are_decided_at_once_each_with_its_own_outcome_and_undone_together(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let articles = [world.article("one").await, world.article("two").await];
    let (ana, mo) = (world.guest("Ana").await, world.moderator().await);
    let mut held = Vec::new();
    for number in 0..6 {
        held.push(ana.comment(&articles[number % 2], None, &format!("batch {number}")).await);
    }
    // Somebody was quicker with one, one has that state already, and one was taken back by its author.
    mo.reject(&held[1]).await;
    mo.approve(&held[2]).await;
    ana.run("CommentDelete", json!({ "input": { "id": held[3]["id"] } })).await;
    let all: Vec<&Value> = held.iter().collect();
    let answer = bulk(&mo, &all, "APPROVED", Some("first")).await;
    let expected = [
        is("APPROVED"),
        refused("REJECTED", "CONFLICT"),
        is("APPROVED"),
        refused("DELETED", "DELETED"),
        is("APPROVED"),
        is("APPROVED"),
    ];
    assert_eq!(outcomes(&answer, "commentsModerate"), expected, "{answer}");
    let action = answer.data("/commentsModerate/actionId").clone();
    // Two articles, and the readers of each are told.
    assert_eq!(world.anyone().read(&articles[0]).await["commentCount"], 3);
    assert_eq!(world.anyone().read(&articles[1]).await["commentCount"], 1);

    let again = bulk(&mo.at(world.node(1).url()), &all, "APPROVED", Some("first")).await;
    assert_eq!(again.data("/commentsModerate/actionId"), &action, "a retry returns the first result");
    assert_eq!(outcomes(&again, "commentsModerate"), expected);

    let history = mo.raw(HISTORY, json!({ "id": held[0]["id"] })).await;
    let line = history.data("/comment/history/1");
    assert_eq!((&line["action"], &line["actionId"]), (&json!("APPROVED"), &action), "{history}");
    assert_eq!((&line["reason"], &line["note"]), (&json!("OFF_TOPIC"), &json!("a batch")));

    // Since then one was refused by hand: the undo leaves that alone, and says so.
    mo.reject(&json!({ "id": held[4]["id"], "revision": 2 })).await;
    let undone = mo.raw(UNDO, json!({ "id": action })).await;
    let expected = [refused("REJECTED", "CONFLICT"), is("PENDING"), is("PENDING")];
    assert_eq!(outcomes(&undone, "moderationUndo"), expected, "{undone}");
    assert_eq!(
        (undone.number("/moderationUndo/undoneCount"), undone.number("/moderationUndo/leftCount")),
        (2, 1)
    );
    assert_eq!(world.anyone().read(&articles[0]).await["commentCount"], 1, "what it had not changed stays");
    assert_eq!(queue_total(&mo, "PENDING").await, 2);

    // Undoing again changes nothing more; undoing the undo does again what was undone.
    let twice = mo.raw(UNDO, json!({ "id": action })).await;
    assert_eq!(twice.data("/moderationUndo/actionId"), undone.data("/moderationUndo/actionId"));
    assert_eq!(outcomes(&twice, "moderationUndo"), expected);
    let redone = mo.raw(UNDO, json!({ "id": undone.data("/moderationUndo/actionId") })).await;
    assert_eq!(outcomes(&redone, "moderationUndo"), [is("APPROVED"), is("APPROVED")], "{redone}");
    assert_eq!(world.anyone().read(&articles[0]).await["commentCount"], 2);
    let third = mo.raw(UNDO, json!({ "id": action })).await;
    assert_eq!(third.number("/moderationUndo/leftCount"), 3, "done again since: {third}");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_undo_brings_back_who_decided_and_what_was_reported(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let (ana, ben, mo) = (world.guest("Ana").await, world.guest("Ben").await, world.moderator().await);
    let comment = ana.comment(&article, None, "reported").await;
    let report = json!({ "input": { "id": comment["id"], "reason": "ABUSE" } });
    assert!(ben.run("CommentReport", report).await.user_errors().is_empty());
    let approved_at = comment["approvedAt"].clone();
    let answer = bulk(&mo, &[&comment], "SPAM", None).await;
    assert_eq!(outcomes(&answer, "commentsModerate"), [is("SPAM")]);
    assert_eq!((queue_total(&mo, "REPORTED").await, queue_total(&mo, "SPAM").await), (0, 1));

    let undone = mo.raw(UNDO, json!({ "id": answer.data("/commentsModerate/actionId") })).await;
    assert_eq!(outcomes(&undone, "moderationUndo"), [is("APPROVED")]);
    assert_eq!((queue_total(&mo, "REPORTED").await, queue_total(&mo, "SPAM").await), (1, 0));
    let now = world.anyone().read(&article).await["comments"]["edges"][0]["node"].clone();
    assert_eq!(now["approvedAt"], approved_at, "as it was: approved by the article's policy, then");
    assert_eq!(now["revision"], 3);
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_bulk_decision_is_refused_as_a_whole(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.article("one").await;
    let (ana, mo) = (world.guest("Ana").await, world.moderator().await);
    let comment = ana.comment(&article, None, "alone").await;
    let code = |answer: &Answer| answer.user_errors()[0].code.clone();
    assert_eq!(code(&bulk(&mo, &[], "APPROVED", None).await), "INVALID");
    assert_eq!(code(&bulk(&mo, &[&comment; 101], "APPROVED", None).await), "INVALID");
    assert_eq!(code(&bulk(&mo, &[&comment], "DELETED", None).await), "INVALID");
    assert_eq!(bulk(&ana, &[&comment], "APPROVED", None).await.code(), "FORBIDDEN");
    bulk(&mo, &[&comment], "APPROVED", Some("k")).await;
    assert_eq!(code(&bulk(&mo, &[&comment], "SPAM", Some("k")).await), "IDEMPOTENCY_KEY_REUSED");

    // A comment that there is not is that item's own trouble, and the one after it is decided.
    let nowhere = json!({ "id": "Q0JJBJJBJJBJJBJJBJJBJJA", "revision": 1 });
    let answer =
        bulk(&mo, &[&nowhere, &json!({ "id": comment["id"], "revision": 2 })], "REJECTED", None).await;
    assert_eq!(outcomes(&answer, "commentsModerate"), [(None, Some("NOT_FOUND".into())), is("REJECTED")]);
    // And sent back to the queue, as if nobody had decided.
    let requeue = "mutation($input: CommentModerateInput!) { commentRequeue(input: $input) { comment { status revision } userErrors { code } } }";
    let answer = mo.raw(requeue, json!({ "input": { "id": comment["id"], "revision": 3 } })).await;
    assert_eq!(answer.data("/commentRequeue/comment"), &json!({ "status": "PENDING", "revision": 4 }));
    assert_eq!(mo.raw(UNDO, json!({ "id": comment["id"] })).await.code(), "WRONG_ID_TYPE");
    world.check().await;
}

/// What somebody gets who tries to submit, edit, react and report.
async fn attempts(who: &Actor, article: &Published, own: &Value, others: &Value) -> Vec<Option<String>> {
    let submit = json!({ "input": { "articleId": article.id, "body": words("another one") } });
    let edit = json!({ "input": { "id": own["id"], "revision": own["revision"], "body": words("edited") } });
    let react = json!({ "input": { "id": others["id"], "kind": "LIKE", "on": true } });
    let report = json!({ "input": { "id": others["id"], "reason": "ABUSE" } });
    let mut codes = Vec::new();
    for (operation, variables) in
        [("CommentSubmit", submit), ("CommentEdit", edit), ("CommentReact", react), ("CommentReport", report)]
    {
        let answer = who.run(operation, variables).await;
        codes.push(answer.user_errors().first().map(|error| error.code.clone()));
    }
    codes
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_sanctioned_person_is_told_and_what_they_wrote_may_go_with_them(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let articles = [world.open_article("one").await, world.open_article("two").await];
    let (ana, troll, mo) = (world.guest("Ana").await, world.guest("Troll").await, world.moderator().await);
    let hers = ana.comment(&articles[0], None, "hers").await;
    let mut his = Vec::new();
    for number in 0..7 {
        let parent = (number == 2).then(|| text(&hers, "id"));
        let article = &articles[usize::from(number > 3)];
        his.push(troll.comment(article, parent, &format!("his {number}")).await);
    }
    mo.run("CommentMarkSpam", json!({ "input": { "id": his[6]["id"], "revision": 1 } })).await;
    let id = person_of(&troll).await;
    let sanction =
        json!({ "input": { "userId": id, "kind": "BAN", "reason": "Insults.", "rejectAllComments": true } });
    let answer = mo.at(world.node(1).url()).raw(SANCTION, sanction).await;
    let done = answer.data("/userSanction");
    assert_eq!(
        done["user"]["sanction"],
        json!({ "kind": "BAN", "until": null, "reason": "Insults." }),
        "{answer}"
    );
    assert_eq!((&done["rejectedCount"], &done["rejectedAll"]), (&json!(6), &json!(true)), "spam stays spam");
    assert_eq!(world.anyone().read(&articles[0]).await["commentCount"], 1, "hers stays");
    assert_eq!(world.anyone().read(&articles[1]).await["commentCount"], 0);

    let banned = vec![Some("BANNED".to_owned()); 4];
    assert_eq!(
        attempts(&troll, &articles[0], &json!({ "id": his[0]["id"], "revision": 2 }), &hers).await,
        banned
    );
    let told = "{ viewer { sanction { kind reason } } }";
    assert_eq!(troll.raw(told, json!({})).await.data("/viewer/sanction/kind"), "BAN");
    let look = "query($id: ID!) { node(id: $id) { ... on User { displayName sanction { kind } } } }";
    let looked = ana.raw(look, json!({ "id": id })).await;
    assert_eq!(looked.body["data"]["node"]["sanction"], Value::Null, "that is not hers to know");
    assert_eq!(looked.code(), "FORBIDDEN");
    // What is theirs they may always take back.
    let gone = troll.run("CommentDelete", json!({ "input": { "id": his[5]["id"] } })).await;
    assert_eq!(gone.data("/commentDelete/comment/status"), "DELETED");

    // The refusal may be undone without the sanction.
    let undone = mo.raw(UNDO, json!({ "id": done["actionId"] })).await;
    assert_eq!(undone.number("/moderationUndo/undoneCount"), 5, "{undone}");
    assert_eq!(undone.data("/moderationUndo/results/0/userErrors/0/code"), "DELETED");
    assert_eq!(world.anyone().read(&articles[0]).await["commentCount"], 5);
    assert_eq!(attempts(&troll, &articles[0], &his[0], &hers).await, banned);

    // Lifted, they are somebody like everybody.
    let lift = json!({ "input": { "userId": id, "kind": "NONE" } });
    assert_eq!(mo.raw(SANCTION, lift).await.data("/userSanction/user/sanction"), &Value::Null);
    let free = attempts(&troll, &articles[0], &json!({ "id": his[0]["id"], "revision": 3 }), &hers).await;
    assert_eq!(free, [None, None, None, None]);
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_has_an_end_and_a_premoderated_person_is_read_first(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let (ana, mo) = (world.guest("Ana").await, world.moderator().await);
    let shown = ana.comment(&article, None, "shown at once").await;
    let id = person_of(&ana).await;
    let code = |answer: &Answer| answer.user_errors()[0].code.clone();
    for wrong in [
        json!({ "kind": "SUSPEND" }),
        json!({ "kind": "SUSPEND", "until": "2020-01-01T00:00:00Z" }),
        json!({ "kind": "BAN", "until": "2100-01-01T00:00:00Z" }),
    ] {
        let mut input = wrong;
        input["userId"] = id.clone();
        assert_eq!(code(&mo.raw(SANCTION, json!({ "input": input })).await), "INVALID");
    }
    let input =
        json!({ "userId": id, "kind": "SUSPEND", "until": "2100-01-01T00:00:00Z", "reason": "Calm down." });
    mo.raw(SANCTION, json!({ "input": input })).await.data("/userSanction/user/sanction/until");
    let submit = json!({ "input": { "articleId": article.id, "body": words("while suspended") } });
    let answer = ana.run("CommentSubmit", submit.clone()).await;
    assert_eq!(code(&answer), "SUSPENDED");
    let message = &answer.user_errors()[0].message;
    assert!(message.contains("2100-01-01 00:00 UTC") && message.contains("Calm down."), "{message}");

    let input = json!({ "userId": id, "kind": "PREMODERATE" });
    mo.raw(SANCTION, json!({ "input": input })).await.data("/userSanction/user/sanction/kind");
    let held = ana.run("CommentSubmit", submit).await;
    assert_eq!(held.data("/commentSubmit/comment/status"), "PENDING");
    let edit =
        json!({ "input": { "id": shown["id"], "revision": 1, "body": words("an edit of what was shown") } });
    assert_eq!(ana.run("CommentEdit", edit).await.data("/commentEdit/comment/status"), "PENDING");
    let queue = mo.run("ModerationQueue", json!({ "queue": "PENDING" })).await;
    let rules: Vec<Vec<&str>> = queue
        .list("/moderationQueue/edges")
        .iter()
        .map(|edge| {
            edge["node"]["heldBecause"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["rule"].as_str().unwrap())
                .collect()
        })
        .collect();
    assert_eq!(rules, [vec!["EDITED", "PERSON_PREMODERATED"], vec!["PERSON_PREMODERATED"]], "{queue}");

    // Nobody sanctions their like, or somebody above them.
    for (role, name) in [("MODERATOR", "Mia"), ("EDITOR", "Eve")] {
        let above = person_of(&world.person(role, name).await).await;
        let input = json!({ "input": { "userId": above, "kind": "BAN" } });
        assert_eq!(mo.raw(SANCTION, input).await.code(), "FORBIDDEN");
    }
    let input = json!({ "input": { "userId": id, "kind": "BAN" } });
    assert_eq!(ana.raw(SANCTION, input).await.code(), "FORBIDDEN");
    world.check().await;
}
