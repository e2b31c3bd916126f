//! GraphQL over WebSocket: the `graphql-transport-ws` protocol. One task per socket; everything that is
//! ready for a socket goes out in one write, and nothing is read ahead for one that does not keep up.
//!
//! The framing is our own ([`frame`], [`wire`]): libraries clear a read buffer on each attempt and copy what
//! goes out once more, which together cost as much as the write itself.

mod crowds;
pub mod frame;
mod handshake;
pub mod messages;
mod operations;
mod socket;
mod speech;
mod wire;

use std::net::IpAddr;
use std::sync::Arc;

use axum::response::Response;
use http::request::Parts;
use http::{StatusCode, header};
use hyper::upgrade::Upgraded;

use super::graphql::problem::Problem;
use super::negotiate::Media;
use super::serve::Line as HttpLine;
use super::{Edge, credentials};
use crate::domain::user::Viewer;
use crate::limits::size;
pub use crowds::Sockets;
use wire::Wire;

/// Answers the handshake.
pub async fn upgrade(edge: Edge, from: IpAddr, parts: &mut Parts) -> Response {
    let (response, upgrade) = match handshake::agree(parts).await {
        Ok(agreed) => agreed,
        Err(response) => return *response,
    };
    if !credentials::may_connect(&parts.headers, &edge) {
        let message = "Pages of this site may not call: an operator allows them with --allow-origin.";
        return Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", message).respond(Media::Json);
    }
    let pass = match credentials::pass(&parts.headers, &edge).await {
        // No browser tells its page why a handshake was refused, and the first message may bring a better token than
        // the cookie that came by itself.
        Err(refused) if parts.headers.contains_key(header::AUTHORIZATION) => {
            return Problem::from(refused).counted(&edge, &Viewer::Anonymous, from).respond(Media::Json);
        }
        pass => pass,
    };
    let tasks = edge.tasks.clone();
    tasks.spawn(async move {
        let wire = match upgrade.await.map(Upgraded::downcast::<HttpLine>) {
            // hyper's read buffer ends here, and what the connection held with it.
            Ok(Ok(parts)) => {
                let message_max = size(edge.engine.limits().socket_message_bytes);
                let load = Arc::clone(edge.engine.load());
                Wire::new(parts.io.line(), from, &parts.read_buf, message_max, load)
            }
            Ok(Err(_)) => {
                tracing::error!("a WebSocket came over something else than TCP");
                return;
            }
            Err(error) => {
                tracing::debug!(%error, "a handshake was not finished");
                return;
            }
        };
        socket::serve(edge, from, wire, pass).await;
    });
    response
}
