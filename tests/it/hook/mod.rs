//! The operator's hook: each way that it can answer or fail to, in the clear and over TLS, of comments and of edits; and
//! that no comment is lost or doubled by it.

mod double;
mod stopping;

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::double::{Authority, TestHook};
use crate::support::newsroom::words;
use crate::support::node::{Node, NodeOptions, Store};
use crate::support::reaper;
use crate::support::world::{Backend, Plan, World};

const SECRET: &str = "a secret of sixteen bytes or more";

async fn world(backend: Backend, port: u16, timeout_ms: u32, fallback: &str) -> World {
    let options = asking(&format!("http://127.0.0.1:{port}/comments"), timeout_ms, fallback);
    World::planned(backend, Plan { options, ..Plan::default() }).await
}

/// A node that asks the hook at this address.
fn asking(url: &str, timeout_ms: u32, fallback: &str) -> NodeOptions {
    let mut options = NodeOptions::default();
    options.flags.extend([
        "--moderation-hook-url".to_owned(),
        url.to_owned(),
        "--moderation-hook-timeout-ms".to_owned(),
        timeout_ms.to_string(),
        "--moderation-hook-fallback".to_owned(),
        fallback.to_owned(),
    ]);
    options.env.push(("TALKBACK_MODERATION_HOOK_SECRET".to_owned(), SECRET.to_owned()));
    options
}

const HELD: &str =
    "query($id: ID!) { comment(id: $id) { status revision body heldBecause { rule detail } } }";

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn each_answer_and_each_failure_has_its_outcome(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let mut hook = TestHook::start().await;
    let world = world(backend, hook.port, 1_500, "hold").await;
    let article = world.open_article("open").await;
    let (ana, moderator) = (world.guest("Ana").await, world.moderator().await);
    for (wish, status, detail) in [
        ("allow", "APPROVED", None),
        ("hold", "PENDING", Some("Sounds angry.")),
        ("spam", "SPAM", Some("The moderation hook says so.")),
        ("reject", "REJECTED", Some("The moderation hook says so.")),
        ("nonsense", "PENDING", Some("The moderation hook answered with what is no answer.")),
        ("unknown", "PENDING", Some("The moderation hook answered with what is no answer.")),
        ("error", "PENDING", Some("The moderation hook answered with status 500.")),
        ("redirect", "PENDING", Some("The moderation hook answered with a redirect, which is not followed.")),
        ("huge", "PENDING", Some("The moderation hook answered with more than 16384 bytes.")),
        ("cut", "PENDING", Some("The moderation hook could not be reached.")),
        ("silence", "PENDING", Some("The moderation hook did not answer within 1500 ms.")),
    ] {
        let comment = ana.comment(&article, None, wish).await;
        assert_eq!(comment["status"], status, "{wish}");
        let held = moderator.raw(HELD, json!({ "id": comment["id"] })).await;
        let told = detail.map(|detail| json!({ "rule": "HOOK", "detail": detail }));
        assert_eq!(held.list("/comment/heldBecause"), told.into_iter().collect::<Vec<_>>(), "{wish}");
        let (head, question) = hook.asked.recv().await.unwrap();
        assert!(head.contains("x-talkback-signature: sha256="), "{head}");
        assert_eq!(question["authorName"], "Ana");
        assert_eq!(question["articleId"], article.id);
    }
    let input = json!({ "input": { "articleId": article.id, "body": words("refuse") } });
    let refused = ana.run("CommentSubmit", input).await;
    assert_eq!(refused.user_errors()[0].code, "NOT_ACCEPTED", "{refused}");

    // What other rules refuse is not shown to it.
    while hook.asked.try_recv().is_ok() {}
    let short = json!({ "input": { "articleId": article.id, "body": "allow: short" } });
    assert_eq!(ana.run("CommentSubmit", short).await.user_errors()[0].code, "TOO_SHORT");
    assert!(hook.asked.try_recv().is_err());
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_is_down_lets_the_other_rules_decide_where_the_operator_says_so(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let world = world(backend, port, 1_000, "allow").await;
    let open = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    assert_eq!(ana.comment(&open, None, "anything").await["status"], "APPROVED");
    let held = world.article("held").await;
    assert_eq!(ana.comment(&held, None, "anything else").await["status"], "PENDING");
    world.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_may_take_longer_than_what_waits_for_it_is_refused_at_the_start() {
    let world = World::embedded().await;
    let flags = ["--moderation-hook-url", "http://127.0.0.1:1/", "--moderation-hook-secret", SECRET];
    let ended = world.store.command(&[&flags[..], &["--moderation-hook-timeout-ms", "9500"]].concat()).await;
    assert!(!ended.status.success() && ended.stderr.contains("execution-seconds"), "{}", ended.stderr);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_while_the_hook_thinks_makes_one_comment(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let mut hook = TestHook::start().await;
    let world = world(backend, hook.port, 9_000, "hold").await;
    let article = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    let input =
        json!({ "input": { "articleId": article.id, "body": words("wait"), "idempotencyKey": "once" } });
    let tries: Vec<_> = (0..2)
        .map(|number| {
            let (ana, input) = (ana.at(world.node(number).url()), input.clone());
            tokio::spawn(async move { ana.run("CommentSubmit", input).await })
        })
        .collect();
    for _ in 0..2 {
        let (head, _) =
            tokio::time::timeout(Duration::from_secs(20), hook.asked.recv()).await.unwrap().unwrap();
        assert!(head.contains("idempotency-key: once"), "{head}");
    }
    // Nobody else waits for it: the hook is asked outside any transaction.
    let other = world.guest("Ben").await;
    assert_eq!(other.comment(&article, None, "allow").await["status"], "APPROVED");
    hook.go_on.add_permits(2);
    let mut ids = Vec::new();
    for answer in futures_util::future::join_all(tries).await {
        ids.push(answer.unwrap().text("/commentSubmit/comment/id").to_owned());
    }
    assert_eq!(ids[0], ids[1], "one comment, told twice");
    assert_eq!(world.anyone().read(&article).await["commentCount"], 2);
    // A later retry has its answer without the hook.
    while hook.asked.try_recv().is_ok() {}
    assert_eq!(ana.run("CommentSubmit", input).await.text("/commentSubmit/comment/id"), ids[0]);
    assert!(hook.asked.try_recv().is_err());
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_shown_to_it_and_meets_its_answer_or_the_fallback(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let mut hook = TestHook::start().await;
    let world = world(backend, hook.port, 1_500, "hold").await;
    let article = world.open_article("open").await;
    let (ana, moderator) = (world.guest("Ana").await, world.moderator().await);
    let edit = async |comment: &Value, wish: &str| {
        let input = json!({ "id": comment["id"], "revision": comment["revision"], "body": words(wish) });
        ana.run("CommentEdit", json!({ "input": input })).await
    };
    for (wish, status, detail) in [
        ("allow", "APPROVED", None),
        ("hold", "PENDING", Some("Sounds angry.")),
        ("spam", "SPAM", Some("The moderation hook says so.")),
        ("reject", "REJECTED", Some("The moderation hook says so.")),
        ("nonsense", "PENDING", Some("The moderation hook answered with what is no answer.")),
        ("error", "PENDING", Some("The moderation hook answered with status 500.")),
        ("silence", "PENDING", Some("The moderation hook did not answer within 1500 ms.")),
    ] {
        let comment = ana.comment(&article, None, &format!("allow: before {wish}")).await;
        hook.asked.recv().await.unwrap();
        let edited = edit(&comment, wish).await;
        assert!(edited.user_errors().is_empty(), "{edited}");
        let (head, question) = hook.asked.recv().await.unwrap();
        assert!(head.contains("x-talkback-signature: sha256="), "{head}");
        assert_eq!((&question["event"], &question["commentId"]), (&json!("edit"), &comment["id"]));
        assert_eq!(question["body"], words(wish), "the new words");
        let now = moderator.raw(HELD, json!({ "id": comment["id"] })).await;
        assert_eq!(now.text("/comment/status"), status, "{wish}");
        assert_eq!(now.text("/comment/body"), words(wish), "the new words are there: {wish}");
        let hooks = now.list("/comment/heldBecause").iter().filter(|held| held["rule"] == "HOOK");
        let details: Vec<_> = hooks.map(|held| held["detail"].as_str().unwrap()).collect();
        assert_eq!(details, detail.into_iter().collect::<Vec<_>>(), "{wish}");
    }
    // Refused words are not taken, and the old ones stay.
    let comment = ana.comment(&article, None, "allow: to be kept").await;
    let refused = edit(&comment, "refuse").await;
    assert_eq!(refused.user_errors()[0].code, "NOT_ACCEPTED", "{refused}");
    let now = moderator.raw(HELD, json!({ "id": comment["id"] })).await;
    assert_eq!(now.text("/comment/body"), words("allow: to be kept"));
    assert_eq!((now.text("/comment/status"), now.number("/comment/revision")), ("APPROVED", 1));
    // What can't be edited is not shown to it.
    while hook.asked.try_recv().is_ok() {}
    let stale = json!({ "id": comment["id"], "revision": 7, "body": words("allow: too late") });
    let stale = ana.run("CommentEdit", json!({ "input": stale })).await;
    assert_eq!(stale.user_errors()[0].code, "CONFLICT");
    assert!(hook.asked.try_recv().is_err());
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn over_tls_it_is_believed_if_the_authority_vouches_for_it_and_not_otherwise(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let (ours, other) = (Authority::new("Newsroom"), Authority::new("Somebody"));
    let mut hook = TestHook::start_tls(&ours).await;
    let url = format!("https://localhost:{}/comments", hook.port);
    for (believed, status, detail) in [
        (&ours, "SPAM", "The moderation hook says so."),
        (&other, "PENDING", "The moderation hook could not be reached."),
    ] {
        let mut options = asking(&url, 5_000, "hold");
        options.flags.extend(["--moderation-hook-ca".to_owned(), believed.file.display().to_string()]);
        let world = World::planned(backend, Plan { options, ..Plan::default() }).await;
        let article = world.open_article("open").await;
        let (ana, moderator) = (world.guest("Ana").await, world.moderator().await);
        let comment = ana.comment(&article, None, "spam").await;
        let held = moderator.raw(HELD, json!({ "id": comment["id"] })).await;
        assert_eq!(held.text("/comment/status"), status, "{held}");
        assert_eq!(held.data("/comment/heldBecause/0"), &json!({ "rule": "HOOK", "detail": detail }));
        world.check().await;
    }
    let (_, question) = hook.asked.try_recv().unwrap();
    assert_eq!(question["authorName"], "Ana");
    assert!(hook.asked.try_recv().is_err(), "nothing was shown to whom nobody vouches for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_certificates_is_said_to_be_none() {
    let store = Store { data_dir: reaper::directory("data"), database_url: None, redis_url: None };
    let empty = reaper::directory("ca").join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    for (file, said) in [
        (empty, "--moderation-hook-ca holds no certificate"),
        ("/nowhere.pem".into(), "can't read /nowhere.pem"),
    ] {
        let mut options = asking("https://localhost:1/", 1_000, "hold");
        options.flags.extend(["--moderation-hook-ca".to_owned(), file.display().to_string()]);
        let why = match Node::try_start(&store, options).await {
            Ok(_) => panic!("it started with {}", file.display()),
            Err(why) => why,
        };
        assert!(why.contains(said), "{why}");
    }
}
