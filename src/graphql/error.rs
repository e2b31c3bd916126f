//! Errors as clients see them: a stable code, a message that says what to do, and nothing of our insides.

use async_graphql::{Error, ErrorExtensionValues, ServerError};

use crate::domain::cursor::BadCursor;
use crate::domain::policy::Denied;
use crate::domain::statistics::BadPeriod;
use crate::feed::FollowError;
use crate::service::Failure;
use crate::store::StoreError;

/// A top-level error. Refusals that a person can act on are `userErrors`, not this.
#[derive(Clone, Debug)]
pub struct GraphError {
    code: &'static str,
    message: String,
    trace_id: Option<String>,
}

/// What resolvers return.
pub type Result<T, E = GraphError> = std::result::Result<T, E>;

impl GraphError {
    /// The caller's mistake.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), trace_id: None }
    }

    /// Our fault: logged here, once, with its cause; the client gets the trace id to quote.
    #[must_use]
    pub fn fault(cause: &dyn std::error::Error) -> Self {
        let trace_id = trace_id();
        tracing::error!(%trace_id, %cause, "a request failed");
        Self {
            code: crate::feed::INTERNAL,
            message: format!("Something went wrong on our side. Quote {trace_id} when you report it."),
            trace_id: Some(trace_id),
        }
    }

    /// The error of a request as a whole, that no field was resolved for.
    #[must_use]
    pub fn into_server_error(self) -> ServerError {
        Error::from(self).into_server_error(async_graphql::Pos::default())
    }
}

/// Eight random bytes, in hex.
fn trace_id() -> String {
    getrandom::u64().map_or_else(|_| "unknown".to_owned(), |id| format!("{id:016x}"))
}

impl From<GraphError> for Error {
    fn from(error: GraphError) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", error.code);
        if let Some(trace_id) = error.trace_id {
            extensions.set("traceId", trace_id);
        }
        let mut shown = Self::new(error.message);
        shown.extensions = Some(extensions);
        shown
    }
}

impl From<StoreError> for GraphError {
    fn from(error: StoreError) -> Self {
        Self::fault(&error)
    }
}

impl From<std::sync::Arc<StoreError>> for GraphError {
    fn from(error: std::sync::Arc<StoreError>) -> Self {
        Self::fault(&*error)
    }
}

impl From<Denied> for GraphError {
    fn from(denied: Denied) -> Self {
        let code = match denied {
            Denied::Unauthenticated | Denied::Gone => "UNAUTHENTICATED",
            Denied::Forbidden(_) | Denied::NotAuthor => "FORBIDDEN",
        };
        Self::new(code, denied.to_string())
    }
}

impl From<Failure> for GraphError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Denied(denied) => denied.into(),
            Failure::NotFound(what) => Self::not_found(what),
            Failure::Store(error) => error.into(),
        }
    }
}

impl From<BadCursor> for GraphError {
    fn from(bad: BadCursor) -> Self {
        Self::new("BAD_CURSOR", bad.to_string())
    }
}

impl From<BadPeriod> for GraphError {
    fn from(bad: BadPeriod) -> Self {
        Self::new("BAD_RANGE", bad.to_string())
    }
}

impl From<FollowError> for GraphError {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::NotFound => Self::not_found("article"),
            FollowError::Store(error) => error.into(),
            FollowError::Stopping => Self::new("UNAVAILABLE", error.to_string()),
        }
    }
}

impl GraphError {
    /// There is nothing with that id.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new("NOT_FOUND", format!("There is no {what} with that id."))
    }
}
