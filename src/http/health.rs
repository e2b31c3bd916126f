//! Whether the node lives, whether it should be sent requests, and how it is doing.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Edge;
use crate::graphql::GraphError;
use crate::metrics::{self, Present};
use crate::store::Migrated;

/// How long the database may take to say that it is there.
const WAIT: Duration = Duration::from_millis(800);

/// `/healthz` and `/readyz`.
pub fn routes() -> Router<Edge> {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready))
}

/// Without the database, or with one whose tables are not made yet, there is nothing to serve; without the
/// bus, events come at the pace of comparing: degraded, not dead.
async fn ready(State(edge): State<Edge>) -> impl IntoResponse {
    // Who asks waits no longer than this, as a rule, and takes silence for death.
    let migrated = timeout(WAIT, edge.service.store.migrated()).await;
    let stopping = edge.leaving.is_cancelled();
    let bus = if edge.bus.is_connected() { "ok" } else { "degraded" };
    let (database, migrations) = match migrated {
        Ok(Ok(Migrated::All)) => ("ok", "ok"),
        Ok(Ok(Migrated::Behind)) => ("ok", "behind"),
        Ok(Err(_)) | Err(_) => ("unreachable", "unknown"),
    };
    let is_ready = matches!(migrated, Ok(Ok(Migrated::All))) && !stopping;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({ "database": database, "migrations": migrations, "bus": bus, "stopping": stopping });
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body))
}

/// Serves `/metrics` until `over`, on an address of its own: what a node counts is not for readers, and behind a
/// proxy on the same machine "only from loopback" would mean everybody. It has health, too, and tells of a stop for
/// as long as one takes.
pub async fn serve_metrics(listener: TcpListener, edge: Edge, over: CancellationToken) {
    let app = routes().route("/metrics", get(read_metrics)).with_state(edge);
    let serving = axum::serve(listener, app).with_graceful_shutdown(over.cancelled_owned());
    if let Err(error) = serving.await {
        tracing::error!(%error, "metrics are not served any more");
    }
}

async fn read_metrics(State(edge): State<Edge>) -> Response {
    let (store, feed) = (&edge.service.store, edge.engine.feed());
    let present = Present {
        feed: feed.kept(),
        documents: edge.engine.documents_remembered(),
        connections: edge.connections.len(),
        streams: edge.streams.len(),
        load: edge.engine.load().loaded(),
        statements: store.statements(),
        writes_waiting: store.writes_waiting(),
        pools: store.pools(),
        bus: edge.bus.stats(),
        is_connected: edge.bus.is_connected(),
    };
    match metrics::text(present) {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => {
            let fault = GraphError::fault(&error);
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{}\n", fault.message())).into_response()
        }
    }
}
