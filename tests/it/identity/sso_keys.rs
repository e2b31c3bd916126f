//! Keys of a host site that change, and a site that is out of reach. The promise: while nothing good is to be had, the last
//! good keys stay in force; a token that can't be checked yet is told to come again; new keys hold without a restart.

use jsonwebtoken::Algorithm;
use rstest::rstest;
use serde_json::json;

use super::sso::{SECRET, world};
use super::{assert_refused, assert_shown_out, felt, follow, look};
use crate::support::jwks::{AUDIENCE, ISSUER, JwksServer, Says, SiteKey, jwks};
use crate::support::node::{Node, NodeOptions};
use crate::support::reaper;
use crate::support::world::{Backend, World};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn keys_at_an_address_change_without_a_restart(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let (old, new) = (SiteKey::new(Algorithm::ES256, "old"), SiteKey::new(Algorithm::ES256, "new"));
    let server = JwksServer::start(Says::Keys(jwks(&[&old]))).await;
    let world = world(backend, None, Some(&server.url())).await;
    let article = world.open_article("story").await;
    let sol = world.anyone().with_token(old.token("7", "Sol"));
    let id = look(&sol).await.text("/viewer/id").to_owned();
    sol.comment(&article, None, "by the old key").await;
    let open = follow(&sol, &article).await;

    // The new key beside the old one: the first token that names it has the address asked, at most once a second.
    server.says(Says::Keys(jwks(&[&old, &new])));
    let renewed = world.anyone().with_token(new.token("7", "Sol"));
    felt(&renewed, "the new key to be known", |answer| answer.status == 200).await;
    assert_eq!(look(&renewed).await.text("/viewer/id"), id, "the same person");
    look(&sol).await.data("/viewer/id");

    // The old one withdrawn: what it signed is refused, and whoever is there by it is shown out.
    server.says(Says::Keys(jwks(&[&new])));
    let stranger = world.anyone().with_token(SiteKey::new(Algorithm::ES256, "stranger").token("8", "Eve"));
    let before = server.asked();
    felt(&stranger, "the key set to be read again", |answer| {
        assert_refused(answer, "TOKEN_KEY_UNKNOWN");
        server.asked() > before
    })
    .await;
    assert_shown_out(open, "Session ended", Some("SESSION_ENDED")).await;
    assert_refused(&look(&sol).await, "TOKEN_KEY_UNKNOWN");
    renewed.comment(&article, None, "by the new key").await;
    assert_eq!(world.anyone().read(&article).await["commentCount"], 2, "what was said stays");
    world.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_secrets_in_files_change_without_a_restart() {
    let (old, new) = (SiteKey::new(Algorithm::EdDSA, "old"), SiteKey::new(Algorithm::EdDSA, "new"));
    let file = reaper::directory("keys").join("jwks.json");
    std::fs::write(&file, jwks(&[&old]).to_string()).unwrap();
    let secrets = reaper::directory("secret").join("secret");
    std::fs::write(&secrets, SECRET).unwrap();
    let world = World::embedded().await;
    let mut options = NodeOptions::default();
    let (keys, secret) = (file.display().to_string(), secrets.display().to_string());
    let flags = [
        "--sso-issuer",
        ISSUER,
        "--sso-audience",
        AUDIENCE,
        "--sso-jwks",
        &keys,
        "--sso-secret-file",
        &secret,
    ];
    options.flags.extend(flags.map(str::to_owned));
    world.node(0).terminate().await;
    let node = Node::start(&world.store, options).await;

    let signed = |key: &SiteKey| node.anyone().with_token(key.token("7", "Sol"));
    let id = look(&signed(&old)).await.text("/viewer/id").to_owned();
    // A file that is half written, or gone, changes nothing.
    std::fs::write(&file, "{\"keys\": [").unwrap();
    node.logs("the last good single sign-on keys stay in force").await;
    look(&node.anyone().with_token(old.token("8", "Ben"))).await.data("/viewer/id");
    std::fs::write(&file, jwks(&[&new]).to_string()).unwrap();
    felt(&signed(&new), "the new key to be known", |answer| answer.status == 200).await;
    assert_eq!(look(&signed(&new)).await.text("/viewer/id"), id);
    felt(&signed(&old), "the old key to be gone", |answer| answer.status == 401).await;

    // A secret is a line, and while it changes there are two.
    let (first, second) = (SiteKey::secret(SECRET), SiteKey::secret("another secret, as long as the first"));
    look(&signed(&first)).await.data("/viewer/id");
    std::fs::write(&secrets, format!("{SECRET}\nanother secret, as long as the first\n")).unwrap();
    felt(&signed(&second), "the second secret to be known", |answer| answer.status == 200).await;
    look(&signed(&first)).await.data("/viewer/id");
    std::fs::write(&secrets, "another secret, as long as the first\n").unwrap();
    felt(&signed(&first), "the first secret to be gone", |answer| answer.status == 401).await;
    assert_refused(&look(&signed(&first)).await, "TOKEN_INVALID");
    look(&signed(&second)).await.data("/viewer/id");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_address_fails_the_last_keys_hold_and_then_it_is_heard_again() {
    let (old, new) = (SiteKey::new(Algorithm::EdDSA, "old"), SiteKey::new(Algorithm::EdDSA, "new"));
    let server = JwksServer::start(Says::Keys(jwks(&[&old]))).await;
    let world = world(Backend::Embedded, None, Some(&server.url())).await;
    let article = world.open_article("story").await;
    let fresh = |number: u32| {
        let claims = json!({ "sub": number.to_string(), "name": "Sol", "jti": number });
        world.anyone().with_token(old.token_with(claims))
    };
    let renewed = world.anyone().with_token(new.token("7", "Sol"));
    let failures = [
        Says::Nothing,
        Says::Status(503),
        Says::Status(404),
        Says::Text("<html>".to_owned()),
        Says::Keys(json!({ "keys": [] })),
        Says::Text(format!("{{\"keys\": [], \"x\": \"{}\"}}", "x".repeat(300_000))),
    ];
    for (number, failure) in (0..).zip(failures) {
        server.says(failure);
        // A key that is not known has it asked; that fails, and changes nothing for those whose key is.
        let before = server.asked();
        felt(&renewed, "the address to be asked in vain", |answer| {
            assert_refused(answer, "TOKEN_KEY_UNKNOWN");
            server.asked() > before
        })
        .await;
        fresh(number).comment(&article, None, &format!("while it fails, {number}")).await;
    }
    server.says(Says::Keys(jwks(&[&old, &new])));
    world.node(0).logs("single sign-on keys are to be had again").await;
    felt(&renewed, "the new key to be known", |answer| answer.status == 200).await;
    assert_eq!(world.anyone().read(&article).await["commentCount"], 6);
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_is_out_of_reach_at_the_start_is_asked_again(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let key = SiteKey::new(Algorithm::RS256, "rsa");
    let server = JwksServer::start(Says::Nothing).await;
    let world = world(backend, Some(SECRET), Some(&server.url())).await;
    let sol = world.anyone().with_token(key.token("7", "Sol"));
    let answer = look(&sol).await;
    assert_eq!((answer.status, answer.code()), (503, "UNAVAILABLE"), "it may be good: {answer}");
    assert_eq!(answer.errors()[0]["extensions"]["reason"], "KEYS_UNAVAILABLE");
    // Whoever does not need them is not in their way.
    look(&world.anyone().with_token(SiteKey::secret(SECRET).token("8", "Ben"))).await.data("/viewer/id");
    assert_eq!(look(&world.moderator().await).await.text("/viewer/role"), "MODERATOR");
    server.says(Says::Keys(jwks(&[&key])));
    felt(&sol, "the keys to be there", |answer| answer.status == 200).await;
    world.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_no_good_at_the_start_are_said_in_one_line() {
    let world = World::embedded().await;
    world.node(0).terminate().await;
    let server = JwksServer::start(Says::Text("<html>".to_owned())).await;
    let mut options = NodeOptions::default();
    let url = server.url();
    let flags = ["--sso-issuer", ISSUER, "--sso-audience", AUDIENCE, "--sso-jwks", &url];
    options.flags.extend(flags.map(str::to_owned));
    let why = Node::try_start(&world.store, options).await.err().expect("it does not start");
    assert!(why.contains("can't use the single sign-on keys in"), "{why}");
}
