//! What is done before a page is made: a page reads as much as a query does, so it keeps the same pace, waits for the
//! same turns, takes no longer, and has the same room until it is read.

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::http::Edge;
use crate::http::held::{bytes, keep};
use crate::http::line::Peer;

/// The middleware.
pub async fn guard(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let (engine, address) = (&edge.engine, peer.address.ip());
    let made = engine.make_page(address, next.run(request)).await;
    let kept = made.and_then(|page| {
        let held = engine.load().answers().hold(bytes(&page), address)?;
        Ok(keep(page, held))
    });
    kept.unwrap_or_else(|refused| Problem::Later(refused).into_response())
}
