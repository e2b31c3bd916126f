//! What readers get to see is what was judged: words that a moderator read are not replaced unread, links lead where they
//! say, and nothing invisible comes in by another door. What was taken back is quoted nowhere.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::{Actor, Answer};
use crate::support::newsroom::{Published, words};
use crate::support::world::{Backend, World};

const HELD: &str =
    "query($id: ID!) { comment(id: $id) { status body bodyHtml heldBecause { rule detail } } }";
const SET: &str = "mutation($input: ModerationRulesSetInput!) { moderationRulesSet(input: $input) { userErrors { code message } } }";

async fn rule(world: &World, rules: Value) {
    let input = json!({ "input": { "revision": 0, "rules": rules } });
    let set = world.admin().await.raw(SET, input).await;
    assert!(set.user_errors().is_empty(), "{set}");
}

async fn submit(reader: &Actor, article: &Published, body: &str) -> Answer {
    let input = json!({ "articleId": article.id, "body": body });
    reader.run("CommentSubmit", json!({ "input": input })).await
}

async fn held(moderator: &Actor, id: &Value) -> Value {
    moderator.raw(HELD, json!({ "id": id })).await.data("/comment").clone()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn words_that_a_moderator_approved_are_not_replaced_unread(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    rule(&world, json!({ "newcomers": { "approved": 1 } })).await;
    let article = world.open_article("open").await;
    let (ana, mo) = (world.guest("Ana").await, world.moderator().await);
    let comment = ana.comment(&article, None, "harmless").await;
    assert_eq!(comment["status"], "PENDING", "she is new");
    mo.approve(&comment).await;
    let edit = async |id: &Value, revision: i64, mark: &str| {
        let input = json!({ "id": id, "revision": revision, "body": words(mark) });
        ana.run("CommentEdit", json!({ "input": input })).await.text("/commentEdit/comment/status").to_owned()
    };
    assert_eq!(edit(&comment["id"], 2, "abusive").await, "PENDING");
    assert_eq!(world.anyone().read(&article).await["commentCount"], 0);
    let seen = held(&mo, &comment["id"]).await;
    assert_eq!(seen["heldBecause"][0]["rule"], "EDITED", "{seen}");

    // By now moderators know her: what nobody had to read may be changed as before.
    mo.approve(&json!({ "id": comment["id"], "revision": 3 })).await;
    let second = ana.comment(&article, None, "second").await;
    assert_eq!(second["status"], "APPROVED");
    assert_eq!(edit(&second["id"], 1, "put another way").await, "APPROVED");
    // Unless the rule for newcomers asks for more: then an edit is held as a new comment would be.
    let input = json!({ "input": { "revision": 1, "rules": { "newcomers": { "approved": 2 } } } });
    assert!(world.admin().await.raw(SET, input).await.user_errors().is_empty());
    assert_eq!(edit(&second["id"], 2, "and another").await, "PENDING");
    assert_eq!(held(&mo, &second["id"]).await["heldBecause"][0]["rule"], "NEWCOMER");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn links_without_a_scheme_are_counted_and_lead_nowhere(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let links = json!({ "max": 0, "outcome": "HOLD", "allowed": [], "denied": ["spam.example"], "deniedOutcome": "SPAM" });
    rule(&world, json!({ "links": links })).await;
    let article = world.open_article("open").await;
    let (ana, mo) = (world.guest("Ana").await, world.moderator().await);
    for (link, status) in [
        ("https://spam.example/x", "SPAM"),
        ("//spam.example/x", "SPAM"),
        ("//spam.example:443/x", "SPAM"),
        ("/\\\\spam.example/x", "SPAM"),
        ("/sign-out", "PENDING"),
        ("?x=1", "PENDING"),
    ] {
        let answer = submit(&ana, &article, &format!("{} [here]({link})", words(link))).await;
        let seen = held(&mo, answer.data("/commentSubmit/comment/id")).await;
        assert_eq!(seen["status"], status, "{link}: {seen}");
        assert_eq!(seen["bodyHtml"].as_str().unwrap().contains("href"), link.starts_with("https"), "{seen}");
    }
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn references_bring_back_nothing_invisible_and_make_nothing_longer(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    let body = format!("&#x202e;moc.live//:sptth&#x202c; &#8203;&#x1;&#xFFFE;{}", words("turned round"));
    let answer = submit(&ana, &article, &body).await;
    let html = answer.text("/commentSubmit/comment/bodyHtml");
    assert!(html.starts_with("<p>moc.live//:sptth turned round"), "{html:?}");
    let atom = format!("{}/articles/{}/comments.atom", ana.base, article.slug);
    let atom = ana.http.get(&atom).send().await.unwrap().text().await.unwrap();
    assert!(
        atom.contains("moc.live") && !atom.contains(['\u{202E}', '\u{200B}', '\u{1}', '\u{FFFE}']),
        "{atom}"
    );

    let reference = format!("[abc]: https://shop.example/{}", "x".repeat(60));
    for nothing in ["&#8203;".repeat(12), "&nbsp;".repeat(20), "&#x2800;".repeat(20), reference] {
        let refused = submit(&ana, &article, &nothing).await;
        assert_eq!(refused.user_errors()[0].code, "TOO_SHORT", "{nothing}: {refused}");
    }
    let id = answer.data("/commentSubmit/comment/id");
    let input = json!({ "id": id, "revision": 1, "body": "&nbsp;".repeat(20) });
    assert_eq!(ana.run("CommentEdit", json!({ "input": input })).await.user_errors()[0].code, "TOO_SHORT");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_its_author_took_back_the_traces_of_the_rules_do_not_quote(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    rule(
        &world,
        json!({ "links": { "max": 3, "outcome": "HOLD", "allowed": [], "denied": ["sites.example"], "deniedOutcome": "HOLD" } })).await;
    let article = world.open_article("open").await;
    let (jane, mo) = (world.guest("Jane").await, world.moderator().await);
    let answer = submit(&jane, &article, &words("My page is https://elm-street-9.sites.example/me")).await;
    let id = answer.data("/commentSubmit/comment/id");
    assert!(held(&mo, id).await["heldBecause"].to_string().contains("elm-street-9"));
    let deleted = jane.run("CommentDelete", json!({ "input": { "id": id } })).await;
    assert!(deleted.user_errors().is_empty(), "{deleted}");
    assert_eq!(held(&mo, id).await["heldBecause"], json!([]));
    world.check().await;
}
