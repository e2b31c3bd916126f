//! Answers: their status, and what caches may do with them.

use async_graphql::{Response as GraphResponse, Value};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::feed::{STORAGE_UNAVAILABLE, UNAVAILABLE};
use crate::graphql::engine::{is_executed, to_json};
use crate::http::negotiate::Media;

/// What an answer depends on, beside the address.
const VARY: &str = "accept, authorization, cookie";

/// Two seconds in a shared cache: what a thousand readers ask for at once is asked for here once.
const SHARED: &str = "public, max-age=0, s-maxage=2, must-revalidate";

/// The longest that anybody keeps an answer without asking, in seconds: what a moderator removed is gone by then.
const MAX_AGE: u64 = 30;
/// For how long after that it may still be shown while the next one is fetched.
const STALE: u64 = 60;

/// Who may keep an answer that is the same for everybody.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// Its query was named rather than sent: a shared cache may, for a moment.
    pub by_name: bool,
    /// How old an answer whoever asked takes, in seconds.
    pub max_age: u64,
}

impl Keeping {
    /// What `Cache-Control` says. How old an answer may be is for whoever asks to say, since only they know: a list of
    /// stories can do with the counts of a moment ago, the thread of somebody who has just posted can't. The age is in
    /// the address, so an answer that may be old is never one to a request that did not ask for it.
    fn header(self) -> HeaderValue {
        match self {
            Self { max_age: 0, by_name: true } => HeaderValue::from_static(SHARED),
            Self { max_age: 0, by_name: false } => HeaderValue::from_static("public, no-cache"),
            Self { max_age, .. } => {
                let text =
                    format!("public, max-age={}, stale-while-revalidate={STALE}", max_age.min(MAX_AGE));
                HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("no-store"))
            }
        }
    }
}

/// The status of an answer: a request that was not executed is the client's mistake, one that was is none, whatever its
/// fields came to. A client that asked for plain JSON reads the body to see whether its request was good; that something is
/// wrong on our side, so that nothing came of it, proxies and retries are to know as well.
pub fn status(media: Media, response: &GraphResponse) -> StatusCode {
    let has_code = |wanted: &[&str]| {
        let codes = response.errors.iter().filter_map(|error| error.extensions.as_ref()?.get("code"));
        codes.into_iter().any(|code| matches!(code, Value::String(code) if wanted.contains(&code.as_str())))
    };
    if response.data != Value::Null || response.is_ok() {
        StatusCode::OK
    } else if has_code(&[crate::feed::INTERNAL]) {
        StatusCode::INTERNAL_SERVER_ERROR
    } else if has_code(&[STORAGE_UNAVAILABLE, UNAVAILABLE, "OVERLOADED", "TIMEOUT"]) {
        StatusCode::SERVICE_UNAVAILABLE
    } else if has_code(&["RATE_LIMITED"]) {
        StatusCode::TOO_MANY_REQUESTS
    } else {
        match media {
            Media::GraphQl | Media::Events if !is_executed(response) => StatusCode::BAD_REQUEST,
            Media::GraphQl | Media::Events | Media::Json => StatusCode::OK,
        }
    }
}

/// An answer that nobody keeps.
pub fn json(status: StatusCode, media: Media, response: &GraphResponse) -> Response {
    let mut answer = answer(status, media, to_json(response), "no-store");
    if let Some(seconds) = retry_after(response) {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// How long to wait, where an error says so.
fn retry_after(response: &GraphResponse) -> Option<u64> {
    let waits = response.errors.iter().filter_map(|error| error.extensions.as_ref()?.get("retryAfter"));
    waits.filter_map(|wait| if let Value::Number(wait) = wait { wait.as_u64() } else { None }).max()
}

/// An answer to a query of nobody in particular, by GET: it says what it is, so that who has it need not be sent
/// it again, and, by `keeping`, need not even ask.
pub fn public(asked: &HeaderMap, media: Media, response: &GraphResponse, keeping: Keeping) -> Response {
    let bytes = to_json(response);
    // Weak, since the same answer is also sent compressed.
    let tag = format!("W/\"{}\"", hex(&Sha256::digest(&bytes)[..16]));
    let mut response = if is_known(asked, &tag) {
        (StatusCode::NOT_MODIFIED, [(header::VARY, HeaderValue::from_static(VARY))]).into_response()
    } else {
        answer(StatusCode::OK, media, bytes, "no-store")
    };
    response.headers_mut().insert(header::CACHE_CONTROL, keeping.header());
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn answer(status: StatusCode, media: Media, bytes: Vec<u8>, cache: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media.content_type())),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (header::VARY, HeaderValue::from_static(VARY)),
    ];
    (status, headers, bytes).into_response()
}

/// Whether the client has what `tag` names (RFC 9110, section 13.1.2: compared weakly).
fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tags = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    tags.flat_map(|value| value.split(',')).any(|known| known.trim() == "*" || opaque(known) == opaque(tag))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
