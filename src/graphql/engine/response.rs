//! What is told: responses as JSON, with a code in every error and no more words than a person reads.

use std::borrow::Cow;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError};

use super::discreet::Said;
use super::{Accepted, Engine};
use crate::feed::Frame;
use crate::graphql::answers::Held;
use crate::graphql::error::GraphError;
use crate::graphql::guard;

/// Errors of one response, at most: what is admitted can still be wrong in a thousand places.
const ERRORS_MAX: usize = 20;
/// Characters of an error's message, at most.
const MESSAGE_MAX: usize = 500;

impl Engine {
    /// What a request said, where nothing else is to be told of the schema.
    pub(super) fn said(&self, accepted: &Accepted) -> Option<Said> {
        let Accepted { text, asked, .. } = accepted;
        self.hidden.as_ref().map(|hidden| Said::in_request(text, &asked.variables, hidden))
    }
}

/// How an operation is counted.
pub(super) fn kind(operation: OperationType) -> &'static str {
    match operation {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    }
}

/// `ok`, or the code of the first error: codes are ours, and few.
pub(super) fn outcome(response: &Response) -> Cow<'static, str> {
    let Some(error) = response.errors.first() else { return Cow::Borrowed("ok") };
    match error.extensions.as_ref().and_then(|extensions| extensions.get("code")) {
        Some(async_graphql::Value::String(code)) => Cow::Owned(code.clone()),
        _ => Cow::Borrowed("unknown"),
    }
}

impl Frame {
    /// One answer, which has no place in a log.
    pub(super) fn without_cursor(response: &Response) -> Self {
        Self::new(None, &to_json(response))
    }

    /// The same, and room for it for as long as it lasts.
    pub(super) fn kept_by(self, held: Held) -> Self {
        self.wrapped(|bytes| held.keep(bytes))
    }
}

/// Whether the operation ran, whatever came of it: an error of a field that can't be null leaves `data` null, but such an
/// error has a path, and errors of the request as a whole have none.
#[must_use]
pub fn is_executed(response: &Response) -> bool {
    response.data != async_graphql::Value::Null
        || response.is_ok()
        || response.errors.iter().any(|error| !error.path.is_empty())
}

/// A response as JSON. A request that was not executed has no `data` entry (GraphQL specification, section
/// 7.1), and its errors no location that nobody knows.
#[must_use]
pub fn to_json(response: &Response) -> Vec<u8> {
    let written = if is_executed(response) {
        serde_json::to_vec(response)
    } else {
        serde_json::to_vec(&serde_json::json!({ "errors": errors(response) }))
    };
    written.unwrap_or_else(|_| b"{\"data\":null}".to_vec())
}

/// The errors of a request that was not executed.
#[must_use]
pub fn errors(response: &Response) -> serde_json::Value {
    let shown = response.errors.iter().filter_map(|error| {
        let mut error = error.clone();
        error.locations.retain(|place| place.line > 0);
        serde_json::to_value(&error).ok()
    });
    shown.collect()
}

/// The response of a request that failed as a whole.
#[must_use]
pub fn refused(error: GraphError) -> Response {
    Response::from_errors(vec![error.into_server_error()])
}

/// Gives every error a code, and bounds what a wrong document is told about itself, and about the schema.
pub(super) fn tidy(response: &mut Response, said: Option<&Said>) {
    if let Some(said) = said {
        for error in response.errors.iter_mut().filter(|error| !has_code(error)) {
            error.message = said.only(&error.message);
        }
    }
    if response.data == async_graphql::Value::Null {
        guard::abridge(&mut response.errors, ERRORS_MAX, MESSAGE_MAX);
    }
    for error in response.errors.iter_mut().filter(|error| !has_code(error)) {
        let code = if error.path.is_empty() { "GRAPHQL_VALIDATION_FAILED" } else { "BAD_INPUT" };
        error.extensions.get_or_insert_default().set("code", code);
    }
}

/// Whether an error is ours: the library's have none.
fn has_code(error: &ServerError) -> bool {
    error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some())
}
