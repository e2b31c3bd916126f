//! What is done before a page is made: a page reads as much as a query does, so it keeps the same pace, waits for the
//! same turns, takes no longer, and has the same room until it is read.

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use http::Method;

use super::FORM_MAX;
use super::problem::Problem;
use crate::http::Edge;
use crate::http::held::{bytes, keep};
use crate::http::line::Peer;
use crate::http::received::{Unread, receive};

/// The middleware.
pub async fn guard(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let request = match with_form(request, &edge, peer.address.ip()).await {
        Ok(request) => request,
        Err(unread) => return Problem::Form(unread).into_response(),
    };
    let (engine, address) = (&edge.engine, peer.address.ip());
    let made = engine.make_page(address, next.run(request)).await;
    let kept = made.and_then(|page| {
        let held = engine.load().answers().hold(bytes(&page), address)?;
        Ok(keep(page, held))
    });
    kept.unwrap_or_else(|refused| Problem::Later(refused).into_response())
}

/// The same request with its form, which is read before there is a turn: whoever dawdles with theirs keeps nobody waiting.
async fn with_form(request: Request, edge: &Edge, from: IpAddr) -> Result<Request, Unread> {
    if request.method() != Method::POST {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let form = receive(body, from, FORM_MAX, edge.engine.load()).await?;
    Ok(Request::from_parts(parts, Body::from(form.bytes().to_vec())))
}
