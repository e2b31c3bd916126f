//! Who comes to a page.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use maud::Markup;

use super::answer::{self, Keep, Policy};
use crate::domain::policy::{Permission, may};
use crate::domain::user::{User, Viewer};
use crate::http::{Edge, credentials};

/// Somebody who comes to a page.
pub struct Visit {
    /// Who it is.
    viewer: Viewer,
    /// Whether the page is theirs alone: they have a session cookie, good or not.
    is_personal: bool,
    /// Whether that cookie is good for nothing any more.
    is_over: bool,
    asked: HeaderMap,
}

impl FromRequestParts<Edge> for Visit {
    type Rejection = Infallible;

    /// A page is not refused for a session that has ended, unlike the API: one would be locked out of the
    /// page that signs in. It is shown as to anybody, and the cookie is taken back, since the page's scripts
    /// would be refused with it.
    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Infallible> {
        let viewer = credentials::pass(&parts.headers, edge).await.map(|pass| pass.viewer());
        Ok(Self {
            is_personal: credentials::session_cookie(&parts.headers).is_some()
                || !matches!(viewer, Ok(Viewer::Anonymous)),
            is_over: viewer.is_err(),
            viewer: viewer.unwrap_or_default(),
            asked: parts.headers.clone(),
        })
    }
}

impl Visit {
    /// Who is signed in.
    pub const fn user(&self) -> Option<&User> {
        self.viewer.user()
    }

    /// Whether they may decide on comments.
    pub fn is_moderator(&self) -> bool {
        may(&self.viewer, Permission::Moderate)
    }

    /// Answers with a page.
    pub fn show(&self, html: Markup) -> Response {
        self.show_under(Policy::Strict, html)
    }

    /// Answers with a page under a policy of its own.
    pub fn show_under(&self, policy: Policy, html: Markup) -> Response {
        if !self.is_personal {
            return answer::public_page(&self.asked, html, policy);
        }
        let mut response = answer::page(http::StatusCode::OK, html, policy, Keep::Nobody);
        if self.is_over {
            response.headers_mut().insert(header::SET_COOKIE, no_session());
        }
        response
    }
}

/// The session cookie, taken back.
pub const fn no_session() -> HeaderValue {
    HeaderValue::from_static("talkback_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::super::SESSION_COOKIE;
    use super::*;

    #[test]
    fn what_is_taken_back_is_what_was_given() {
        let cookie = no_session();
        let name = cookie.to_str().ok().and_then(|text| text.split_once('=')).map(|(name, _)| name);
        assert_eq!(name, Some(SESSION_COOKIE));
    }
}
