//! What is done around every request, whatever it asks for: its id, whom it comes from, what browsers are told,
//! and what is counted.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::address::Proxies;
use super::graphql::problem::Problem;
use super::line::Peer;
use super::negotiate::Media;
use crate::metrics;
use crate::telemetry;
use crate::trace::Trace;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Nothing here needs what a browser could be asked for.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
     magnetometer=(), microphone=(), midi=(), payment=(), usb=()";
/// Two years, as browsers' lists ask; without subdomains, which may not be ours.
const HSTS: &str = "max-age=63072000";

/// See the module.
#[derive(Clone, Debug)]
pub struct Around {
    /// Who is believed.
    pub proxies: Proxies,
    /// Whether readers come by https.
    pub is_secure: bool,
    /// The node will stop: connections are not kept for another request.
    pub leaving: CancellationToken,
}

/// The middleware.
pub async fn around(State(around): State<Around>, mut request: Request, next: Next) -> Response {
    let given = request.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok());
    let trace = given.and_then(Trace::given).unwrap_or_else(Trace::fresh);
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<Peer>>().cloned() {
        let client = around.proxies.client(peer.address.ip(), request.headers());
        let address = SocketAddr::new(client, peer.address.port());
        request.extensions_mut().insert(ConnectInfo(Peer { address, ..peer }));
    }
    let span = tracing::debug_span!(
        "request",
        otel.kind = "server",
        http.request.method = %request.method(),
        url.path = request.uri().path(),
        http.response.status_code = tracing::field::Empty,
        trace_id = %trace,
    );
    telemetry::continue_trace(&span, request.headers());
    let answering = async {
        if has_one_host(&request) {
            return next.run(request).await;
        }
        Problem::bad_request("Name the host that you ask, once: `Host: name`.").respond(Media::Json)
    };
    let mut response = trace.clone().scope(answering).instrument(span.clone()).await;
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(trace.id()) {
        headers.insert(REQUEST_ID, id);
    }
    secure(headers, around.is_secure);
    if around.leaving.is_cancelled() && status != StatusCode::SWITCHING_PROTOCOLS {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    metrics::all().answered(status);
    response
}

/// Who names none, or two, may be understood differently by a proxy (RFC 9112, section 3.2). HTTP/1.0 has no hosts.
fn has_one_host(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => {
            let authority = Authority::try_from(host.as_bytes());
            authority.is_ok_and(|authority| !authority.as_str().contains('@'))
        }
        (None, None) => request.version() < Version::HTTP_11,
        _ => false,
    }
}

/// The headers that every answer has, unless whoever made it said otherwise.
fn secure(headers: &mut HeaderMap, by_https: bool) {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let is_page = kind.starts_with(b"text/html");
    let is_data = kind.starts_with(b"application/") || kind.starts_with(b"text/plain");
    let mut say = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    say(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(header::REFERRER_POLICY, "strict-origin-when-cross-origin");
    // Other sites read the API with CORS, and load the embedded script, which says that they may.
    say(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if is_page {
        say(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
        say(HeaderName::from_static("permissions-policy"), PERMISSIONS);
        say(header::X_FRAME_OPTIONS, "DENY");
    } else if is_data {
        // What is no page is never one, even when a browser is led to it.
        say(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    }
    if by_https {
        say(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}
