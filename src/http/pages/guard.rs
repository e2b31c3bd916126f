//! What is done before a page is made: a page reads as much as a query does, so it keeps the same pace, waits for the
//! same turns, and takes no longer.

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::http::Edge;
use crate::http::line::Peer;

/// The middleware.
pub async fn guard(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let making = edge.engine.make_page(peer.address.ip(), next.run(request));
    making.await.unwrap_or_else(|refused| Problem::Later(refused).into_response())
}
