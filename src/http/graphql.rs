//! GraphQL over HTTP: POST and GET, by the specification of that name. Queries and mutations here; what is
//! followed goes to server-sent events, or, on an upgrade, to a WebSocket.
//!
//! - `body`: reads what was posted, within its bounds
//! - `problem`: what can't be answered; `response`: what can, and what caches may do with it

mod body;
pub mod problem;
mod response;

use async_graphql::Response as GraphResponse;
use async_graphql::parser::types::OperationType;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};

use self::problem::Problem;
use self::response::{Keeping, json, public, status};
use super::credentials::{self, Pass};
use super::held::keep;
use super::line::Peer;
use super::message::{Message, read_json};
use super::negotiate::{self, Media};
use super::{Edge, sse, websocket};
use crate::domain::user::Viewer;
use crate::graphql::engine::{Accepted, Answer};
use crate::limits::size;

/// What `/graphql` answers to.
const METHODS: &str = "GET, HEAD, POST, OPTIONS";

/// How a request was sent.
struct Sent {
    from: Peer,
    version: Version,
    /// By GET: it must change nothing.
    safe_only: bool,
}

/// `POST /graphql`.
pub async fn post(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    version: Version,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(media) = negotiate::accepted(&headers) else { return not_acceptable() };
    let (max, load) = (size(edge.engine.limits().body_bytes), edge.engine.load());
    if let Err(short) = load.admit() {
        return Problem::later(short).respond(media);
    }
    let message = match body::read(&headers, body, peer.address.ip(), max, load).await {
        Ok(held) => read_json(held.bytes()).map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    answer(&edge, &headers, media, message, Sent { from: peer, version, safe_only: false }).await
}

/// `GET /graphql`: a query in the address, or the handshake of a WebSocket.
pub async fn get(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request<Body>,
) -> Response {
    let (mut parts, _) = request.into_parts();
    let upgrade = parts.headers.get(header::UPGRADE).and_then(|upgrade| upgrade.to_str().ok());
    // A handshake is a GET (RFC 6455, section 4.1); the same with HEAD asks what a GET without one would say.
    let is_get = parts.method == Method::GET;
    if is_get && upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket")) {
        if let Err(short) = edge.engine.load().admit() {
            return Problem::later(short).respond(Media::Json);
        }
        return websocket::upgrade(edge, peer.address.ip(), &mut parts).await;
    }
    let headers = parts.headers.clone();
    let Some(media) = negotiate::accepted(&headers) else { return not_acceptable() };
    if let Err(short) = edge.engine.load().admit() {
        return Problem::later(short).respond(media);
    }
    let message = Message::from_address(parts.uri.query()).map_err(Problem::from);
    let sent = Sent { from: peer, version: parts.version, safe_only: true };
    answer(&edge, &headers, media, message, sent).await
}

/// Every other method.
pub async fn method_not_allowed() -> Response {
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "Send GraphQL by POST, or a query by GET.",
    );
    problem.respond(Media::Json)
}

/// `OPTIONS /graphql`, where it is not a browser that asks whether another site's page may call: what there is.
pub async fn options(request: Request<Body>, next: Next) -> Response {
    let asks_for_a_page = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if request.method() != Method::OPTIONS || asks_for_a_page {
        return next.run(request).await;
    }
    (StatusCode::NO_CONTENT, [(header::ALLOW, HeaderValue::from_static(METHODS))]).into_response()
}

fn not_acceptable() -> Response {
    let message =
        "Accept application/graphql-response+json or application/json; for subscriptions, text/event-stream.";
    Problem::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message).respond(Media::Json)
}

async fn answer(
    edge: &Edge,
    headers: &HeaderMap,
    media: Media,
    message: Result<Message, Problem>,
    sent: Sent,
) -> Response {
    match prepare(edge, headers, message, &sent).await {
        Err(problem) => problem.respond(media),
        Ok((Err(response), ..)) if media == Media::Events => sse::refuse(&response),
        Ok((Err(response), ..)) => json(status(media, &response), media, &response),
        Ok((Ok(accepted), pass, _)) if media == Media::Events => {
            let resume = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
            sse::stream(edge, accepted, &pass, resume, sent.from, sent.version)
        }
        Ok((Ok(accepted), pass, max_age)) => {
            let viewer = pass.viewer();
            let is_public = sent.safe_only && viewer == Viewer::Anonymous;
            let keeping = Keeping { by_name: accepted.by_name(), max_age };
            let Answer { response, held } = edge.engine.run(accepted, viewer).await;
            // What failed is nobody's to keep.
            let answer = if is_public && response.is_ok() {
                public(headers, media, &response, keeping)
            } else {
                json(status(media, &response), media, &response)
            };
            keep(answer, held)
        }
    }
}

/// What was accepted, who sent it, and how old an answer they take.
type Prepared = (Result<Accepted, Box<GraphResponse>>, Pass, u64);

async fn prepare(
    edge: &Edge,
    headers: &HeaderMap,
    message: Result<Message, Problem>,
    sent: &Sent,
) -> Result<Prepared, Problem> {
    let from = sent.from.address.ip();
    let asked = message.and_then(|message| Ok((message.max_age()?, message.asked(from)?)));
    let pass = credentials::pass(headers, edge).await.map_err(Problem::from);
    let ((max_age, asked), pass) = match (asked, pass) {
        (Ok(asked), Ok(pass)) => (asked, pass),
        (Err(problem), pass) => {
            let viewer = pass.unwrap_or_default().viewer();
            return Err(problem.counted(edge, &viewer, from));
        }
        (Ok(_), Err(problem)) => return Err(problem.counted(edge, &Viewer::Anonymous, from)),
    };
    let accepted = edge.engine.accept(asked, &pass.viewer()).await;
    if sent.safe_only
        && accepted.as_ref().is_ok_and(|accepted| accepted.operation() == OperationType::Mutation)
    {
        let message = "A mutation changes things: send it by POST.";
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message);
        return Err(problem.with(header::ALLOW, "POST"));
    }
    Ok((accepted, pass, max_age))
}
