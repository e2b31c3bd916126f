//! Whether the node lives, and whether it should be sent requests.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::json;

use super::Edge;

/// `/healthz` and `/readyz`.
pub fn routes() -> Router<Edge> {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready))
}

/// Without the database there is nothing to serve; without the bus, events come at the pace of comparing.
async fn ready(State(edge): State<Edge>) -> impl IntoResponse {
    let database = edge.service.store.is_reachable().await;
    let stopping = edge.stopping.is_cancelled();
    let bus = if edge.bus.is_connected() { "ok" } else { "degraded" };
    let status = if database && !stopping { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let database = if database { "ok" } else { "unreachable" };
    (status, Json(json!({ "database": database, "bus": bus, "stopping": stopping })))
}
