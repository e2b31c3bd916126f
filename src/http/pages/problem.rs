//! Pages for what goes wrong. Our own faults are logged here, once; the page says which line of the log to
//! look for, and nothing of our insides.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use maud::{Markup, html};

use super::answer::{self, Keep, Policy};
use super::layout::{Frame, frame};
use crate::auth::Refused;
use crate::graphql::GraphError;
use crate::http::received::Unread;
use crate::store::StoreError;
use crate::trace::Trace;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// No page has that address.
    #[error("there is no such page")]
    NotFound,
    /// A form that was not sent from a page of ours.
    #[error("the form was sent from another site")]
    OtherSite,
    /// A form that could not be read.
    #[error("the form could not be read")]
    Form(Unread),
    /// Too much, or too fast.
    #[error("{}", .0.message())]
    Later(GraphError),
    /// Our fault.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Our fault, and logged where it happened.
    #[error(transparent)]
    Session(#[from] Refused),
    /// Likewise.
    #[error("the session could not be put into a cookie")]
    Cookie,
}

/// An address that can't be read is none of ours.
impl From<QueryRejection> for Problem {
    fn from(_: QueryRejection) -> Self {
        Self::NotFound
    }
}

/// Likewise.
impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::NotFound
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => missing(),
            Self::OtherSite => panel(
                StatusCode::FORBIDDEN,
                "This came from somewhere else",
                html! {
                    p { "Signing in and out takes a form on a page of this site, and your browser says that this one was not. "
                        a href="/sign-in" { "Go to the sign-in page" } "." }
                },
            ),
            Self::Form(Unread::NoRoom) => later(&GraphError::overloaded()),
            Self::Form(why) => unread(why),
            Self::Later(why) => later(&why),
            Self::Store(error) if error.is_out_of_reach() => later(&error.into()),
            Self::Store(error) => fault(&error),
            Self::Session(_) | Self::Cookie => fault(&self),
        }
    }
}

/// Every address that there is not.
pub async fn not_found() -> Response {
    missing()
}

/// A page that was asked for in a way that it does not answer to.
pub async fn method_not_allowed() -> Response {
    panel(
        StatusCode::METHOD_NOT_ALLOWED,
        "This page can only be read",
        html! { p { "Nothing was changed. " a href="/" { "See the latest stories" } "." } },
    )
}

fn missing() -> Response {
    panel(
        StatusCode::NOT_FOUND,
        "There is no story here",
        html! {
            p { "The address may be mistyped, or the story may have been withdrawn. "
                a href="/" { "See the latest stories" } "." }
        },
    )
}

fn unread(why: Unread) -> Response {
    let (status, title) = match why {
        Unread::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "That was more than the form holds"),
        Unread::Late => (StatusCode::REQUEST_TIMEOUT, "The form did not come in time"),
        Unread::Broken | Unread::NoRoom => (StatusCode::BAD_REQUEST, "The form could not be read"),
    };
    panel(
        status,
        title,
        html! { p { "Nothing was done. " a href="/sign-in" { "Go to the sign-in page" } "." } },
    )
}

/// Asked for again after the time that is told, it is there.
fn later(why: &GraphError) -> Response {
    let (status, title) = match why.code() {
        "RATE_LIMITED" => (StatusCode::TOO_MANY_REQUESTS, "That was a lot at once"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "Just a moment, please"),
    };
    let mut response = panel(status, title, html! { p { (why.message()) } });
    response.headers_mut().insert(header::RETRY_AFTER, why.retry_after().unwrap_or(2).into());
    response
}

fn fault(cause: &dyn std::error::Error) -> Response {
    let trace_id = Trace::current();
    tracing::error!(%trace_id, %cause, "a page could not be made");
    panel(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong on our side",
        html! {
            p { "It has been noted. Trying again in a moment often helps; if it does not, tell the newsroom this number: "
                code { (trace_id.id()) } "." }
        },
    )
}

fn panel(status: StatusCode, title: &str, content: Markup) -> Response {
    let frame_of = Frame { title, unlisted: true, ..Frame::default() };
    let html = frame(
        frame_of,
        html! {
            div.panel {
                p.error-code { (status.as_u16()) }
                h1 { (title) }
                (content)
            }
        },
    );
    answer::page(status, html, Policy::Strict, Keep::Nobody)
}
