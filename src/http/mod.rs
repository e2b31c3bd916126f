//! The edge: GraphQL over HTTP, WebSocket and server-sent events, the pages, and health. It knows protocols
//! and nothing of articles.

pub mod address;
mod around;
mod credentials;
mod graphql;
mod health;
mod held;
mod line;
pub mod message;
mod negotiate;
mod pages;
mod received;
pub mod serve;
mod sse;
pub mod websocket;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use http::{HeaderName, HeaderValue, Method, header};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::auth::Gate;
use crate::bus::EventBus;
use crate::crowd::Crowd;
use crate::graphql::{Engine, Site};
use crate::service::Service;

pub use around::Around;
pub use health::serve_metrics;
pub use pages::SESSION_COOKIE;
pub use websocket::Sockets;

/// The largest body of a request, in bytes.
const BODY_MAX: usize = 512 * 1024;

/// What the edge needs.
#[derive(Clone)]
pub struct Edge {
    /// Answers GraphQL.
    pub engine: Engine,
    /// What the pages read through.
    pub service: Service,
    /// Checks credentials.
    pub gate: Gate,
    /// Where readers reach this service.
    pub site: Site,
    /// Other sites whose pages may call, as browsers spell their origins.
    pub allow_origin: Arc<[String]>,
    /// For readiness.
    pub bus: Arc<dyn EventBus>,
    /// Connections that are open, by the address at their other end.
    pub connections: Crowd<IpAddr>,
    /// Streams of events that are open, by the client's address.
    pub streams: Crowd<IpAddr>,
    /// WebSockets that are open, by address and by person.
    pub sockets: Sockets,
    /// The node will stop: whoever sends it requests is told, and sends them elsewhere.
    pub leaving: CancellationToken,
    /// The node stops: ends long-lived connections.
    pub stopping: CancellationToken,
    /// Every connection and socket: what a stop waits for.
    pub tasks: TaskTracker,
}

/// All routes.
pub fn router(edge: Edge, around: Around) -> Router {
    let origins: Vec<HeaderValue> =
        edge.allow_origin.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .expose_headers([header::ETAG, header::RETRY_AFTER, HeaderName::from_static("x-request-id")])
        .allow_headers([
            header::CONTENT_TYPE,
            header::AUTHORIZATION,
            header::IF_NONE_MATCH,
            HeaderName::from_static("last-event-id"),
        ])
        .max_age(Duration::from_secs(600));
    let api = Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post).fallback(graphql::method_not_allowed))
        .layer(cors)
        .layer(axum::middleware::from_fn(graphql::options));
    let compressed = DefaultPredicate::new().and(NotForContentType::const_new("text/event-stream"));
    Router::new()
        .merge(api)
        .merge(pages::routes(&edge))
        .merge(health::routes())
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(CompressionLayer::new().gzip(true).compress_when(compressed))
        .layer(axum::middleware::from_fn_with_state(around, around::around))
        .with_state(edge)
}
