//! Signing in and out by a link and its button.

use reqwest::StatusCode;
use reqwest::header::{CACHE_CONTROL, COOKIE, LOCATION, SET_COOKIE};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Seen, look, request, send_code, sign_in_code};
use crate::support::node::NodeOptions;
use crate::support::wait;
use crate::support::world::{Backend, Plan, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_link_works_once_and_only_by_its_button() {
    let world = World::embedded().await;
    look(&world, "/moderate").await.shows(&["Sign in to the desk", "talkback sign-in", "Sign-in code"]);
    let code = sign_in_code(&world).await;
    for _ in 0..2 {
        let form = look(&world, &format!("/sign-in?code={code}")).await;
        assert_eq!(form.header(CACHE_CONTROL), "private, no-store");
        form.shows(&[code.as_str(), "Sign in"]);
    }
    let elsewhere = request(&world, "POST", "/sign-in").header("origin", "https://evil.example");
    let refused = Seen::by(elsewhere.body(format!("code={code}"))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    refused.shows(&["This came from somewhere else"]);

    let own = request(&world, "POST", "/sign-in").header("origin", world.node(0).url());
    let done = Seen::by(own.body(format!("code={code}"))).await;
    assert_eq!((done.status, done.header(LOCATION)), (StatusCode::SEE_OTHER, "/moderate"));
    let cookie = done.header(SET_COOKIE);
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800"), "{cookie}");
    let session = cookie.split(';').next().unwrap();

    let desk = Seen::by(request(&world, "GET", "/moderate").header(COOKIE, session)).await;
    assert_eq!(desk.header(CACHE_CONTROL), "private, no-store");
    assert!(desk.body.contains("<talkback-desk>"), "{}", desk.body);
    let front = Seen::by(request(&world, "GET", "/").header(COOKIE, session)).await;
    front.shows(&["Signed in as ", "Moderator", "Sign out"]);

    let used = send_code(&world, &code).await;
    assert_eq!((used.status, used.header(SET_COOKIE)), (StatusCode::FORBIDDEN, ""));
    used.shows(&["That code has been used"]);
    for wrong in ["", "0", &"f".repeat(32), &"f".repeat(3_000)] {
        assert_eq!(send_code(&world, wrong).await.status, StatusCode::FORBIDDEN);
    }
    let out = Seen::by(request(&world, "POST", "/sign-out").header(COOKIE, session)).await;
    assert_eq!((out.status, out.header(LOCATION)), (StatusCode::SEE_OTHER, "/"));
    assert!(out.header(SET_COOKIE).starts_with("talkback_session=;"), "{}", out.header(SET_COOKIE));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_public_address_is_https_the_cookie_is_for_https_only() {
    let mut options = NodeOptions::default();
    options.flags.extend(["--public-url", "https://comments.example.org"].map(str::to_owned));
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    let done = send_code(&world, &sign_in_code(&world).await).await;
    assert!(done.header(SET_COOKIE).ends_with("; Secure"), "{}", done.header(SET_COOKIE));
}

/// A form of so many bytes, of which one comes.
async fn begun(world: &World, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", world.node(0).port())).await.unwrap();
    let head =
        "POST /sign-in HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    stream.write_all(format!("{head}content-length: {bytes}\r\n\r\nn").as_bytes()).await.unwrap();
    stream
}

async fn status(mut stream: TcpStream) -> String {
    let mut text = vec![0; 12];
    wait::soon("an answer", stream.read_exact(&mut text)).await.unwrap();
    String::from_utf8(text).unwrap().split_off(9)
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_do_not_come_whole_keep_nobody_waiting_and_are_told_so() {
    let flags = ["--demo", "off", "--limit", "executions=2,executions-waiting=0,body-seconds=2"];
    let options = NodeOptions { flags: flags.map(str::to_owned).to_vec(), ..NodeOptions::default() };
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    let mut half = Vec::new();
    for _ in 0..5 {
        half.push(begun(&world, 2_000).await);
    }
    let large = begun(&world, 5_000).await;
    assert_eq!(status(large).await, "413", "that is no form of ours");
    // The forms are being read by now: the large one came last.
    assert_eq!(world.anyone().raw("{ __typename }", json!({})).await.text("/__typename"), "Query");
    for stream in half {
        assert_eq!(status(stream).await, "408");
    }
}
