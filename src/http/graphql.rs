//! GraphQL over HTTP: POST and GET, by the specification of that name. Queries and mutations here; what is
//! followed goes to server-sent events, or, on an upgrade, to a WebSocket.

use std::collections::HashMap;
use std::net::IpAddr;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response as GraphResponse, Variables};
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{ConnectInfo, FromRequestParts, Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use serde::Deserialize;

use super::credentials::{self, Pass};
use super::line::Peer;
use super::negotiate::{self, Media};
use super::{Edge, sse, websocket};
use crate::auth::Refused;
use crate::graphql::engine::{Accepted, Asked, refused, to_json};
use crate::graphql::{GraphError, STORAGE_UNAVAILABLE};

/// A request body, or the query string of a GET.
#[derive(Deserialize)]
struct Message {
    query: Option<String>,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
    variables: Option<serde_json::Map<String, serde_json::Value>>,
    extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

/// What `/graphql` answers to.
const METHODS: &str = "GET, HEAD, POST";

/// How a request was sent.
struct Sent {
    from: Peer,
    version: Version,
    /// By GET: it must change nothing.
    safe_only: bool,
}

/// A request that can't be answered, as a response.
struct Problem {
    status: StatusCode,
    error: GraphError,
    /// The methods that would do, where another was used.
    allow: &'static str,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: &str) -> Self {
        Self { status, error: GraphError::new(code, message), allow: METHODS }
    }

    fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    fn respond(self, media: Media) -> Response {
        let media = if media == Media::Events { Media::Json } else { media };
        let mut response = json(self.status, media, &refused(self.error));
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(self.allow));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 6750, section 3.1.
            let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let status = match refused.code() {
            "UNAUTHENTICATED" => StatusCode::UNAUTHORIZED,
            "UNAVAILABLE" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, error: refused.into(), allow: METHODS }
    }
}

/// `POST /graphql`.
pub async fn post(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    version: Version,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Some(media) = negotiate::accepted(&headers) else { return not_acceptable() };
    let message = parse_body(&headers, body);
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
    if upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket")) {
        return websocket::upgrade(edge, peer.address.ip(), &mut parts).await;
    }
    let headers = parts.headers.clone();
    let Some(media) = negotiate::accepted(&headers) else { return not_acceptable() };
    let query = Query::<HashMap<String, String>>::from_request_parts(&mut parts, &()).await;
    answer(
        &edge,
        &headers,
        media,
        parse_query(query),
        Sent { from: peer, version: parts.version, safe_only: true },
    )
    .await
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
        Ok((Err(response), _)) if media == Media::Events => sse::refuse(&response),
        Ok((Err(response), _)) => json(status(media, &response), media, &response),
        Ok((Ok(accepted), pass)) if media == Media::Events => {
            let resume = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
            sse::stream(edge, accepted, &pass, resume, sent.from, sent.version)
        }
        Ok((Ok(accepted), pass)) => {
            let response = edge.engine.run(accepted, pass.viewer()).await;
            json(status(media, &response), media, &response)
        }
    }
}

type Prepared = (Result<Accepted, Box<GraphResponse>>, Pass);

async fn prepare(
    edge: &Edge,
    headers: &HeaderMap,
    message: Result<Message, Problem>,
    sent: &Sent,
) -> Result<Prepared, Problem> {
    let message = message?;
    let pass = credentials::pass(headers, edge).await?;
    let accepted = edge.engine.accept(message.asked(sent.from.address.ip())?);
    if sent.safe_only
        && accepted.as_ref().is_ok_and(|accepted| accepted.operation() == OperationType::Mutation)
    {
        let message = "A mutation changes things: send it by POST.";
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message);
        return Err(Problem { allow: "POST", ..problem });
    }
    Ok((accepted, pass))
}

impl Message {
    fn asked(self, address: IpAddr) -> Result<Asked, Problem> {
        let query = self.query.ok_or_else(|| Problem::bad_request("The request has no `query`."))?;
        // Nothing is done with extensions yet; what is not an object was refused with the rest.
        drop(self.extensions);
        let variables = self.variables.map(serde_json::Value::Object).unwrap_or_default();
        let variables = Variables::from_json(variables);
        Ok(Asked { query, operation_name: self.operation_name, variables, address })
    }
}

fn parse_body(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Message, Problem> {
    if !negotiate::is_json(headers) {
        let message = "Send `Content-Type: application/json`, in UTF-8.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = "The request is larger than 512 KiB.";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", message)
        }
        _ => Problem::bad_request("The request's body could not be read."),
    })?;
    serde_json::from_slice(&body).map_err(|error| {
        let message = if error.is_data() {
            "The body is not a GraphQL request: an object with a string `query`, and optionally a string \
             `operationName`, an object `variables` and an object `extensions`."
        } else {
            "The body is not well-formed JSON."
        };
        Problem::bad_request(message)
    })
}

fn parse_query(query: Result<Query<HashMap<String, String>>, QueryRejection>) -> Result<Message, Problem> {
    let Query(mut query) = query.map_err(|_| Problem::bad_request("The address can't be read."))?;
    let mut object = |name: &str| {
        query
            .remove(name)
            .filter(|text| !text.is_empty())
            .map(|text| serde_json::from_str::<Option<serde_json::Map<_, _>>>(&text))
            .transpose()
            .map(Option::flatten)
            .map_err(|_| Problem::bad_request("`variables` and `extensions` are JSON objects."))
    };
    let (variables, extensions) = (object("variables")?, object("extensions")?);
    let operation_name = query.remove("operationName").filter(|name| !name.is_empty());
    Ok(Message { query: query.remove("query"), operation_name, variables, extensions })
}

/// The status of an answer. A client that asked for plain JSON reads the body to see whether its request was
/// good; that something is wrong on our side, proxies and retries are to know as well.
fn status(media: Media, response: &GraphResponse) -> StatusCode {
    let has_code = |wanted: &str| {
        let wanted = async_graphql::Value::from(wanted);
        response.errors.iter().any(|error| {
            error.extensions.as_ref().and_then(|extensions| extensions.get("code")) == Some(&wanted)
        })
    };
    if response.data != async_graphql::Value::Null || response.is_ok() {
        StatusCode::OK
    } else if has_code(crate::feed::INTERNAL) {
        StatusCode::INTERNAL_SERVER_ERROR
    } else if has_code(STORAGE_UNAVAILABLE) {
        StatusCode::SERVICE_UNAVAILABLE
    } else if has_code("RATE_LIMITED") {
        StatusCode::TOO_MANY_REQUESTS
    } else {
        match media {
            Media::GraphQl | Media::Events => StatusCode::BAD_REQUEST,
            Media::Json => StatusCode::OK,
        }
    }
}

/// How long to wait, where an error says so.
fn retry_after(response: &GraphResponse) -> Option<u64> {
    let waits = response.errors.iter().filter_map(|error| error.extensions.as_ref()?.get("retryAfter"));
    waits
        .filter_map(|wait| if let async_graphql::Value::Number(wait) = wait { wait.as_u64() } else { None })
        .max()
}

fn json(status: StatusCode, media: Media, response: &GraphResponse) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media.content_type())),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, HeaderValue::from_static("accept, authorization, cookie")),
    ];
    let mut answer = (status, headers, to_json(response)).into_response();
    if let Some(seconds) = retry_after(response) {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}
