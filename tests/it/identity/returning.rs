//! Whoever deleted their account here and signs in again at the host site is somebody new; with what was signed before
//! that, nobody comes back.

use jsonwebtoken::{EncodingKey, Header, encode};
use rstest::rstest;
use serde_json::json;
use talkback::clock::Clock;

use super::{assert_refused, look};
use crate::support::client::Actor;
use crate::support::newsroom::words;
use crate::support::node::NodeOptions;
use crate::support::world::{Backend, Plan, World};

const SECRET: &str = "a secret that the site and we have";
const DELETE: &str = "mutation { accountDelete(input: { confirm: \"Sol\" }) { userId userErrors { code } } }";

/// Signed for one and the same person so many seconds from now, or before.
fn token(seconds: i64) -> String {
    let now = Clock::system().now().timestamp();
    let claims = json!({
        "iss": "https://news.example", "sub": "7", "name": "Sol", "iat": now + seconds, "exp": now + 3600
    });
    encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

/// A world that trusts the site.
async fn trusting(backend: Backend) -> World {
    let mut options = NodeOptions::default();
    options.flags.extend(["--sso-issuer", "https://news.example"].map(str::to_owned));
    options.env.push(("TALKBACK_SSO_SECRET".to_owned(), SECRET.to_owned()));
    World::planned(backend, Plan { options, ..Plan::default() }).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_from_before_a_deletion_nobody_comes_back(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = trusting(backend).await;
    let article = world.open_article("story").await;
    let (here, there) = (world.anyone(), world.node(1).anyone());
    let [used, unused, never] = [-10, -11, -12].map(token);

    let sol = here.with_token(&used);
    let first = look(&sol).await.text("/viewer/id").to_owned();
    sol.comment(&article, None, "before").await;
    assert_eq!(sol.raw(DELETE, json!({})).await.text("/accountDelete/userId"), first);
    assert_refused(&look(&sol).await, "ACCOUNT_GONE");
    for node in [&here, &there] {
        assert_refused(&look(&node.with_token(&unused)).await, "ACCOUNT_GONE");
    }

    // A later one than the deletion, within what clocks may differ.
    let back = look(&there.with_token(token(20))).await;
    assert_ne!(back.text("/viewer/id"), first, "somebody new");
    assert_eq!(back.list("/viewer/comments/nodes").len(), 0, "who wrote nothing");
    // Nobody becomes the new person by what was signed for the old one.
    for node in [&here, &there] {
        for before in [&used, &unused, &never] {
            assert_refused(&look(&node.with_token(before)).await, "SESSION_ENDED");
        }
    }
    world.check().await;
}

const SANCTION: &str =
    "mutation($input: UserSanctionInput!) { userSanction(input: $input) { userErrors { code message } } }";
const UNDER: &str = "query($id: ID!) { user(id: $id) { sanction { kind reason } } }";

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_sanction_is_not_shed_by_deleting_the_account(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = trusting(backend).await;
    let article = world.open_article("story").await;
    let (here, there, mo) = (world.anyone(), world.node(1).anyone(), world.moderator().await);
    let sanction = async |whose: &str, kind: &str| {
        let input = json!({ "userId": whose, "kind": kind });
        let done = mo.raw(SANCTION, json!({ "input": input })).await;
        assert!(done.user_errors().is_empty(), "{done}");
    };
    let submit = async |who: &Actor, mark: &str| {
        let input = json!({ "articleId": article.id, "body": words(mark) });
        who.run("CommentSubmit", json!({ "input": input })).await
    };
    let sol = here.with_token(token(-10));
    let first = look(&sol).await.text("/viewer/id").to_owned();
    sanction(&first, "BAN").await;
    assert_eq!(submit(&sol, "banned").await.user_errors()[0].code, "BANNED");
    sol.raw(DELETE, json!({})).await.data("/accountDelete/userId");
    world.check().await;

    let sol = there.with_token(token(15));
    let second = look(&sol).await.text("/viewer/id").to_owned();
    assert_ne!(second, first, "somebody new, and banned");
    assert_eq!(submit(&sol, "back").await.user_errors()[0].code, "BANNED");
    let under = mo.raw(UNDER, json!({ "id": second })).await;
    assert_eq!(under.text("/user/sanction/kind"), "BAN");
    assert!(under.text("/user/sanction/reason").contains("an account that you have deleted"), "{under}");
    let export = sol.raw("mutation { accountExport { json } }", json!({})).await;
    assert!(export.text("/accountExport/json").contains(r#""kind":"BAN""#), "{export}");

    // It is kept as often as the account is deleted, and not once it is lifted.
    sol.raw(DELETE, json!({})).await.data("/accountDelete/userId");
    let sol = here.with_token(token(20));
    let third = look(&sol).await.text("/viewer/id").to_owned();
    assert_eq!(submit(&sol, "again").await.user_errors()[0].code, "BANNED");
    sanction(&third, "NONE").await;
    sol.raw(DELETE, json!({})).await.data("/accountDelete/userId");
    let sol = there.with_token(token(25));
    assert!(submit(&sol, "free").await.user_errors().is_empty());
    world.check().await;
}
