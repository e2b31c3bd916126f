//! The handshake of RFC 6455, section 4.2, for the one subprotocol that is spoken here.

use async_graphql_axum::GraphQLProtocol;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use sha1::{Digest, Sha1};

use crate::http::graphql::problem::Problem;
use crate::http::negotiate::Media;

/// The subprotocol.
const PROTOCOL: &str = "graphql-transport-ws";
/// What a server adds to the client's key before it hashes it.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The answer that agrees, and the connection that comes of it.
///
/// # Errors
/// The answer that does not agree. A client that offers another protocol is refused: it would not understand us.
pub async fn agree(parts: &mut Parts) -> Result<(Response, OnUpgrade), Box<Response>> {
    let offers_ours = GraphQLProtocol::from_request_parts(parts, &()).await.is_ok();
    let headers = &parts.headers;
    if !lists(headers, &header::CONNECTION, "upgrade") || !lists(headers, &header::UPGRADE, "websocket") {
        return Err(refuse(Problem::bad_request("Ask for an upgrade to websocket.")));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let message = "Speak version 13 of WebSocket.";
        let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, "UPGRADE_REQUIRED", message);
        return Err(refuse(problem.with(header::SEC_WEBSOCKET_VERSION, "13")));
    }
    let protocols =
        headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    let names_it = protocols.flat_map(|value| value.split(',')).any(|protocol| protocol.trim() == PROTOCOL);
    if !offers_ours || !names_it {
        let message = "Offer the WebSocket subprotocol graphql-transport-ws.";
        return Err(refuse(Problem::bad_request(message)));
    }
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let (Some(accept), None) = (keys.next().and_then(accept), keys.next()) else {
        let message = "Send one Sec-WebSocket-Key: sixteen bytes in Base64.";
        return Err(refuse(Problem::bad_request(message)));
    };
    let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else {
        let message = "This connection can't be upgraded.";
        return Err(refuse(Problem::new(StatusCode::UPGRADE_REQUIRED, "UPGRADE_REQUIRED", message)));
    };
    let headers = [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
        (header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL)),
    ];
    Ok(((StatusCode::SWITCHING_PROTOCOLS, headers).into_response(), upgrade))
}

/// What proves that the client's key was read; `None` for what is no key.
fn accept(key: &HeaderValue) -> Option<HeaderValue> {
    STANDARD.decode(key).ok().filter(|key| key.len() == 16)?;
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    HeaderValue::from_str(&STANDARD.encode(digest)).ok()
}

/// Whether a header that is a list names something, in any case.
fn lists(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(wanted))
}

fn refuse(problem: Problem) -> Box<Response> {
    Box::new(problem.respond(Media::Json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_answered_as_it_says() {
        let accepted = accept(&HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(accepted, Some(HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
        for no_key in ["", "x", "%%%", "dGhlIHNhbXBsZQ==", "dGhlIHNhbXBsZSBub25jZQ"] {
            assert_eq!(accept(&HeaderValue::from_static(no_key)), None, "{no_key}");
        }
    }
}
