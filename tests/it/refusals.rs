//! Bad input: each gets a clear answer, and loses nothing.

use rstest::rstest;
use serde_json::json;

use crate::support::newsroom::{text, words};
use crate::support::node::Store;
use crate::support::reaper;
use crate::support::world::{Backend, World};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_does_not_fit_is_refused_with_its_field(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.article("last-keeper").await;
    let ana = world.guest("Ana").await;
    let submit = async |body: &str| {
        let input = json!({ "articleId": article.id, "body": body });
        ana.run("CommentSubmit", json!({ "input": input })).await
    };
    for (body, code) in [
        ("too short", "TOO_SHORT"),
        (&"👩‍👩‍👧".repeat(49), "TOO_SHORT"),
        (&"x".repeat(5_001), "TOO_LONG"),
        (&format!("a{}", "\u{301}".repeat(100_000)), "TOO_SHORT"),
        (&format!("{}{}", "b ".repeat(60), "\u{301}".repeat(100_000)), "TOO_LONG"),
        (&" ".repeat(400), "TOO_SHORT"),
    ] {
        let answer = submit(body).await;
        let [error] = &answer.user_errors()[..] else { panic!("{answer}") };
        assert_eq!(error.code, code, "{answer}");
        assert_eq!(error.field.as_deref(), Some(&["body".to_owned()][..]));
        assert!(answer.data("/commentSubmit/comment").is_null());
    }
    assert!(submit(&"👩‍👩‍👧".repeat(50)).await.user_errors().is_empty(), "50 as a reader counts them");

    let close = json!({ "articleId": article.id, "state": "CLOSED" });
    world.editor().await.run("CommentingSet", json!({ "input": close })).await;
    let answer = submit(&words("late")).await;
    assert_eq!(answer.user_errors()[0].code, "COMMENTING_CLOSED");
    assert_eq!(answer.user_errors()[0].field.as_deref(), Some(&["articleId".to_owned()][..]));
    world.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_cursors_and_page_sizes_are_checked() {
    let world = World::embedded().await;
    let article = world.article("last-keeper").await;
    let anyone = world.anyone();
    assert!(anyone.run("Article", json!({ "slug": "nowhere" })).await.data("/article").is_null());
    for (id, code) in
        [("x", "INVALID_ID"), (&*article.id, "WRONG_ID_TYPE"), (&unknown_comment(), "NOT_FOUND")]
    {
        assert_eq!(anyone.run("Thread", json!({ "id": id })).await.code(), code, "{id}");
    }
    assert_eq!(anyone.run("Node", json!({ "id": "%%%" })).await.code(), "INVALID_ID");
    for first in [-1, 101, i32::MAX] {
        let answer = anyone.run("Article", json!({ "slug": article.slug, "first": first })).await;
        assert_eq!(answer.code(), "BAD_PAGE_SIZE");
    }
    for after in ["", "x", "AAAA", &"A".repeat(1_000)] {
        let answer = anyone.run("Article", json!({ "slug": article.slug, "after": after })).await;
        assert_eq!(answer.code(), "BAD_CURSOR", "{after:.20}");
        let answer =
            anyone.run("ArticleEventsSince", json!({ "articleId": article.id, "after": after })).await;
        assert_eq!(answer.code(), "BAD_CURSOR", "{after:.20}");
    }
    // A cursor of one order has no place in another.
    let guest = world.guest("Ana").await;
    let open = world.open_article("open").await;
    guest.comment(&open, None, "one").await;
    let cursor = anyone.read(&open).await["comments"]["edges"][0]["cursor"].clone();
    let variables = json!({ "slug": open.slug, "after": cursor, "orderBy": "TOP" });
    assert_eq!(anyone.run("Article", variables).await.code(), "BAD_CURSOR");
}

/// The id of a comment that nobody wrote: the kind and sixteen zero bytes.
fn unknown_comment() -> String {
    format!("Qw{}", "A".repeat(21))
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_good_is_refused_not_overlooked(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let good = world.store.token("MODERATOR", "Mo").await;
    let elsewhere = World::embedded().await.store.token("ADMIN", "Mallory").await;
    let expired = world.store.token_for("ADMIN", "Old", "1s").await;
    let tampered = format!("{}x", good);
    for token in ["nonsense", "", &elsewhere, &tampered] {
        let answer = world.anyone().with_token(token).run("Viewer", json!({})).await;
        assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{token:.10}");
    }
    let viewer = world.node(1).anyone().with_token(&good).run("Viewer", json!({})).await;
    assert_eq!(viewer.text("/viewer/displayName"), "Mo", "a good one is good on every node");
    let late = world.anyone().with_token(&expired);
    crate::support::wait::eventually(
        std::time::Duration::from_secs(5),
        "the token's second to pass",
        async || {
            let answer = late.run("Viewer", json!({})).await;
            if answer.status == 401 { Ok(()) } else { Err(answer.to_string()) }
        },
    )
    .await;
    assert!(world.anyone().run("Viewer", json!({})).await.data("/viewer").is_null(), "nobody is nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_what_it_needs() {
    let world = World::embedded().await;
    let article = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    let comment = ana.comment(&article, None, "mine").await;
    let decision = json!({ "input": { "id": comment["id"], "revision": comment["revision"] } });
    let submission = json!({ "input": { "articleId": article.id, "body": words("x") } });
    let queue = json!({ "queue": "PENDING" });
    assert_eq!(world.anyone().run("CommentSubmit", submission).await.code(), "UNAUTHENTICATED");
    assert_eq!(world.anyone().run("CommentApprove", decision.clone()).await.code(), "UNAUTHENTICATED");
    assert_eq!(ana.run("CommentApprove", decision).await.code(), "FORBIDDEN");
    assert_eq!(ana.run("ModerationQueue", queue).await.code(), "FORBIDDEN");
    let story = crate::support::newsroom::story("mine");
    let moderator = world.moderator().await;
    assert_eq!(moderator.run("ArticlePublish", json!({ "input": story })).await.code(), "FORBIDDEN");
    let edit = json!({ "input": { "id": comment["id"], "revision": 1, "body": words("not yours") } });
    assert_eq!(world.guest("Eve").await.run("CommentEdit", edit).await.code(), "FORBIDDEN");
    let history = "query($id: ID!) { comment(id: $id) { id history { action } } }";
    let answer = ana.raw(history, json!({ "id": comment["id"] })).await;
    assert_eq!(answer.code(), "FORBIDDEN");
    assert_eq!(answer.body["data"]["comment"]["id"], comment["id"], "only the field is refused");
    assert!(text(&comment, "id").len() > 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_cannot_be_says_why_in_one_line() {
    let at = |data_dir: &str, database_url: Option<&str>, redis_url: Option<&str>| Store {
        data_dir: data_dir.into(),
        database_url: database_url.map(str::to_owned),
        redis_url: redis_url.map(str::to_owned),
    };
    let dir = reaper::directory("start");
    let unreadable = dir.join("unreadable");
    std::fs::create_dir_all(unreadable.join("talkback.db")).unwrap();
    let dir = dir.to_str().unwrap();
    for (store, reason) in [
        (at(dir, Some("postgres://nobody:secret@127.0.0.1:1/none"), None), "can't open the database"),
        (at(dir, None, Some("redis://:secret@127.0.0.1:1")), "Redis at 127.0.0.1:1"),
        (at(unreadable.to_str().unwrap(), None, None), "can't open the database"),
    ] {
        let ended = store.command(&["serve", "--listen", "127.0.0.1:0"]).await;
        let lines: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("talkback:")).collect();
        assert!(!ended.status.success() && lines.len() == 1, "{}", ended.stderr);
        assert!(lines[0].contains(reason) && !ended.stderr.contains("secret"), "{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_on_the_same_sqlite_file_is_refused() {
    let world = World::embedded().await;
    let ended = world.store.command(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert!(
        !ended.status.success() && ended.stderr.contains("another Talkback serves from"),
        "{}",
        ended.stderr
    );
    world.anyone().run("Viewer", json!({})).await.data("/viewer");
}
