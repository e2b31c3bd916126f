//! Errors as clients see them: a stable code, a message that says what to do, and nothing of our insides.

use async_graphql::{Error, ErrorExtensionValues, ServerError};

use crate::auth::Refused;
use crate::domain::cursor::BadCursor;
use crate::domain::policy::Denied;
use crate::domain::statistics::BadPeriod;
use crate::feed::{FollowError, STORAGE_UNAVAILABLE, UNAVAILABLE};
use crate::pace::TooFast;
use crate::service::Failure;
use crate::store::StoreError;
use crate::trace::Trace;

/// A top-level error. Refusals that a person can act on are `userErrors`, not this.
#[derive(Clone, Debug)]
pub struct GraphError {
    code: &'static str,
    message: String,
    /// Which kind of that code it is.
    reason: Option<&'static str>,
    trace_id: Option<String>,
    retry_after: Option<u64>,
}

/// What resolvers return.
pub type Result<T, E = GraphError> = std::result::Result<T, E>;

impl GraphError {
    /// The caller's mistake.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), reason: None, trace_id: None, retry_after: None }
    }

    /// There is too much to do, or too little memory.
    #[must_use]
    pub fn overloaded() -> Self {
        let message = "There is too much to do at the moment: try again in a few seconds.";
        Self { retry_after: Some(2), ..Self::new("OVERLOADED", message) }
    }

    /// Our fault: logged here, once, with its cause; the client gets the trace id to quote.
    #[must_use]
    pub fn fault(cause: &dyn std::error::Error) -> Self {
        let trace = Trace::current();
        let trace_id = trace.id().to_owned();
        if trace.is_first_fault() {
            tracing::error!(%trace_id, %cause, "a request failed");
        } else {
            tracing::debug!(%trace_id, %cause, "a request failed in another place, too");
        }
        Self {
            code: crate::feed::INTERNAL,
            message: format!("Something went wrong on our side. Quote {trace_id} when you report it."),
            reason: None,
            trace_id: Some(trace_id),
            retry_after: None,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// Seconds after which to try again, where that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// What clients are told.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The error of a request as a whole, that no field was resolved for.
    #[must_use]
    pub fn into_server_error(self) -> ServerError {
        Error::from(self).into_server_error(async_graphql::Pos::default())
    }
}

impl From<GraphError> for Error {
    fn from(error: GraphError) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", error.code);
        if let Some(reason) = error.reason {
            extensions.set("reason", reason);
        }
        if let Some(trace_id) = error.trace_id {
            extensions.set("traceId", trace_id);
        }
        if let Some(seconds) = error.retry_after {
            extensions.set("retryAfter", seconds);
        }
        let mut shown = Self::new(error.message);
        shown.extensions = Some(extensions);
        shown
    }
}

impl From<TooFast> for GraphError {
    fn from(too_fast: TooFast) -> Self {
        let seconds = too_fast.seconds();
        let message = format!("That was a lot at once: wait {seconds} s, then try again.");
        Self { retry_after: Some(seconds), ..Self::new("RATE_LIMITED", message) }
    }
}

impl From<&StoreError> for GraphError {
    fn from(error: &StoreError) -> Self {
        let fault = Self::fault(error);
        if error.is_unwritable() {
            let message =
                "Nothing can be stored at the moment, only read. Nothing was changed: try again later.";
            return Self { code: STORAGE_UNAVAILABLE, message: message.to_owned(), ..fault };
        }
        if error.is_out_of_reach() {
            let message = "The database can't be reached, or is too busy. Nothing was changed: try again in a few seconds.";
            let message = message.to_owned();
            return Self { code: UNAVAILABLE, message, retry_after: Some(5), ..fault };
        }
        fault
    }
}

impl From<StoreError> for GraphError {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<std::sync::Arc<StoreError>> for GraphError {
    fn from(error: std::sync::Arc<StoreError>) -> Self {
        Self::from(&*error)
    }
}

impl From<Denied> for GraphError {
    fn from(denied: Denied) -> Self {
        let code = match denied {
            Denied::Unauthenticated | Denied::Gone => "UNAUTHENTICATED",
            Denied::Forbidden(_) | Denied::NotAuthor | Denied::Outranked => "FORBIDDEN",
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

impl From<Refused> for GraphError {
    fn from(refused: Refused) -> Self {
        let (message, reason) = (refused.to_string(), Some(refused.reason()));
        let code = refused.code();
        let trace_id = if let Refused::Fault(trace_id) = refused { Some(trace_id) } else { None };
        Self { code, message, reason, trace_id, retry_after: None }
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
            FollowError::Stopping | FollowError::OutOfReach => Self::new(UNAVAILABLE, error.to_string()),
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
