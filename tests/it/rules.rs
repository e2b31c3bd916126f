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
    // Fewer than the default, which is what the node's own pace lets a person write at once.
    let rate = json!({ "rate": { "comments": 6, "minutes": 10, "outcome": "HOLD" } });
    let set = world.admin().await.raw(SET, json!({ "input": { "revision": 0, "rules": rate } })).await;
    assert!(set.user_errors().is_empty(), "{set}");
    for number in 3..6 {
        assert_eq!(sent(&ana, &words(&format!("number {number}"))).await.0, "APPROVED", "{number}");
    }
    assert_eq!(sent(&other_node, &words("one too many")).await, expect("PENDING", &["RATE"]));

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

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn at_once_on_every_node_a_person_gets_what_the_rule_lets_through_and_no_more(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = world(backend).await;
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

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_told_by_the_words_that_a_comment_has_after_its_edit(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = world(backend).await;
    let article = world.open_article("open").await;
    let (ana, ben, moderator) = (world.guest("Ana").await, world.guest("Ben").await, world.moderator().await);
    let comment = ana.comment(&article, None, "at first").await;
    let edit = json!({ "id": comment["id"], "revision": 1, "body": words("on second thoughts") });
    let answer = ana.run("CommentEdit", json!({ "input": edit })).await;
    assert_eq!(answer.text("/commentEdit/comment/status"), "APPROVED", "{answer}");
    let sent =
        async |who: &Actor, mark: &str| held(&moderator, &submit(who, &article, &words(mark)).await).await;
    let there = ana.at(world.node(1).url());
    assert_eq!(sent(&there, "on second thoughts").await, ("PENDING".to_owned(), vec!["REPEAT".to_owned()]));
    assert_eq!(sent(&there, "at first").await.0, "APPROVED", "nobody says that any more");
    assert_eq!(sent(&ben, "on second thoughts").await.0, "APPROVED", "one other is no campaign");
    world.check().await;
}

const RULES: &str = "query($id: ID) { moderationRules(articleId: $id) { revision ownRules
    bannedWords { words outcome } newcomers { approved } links { denied } article { id } updatedBy { displayName } } }";
const SET: &str = "mutation($input: ModerationRulesSetInput!) { moderationRulesSet(input: $input) {
    rules { revision ownRules newcomers { approved } } userErrors { code message field } } }";
const TRY: &str = "query($input: ModerationRulesTryInput!) { moderationRulesTry(input: $input) {
    trial { tried outcomes { outcome count } rules { rule outcome count samples { comment { id } detail } } }
    userErrors { code message field } } }";

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn rules_are_set_with_a_revision_and_hold_on_every_node_at_once(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let (admin, editor, moderator) = (world.admin().await, world.editor().await, world.moderator().await);
    let (ana, elsewhere) = (world.guest("Ana").await, world.node(1).url());
    let set = async |actor: &Actor, article: Option<&str>, revision: i32, rules: Value| {
        actor
            .raw(SET, json!({ "input": { "articleId": article, "revision": revision, "rules": rules } }))
            .await
    };
    let unset = moderator.raw(RULES, json!({})).await;
    assert_eq!(unset.number("/moderationRules/revision"), 0);
    assert_eq!(unset.list("/moderationRules/ownRules").len(), 0);
    assert_eq!(ana.raw(RULES, json!({})).await.code(), "FORBIDDEN");
    assert_eq!(set(&editor, None, 0, json!({})).await.code(), "FORBIDDEN");

    let words_of = |list: &str, outcome: &str| json!({ "words": list, "outcome": outcome });
    let banned =
        json!({ "bannedWords": words_of("vile thing*", "REFUSE"), "suspectWords": words_of("odd", "HOLD") });
    let done = set(&admin, None, 0, banned).await;
    assert_eq!(
        (done.user_errors().len(), done.number("/moderationRulesSet/rules/revision")),
        (0, 1),
        "{done}"
    );
    let stale = set(&admin, None, 0, json!({ "newcomers": { "approved": 9 } })).await;
    assert_eq!(stale.user_errors()[0].code, "CONFLICT");
    assert_eq!(stale.number("/moderationRulesSet/rules/revision"), 1, "the rules as they are");
    for (rules, field) in [
        (json!({ "bannedWords": words_of("fine\n***", "HOLD") }), "bannedWords"),
        (json!({ "rate": { "comments": 1, "minutes": 0, "outcome": "HOLD" } }), "rate"),
        (json!({ "reports": { "holdAt": -1.0 } }), "reports"),
    ] {
        let errors = set(&admin, None, 1, rules).await.user_errors();
        assert_eq!(errors[0].field, Some(vec!["rules".to_owned(), field.to_owned()]), "{errors:?}");
    }

    // The very next submission meets them, on the other node too.
    let other = ana.at(elsewhere);
    let refused = submit(&other, &article, &words("a VÍLE **thing**y")).await;
    assert_eq!(refused.user_errors()[0].code, "BANNED_WORDS", "{refused}");
    assert!(!refused.user_errors()[0].message.contains("vile"));
    let (status, rules) = held(&moderator, &submit(&ana, &article, &words("ｏｄｄ")).await).await;
    assert_eq!((status.as_str(), &rules[..]), ("PENDING", &["SUSPECT_WORDS".to_owned()][..]));

    // An article's own rules stand over the site's, and fall back to them.
    let own = json!({ "suspectWords": words_of("", "HOLD"), "newcomers": { "approved": 1 } });
    assert!(set(&editor, Some(&article.id), 0, own).await.user_errors().is_empty());
    let (status, rules) = held(&moderator, &submit(&other, &article, &words("another odd one")).await).await;
    assert_eq!((status.as_str(), &rules[..]), ("PENDING", &["NEWCOMER".to_owned()][..]));
    let back = json!({ "suspectWords": null });
    let answer = set(&editor, Some(&article.id), 1, back).await;
    assert_eq!(answer.list("/moderationRulesSet/rules/ownRules"), [json!("newcomers")]);
    let (_, rules) = held(&moderator, &submit(&ana, &article, &words("odd again")).await).await;
    assert_eq!(rules, ["SUSPECT_WORDS", "NEWCOMER"]);
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_would_have_been_and_writes_nothing(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let (ana, moderator) = (world.guest("Ana").await, world.moderator().await);
    for mark in ["one", "two odd", "three vile", "four odd and vile"] {
        ana.comment(&article, None, mark).await;
    }
    let tried = async |rules: Value, last: i32| {
        let input = json!({ "articleId": article.id, "rules": rules, "last": last });
        moderator.raw(TRY, json!({ "input": input })).await
    };
    let rules = json!({
        "bannedWords": { "words": "vile", "outcome": "REFUSE" }, "suspectWords": { "words": "odd", "outcome": "HOLD" },
        "rate": { "comments": 3, "minutes": 60, "outcome": "SPAM" },
    });
    let answer = tried(rules, 100).await;
    let trial = answer.data("/moderationRulesTry/trial").clone();
    assert_eq!(trial["tried"], 4, "{answer}");
    let count = |outcome: &str| {
        let mut outcomes = trial["outcomes"].as_array().unwrap().iter();
        outcomes.find(|count| count["outcome"] == outcome).unwrap()["count"].as_i64().unwrap()
    };
    assert_eq!(["ALLOW", "HOLD", "SPAM", "REFUSE"].map(count), [1, 1, 0, 2], "{answer}");
    let rule = |name: &str| {
        trial["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == name).unwrap().clone()
    };
    assert_eq!(rule("BANNED_WORDS")["count"], 2);
    assert_eq!(rule("SUSPECT_WORDS")["samples"].as_array().unwrap().len(), 2);
    assert_eq!(rule("RATE")["count"], 1, "the fourth within the hour");
    assert_eq!(tried(json!({}), 1).await.number("/moderationRulesTry/trial/tried"), 1);
    assert_eq!(tried(json!({}), 1_001).await.user_errors()[0].code, "INVALID");
    assert_eq!(ana.raw(TRY, json!({ "input": {} })).await.code(), "FORBIDDEN");
    assert_eq!(moderator.raw(RULES, json!({})).await.number("/moderationRules/revision"), 0);
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn reports_weigh_what_their_reporters_are_worth(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    const REPORTED: &str =
        "query($id: ID!) { comment(id: $id) { id status revision reportScore heldBecause { rule }
        reports(first: 5) { nodes { reporterAccuracy } } } }";
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let moderator = world.moderator().await;
    let rules = json!({ "reports": { "holdAt": 1.0 } });
    let set = world.admin().await.raw(SET, json!({ "input": { "revision": 0, "rules": rules } })).await;
    assert!(set.user_errors().is_empty(), "{set}");
    let (ana, ben, cas, dee) = (
        world.guest("Ana").await,
        world.guest("Ben").await,
        world.guest("Cas").await,
        world.guest("Dee").await,
    );
    let report = async |actor: &Actor, comment: &Value| {
        let input = json!({ "id": comment["id"], "reason": "ABUSE" });
        let answer = actor.run("CommentReport", json!({ "input": input })).await;
        assert!(answer.user_errors().is_empty(), "{answer}");
        moderator.raw(REPORTED, json!({ "id": comment["id"] })).await.data("/comment").clone()
    };
    let near = |value: &Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-6;

    let first = ana.comment(&article, None, "first").await;
    let once = report(&ben, &first).await;
    assert!(once["status"] == "APPROVED" && near(&once["reportScore"], 0.5), "{once}");
    let twice = report(&cas, &first).await;
    assert!(twice["status"] == "PENDING" && twice["heldBecause"][0]["rule"] == "REPORTS", "{twice}");
    assert_eq!(world.anyone().read(&article).await["commentCount"], 0, "readers no longer see it");
    moderator.approve(&twice).await;

    // Both were wrong: together they no longer send a comment back; with somebody new they do.
    let second = ana.comment(&article, None, "second").await;
    report(&ben, &second).await;
    let both = report(&cas, &second).await;
    assert!(both["status"] == "APPROVED" && near(&both["reportScore"], 2.0 / 3.0), "{both}");
    assert!(near(&both["reports"]["nodes"][0]["reporterAccuracy"], 1.0 / 3.0), "{both}");
    let three = report(&dee, &second).await;
    assert_eq!(three["status"], "PENDING", "{three}");
    moderator.reject(&three).await;

    // One right, one wrong; and Dee was right.
    let third = ana.comment(&article, None, "third").await;
    assert!(near(&report(&ben, &third).await["reportScore"], 0.5));
    assert!(near(&report(&dee, &third).await["reportScore"], 0.5 + 2.0 / 3.0));
    let seen = ana.raw(REPORTED, json!({ "id": first["id"] })).await;
    assert!(seen.errors().iter().all(|error| error["extensions"]["code"] == "FORBIDDEN"), "{seen}");
    world.check().await;
}
