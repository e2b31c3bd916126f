//! Who may open a socket and how, and whom a request names.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{code, with_flags};
use crate::siege::wire::{exchange, init, socket, text};
use crate::support::client::Actor;
use crate::support::world::World;

/// A handshake with these headers, which may replace the usual ones; what it is answered with.
async fn shake(
    anyone: &Actor,
    method: Method,
    headers: &[(&'static str, &str)],
) -> (StatusCode, Option<String>) {
    let usual = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "graphql-transport-ws"),
    ];
    let kept = usual.iter().filter(|(name, _)| headers.iter().all(|(other, _)| other != name));
    let request =
        kept.chain(headers).fold(anyone.request(method), |it, (name, value)| it.header(*name, *value));
    let response = request.send().await.unwrap();
    let status = response.status();
    let told = status.is_client_error().then(|| response.json::<Value>());
    let told = match told {
        Some(told) => told.await.ok().map(|told| code(&told).to_owned()),
        None => None,
    };
    (status, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_for_pages_that_may_call_and_for_programs() {
    let world = with_flags(&["--allow-origin", "HTTPS://News.Example:443/"]).await;
    let anyone = world.anyone();
    let (opened, foreign) = ((StatusCode::SWITCHING_PROTOCOLS, None), "https://evil.example");
    assert_eq!(shake(&anyone, Method::GET, &[]).await, opened, "a program");
    for origin in [anyone.base.as_str(), "https://news.example"] {
        assert_eq!(shake(&anyone, Method::GET, &[("origin", origin)]).await, opened, "{origin}");
    }
    let ours = [("origin", foreign), ("sec-fetch-site", "same-origin")];
    assert_eq!(
        shake(&anyone, Method::GET, &ours).await,
        opened,
        "our own page, under a name that we don't know"
    );
    for origin in [foreign, "null", "https://news.example.evil.example"] {
        let refused = shake(&anyone, Method::GET, &[("origin", origin)]).await;
        assert_eq!(refused, (StatusCode::FORBIDDEN, Some("FORBIDDEN".to_owned())), "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_is_to_the_letter_or_is_told_what_is_wrong_with_it() {
    let world = World::embedded().await;
    let anyone = world.anyone();
    for (header, status, told) in [
        (("sec-websocket-key", "x"), 400, "BAD_REQUEST"),
        (("sec-websocket-key", "dGhlIHNhbXBsZQ=="), 400, "BAD_REQUEST"),
        (("sec-websocket-protocol", "graphql-ws"), 400, "BAD_REQUEST"),
        (("connection", "close"), 400, "BAD_REQUEST"),
        (("sec-websocket-version", "12"), 426, "UPGRADE_REQUIRED"),
    ] {
        let refused = shake(&anyone, Method::GET, &[header]).await;
        assert_eq!((refused.0.as_u16(), refused.1.as_deref()), (status, Some(told)), "{header:?}");
    }
    let older = anyone.request(Method::GET).header("connection", "upgrade").header("upgrade", "websocket");
    let refused = older.header("sec-websocket-version", "8").send().await.unwrap();
    let told = ["upgrade", "connection", "sec-websocket-version"].map(|name| &refused.headers()[name]);
    assert_eq!(told, ["websocket", "upgrade", "13"], "RFC 9110, section 15.5.22");
    // As a GET without a query, but for the body.
    assert_eq!(shake(&anyone, Method::HEAD, &[]).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_cookie_does_not_shut_out_who_brings_a_good_token() {
    let world = World::embedded().await;
    let ana = world.guest("Ana").await;
    let stale = |frames: &[Vec<u8>]| {
        let handshake = String::from_utf8(socket(&[])).unwrap();
        let with = "host: localhost\r\ncookie: talkback_session=stale";
        [handshake.replacen("host: localhost", with, 1).into_bytes(), frames.concat()].concat()
    };
    let port = world.node(0).port();
    let refused = exchange(port, &stale(&[init()]), false).await;
    assert_eq!(refused.statuses, [101], "a page could not read why a handshake was refused");
    assert!(
        refused.text.ends_with("The token is not one of this service: get a new one."),
        "{}",
        refused.text
    );
    let token = ana.token.as_deref().unwrap();
    let init = format!(r#"{{"type":"connection_init","payload":{{"authorization":"Bearer {token}"}}}}"#);
    let ask = r#"{"type":"subscribe","id":"1","payload":{"query":"{ viewer { displayName } }"}}"#;
    let let_in = exchange(port, &stale(&[text(&init), text(ask)]), false).await;
    assert!(let_in.text.contains(r#""displayName":"Ana""#), "{}", let_in.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_its_host_once() {
    let world = World::embedded().await;
    for (head, status) in [
        ("HTTP/1.1\r\nhost: localhost", 200),
        ("HTTP/1.1\r\nhost: [::1]:8080", 200),
        ("HTTP/1.0", 200),
        ("HTTP/1.1", 400),
        ("HTTP/1.1\r\nhost: localhost\r\nhost: localhost", 400),
        ("HTTP/1.1\r\nhost:", 400),
        ("HTTP/1.1\r\nhost: a b", 400),
        ("HTTP/1.1\r\nhost: a/b", 400),
        ("HTTP/1.1\r\nhost: ana@localhost", 400),
    ] {
        let request = format!("GET /healthz {head}\r\nconnection: close\r\n\r\n");
        let answered = exchange(world.node(0).port(), request.as_bytes(), false).await;
        assert_eq!(answered.statuses, [status], "{head:?}: {}", answered.text);
        assert!(status == 200 || answered.text.contains("BAD_REQUEST"), "{}", answered.text);
    }
}
