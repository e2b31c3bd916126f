//! What is one's own, and what is somebody else's: comments, accounts, sessions. What people may do there is tried on real
//! ones, by everybody of each role and under each sanction, and `viewerCan…` must have said so before.

use rstest::rstest;
use serde_json::{Value, json};

use super::{END_ALL, ROLES, SANCTION, id_of, place, sanction};
use crate::support::client::{Actor, Answer};
use crate::support::newsroom::words;
use crate::support::world::{Backend, World};

const CAN: &str = "query($id: ID!) { comment(id: $id) { revision viewerCanEdit viewerCanDelete } }";
const EXPORT: &str =
    "mutation($input: AccountExportInput) { accountExport(input: $input) { userErrors { code message } } }";
const DELETE: &str =
    "mutation($input: AccountDeleteInput!) { accountDelete(input: $input) { userErrors { code message } } }";
const SET_ROLE: &str =
    "mutation($input: UserRoleSetInput!) { userRoleSet(input: $input) { userErrors { code message } } }";

/// A role, and the sanction on whoever has it.
const PEOPLE: [(&str, &str); 8] = [
    ("READER", "NONE"),
    ("READER", "PREMODERATE"),
    ("READER", "SUSPEND"),
    ("READER", "BAN"),
    ("MODERATOR", "NONE"),
    ("MODERATOR", "BAN"),
    ("EDITOR", "NONE"),
    ("ADMIN", "NONE"),
];

/// A deed, on whose comment, and what comes of it for everybody; and whether a ban and a suspension forbid it.
const DEEDS: [(&str, &str, &str, bool); 10] = [
    ("CommentReact", "own", "OK", true),
    ("CommentReport", "own", "OWN_COMMENT", true),
    ("CommentEdit", "own", "OK", true),
    ("CommentDelete", "own", "OK", false),
    ("CommentEdit", "own, rejected", "NOT_EDITABLE", true),
    ("CommentDelete", "own, rejected", "OK", false),
    ("CommentReact", "another's", "OK", true),
    ("CommentEdit", "another's", "FORBIDDEN", true),
    ("CommentDelete", "another's", "FORBIDDEN", false),
    ("CommentReport", "another's", "OK", true),
];

/// What came of it: the first code, or OK.
fn outcome(answer: &Answer) -> String {
    match answer.errors() {
        [] => answer.user_errors().first().map_or_else(|| "OK".to_owned(), |error| error.code.clone()),
        _ => answer.code().to_owned(),
    }
}

fn barred(kind: &str) -> Option<&'static str> {
    match kind {
        "BAN" => Some("BANNED"),
        "SUSPEND" => Some("SUSPENDED"),
        _ => None,
    }
}

async fn somebody(world: &World, role: &str, name: &str) -> Actor {
    match role {
        "READER" => world.guest(name).await,
        _ => world.person(role, name).await,
    }
}

/// Does it, after `viewerCan…` has said whether that can be done; and tells what came of it.
async fn deed(actor: &Actor, operation: &str, comment: &Value) -> String {
    let before = actor.raw(CAN, json!({ "id": comment["id"] })).await;
    let mut input = json!({ "id": comment["id"] });
    match operation {
        "CommentEdit" => {
            input["body"] = json!(words("said otherwise"));
            input["revision"] = before.data("/comment/revision").clone();
        }
        "CommentReact" => (input["kind"], input["on"]) = (json!("LIKE"), json!(true)),
        "CommentReport" => input["reason"] = json!("ABUSE"),
        _ => {}
    }
    let outcome = outcome(&actor.run(operation, json!({ "input": input })).await);
    let promised = match operation {
        "CommentEdit" => before.data("/comment/viewerCanEdit"),
        "CommentDelete" => before.data("/comment/viewerCanDelete"),
        _ => return outcome,
    };
    assert_eq!(promised, &json!(outcome == "OK"), "{operation} was {outcome}\n{before}");
    outcome
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_comment_is_its_authors_and_the_viewer_is_told_what_can_be_done(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("story").await;
    let (ben, admin, mo) = (world.guest("Ben").await, world.admin().await, world.moderator().await);
    for (role, kind) in PEOPLE {
        let who = format!("{role} {kind}");
        let actor = somebody(&world, role, &who).await;
        let own = actor.comment(&article, None, &format!("{who} says")).await;
        let rejected = actor.comment(&article, None, &format!("{who} swears")).await;
        mo.reject(&rejected).await;
        let anothers = ben.comment(&article, None, &format!("to {who}")).await;
        if kind != "NONE" {
            sanction(&admin, &actor, kind).await;
        }
        for (operation, whose, free, is_writing) in DEEDS {
            let comment = match whose {
                "own" => &own,
                "another's" => &anothers,
                _ => &rejected,
            };
            let expected = barred(kind).filter(|_| is_writing).unwrap_or(free);
            assert_eq!(deed(&actor, operation, comment).await, expected, "{who}: {operation} of {whose}");
        }
        let input = json!({ "articleId": article.id, "body": words(&format!("{who} goes on")) });
        let answer = actor.run("CommentSubmit", json!({ "input": input })).await;
        assert_eq!(outcome(&answer), barred(kind).unwrap_or("OK"), "{who}: CommentSubmit");
        if barred(kind).is_none() {
            let expected = if kind == "PREMODERATE" { "PENDING" } else { "APPROVED" };
            assert_eq!(answer.text("/commentSubmit/comment/status"), expected, "{who}");
        }
    }
    let hers = ben.comment(&article, None, "to nobody").await;
    for operation in ["CommentReact", "CommentEdit", "CommentDelete", "CommentReport"] {
        assert_eq!(deed(&world.anyone(), operation, &hers).await, "UNAUTHENTICATED", "{operation}");
    }
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_account_and_its_sessions_are_the_persons_and_the_administrators(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let admin = world.person("ADMIN", "Ada").await;
    for (role, kind) in PEOPLE {
        let who = format!("{role} {kind}");
        let (actor, other) = (somebody(&world, role, &who).await, world.guest("Ben").await);
        if kind != "NONE" {
            sanction(&admin, &actor, kind).await;
        }
        let (own, anothers) = (id_of(&actor).await, id_of(&other).await);
        let is_admin = role == "ADMIN";
        let admins = |then: &'static str| if is_admin { then } else { "FORBIDDEN" };
        // Nobody confirms with the right name: where it is allowed, that is what is wrong.
        let tried = [
            (EXPORT, json!({ "userId": own }), "OK"),
            (EXPORT, json!({ "userId": anothers }), admins("OK")),
            (DELETE, json!({ "userId": own, "confirm": "Nobody" }), "INVALID"),
            (DELETE, json!({ "userId": anothers, "confirm": "Nobody" }), admins("INVALID")),
            (SET_ROLE, json!({ "userId": own, "role": role }), admins("INVALID")),
            (SET_ROLE, json!({ "userId": anothers, "role": "READER" }), admins("OK")),
            (SANCTION, json!({ "userId": own, "kind": "PREMODERATE" }), "FORBIDDEN"),
            (END_ALL, json!({ "userId": anothers }), admins("OK")),
            (END_ALL, json!({}), "OK"),
            (END_ALL, json!({}), "UNAUTHENTICATED"),
        ];
        for (operation, input, expected) in tried {
            let answer = actor.raw(operation, json!({ "input": input })).await;
            assert_eq!(outcome(&answer), expected, "{who}\n{answer}");
        }
        let expected = if is_admin { 401 } else { 200 };
        assert_eq!(other.run("Viewer", json!({})).await.status, expected, "the other's session, after {who}");
    }
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_sanction_is_for_those_of_a_lower_role(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let mut targets = Vec::new();
    for role in &ROLES[1..] {
        targets.push((*role, id_of(&somebody(&world, role, &format!("{role} below")).await).await));
    }
    for role in &ROLES[1..] {
        let actor = somebody(&world, role, &format!("{role} above")).await;
        for (below, id) in &targets {
            let input = json!({ "userId": id, "kind": "PREMODERATE" });
            let answer = actor.raw(SANCTION, json!({ "input": input })).await;
            let may = place(role) >= place("MODERATOR") && place(role) > place(below);
            let expected = if may { "OK" } else { "FORBIDDEN" };
            assert_eq!(outcome(&answer), expected, "{role} over {below}\n{answer}");
        }
    }
    world.check().await;
}
