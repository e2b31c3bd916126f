//! Readers report, a moderator lets the comment stand: that is a decision, and nobody has to take the comment away for it.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::Actor;
use crate::support::newsroom::{Published, text};
use crate::support::world::{Backend, World};

const LOOK: &str = "query($id: ID!) { comment(id: $id) { status revision reportScore approvedAt
    history { action from to by { displayName } note } reports { nodes { reporterAccuracy } } } }";

async fn look(moderator: &Actor, comment: &Value) -> Value {
    moderator.raw(LOOK, json!({ "id": comment["id"] })).await.data("/comment").clone()
}

async fn reported(moderator: &Actor) -> i64 {
    moderator
        .run("ModerationQueue", json!({ "queue": "REPORTED" }))
        .await
        .number("/moderationQueue/totalCount")
}

async fn report(reader: &Actor, comment: &Value) {
    let input = json!({ "id": comment["id"], "reason": "ABUSE" });
    let answer = reader.run("CommentReport", json!({ "input": input })).await;
    assert!(answer.user_errors().is_empty(), "{answer}");
}

/// The place in the article's log.
async fn place(article: &Published, reader: &Actor) -> Value {
    reader.read(article).await["feedCursor"].clone()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn approving_what_is_approved_answers_its_reports_and_readers_notice_nothing(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("story").await;
    let (ana, ben, mo) = (world.guest("Ana").await, world.guest("Ben").await, world.moderator().await);
    let comment = ana.comment(&article, None, "said").await;
    report(&ben, &comment).await;
    let (before, at) = (look(&mo, &comment).await, place(&article, &ben).await);
    assert_eq!((reported(&mo).await, &before["reportScore"]), (1, &json!(0.5)), "{before}");
    assert_eq!(before["reports"]["nodes"][0]["reporterAccuracy"], 0.5, "{before}");

    // As it was not read, it is a conflict; as it was, it is done, and done once.
    let input = |revision: i64| json!({ "id": comment["id"], "revision": revision, "note": "Fair enough." });
    let stale = mo.run("CommentApprove", json!({ "input": input(0) })).await;
    assert_eq!(stale.user_errors()[0].code, "CONFLICT", "{stale}");
    for _ in 0..2 {
        let kept = mo.run("CommentApprove", json!({ "input": input(1) })).await;
        assert!(kept.user_errors().is_empty(), "{kept}");
        assert_eq!(kept.number("/commentApprove/comment/revision"), 2, "{kept}");
    }
    let after = look(&mo, &comment).await;
    assert_eq!((reported(&mo).await, &after["reportScore"]), (0, &json!(0.0)), "{after}");
    let line = json!({ "action": "APPROVED", "from": "APPROVED", "to": "APPROVED",
        "by": { "displayName": "Mo Derator" }, "note": "Fair enough." });
    assert_eq!((after["history"].as_array().unwrap().len(), &after["history"][1]), (2, &line), "{after}");
    assert!(
        after["reports"]["nodes"][0]["reporterAccuracy"].as_f64().unwrap() < 0.5,
        "he was wrong: {after}"
    );
    assert_eq!(after["approvedAt"], before["approvedAt"], "readers have seen it since then");
    assert_eq!(place(&article, &ben).await, at, "there was nothing to tell readers");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn many_are_answered_at_once_and_undoing_that_brings_the_reports_back(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("story").await;
    let (ana, ben, mo) = (world.guest("Ana").await, world.guest("Ben").await, world.moderator().await);
    let mut items = Vec::new();
    for number in 0..3 {
        let comment = ana.comment(&article, None, &format!("number {number}")).await;
        if number > 0 {
            report(&ben, &comment).await;
        }
        items.push(json!({ "id": comment["id"], "revision": 1 }));
    }
    let at = place(&article, &ben).await;
    let input = json!({ "items": items, "to": "APPROVED" });
    let bulk = mo.run("CommentsModerate", json!({ "input": input })).await;
    let action = bulk.text("/commentsModerate/actionId").to_owned();
    for result in bulk.list("/commentsModerate/results") {
        assert_eq!(result["comment"]["status"], "APPROVED", "{bulk}");
    }
    assert_eq!(reported(&mo).await, 0);
    let revision = async |number: usize| look(&mo, &items[number]).await["revision"].clone();
    assert_eq!(
        (revision(0).await, revision(1).await),
        (json!(1), json!(2)),
        "what nobody reported stays as it was"
    );

    let undo = mo.run("ModerationUndo", json!({ "input": { "actionId": action } })).await;
    assert!(undo.user_errors().is_empty(), "{undo}");
    assert_eq!(reported(&mo).await, 2);
    let back = look(&mo, &items[1]).await;
    assert_eq!((text(&back, "status"), &back["reportScore"]), ("APPROVED", &json!(0.5)), "{back}");
    assert_eq!(back["reports"]["nodes"][0]["reporterAccuracy"], 0.5, "an undone decision counts for nothing");
    assert_eq!(place(&article, &ben).await, at, "readers saw it all the time");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_the_reason_and_the_note_too(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.article("story").await;
    let (ana, mo) = (world.guest("Ana").await, world.moderator().await);
    let (one, other) = (ana.comment(&article, None, "one").await, ana.comment(&article, None, "other").await);
    let reject = async |reason: &str, note: &str| {
        let input =
            json!({ "id": one["id"], "revision": 1, "reason": reason, "note": note, "idempotencyKey": "k1" });
        mo.run("CommentReject", json!({ "input": input })).await
    };
    let bulk = async |reason: &str, note: &str| {
        let items = [json!({ "id": other["id"], "revision": 1 })];
        let input = json!({ "items": items, "to": "REJECTED", "reason": reason, "note": note, "idempotencyKey": "k2" });
        mo.run("CommentsModerate", json!({ "input": input })).await
    };
    for _ in 0..2 {
        assert!(reject("ABUSE", "x").await.user_errors().is_empty());
        assert!(bulk("ABUSE", "x").await.user_errors().is_empty());
    }
    for (reason, note) in [("HATE", "x"), ("ABUSE", "y")] {
        for answer in [reject(reason, note).await, bulk(reason, note).await] {
            assert_eq!(answer.user_errors()[0].code, "IDEMPOTENCY_KEY_REUSED", "{answer}");
        }
    }
    world.check().await;
}
