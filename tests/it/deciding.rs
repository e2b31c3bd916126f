//! Moderators and authors at work: conflicts, retries, and what becomes of a thread.

use futures_util::stream::{self, StreamExt};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::{Actor, Answer};
use crate::support::newsroom::{text, words};
use crate::support::world::{Backend, World};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_on_words_that_changed_is_a_conflict_with_the_comment_as_it_is(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.article("last-keeper").await;
    let (ana, mo) = (world.guest("Ana").await, world.moderator().await);
    let read = ana.comment(&article, None, "as read").await;
    let edit = json!({ "id": read["id"], "revision": read["revision"], "body": words("as edited") });
    let edited = ana.run("CommentEdit", json!({ "input": edit })).await;
    assert_eq!(edited.number("/commentEdit/comment/revision"), 2);

    let stale = json!({ "id": read["id"], "revision": read["revision"] });
    let answer = mo.run("CommentApprove", json!({ "input": stale.clone() })).await;
    assert_eq!(answer.user_errors()[0].code, "CONFLICT");
    assert_eq!(answer.text("/commentApprove/comment/body"), words("as edited"), "what is there now");
    assert_eq!(answer.text("/commentApprove/comment/status"), "PENDING");

    let approved = mo.approve(answer.data("/commentApprove/comment")).await;
    // The state that it has already is no conflict, whatever the revision.
    let again = mo.run("CommentApprove", json!({ "input": stale })).await;
    assert!(again.user_errors().is_empty(), "{again}");
    assert_eq!(again.data("/commentApprove/comment/revision"), &approved["revision"], "nothing changed");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_returns_the_first_result(#[values(Backend::Embedded, Backend::Scaled)] backend: Backend) {
    let world = World::start(backend).await;
    let article = world.article("last-keeper").await;
    let ana = world.guest("Ana").await;
    let input = json!({ "articleId": article.id, "body": words("once"), "idempotencyKey": "k1" });
    // All at once, at both nodes: one comment.
    let tries = (0..8).map(|number| {
        let ana = ana.at(world.node(number).url());
        let input = input.clone();
        async move { ana.run("CommentSubmit", json!({ "input": input })).await }
    });
    let answers = futures_util::future::join_all(tries).await;
    let ids: std::collections::HashSet<&str> =
        answers.iter().map(|answer| answer.text("/commentSubmit/comment/id")).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let mine = ana.run("Viewer", json!({})).await;
    assert_eq!(mine.list("/viewer/comments/nodes").len(), 1);

    let other = json!({ "articleId": article.id, "body": words("another"), "idempotencyKey": "k1" });
    let answer = ana.run("CommentSubmit", json!({ "input": other })).await;
    assert_eq!(answer.user_errors()[0].code, "IDEMPOTENCY_KEY_REUSED");
    let theirs = world.guest("Eve").await.run("CommentSubmit", json!({ "input": input })).await;
    assert!(theirs.user_errors().is_empty(), "a key is its owner's: {theirs}");
    world.check().await;
}

/// Decisions that each moderator has under way at once.
const AT_ONCE: usize = 16;

/// One decision, and what whoever is told of a conflict needs: the comment as it is, and who was quicker.
async fn verdict(who: &Actor, field: &str, comment: &Value) -> Answer {
    let document = format!(
        "mutation($input: CommentModerateInput!) {{ {field}(input: $input) {{
             comment {{ id status revision history {{ action by {{ displayName }} }} }} userErrors {{ code message }} }} }}"
    );
    who.raw(&document, json!({ "input": { "id": comment["id"], "revision": comment["revision"] } })).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_two_moderators_on_the_same_hundred_comments_one_decides_each_and_the_other_is_told(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let articles = [world.article("one").await, world.article("two").await];
    let ana = world.guest("Ana").await;
    let mut held = Vec::new();
    for number in 0..100 {
        held.push(ana.comment(&articles[number % 2], None, &format!("contested {number}")).await);
    }
    // Each with a verdict of their own, at a node of their own; both from the front, several at once.
    let (mo, mia) = (world.moderator().await, world.person("MODERATOR", "Mia").await.at(world.node(1).url()));
    let race = async |who: &Actor, field: &'static str| -> Vec<Answer> {
        stream::iter(&held).map(|comment| verdict(who, field, comment)).buffered(AT_ONCE).collect().await
    };
    let (approvals, rejections) = tokio::join!(race(&mo, "commentApprove"), race(&mia, "commentReject"));

    let mut approved = [0, 0];
    for (number, (approval, rejection)) in approvals.iter().zip(&rejections).enumerate() {
        let is_mos = approval.user_errors().is_empty();
        let (winner, loser, status, name, field) = match is_mos {
            true => (approval, rejection, "APPROVED", "Mo Derator", "commentReject"),
            false => (rejection, approval, "REJECTED", "Mia", "commentApprove"),
        };
        assert!(winner.user_errors().is_empty(), "nobody decided\n{approval}\n{rejection}");
        let errors = loser.user_errors();
        assert_eq!(errors.len(), 1, "decided twice\n{approval}\n{rejection}");
        assert_eq!(errors[0].code, "CONFLICT", "{loser}");
        let now = loser.data(&format!("/{field}/comment"));
        assert_eq!((&now["status"], &now["revision"]), (&json!(status), &json!(2)), "as it is now: {loser}");
        let lines = now["history"].as_array().unwrap();
        assert_eq!(
            (lines.len(), &lines[1]["by"]["displayName"]),
            (2, &json!(name)),
            "who was quicker: {loser}"
        );
        approved[number % 2] += i64::from(is_mos);
    }
    for (article, approved) in articles.iter().zip(approved) {
        assert_eq!(world.anyone().read(article).await["commentCount"], approved);
    }
    let decided = approved[0] + approved[1];
    for (who, decisions) in [(&mo, decided), (&mia, 100 - decided)] {
        let id = who.run("Viewer", json!({})).await.data("/viewer/id").clone();
        let record = mo.run("UserRecord", json!({ "id": id, "first": 1 })).await;
        assert_eq!(record.number("/user/record/decisions/totalCount"), decisions, "{record}");
    }
    let queues = mo.raw("{ moderationState { queues { name count } } }", json!({})).await;
    for queue in queues.list("/moderationState/queues") {
        let expected = if queue["name"] == "ALL" { 100 } else { 0 };
        assert_eq!(queue["count"], expected, "{queue}");
    }
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_was_removed_leaves_a_tombstone_where_it_has_replies(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.article("last-keeper").await;
    let (ana, ben, mo) = (world.guest("Ana").await, world.guest("Ben").await, world.moderator().await);
    let top = mo.approve(&ana.comment(&article, None, "top").await).await;
    let reply = mo.approve(&ben.comment(&article, Some(text(&top, "id")), "reply").await).await;
    let deep = mo.approve(&ana.comment(&article, Some(text(&reply, "id")), "deep").await).await;
    let alone = mo.approve(&ana.comment(&article, None, "alone").await).await;

    mo.reject(&json!({ "id": top["id"], "revision": 2 })).await;
    let delete = |comment: &Value| json!({ "input": { "id": comment["id"] } });
    ana.run("CommentDelete", delete(&alone)).await.data("/commentDelete/comment/id");
    let read = world.anyone().read(&article).await;
    assert_eq!(read["commentCount"], 2);
    assert_eq!(read["comments"]["totalCount"], 1, "a removed comment without replies is gone");
    let tombstone = &read["comments"]["edges"][0]["node"];
    assert_eq!(tombstone["id"], top["id"]);
    assert_eq!((&tombstone["body"], &tombstone["author"]), (&Value::Null, &Value::Null));
    assert_eq!(tombstone["replies"]["edges"][0]["node"]["body"], reply["body"]);
    assert_eq!(tombstone["replyCount"], 1);

    let thread = world.anyone().run("Thread", json!({ "id": top["id"] })).await;
    let below: Vec<(&Value, i64)> = thread
        .list("/comment/descendants/edges")
        .iter()
        .map(|edge| (&edge["node"]["id"], edge["node"]["depth"].as_i64().unwrap()))
        .collect();
    assert_eq!(below, [(&reply["id"], 1), (&deep["id"], 2)]);

    // With the last visible reply the tombstones above it go too.
    ana.run("CommentDelete", delete(&deep)).await;
    mo.reject(&json!({ "id": reply["id"], "revision": 2 })).await;
    let read = world.anyone().read(&article).await;
    assert_eq!((&read["commentCount"], &read["comments"]["totalCount"]), (&json!(0), &json!(0)));
    assert_eq!(world.anyone().run("Thread", json!({ "id": top["id"] })).await.code(), "NOT_FOUND");
    // The author of a deleted comment cannot have it approved behind their back.
    let input = json!({ "input": { "id": deep["id"], "revision": 3 } });
    assert_eq!(mo.run("CommentApprove", input).await.user_errors()[0].code, "DELETED");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn readers_react_and_report_and_moderators_claim(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let (ana, ben, mo) = (world.guest("Ana").await, world.guest("Ben").await, world.moderator().await);
    let comment = ana.comment(&article, None, "liked").await;
    for on in [true, true, false, true] {
        let input = json!({ "id": comment["id"], "kind": "LIKE", "on": on });
        let answer = ben.run("CommentReact", json!({ "input": input })).await;
        let count = answer
            .list("/commentReact/comment/reactions")
            .first()
            .map_or(0, |r| r["count"].as_i64().unwrap());
        assert_eq!(count, i64::from(on), "absolute, so that a retry is harmless: {answer}");
        assert_eq!(answer.data("/commentReact/comment/viewerHasReacted"), on);
    }
    let report = json!({ "input": { "id": comment["id"], "reason": "OFF_TOPIC", "note": "about boats" } });
    assert_eq!(ana.run("CommentReport", report.clone()).await.user_errors()[0].code, "OWN_COMMENT");
    for _ in 0..2 {
        assert!(ben.run("CommentReport", report.clone()).await.user_errors().is_empty());
    }
    let claim = "mutation($id: ID!) { commentClaim(input: { id: $id }) { comment { id } userErrors { code message } } }";
    mo.raw(claim, json!({ "id": comment["id"] })).await.data("/commentClaim/comment/id");
    let queue = mo.run("ModerationQueue", json!({ "queue": "REPORTED" })).await;
    let entry = queue.data("/moderationQueue/edges/0/node");
    assert_eq!(entry["reports"]["totalCount"], 1, "one per person: {queue}");
    assert_eq!(entry["reports"]["nodes"][0]["note"], "about boats");
    assert_eq!(entry["claim"]["moderator"]["displayName"], "Mo Derator");

    mo.reject(&json!({ "id": comment["id"], "revision": 1 })).await;
    let queue = mo.run("ModerationQueue", json!({ "queue": "REPORTED" })).await;
    assert_eq!(queue.number("/moderationQueue/totalCount"), 0, "a decision is a look");
    world.check().await;
}
