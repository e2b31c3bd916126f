//! Claims: whoever opens a comment holds it for a short time, and then no longer.

use std::sync::Arc;

use rstest::rstest;
use serde_json::{Value, json};
use talkback::clock::Clock;
use talkback::domain::ids::UserId;
use talkback::domain::user::{Role, User, UserKind, Viewer};
use talkback::graphql::GlobalId;
use talkback::store::DatabaseUrl;

use crate::support::inside::Inside;
use crate::support::operations::Operation;
use crate::support::postgres::Postgres;
use crate::support::reaper;
use crate::support::world::Backend;

const CLAIM: &str = "mutation($id: ID!, $on: Boolean!) { commentClaim(input: { id: $id, on: $on }) {
    comment { claim { moderator { displayName } expiresAt } } userErrors { code } } }";
const HELD_BY: &str =
    "query($id: ID!) { comment(id: $id) { claim { moderator { displayName } expiresAt } } }";
const APPROVE: &str = "mutation($id: ID!) { commentApprove(input: { id: $id, revision: 1 }) {
    comment { status claim { expiresAt } } userErrors { code } } }";

async fn ask(inside: &Inside, who: &Viewer, document: &str, variables: Value) -> Value {
    let accepted = inside.accept(Operation::raw(document, variables)).await;
    let response = inside.engine.run(accepted, who.clone()).await.response;
    assert!(response.is_ok(), "{:?}", response.errors);
    response.data.into_json().unwrap()
}

async fn moderator(inside: &Inside, name: &str) -> Viewer {
    let user =
        User { id: UserId(inside.service.clock.new_id()), display_name: name.into(), role: Role::Moderator };
    inside.service.store.add_user(&user, UserKind::Local, inside.service.clock.now()).await.unwrap();
    Viewer::acting(user)
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_runs_out_by_itself_and_stops_nobody_from_deciding(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let database = match backend {
        Backend::Embedded => None,
        Backend::Scaled => Some(Postgres::shared().await.database().await),
    };
    let url = match &database {
        None => DatabaseUrl::Sqlite(reaper::directory("claims").join("talkback.db")),
        Some(database) => DatabaseUrl::Postgres(database.url().to_owned()),
    };
    let clock = Arc::new(Clock::manual(Clock::system().now()));
    let inside = Inside::open_at(&url, Arc::clone(&clock)).await;
    let (mo, mia) = (moderator(&inside, "Mo").await, moderator(&inside, "Mia").await);
    let article = inside.article("story").await;
    let mut ids = Vec::new();
    for number in 0..2 {
        ids.push(GlobalId::Comment(inside.say(&article, None, number).await.id).encode());
    }
    let claim = async |who: &Viewer, on: bool| {
        let answer = ask(&inside, who, CLAIM, json!({ "id": ids[0], "on": on })).await;
        answer["commentClaim"]["comment"]["claim"].clone()
    };
    let seen =
        async || ask(&inside, &mia, HELD_BY, json!({ "id": ids[0] })).await["comment"]["claim"].clone();

    let first = claim(&mo, true).await;
    assert_eq!(first["moderator"]["displayName"], "Mo");
    assert_eq!(claim(&mia, true).await, first, "it holds: the answer says whose it is");
    assert_eq!(claim(&mia, false).await, first, "nor does another let it go");
    clock.advance(chrono::Duration::seconds(30));
    let renewed = claim(&mo, true).await;
    assert_ne!(renewed["expiresAt"], first["expiresAt"], "whoever holds it holds it longer");

    let until: chrono::DateTime<chrono::Utc> = renewed["expiresAt"].as_str().unwrap().parse().unwrap();
    clock.advance(until - clock.now() - chrono::Duration::microseconds(1));
    assert_eq!(seen().await, renewed, "up to the last moment");
    clock.advance(chrono::Duration::microseconds(1));
    assert_eq!(seen().await, Value::Null, "and not a moment longer");
    assert_eq!(claim(&mia, true).await["moderator"]["displayName"], "Mia", "then it is another's");
    clock.advance(chrono::Duration::hours(1));
    assert_eq!(claim(&mia, false).await, Value::Null, "what has run out is let go without ado");

    // A claim is a word to the others: whoever decides all the same, decides, and the claim goes with it.
    claim(&mia, true).await;
    let reject = APPROVE.replace("commentApprove", "commentReject");
    let decided = ask(&inside, &mo, &reject, json!({ "id": ids[0] })).await;
    let payload = &decided["commentReject"];
    assert_eq!(payload, &json!({ "comment": { "status": "REJECTED", "claim": null }, "userErrors": [] }));
    let report = inside.service.store.check().await.unwrap();
    assert!(report.violations.is_empty(), "{:?}", report.violations);
}
