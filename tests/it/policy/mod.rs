//! Who may do what, as tables. The first: everything that can be asked, with the least role that it needs, over each
//! transport. Nothing new is forgotten: it names all fields of the schema's three roots, or fails.

mod ask;
mod deeds;

use rstest::rstest;
use serde_json::{Value, json};

use self::ask::{Schema, Way, denial};
use crate::support::client::Actor;
use crate::support::world::{Backend, World};

/// Whoever may, from the least on.
const ROLES: [&str; 5] = ["ANONYMOUS", "READER", "MODERATOR", "EDITOR", "ADMIN"];

const NEEDED: &[(&str, &str, &str)] = &[
    ("query", "article", "ANONYMOUS"),
    ("query", "articles", "ANONYMOUS"),
    ("query", "comment", "ANONYMOUS"),
    ("query", "user", "MODERATOR"), // somebody else
    ("query", "node", "ANONYMOUS"),
    ("query", "nodes", "ANONYMOUS"),
    ("query", "viewer", "ANONYMOUS"),
    ("query", "articleEvents", "ANONYMOUS"),
    ("query", "moderationEvents", "MODERATOR"),
    ("query", "moderationState", "MODERATOR"),
    ("query", "moderationDecisions", "MODERATOR"),
    ("query", "moderationRules", "MODERATOR"),
    ("query", "moderationRulesTry", "MODERATOR"),
    ("query", "moderationQueue", "MODERATOR"),
    ("query", "moderationStatistics", "MODERATOR"),
    ("subscription", "commentApproved", "ANONYMOUS"),
    ("subscription", "articleEvents", "ANONYMOUS"),
    ("subscription", "moderationEvents", "MODERATOR"),
    ("mutation", "sessionStartGuest", "ANONYMOUS"),
    ("mutation", "sessionStartPassword", "ANONYMOUS"),
    ("mutation", "commentSubmit", "READER"),
    ("mutation", "commentEdit", "READER"),
    ("mutation", "commentDelete", "READER"),
    ("mutation", "commentReact", "READER"),
    ("mutation", "commentReport", "READER"),
    ("mutation", "accountExport", "ADMIN"), // of somebody else, as userId says
    ("mutation", "accountDelete", "ADMIN"), // likewise
    ("mutation", "commentApprove", "MODERATOR"),
    ("mutation", "commentReject", "MODERATOR"),
    ("mutation", "commentMarkSpam", "MODERATOR"),
    ("mutation", "commentRequeue", "MODERATOR"),
    ("mutation", "commentClaim", "MODERATOR"),
    ("mutation", "commentsModerate", "MODERATOR"),
    ("mutation", "moderationUndo", "MODERATOR"),
    ("mutation", "userSanction", "MODERATOR"),
    ("mutation", "articlePublish", "EDITOR"),
    ("mutation", "commentingSet", "EDITOR"),
    ("mutation", "moderationRulesSet", "ADMIN"),
    ("mutation", "userRoleSet", "ADMIN"),
    ("mutation", "sessionsEnd", "ADMIN"), // of somebody else
    ("mutation", "sessionEnd", "READER"), // last: it ends the session that it comes by
];

const SANCTION: &str = "mutation($input: UserSanctionInput!) {
    userSanction(input: $input) { user { id } userErrors { code message } } }";
const END_ALL: &str =
    "mutation($input: SessionsEndInput) { sessionsEnd(input: $input) { userErrors { code message } } }";

async fn id_of(actor: &Actor) -> String {
    actor.run("Viewer", json!({})).await.text("/viewer/id").to_owned()
}

async fn sanction(by: &Actor, whom: &Actor, kind: &str) {
    let until = if kind == "SUSPEND" { json!("2100-01-01T00:00:00Z") } else { Value::Null };
    let input = json!({ "userId": id_of(whom).await, "kind": kind, "until": until });
    let answer = by.raw(SANCTION, json!({ "input": input })).await;
    assert!(answer.user_errors().is_empty(), "{answer}");
}

/// One of each kind, with what they may: a role's all, whatever the sanction; or nothing, once their session was ended.
async fn everybody(world: &World) -> Vec<(&'static str, Option<&'static str>, Actor)> {
    let (admin, ended) = (world.admin().await, world.person("ADMIN", "Eve").await);
    let barred = world.person("MODERATOR", "Max").await;
    sanction(&admin, &barred, "BAN").await;
    let mut people = vec![
        ("anybody", Some("ANONYMOUS"), world.anyone()),
        ("a reader", Some("READER"), world.guest("Ana").await),
        ("a moderator", Some("MODERATOR"), world.moderator().await),
        ("a banned moderator", Some("MODERATOR"), barred),
        ("an editor", Some("EDITOR"), world.editor().await),
    ];
    for kind in ["BAN", "SUSPEND", "PREMODERATE"] {
        let reader = world.guest(kind).await;
        sanction(&admin, &reader, kind).await;
        people.push((kind, Some("READER"), reader));
    }
    assert!(ended.raw(END_ALL, json!({})).await.user_errors().is_empty());
    people.push(("an administrator", Some("ADMIN"), admin));
    people.push(("somebody whose session has ended", None, ended));
    people
}

fn place(role: &str) -> usize {
    ROLES.iter().position(|it| *it == role).unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn everything_that_can_be_asked_is_for_those_that_the_table_says(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
    #[values(Way::Http, Way::WebSocket, Way::Sse)] way: Way,
) {
    let world = World::start(backend).await;
    let people = everybody(&world).await;
    let schema = Schema::read(&world.anyone()).await;
    for kind in ["query", "mutation", "subscription"] {
        let mut offered = schema.names(kind);
        let mut tabled: Vec<_> =
            NEEDED.iter().filter(|(of, ..)| *of == kind).map(|(_, name, _)| *name).collect();
        offered.sort_unstable();
        tabled.sort_unstable();
        assert_eq!(tabled, offered, "the table names every {kind}, and no other");
    }
    for (kind, name, needed) in NEEDED {
        // Plain HTTP has one answer to a request: nothing is followed over it.
        if *kind == "subscription" && way == Way::Http {
            continue;
        }
        let operation = schema.operation(kind, name);
        for (who, role, actor) in &people {
            let expected = match role {
                None => Some("UNAUTHENTICATED"),
                Some(role) if place(role) >= place(needed) => None,
                Some("ANONYMOUS") => Some("UNAUTHENTICATED"),
                Some(_) => Some("FORBIDDEN"),
            };
            let denied = denial(way, actor, &operation).await;
            if *name == "sessionEnd" && expected.is_none() {
                let now = denial(Way::Http, actor, &schema.operation("query", "viewer")).await;
                assert_eq!(now.as_deref(), Some("UNAUTHENTICATED"), "{who}, who has ended the session");
            }
            assert_eq!(denied.as_deref(), expected, "{who}: {kind} {name}");
        }
    }
    world.check().await;
}
