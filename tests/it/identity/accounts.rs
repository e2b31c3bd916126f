//! Local accounts: made on the command line, signed in by name and password.

use rstest::rstest;
use serde_json::json;

use super::{assert_refused, felt, look};
use crate::support::client::{Actor, Answer};
use crate::support::node::NodeOptions;
use crate::support::world::{Backend, Plan, World};

const SIGN_IN: &str = "mutation($input: SessionStartPasswordInput!) { sessionStartPassword(input: $input) {
    token expiresAt viewer { id displayName role } userErrors { code message field } } }";
const GOOD: &str = "a ferry at night, twice";

async fn sign_in(actor: &Actor, name: &str, password: &str) -> Answer {
    actor.raw(SIGN_IN, json!({ "input": { "name": name, "password": password } })).await
}

async fn add(world: &World, name: &str, password: &str) -> crate::support::process::Ended {
    let arguments = ["user", "add", "--name", name, "--role", "MODERATOR", "--password-stdin"];
    world.store.command_told(&arguments, password).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_account_signs_in_with_its_password_and_with_no_other(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let ended = add(&world, "Mo", GOOD).await;
    assert!(ended.stdout.starts_with("Mo may sign in as MODERATOR."), "{}{}", ended.stdout, ended.stderr);
    let there = world.node(1).anyone();
    let answer = sign_in(&there, " mO ", GOOD).await;
    assert_eq!(answer.text("/sessionStartPassword/viewer/role"), "MODERATOR");
    let mo = there.with_token(answer.text("/sessionStartPassword/token"));
    assert_eq!(
        mo.run("ModerationQueue", json!({ "queue": "PENDING" })).await.number("/moderationQueue/totalCount"),
        0
    );

    let refusals =
        [sign_in(&there, "Mo", "a ferry at night, once").await, sign_in(&there, "Moe", GOOD).await];
    for answer in &refusals {
        assert_eq!(answer.user_errors()[0].code, "WRONG_CREDENTIALS");
        assert!(answer.data("/sessionStartPassword/token").is_null());
    }
    assert_eq!(refusals[0].body, refusals[1].body, "a stranger does not learn who has an account");
    let long = sign_in(&there, "Mo", &"x".repeat(100_000)).await;
    assert_eq!(long.user_errors()[0].code, "WRONG_CREDENTIALS");

    // Another password ends the sessions of the last one.
    let other = "no ferry at all, ever";
    let arguments = ["user", "password", "--name", "mo", "--password-stdin"];
    let ended = world.store.command_told(&arguments, other).await;
    assert!(ended.status.success(), "{}", ended.stderr);
    felt(&mo, "the node to hear of the new password", |answer| answer.status == 401).await;
    assert_refused(&look(&mo).await, "SESSION_ENDED");
    assert_eq!(sign_in(&there, "Mo", GOOD).await.user_errors()[0].code, "WRONG_CREDENTIALS");
    sign_in(&there, "Mo", other).await.text("/sessionStartPassword/token");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_listed_and_refused_in_one_line(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    add(&world, "Mo", GOOD).await;
    world.guest("Ana").await;
    world.editor().await;
    let listed = world.store.command(&["user", "list"]).await.stdout;
    let lines: Vec<&str> =
        listed.lines().filter(|line| line.ends_with("  Mo") || line.contains("Edith")).collect();
    assert!(lines[0].contains("MODERATOR  password ") && lines[0].ends_with("  Mo"), "{listed}");
    assert!(lines[1].contains("EDITOR     token ") && !listed.contains("Ana"), "{listed}");
    assert!(!listed.contains("argon2"));
    for (arguments, told, why) in [
        (
            vec!["user", "add", "--name", "mo", "--role", "ADMIN", "--password-stdin"],
            GOOD,
            "an account of that name",
        ),
        (
            vec!["user", "add", "--name", "Bo", "--role", "ADMIN", "--password-stdin"],
            "short",
            "at least 15 characters",
        ),
        (vec!["user", "add", "--name", "Bo", "--role", "ADMIN"], GOOD, "no terminal"),
        (vec!["user", "password", "--name", "Nobody", "--password-stdin"], GOOD, "no account named nobody"),
        (vec!["user", "password", "--id", "x", "--password-stdin"], GOOD, "nobody with the id x"),
    ] {
        let ended = world.store.command_told(&arguments, told).await;
        let lines: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("talkback:")).collect();
        assert!(!ended.status.success() && lines.len() == 1 && lines[0].contains(why), "{}", ended.stderr);
        assert!(!ended.stderr.contains(GOOD), "a password is not repeated");
    }
    let unnamed = ["user", "add", "--name", " ", "--role", "ADMIN", "--password-stdin"];
    let ended = world.store.command_told(&unnamed, GOOD).await;
    assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("a name has 1 to 60"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_for_a_name_and_for_an_address_and_shuts_nobody_else_out() {
    let flags = ["--demo", "off", "--trusted-proxy", "127.0.0.0/8"].map(str::to_owned).to_vec();
    let options = NodeOptions { flags, ..NodeOptions::default() };
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    add(&world, "Mo", GOOD).await;
    let anyone = world.anyone();
    for _ in 0..10 {
        assert_eq!(sign_in(&anyone, "Mo", "wrong").await.user_errors()[0].code, "WRONG_CREDENTIALS");
    }
    let answer = sign_in(&anyone, "mo", GOOD).await;
    assert_eq!((answer.status, answer.code()), (429, "RATE_LIMITED"), "not even the right one is looked at");
    let form = anyone.http.post(format!("{}/sign-in", anyone.base)).body(format!("name=Mo&password={GOOD}"));
    let form = form.send().await.unwrap();
    assert_eq!(form.status(), 429, "the form is the same door");
    assert!(form.headers().contains_key("retry-after"), "and says when to come back");
    // Whoever guesses from one address, or from all of a household's, keeps nobody out who comes from another.
    let from = async |address: String, password: &str| {
        let body =
            json!({ "query": SIGN_IN, "variables": { "input": { "name": "Mo", "password": password } } });
        let request = anyone.request(reqwest::Method::POST).header("x-forwarded-for", address).json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    let mut household = Vec::new();
    for last in 1..=11 {
        household.push(from(format!("2001:db8:0:7::{last:x}"), "wrong").await);
    }
    assert_eq!(household, [vec![200; 10], vec![429]].concat());
    assert_eq!(from("192.0.2.1".to_owned(), GOOD).await, 200);
    // Names that nobody has are slowed down alike.
    let mut codes = Vec::new();
    for _ in 0..11 {
        codes.push(sign_in(&anyone, "Nobody", "wrong").await.status);
    }
    assert_eq!(codes, [vec![200; 10], vec![429]].concat());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_form_signs_in_with_a_cookie_that_only_our_pages_can_use(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let mut options = NodeOptions::default();
    options.flags.extend(["--public-url", "https://comments.example.org"].map(str::to_owned));
    let world = World::planned(backend, Plan { options, ..Plan::default() }).await;
    add(&world, "Mo", GOOD).await;
    let anyone = world.anyone();
    let http =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let post = async |path: &str, origin: &str, cookie: &str, body: String| {
        let request = http.post(format!("{}{path}", anyone.base)).header("origin", origin);
        request.header("cookie", cookie).body(body).send().await.unwrap()
    };
    let ours = "https://comments.example.org";
    let form = format!("name=Mo&password={}", GOOD.replace(' ', "+"));
    for other in ["https://evil.example", "http://comments.example.org", "null"] {
        assert_eq!(post("/sign-in", other, "", form.clone()).await.status(), 403, "{other}");
    }
    let wrong = post("/sign-in", ours, "", "name=Mo&password=wrong".to_owned()).await;
    assert_eq!(wrong.status(), 403);
    assert!(wrong.text().await.unwrap().contains("The name or the password is not right."));

    let entered = post("/sign-in", ours, "", form).await;
    assert_eq!(
        (entered.status().as_u16(), &entered.headers()["location"]),
        (303, &"/moderate".parse().unwrap())
    );
    let cookie = entered.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Secure", "Max-Age=604800"] {
        assert!(cookie.split("; ").any(|found| found == part), "{part} in {cookie}");
    }
    let session = cookie.split(';').next().unwrap();
    let viewer = async |origin: Option<&str>| {
        let mut request = anyone.request(reqwest::Method::POST).header("cookie", session);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let body = json!({ "query": "{ viewer { displayName } }" });
        request.json(&body).send().await.unwrap().json::<serde_json::Value>().await.unwrap()
    };
    assert_eq!(viewer(Some(ours)).await["data"]["viewer"]["displayName"], "Mo");
    assert!(viewer(Some("https://evil.example")).await["data"]["viewer"].is_null(), "another site is nobody");

    // Signing out ends the session, not only the cookie: a copy is worth nothing.
    assert_eq!(post("/sign-out", "https://evil.example", session, String::new()).await.status(), 403);
    assert_eq!(viewer(Some(ours)).await["data"]["viewer"]["displayName"], "Mo");
    let left = post("/sign-out", ours, session, String::new()).await;
    assert!(left.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let after = viewer(Some(ours)).await;
    assert_eq!(after["errors"][0]["extensions"]["reason"], "SESSION_ENDED", "{after}");
}
