//! GraphQL over WebSocket: the `graphql-transport-ws` protocol. One task per socket; everything that is
//! ready for a socket goes out in one write, and nothing is read ahead for one that does not keep up.

mod messages;
mod operations;
mod socket;

use std::net::IpAddr;

use async_graphql::http::WebSocketProtocols;
use async_graphql_axum::GraphQLProtocol;
use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use super::{Edge, credentials};

/// A client's message is a request: larger ones are refused before they are read whole.
const MESSAGE_MAX: usize = 256 * 1024;
/// tungstenite clears its read buffer at each attempt to read: a large one costs time, and each socket has one.
const READ_BUFFER: usize = 4 * 1024;

/// Frames that are ready together are written together, up to so many bytes at a time.
const WRITE_BUFFER: usize = 32 * 1024;

/// Answers the handshake. A client that offers another protocol is refused: it would not understand us.
pub async fn upgrade(edge: Edge, from: IpAddr, parts: &mut Parts) -> Response {
    if GraphQLProtocol::from_request_parts(parts, &()).await.is_err() {
        return no_protocol();
    }
    let viewer = match credentials::viewer(&parts.headers, &edge.tokens) {
        Ok(viewer) => viewer,
        Err(bad) => return (StatusCode::UNAUTHORIZED, format!("{bad}\n")).into_response(),
    };
    match WebSocketUpgrade::from_request_parts(parts, &()).await {
        Ok(handshake) => {
            let handshake = handshake.protocols([WebSocketProtocols::GraphQLWS.sec_websocket_protocol()]);
            if handshake.selected_protocol().is_none() {
                return no_protocol();
            }
            handshake
                .read_buffer_size(READ_BUFFER)
                .write_buffer_size(WRITE_BUFFER)
                .max_message_size(MESSAGE_MAX)
                .max_frame_size(MESSAGE_MAX)
                .on_upgrade(move |socket| socket::serve(edge, from, socket, viewer))
        }
        Err(rejection) => rejection.into_response(),
    }
}

fn no_protocol() -> Response {
    (StatusCode::BAD_REQUEST, "Offer the WebSocket subprotocol graphql-transport-ws.\n").into_response()
}
