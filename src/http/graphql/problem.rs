//! A request that can't be answered, as a response.

use std::net::IpAddr;

use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::METHODS;
use super::response::json;
use crate::auth::Refused;
use crate::domain::user::Viewer;
use crate::graphql::GraphError;
use crate::graphql::engine::refused;
use crate::http::Edge;
use crate::http::message::NotOne;
use crate::http::negotiate::Media;

/// See the module.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    error: Box<GraphError>,
    /// What else its kind of answer says.
    headers: Vec<(HeaderName, &'static str)>,
}

impl Problem {
    /// With a code and a message of its own.
    pub fn new(status: StatusCode, code: &'static str, message: &str) -> Self {
        Self::of(status, GraphError::new(code, message))
    }

    /// Of an error that says everything.
    pub fn of(status: StatusCode, error: GraphError) -> Self {
        let headers = match status {
            StatusCode::METHOD_NOT_ALLOWED => vec![(header::ALLOW, METHODS)],
            // RFC 6750, section 3.1.
            StatusCode::UNAUTHORIZED => vec![(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")],
            // RFC 9110, section 15.5.22.
            StatusCode::UPGRADE_REQUIRED => {
                vec![(header::UPGRADE, "websocket"), (header::CONNECTION, "upgrade")]
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                vec![(header::RETRY_AFTER, "2")]
            }
            // What is left of the body is not read.
            StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE => {
                vec![(header::CONNECTION, "close")]
            }
            _ => Vec::new(),
        };
        Self { status, error: Box::new(error), headers }
    }

    /// What is no GraphQL request.
    pub fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    /// Too much, or too fast: with the time after which to try again.
    pub fn later(error: GraphError) -> Self {
        let status = match error.code() {
            "RATE_LIMITED" => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::of(status, error)
    }

    /// The same, and counted against whoever sent it; one that came too often is told that instead. What is our own fault
    /// costs nothing.
    pub fn counted(self, edge: &Edge, viewer: &Viewer, from: IpAddr) -> Self {
        if self.status.is_server_error() {
            return self;
        }
        match edge.engine.turn_away(viewer, from) {
            Ok(()) => self,
            Err(error) => Self::later(error),
        }
    }

    /// With a header, in the place of one of that name that its status has by itself.
    pub fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value));
        self
    }

    /// Its status.
    #[cfg(test)]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The response. A stream that does not begin is told in JSON.
    pub fn respond(self, media: Media) -> Response {
        let media = if media == Media::Events { Media::Json } else { media };
        let mut response = json(self.status, media, &refused(*self.error));
        for (name, value) in self.headers {
            // An error that says how long to wait knows better.
            response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
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
        Self::of(status, refused.into())
    }
}

impl From<NotOne> for Problem {
    fn from(NotOne(message): NotOne) -> Self {
        Self::bad_request(message)
    }
}
