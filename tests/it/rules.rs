//! Rules for submissions, as authors and moderators meet them.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::{Actor, Answer};
use crate::support::newsroom::{Published, words};
use crate::support::node::NodeOptions;
use crate::support::world::{Backend, Plan, World};

const HELD: &str =
    "query($id: ID!) { comment(id: $id) { status revision body heldBecause { rule detail } } }";

/// A world whose rules on rates are on.
async fn world(backend: Backend) -> World {
    let flags = ["--rate-limits", "on", "--demo", "off"].map(str::to_owned).to_vec();
    World::planned(
        backend,
        Plan { options: NodeOptions { flags, ..NodeOptions::default() }, ..Plan::default() },
    )
    .await
}

async fn submit(actor: &Actor, article: &Published, body: &str) -> Answer {
    let input = json!({ "articleId": article.id, "body": body });
    actor.run("CommentSubmit", json!({ "input": input })).await
}

/// What moderators see of a comment that was just sent in.
async fn held(moderator: &Actor, answer: &Answer) -> (String, Vec<String>) {
    let id = answer.text("/commentSubmit/comment/id");
    let seen = moderator.raw(HELD, json!({ "id": id })).await;
    let rules =
        seen.list("/comment/heldBecause").iter().map(|held| held["rule"].as_str().unwrap().to_owned());
    (seen.text("/comment/status").to_owned(), rules.collect())
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_defaults_hold_copies_floods_and_bundles_of_links(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = world(backend).await;
    let article = world.open_article("open").await;
    let (ana, moderator) = (world.guest("Ana").await, world.moderator().await);
    let links =
        "https://a.example https://b.example https://c.example https://d.example in a sentence of words";
    let expect = |status: &str, rules: &[&str]| {
        (status.to_owned(), rules.iter().map(|rule| (*rule).to_owned()).collect::<Vec<_>>())
    };
    let sent = async |actor: &Actor, text: &str| held(&moderator, &submit(actor, &article, text).await).await;

    assert_eq!(sent(&ana, &words("first")).await, expect("APPROVED", &[]));
    let other_node = ana.at(world.node(1).url());
    let dressed = words("First").replace("characters", "**chárac**ters");
    assert_eq!(sent(&other_node, &dressed).await, expect("PENDING", &["REPEAT"]));
    assert_eq!(sent(&ana, links).await, expect("PENDING", &["LINKS"]));
    for number in 3..20 {
        assert_eq!(sent(&ana, &words(&format!("number {number}"))).await.0, "APPROVED", "{number}");
    }
    let flooding = world.anyone().with_token(ana.token.clone().unwrap_or_default());
    let (status, rules) = held_by_rate(&flooding, &article, &moderator).await;
    assert_eq!((status.as_str(), rules.contains(&"RATE".to_owned())), ("PENDING", true), "{rules:?}");

    // The same words of three others are a campaign.
    let campaign = words("vote for the harbour");
    for (name, status) in [("Ben", "APPROVED"), ("Cas", "APPROVED"), ("Dee", "APPROVED"), ("Eve", "PENDING")]
    {
        assert_eq!(sent(&world.guest(name).await, &campaign).await.0, status, "{name}");
    }
    // Moderators are known.
    assert_eq!(sent(&moderator, &campaign).await, expect("APPROVED", &[]));
    world.check().await;
}

/// The node's own pace lets a person write 20 times at once: the twenty-first waits for that, not for the rule.
async fn held_by_rate(actor: &Actor, article: &Published, moderator: &Actor) -> (String, Vec<String>) {
    let deadline = std::time::Duration::from_secs(20);
    crate::support::wait::eventually(deadline, "the node to take another write", async || {
        let answer = submit(actor, article, &words("one too many")).await;
        let is_paced = answer.body.pointer("/errors/0/extensions/code") == Some(&json!("RATE_LIMITED"));
        if is_paced { Err(answer.to_string()) } else { Ok(held(moderator, &answer).await) }
    })
    .await
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn at_once_on_every_node_a_person_gets_what_the_rule_lets_through_and_no_more(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    let copies =
        (0..6).map(|number| {
            let (ana, article) = (ana.at(world.node(number).url()), &article);
            async move {
                submit(&ana, article, &words("once")).await.text("/commentSubmit/comment/status").to_owned()
            }
        });
    let statuses = futures_util::future::join_all(copies).await;
    let shown = statuses.iter().filter(|status| *status == "APPROVED").count();
    assert_eq!(shown, 1, "of six copies sent at once one is the first: {statuses:?}");
    world.check().await;
}

/// The moderators' view of a comment.
async fn look(moderator: &Actor, id: &Value) -> Value {
    moderator.raw(HELD, json!({ "id": id })).await.data("/comment").clone()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_meets_the_rules_about_words_too(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let (ana, moderator) = (world.guest("Ana").await, world.moderator().await);
    let comment = ana.comment(&article, None, "harmless").await;
    assert_eq!(comment["status"], "APPROVED");
    let links = (0..4).map(|n| format!("https://n{n}.example/")).collect::<Vec<_>>().join(" ");
    let edit = json!({ "id": comment["id"], "revision": 1, "body": format!("{} {links}", words("now")) });
    let answer = ana.run("CommentEdit", json!({ "input": edit })).await;
    assert_eq!(answer.text("/commentEdit/comment/status"), "PENDING", "{answer}");
    assert_eq!(look(&moderator, &comment["id"]).await["heldBecause"][0]["rule"], "LINKS");
    assert_eq!(world.anyone().read(&article).await["commentCount"], 0, "readers no longer see it");
    world.check().await;
}
