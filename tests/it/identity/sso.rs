//! Single sign-on: whom a host site's token lets in, and what each token that is no good is told.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rstest::rstest;
use serde_json::{Value, json};

use super::{assert_refused, look};
use crate::support::jwks::{AUDIENCE, ISSUER, JwksServer, Says, SiteKey, claims, jwks, now};
use crate::support::newsroom::words;
use crate::support::node::NodeOptions;
use crate::support::reaper;
use crate::support::world::{Backend, Plan, World};

pub(super) const SECRET: &str = "a secret that the site and we have";

/// A world that trusts the site: by a secret, by a set of keys (a file or an address), or both.
pub(super) async fn world(backend: Backend, secret: Option<&str>, keys: Option<&str>) -> World {
    let mut options = NodeOptions::default();
    let flags = ["--sso-issuer", ISSUER, "--sso-audience", AUDIENCE, "--sso-jwks-refresh", "20"];
    options.flags.extend(flags.map(str::to_owned));
    options.flags.extend(["--sso-max-role", "MODERATOR"].map(str::to_owned));
    if let Some(keys) = keys {
        options.flags.extend(["--sso-jwks".to_owned(), keys.to_owned()]);
    }
    if let Some(secret) = secret {
        options.env.push(("TALKBACK_SSO_SECRET".to_owned(), secret.to_owned()));
    }
    World::planned(backend, Plan { options, ..Plan::default() }).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn each_algorithm_lets_its_people_in_by_file_and_by_address(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
    #[values(false, true)] by_address: bool,
) {
    let rsa = SiteKey::new(Algorithm::RS256, "rsa");
    let ec = SiteKey::new(Algorithm::ES256, "ec");
    let ed = SiteKey::new(Algorithm::EdDSA, "ed");
    let hs = SiteKey::secret(SECRET);
    let set = jwks(&[&rsa, &ec, &ed]);
    let server = JwksServer::start(Says::Keys(set.clone())).await;
    let file = reaper::directory("keys").join("jwks.json");
    std::fs::write(&file, set.to_string()).unwrap();
    let place = if by_address { server.url() } else { file.display().to_string() };
    let world = world(backend, Some(SECRET), Some(&place)).await;
    let article = world.open_article("story").await;

    let mut seen = Vec::new();
    for (number, key) in [&hs, &rsa, &ec, &ed].into_iter().enumerate() {
        let sol = world.anyone().with_token(key.token("7", "Sol"));
        let viewer = look(&sol).await;
        assert_eq!(viewer.text("/viewer/displayName"), "Sol");
        seen.push(viewer.text("/viewer/id").to_owned());
        // At the other node they are the same person, and what they say is theirs.
        let there = sol.at(world.node(1).url());
        let comment = there.comment(&article, None, &format!("by key {number}")).await;
        assert_eq!(comment["author"]["displayName"], "Sol");
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "one `sub`, one person, whatever signed for them: {seen:?}");
    assert_eq!(by_address, server.asked() > 0, "a file needs no address");

    let role = |role: &str| json!({ "sub": role, "name": role, "role": role });
    for (theirs, ours) in [("READER", "READER"), ("MODERATOR", "MODERATOR"), ("ADMIN", "MODERATOR")] {
        let somebody = world.anyone().with_token(ed.token_with(role(theirs)));
        assert_eq!(look(&somebody).await.text("/viewer/role"), ours, "no more than tokens may give");
    }
    world.check().await;
}

/// A token put together by hand: what no library signs.
fn by_hand(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (header, claims) = (header.to_string(), claims.to_string());
    format!("{}.{}.{}", part(header.as_bytes()), part(claims.as_bytes()), part(signature))
}

/// Signed with HS256, and something that everybody knows for the secret.
fn confused(kid: &str, secret: &[u8]) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) };
    encode(&header, &claims(json!({})), &EncodingKey::from_secret(secret)).unwrap()
}

/// Each kind of bad token, with the reason that it is told.
fn bad_tokens(rsa: &SiteKey, ed: &SiteKey) -> Vec<(&'static str, String, &'static str)> {
    let with = |changes: Value| ed.token_with(changes);
    let good = ed.token("7", "Sol");
    let (head, rest) = good.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let modulus = rsa.jwk()["n"].as_str().unwrap().to_owned();
    let admin = URL_SAFE_NO_PAD.encode(claims(json!({ "role": "ADMIN" })).to_string());
    let none = json!({ "alg": "none", "typ": "JWT" });
    vec![
        ("alg none", by_hand(&none, &claims(json!({})), b""), "TOKEN_INVALID"),
        ("alg none, signed", by_hand(&none, &claims(json!({})), b"signature"), "TOKEN_INVALID"),
        ("alg None", by_hand(&json!({ "alg": "None" }), &claims(json!({})), b""), "TOKEN_INVALID"),
        ("no alg", by_hand(&json!({}), &claims(json!({})), b""), "TOKEN_INVALID"),
        ("HS256 with the public JWK", confused("rsa", rsa.jwk().to_string().as_bytes()), "TOKEN_INVALID"),
        (
            "HS256 with the modulus",
            confused("rsa", &URL_SAFE_NO_PAD.decode(&modulus).unwrap()),
            "TOKEN_INVALID",
        ),
        ("HS256 with the modulus as text", confused("rsa", modulus.as_bytes()), "TOKEN_INVALID"),
        ("HS256 with nothing", confused("rsa", b""), "TOKEN_INVALID"),
        ("no signature", format!("{head}.{body}."), "TOKEN_INVALID"),
        ("other claims under a good signature", format!("{head}.{admin}.{signature}"), "TOKEN_INVALID"),
        ("a key of the same name", SiteKey::new(Algorithm::EdDSA, "ed").token("7", "Sol"), "TOKEN_INVALID"),
        (
            "a header that must be understood",
            by_hand(&json!({ "alg": "EdDSA", "kid": "ed", "crit": ["x"] }), &claims(json!({})), b"s"),
            "TOKEN_INVALID",
        ),
        ("unknown kid", SiteKey::new(Algorithm::EdDSA, "other").token("7", "Sol"), "TOKEN_KEY_UNKNOWN"),
        (
            "the kid of another algorithm",
            SiteKey::new(Algorithm::EdDSA, "rsa").token("7", "Sol"),
            "TOKEN_KEY_UNKNOWN",
        ),
        ("another audience", with(json!({ "aud": "bakery" })), "TOKEN_AUDIENCE"),
        ("no audience", with(json!({ "aud": null })), "TOKEN_AUDIENCE"),
        ("another issuer", with(json!({ "iss": "https://evil.example" })), "TOKEN_ISSUER"),
        ("no issuer", with(json!({ "iss": null })), "TOKEN_ISSUER"),
        ("our own issuer", with(json!({ "iss": "talkback" })), "TOKEN_INVALID"),
        ("expired", with(json!({ "exp": now() - 60 })), "TOKEN_EXPIRED"),
        ("no end", with(json!({ "exp": null })), "TOKEN_CLAIM"),
        ("not yet valid", with(json!({ "nbf": now() + 120 })), "TOKEN_NOT_YET_VALID"),
        ("from the future", with(json!({ "iat": now() + 120 })), "TOKEN_NOT_YET_VALID"),
        ("nobody", with(json!({ "sub": null })), "TOKEN_CLAIM"),
        ("no name", with(json!({ "name": null })), "TOKEN_CLAIM"),
        ("too large", with(json!({ "padding": "x".repeat(9_000) })), "TOKEN_INVALID"),
        ("garbage", "garbage".to_owned(), "TOKEN_INVALID"),
        ("dots", "..".to_owned(), "TOKEN_INVALID"),
        ("garbage in three parts", "a.b.c".to_owned(), "TOKEN_INVALID"),
        ("half of it", good[..good.len() / 2].to_owned(), "TOKEN_INVALID"),
    ]
}

/// Each has its reason; nothing of the request is done, and nothing of what the person sent before is lost. With a good
/// token the same request is done, once.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_token_is_told_why_and_costs_nobody_their_words(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let (rsa, ed) = (SiteKey::new(Algorithm::RS256, "rsa"), SiteKey::new(Algorithm::EdDSA, "ed"));
    let file = reaper::directory("keys").join("jwks.json");
    std::fs::write(&file, jwks(&[&rsa, &ed]).to_string()).unwrap();
    let world = world(backend, Some(SECRET), Some(&file.display().to_string())).await;
    let article = world.open_article("story").await;
    let sol = world.anyone().with_token(ed.token("7", "Sol"));
    sol.comment(&article, None, "said before").await;

    let input = json!({ "articleId": article.id, "body": words("held back"), "idempotencyKey": "once" });
    for (what, token, reason) in bad_tokens(&rsa, &ed) {
        let bad = world.anyone().with_token(token);
        println!("{what}");
        assert_refused(&look(&bad).await, reason);
        assert_refused(&bad.run("CommentSubmit", json!({ "input": input.clone() })).await, reason);
    }
    assert_eq!(world.anyone().read(&article).await["commentCount"], 1, "what was said stays, alone");

    let mut ids = Vec::new();
    for number in 0..2 {
        let sent = sol.at(world.node(number).url()).run("CommentSubmit", json!({ "input": input })).await;
        ids.push(sent.text("/commentSubmit/comment/id").to_owned());
    }
    assert_eq!(ids[0], ids[1]);
    let read = world.anyone().read(&article).await;
    assert_eq!(read["commentCount"], 2, "{read}");
    world.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_nothing_signed_with_one_is_looked_at() {
    let rsa = SiteKey::new(Algorithm::RS256, "rsa");
    let server = JwksServer::start(Says::Keys(jwks(&[&rsa]))).await;
    let world = world(Backend::Embedded, None, Some(&server.url())).await;
    assert_eq!(
        look(&world.anyone().with_token(rsa.token("7", "Sol"))).await.text("/viewer/displayName"),
        "Sol"
    );
    for secret in [rsa.jwk().to_string().as_bytes(), SECRET.as_bytes(), b""] {
        assert_refused(&look(&world.anyone().with_token(confused("rsa", secret))).await, "TOKEN_INVALID");
    }
    // Our own tokens are signed with HS256 too, and are not the site's.
    assert_eq!(look(&world.moderator().await).await.text("/viewer/role"), "MODERATOR");
}
