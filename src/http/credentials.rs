//! Who asks, out of a request's headers. One path for all transports; a credential that is not good is
//! refused, never overlooked.

use http::{HeaderMap, header};

use super::SESSION_COOKIE;
use crate::auth::{BadToken, Tokens};
use crate::domain::user::Viewer;

/// The viewer of a request: a bearer token, else the session cookie of our own pages, else nobody.
///
/// # Errors
/// [`BadToken`].
pub fn viewer(headers: &HeaderMap, tokens: &Tokens) -> Result<Viewer, BadToken> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        return bearer(value.to_str().map_err(|_| BadToken::Invalid)?, tokens);
    }
    match session_cookie(headers) {
        Some(token) if is_same_origin(headers) => tokens.verify(token),
        Some(_) | None => Ok(Viewer::Anonymous),
    }
}

/// The viewer of an `Authorization` value.
///
/// # Errors
/// [`BadToken`].
pub fn bearer(value: &str, tokens: &Tokens) -> Result<Viewer, BadToken> {
    let (scheme, token) = value.trim().split_once(' ').ok_or(BadToken::Invalid)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(BadToken::Invalid);
    }
    tokens.verify(token.trim())
}

/// The session cookie's value.
pub fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == SESSION_COOKIE && !value.is_empty()).then_some(value))
}

/// A browser says where a request comes from. Another site's page must not act with our cookie: not by a
/// form, not by a WebSocket, which no same-origin policy guards.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()) else {
        let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
        return matches!(site, None | Some("same-origin" | "none"));
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    origin.split_once("://").map(|(_, origin)| origin) == host
}
