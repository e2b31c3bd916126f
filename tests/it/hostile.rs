//! Requests made to do harm: each ends with a coded error, a refusal or a success, soon, and never as our fault.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::{Actor, Answer};
use crate::support::newsroom::{story, text, words};
use crate::support::operations::Operation;
use crate::support::world::{Backend, World};

/// What a person waits without wondering.
const SOON: Duration = Duration::from_secs(2);

/// The answer, which came soon and blames nobody here.
#[track_caller]
fn checked(answer: Answer, started: Instant) -> Answer {
    let took = started.elapsed();
    assert!(took < SOON, "took {took:?}\n{answer}");
    assert!(answer.status < 500, "{answer}");
    for error in answer.errors() {
        let code = error.pointer("/extensions/code").and_then(Value::as_str);
        assert!(code.is_some_and(|code| code != "INTERNAL"), "{answer}");
    }
    answer
}

async fn sent(actor: &Actor, operation: &str, variables: Value) -> Answer {
    let started = Instant::now();
    checked(actor.run(operation, variables).await, started)
}

async fn asked(actor: &Actor, query: &str, variables: Value) -> Answer {
    let started = Instant::now();
    checked(actor.raw(query, variables).await, started)
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn texts_that_a_database_cannot_keep_are_refused(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.article("last-keeper").await;
    let (editor, ana) = (world.editor().await, world.guest("Ana").await);
    for (operation, variables) in [
        ("Article", json!({ "slug": "a\0b" })),
        ("Articles", json!({ "section": "\0" })),
        ("Articles", json!({ "tag": "work\0" })),
        ("Article", json!({ "slug": article.slug, "after": "\0" })),
        ("Node", json!({ "id": "\0" })),
    ] {
        assert_eq!(sent(&ana, operation, variables).await.code(), "BAD_CHARACTER", "{operation}");
    }
    for (field, value) in [
        ("idempotencyKey", "k\0".to_owned()),
        ("body", words("a\0b")),
        ("articleId", format!("{}\0", article.id)),
        ("no\0field", "x".to_owned()),
    ] {
        let mut input = json!({ "articleId": article.id, "body": words("x") });
        input[field] = value.into();
        let answer = sent(&ana, "CommentSubmit", json!({ "input": input })).await;
        assert_eq!(answer.code(), "BAD_CHARACTER", "{field:?}");
    }
    for field in ["slug", "headline", "section", "language", "url", "tags", "source"] {
        let mut input = story("another");
        input[field] = match field {
            "tags" => json!(["a", "b\0"]),
            "source" => json!({ "name": "\0" }),
            _ => json!("a\0"),
        };
        let answer = sent(&editor, "ArticlePublish", json!({ "input": input })).await;
        assert_eq!(answer.code(), "BAD_CHARACTER", "{field}");
    }
    let literal = r#"{ article(slug: "a\u0000") { id } articles(tag: "\u0000") { totalCount } }"#;
    assert_eq!(asked(&ana, literal, json!({})).await.code(), "BAD_CHARACTER");
    for name in ["\u{200B}", "\u{200F}\u{2060}", "\u{3164}"] {
        let answer = sent(&ana, "SessionStartGuest", json!({ "input": { "displayName": name } })).await;
        assert_eq!(answer.user_errors()[0].code, "INVALID", "{name:?}");
    }
    let disguised = json!({ "input": { "displayName": "Moderator\u{200B}\u{200F}" } });
    let answer = sent(&ana, "SessionStartGuest", disguised).await;
    assert_eq!(answer.text("/sessionStartGuest/viewer/displayName"), "Moderator");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn times_outside_the_calendar_are_refused(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.article("last-keeper").await;
    let editor = world.editor().await;
    let fails = |answer: &Answer, field: &str| {
        // A time that is none is refused before it reaches a rule.
        if answer.errors().is_empty() {
            let errors = answer.user_errors();
            assert_eq!(errors[0].code, "INVALID", "{answer}");
            assert_eq!(errors[0].field.as_deref(), Some(&[field.to_owned()][..]), "{answer}");
        }
    };
    for time in [
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "1899-12-31T23:59:59Z",
        "9999-12-31T23:59:59-10:00",
        "+10000-01-01T00:00:00Z",
        "+262142-12-31T23:59:59Z",
        "-262143-01-01T00:00:00Z",
        "-4713-01-01T00:00:00Z",
    ] {
        let mut input = story("timeless");
        input["publishedAt"] = time.into();
        fails(&sent(&editor, "ArticlePublish", json!({ "input": input })).await, "publishedAt");
        let input = json!({ "articleId": article.id, "closesAt": time });
        fails(&sent(&editor, "CommentingSet", json!({ "input": input })).await, "closesAt");
    }
    for (slug, time) in [("first", "1900-01-01T00:00:00Z"), ("last", "9999-12-31T23:59:59.999999Z")] {
        let mut input = story(slug);
        input["publishedAt"] = time.into();
        let answer = sent(&editor, "ArticlePublish", json!({ "input": input })).await;
        assert!(answer.user_errors().is_empty(), "{answer}");
    }
    // Pages go on from such rows, too.
    let page = "query($after: String) { articles(first: 1, after: $after) { nodes { slug } pageInfo { endCursor } } }";
    let mut after = Value::Null;
    let mut slugs = Vec::new();
    for _ in 0..3 {
        let answer = asked(&editor, page, json!({ "after": after })).await;
        slugs.push(answer.text("/articles/nodes/0/slug").to_owned());
        after = answer.data("/articles/pageInfo/endCursor").clone();
    }
    assert_eq!(slugs, ["last", "last-keeper", "first"]);
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn cursors_with_keys_of_no_row_are_refused(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    let above = ana.comment(&article, None, "above").await;
    ana.comment(&article, Some(text(&above, "id")), "one").await;
    ana.comment(&article, Some(text(&above, "id")), "two").await;

    let first = "query($id: ID!, $o: CommentOrder!) { comment(id: $id) {
        replies(first: 1, orderBy: $o) { pageInfo { endCursor } } } }";
    let query = "query($id: ID!, $o: CommentOrder!, $after: String) { comment(id: $id) {
        replies(first: 1, orderBy: $o, after: $after) { nodes { id } } } }";
    let stream = "subscription($id: ID!, $o: CommentOrder!, $after: String, $from: String) {
        articleEvents(articleId: $id, after: $from) { cursor event { occurredAt ... on CommentPublished {
            comment { depth replies(first: 1, orderBy: $o, after: $after) { nodes { id } } } } } } }";
    for order in ["NEWEST", "OLDEST", "MOST_REPLIES", "TOP"] {
        let answer = asked(&ana, first, json!({ "id": above["id"], "o": order })).await;
        let good = answer.text("/comment/replies/pageInfo/endCursor").to_owned();
        for key in [i64::MIN, i64::MIN + 1, -62_135_596_800_000_001, 253_402_300_800_000_000, i64::MAX] {
            let mut bytes = URL_SAFE_NO_PAD.decode(&good).unwrap();
            bytes[1..9].copy_from_slice(&key.to_be_bytes());
            let after = URL_SAFE_NO_PAD.encode(bytes);
            let variables = json!({ "id": above["id"], "o": order, "after": after });
            let answer = asked(&ana, query, variables).await;
            assert_eq!(answer.code(), "BAD_CURSOR", "{order} {key}");

            // In a stream it is each event's own error.
            let feed = ana.read(&article).await["feedCursor"].clone();
            let variables = json!({ "id": article.id, "o": order, "after": after, "from": feed });
            let operation = Operation::raw(stream, variables);
            let mut reader = follow(&ana, operation).await;
            let shown = ana.comment(&article, None, &format!("{order} {key}")).await;
            let started = Instant::now();
            let payload = reader.next_payload().await;
            assert!(started.elapsed() < SOON, "{payload}");
            let codes: Vec<&Value> = payload["errors"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|error| &error["extensions"]["code"])
                .collect();
            assert_eq!(codes, ["BAD_CURSOR"], "{payload}");
            assert!(shown["id"].is_string());
        }
        // The edges of what a cursor may hold are places like any other.
        for key in [-62_135_596_800_000_000, 0, i64::from(i32::MAX) + 1, 253_402_300_799_999_999] {
            let mut bytes = URL_SAFE_NO_PAD.decode(&good).unwrap();
            bytes[1..9].copy_from_slice(&key.to_be_bytes());
            let variables = json!({ "id": above["id"], "o": order, "after": URL_SAFE_NO_PAD.encode(bytes) });
            asked(&ana, query, variables).await.data("/comment/replies");
        }
    }
    world.check().await;
}

async fn follow(actor: &Actor, operation: Operation) -> crate::support::follower::Follower {
    use crate::support::follower::{Follower, Transport};
    match Follower::try_open(Transport::Sse, actor, operation).await {
        Ok(follower) => follower,
        Err(ending) => panic!("can't follow: {ending:?}"),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_would_make_much_of_little_is_refused_or_flattened(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    let mut id = text(&ana.comment(&article, None, "0").await, "id").to_owned();
    for level in 1..20 {
        id = text(&ana.comment(&article, Some(&id), &level.to_string()).await, "id").to_owned();
    }
    assert_eq!(sent(&ana, "Thread", json!({ "id": id })).await.list("/comment/ancestors").len(), 19);
    let nested = |levels: usize| "ancestors { ".repeat(levels) + "id" + &" }".repeat(levels);
    for levels in 2..6 {
        let query = format!("query($id: ID!) {{ comment(id: $id) {{ {} }} }}", nested(levels));
        assert_eq!(asked(&ana, &query, json!({ "id": id })).await.code(), "TOO_COSTLY");
    }
    let stream = "subscription($id: ID!) { commentApproved(articleId: $id) { comment {
        replies(first: 100) { nodes { replies(first: 100) { nodes { id } } } } } } }";
    let answer = asked(&ana, stream, json!({ "id": article.id })).await;
    assert_eq!(answer.code(), "TOO_COSTLY");

    for bomb in [
        ">".repeat(4_900) + &"x".repeat(60),
        "> ".repeat(2_450) + &"x".repeat(60),
        "- ".repeat(2_450) + &"x".repeat(60),
        (">".repeat(60) + "a\n\n").repeat(75),
        "*a **a ".repeat(350) + &" a** a*".repeat(350),
        "&a".repeat(2_500),
        "|a".repeat(600) + "\n" + &"|-".repeat(600) + "\n" + &"a\n".repeat(1_000),
    ] {
        let input = json!({ "articleId": article.id, "body": bomb });
        let answer = sent(&ana, "CommentSubmit", json!({ "input": input })).await;
        assert!(answer.user_errors().is_empty(), "{answer}");
        let html = answer.text("/commentSubmit/comment/bodyHtml");
        assert!(html.len() < 48 * 1024, "{} bytes of HTML of {bomb:.20}", html.len());
    }
    let mut input = story("bomb");
    input["body"] = ">".repeat(200_000).into();
    let answer = sent(&world.editor().await, "ArticlePublish", json!({ "input": input })).await;
    assert!(answer.user_errors().is_empty(), "{answer}");
    let html = sent(&ana, "Article", json!({ "slug": "bomb" })).await.text("/article/bodyHtml").len();
    assert!(html < 4_096, "{html} bytes of HTML");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn many_mutations_of_one_request_each_have_their_outcome(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    let many = |count: usize| {
        let fields = (0..count).map(|i| {
            format!("m{i}: commentSubmit(input: $input) {{ comment {{ id }} userErrors {{ code }} }} ")
        });
        format!("mutation($input: CommentSubmitInput!) {{ {} }}", fields.collect::<String>())
    };
    let input = json!({ "articleId": article.id, "body": words("once"), "idempotencyKey": "k" });
    let answer = asked(&ana, &many(20), json!({ "input": input })).await;
    let id = answer.text("/m0/comment/id").to_owned();
    for i in 0..20 {
        assert_eq!(answer.text(&format!("/m{i}/comment/id")), id);
    }
    assert_eq!(asked(&ana, &many(21), json!({ "input": input })).await.code(), "TOO_MANY_ROOT_FIELDS");
    assert_eq!(ana.read(&article).await["commentCount"], 1);
    let input = json!({ "articleId": article.id, "body": "short" });
    let answer = asked(&ana, &many(20), json!({ "input": input })).await;
    assert_eq!(answer.text("/m19/userErrors/0/code"), "TOO_SHORT");
    world.check().await;
}
