//! Who asks, out of a request's headers. One path for all transports; a credential that is not good is
//! refused, never overlooked.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, header};
use tokio::time::Instant;

use super::{Edge, SESSION_COOKIE};
use crate::auth::{End, Gate, Grant, Refused};
use crate::domain::user::Viewer;
use crate::graphql::Site;

/// Whoever asks, as far as they said.
#[derive(Clone, Debug, Default)]
pub struct Pass(Option<Arc<Grant>>);

impl Pass {
    /// Who it is.
    pub fn viewer(&self) -> Viewer {
        self.0.as_ref().map_or(Viewer::Anonymous, |grant| grant.viewer())
    }

    /// When the credentials end, and with them what is streamed to whoever came with them.
    pub fn expiry(&self, edge: &Edge) -> Option<Instant> {
        match self.viewer() {
            Viewer::Anonymous => None,
            Viewer::Known { expires_at, .. } => {
                let left = (expires_at - edge.service.clock.now()).to_std().unwrap_or_default();
                // What is further away than a timer reaches does not end here.
                Instant::now().checked_add(left)
            }
        }
    }

    /// Becomes ready when whoever came with these is no longer let in, before their time; `None` for somebody
    /// who came with nothing.
    pub fn withdrawn(&self, edge: &Edge) -> Option<BoxFuture<'static, End>> {
        let grant = Arc::clone(self.0.as_ref()?);
        Some(edge.gate.clone().withdrawn(grant).boxed())
    }
}

/// Whoever sent a request: a bearer token, else the session cookie of our own pages, else nobody.
///
/// # Errors
/// [`Refused`].
pub async fn pass(headers: &HeaderMap, edge: &Edge) -> Result<Pass, Refused> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        return bearer(value.to_str().map_err(|_| Refused::Invalid)?, &edge.gate).await;
    }
    match session_cookie(headers) {
        Some(token) if cookie_counts(headers, &edge.site) => Ok(Pass(Some(edge.gate.admit(token).await?))),
        Some(_) | None => Ok(Pass(None)),
    }
}

/// Whoever an `Authorization` value stands for.
///
/// # Errors
/// [`Refused`].
pub async fn bearer(value: &str, gate: &Gate) -> Result<Pass, Refused> {
    let (scheme, token) = value.trim().split_once(' ').ok_or(Refused::Invalid)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refused::Invalid);
    }
    Ok(Pass(Some(gate.admit(token.trim()).await?)))
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
fn cookie_counts(headers: &HeaderMap, site: &Site) -> bool {
    match text(headers, "origin") {
        Some(origin) => is_ours(origin, headers, site),
        None => matches!(text(headers, "sec-fetch-site"), None | Some("same-origin" | "none")),
    }
}

/// Whether a WebSocket may be opened: no same-origin policy keeps other sites' pages from it, so what `--allow-origin`
/// says of their requests is held against the handshake. What is no browser names no origin.
pub fn may_connect(headers: &HeaderMap, edge: &Edge) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    text(headers, "sec-fetch-site") == Some("same-origin")
        || is_ours(origin, headers, &edge.site)
        || edge.allow_origin.iter().any(|allowed| allowed == origin)
}

/// Whether a form was sent from a page of ours, as far as the browser says: another site's page could
/// otherwise sign a moderator in as somebody else, or out.
pub fn is_from_our_page(headers: &HeaderMap, site: &Site) -> bool {
    match (text(headers, "origin"), text(headers, "sec-fetch-site")) {
        (Some(origin), _) => is_ours(origin, headers, site),
        (None, Some(from)) => from == "same-origin",
        // Not a browser: nobody's cookies are at stake.
        (None, None) => !headers.contains_key(header::ORIGIN),
    }
}

/// Whether an origin is the public address, or, under another name (a node behind a proxy, a tunnel), the
/// host that the request was sent to. Under the public name only the public scheme counts: a page that came
/// over plain HTTP may be anybody's.
fn is_ours(origin: &str, headers: &HeaderMap, site: &Site) -> bool {
    let origin = origin.to_ascii_lowercase();
    let public = site.origin();
    if origin == public {
        return true;
    }
    let authority = |origin: &str| origin.split_once("://").map(|(_, authority)| authority.to_owned());
    let (Some(asked_from), Some(public)) = (authority(&origin), authority(&public)) else { return false };
    let host = text(headers, "host").map(str::to_ascii_lowercase);
    host.as_deref() == Some(&*asked_from) && asked_from != public
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(public: &str, origin: &'static str, host: &'static str) -> bool {
        let value = http::HeaderValue::from_static;
        let headers = HeaderMap::from_iter([(header::ORIGIN, value(origin)), (header::HOST, value(host))]);
        let site = Site { base_url: public.to_owned() };
        assert_eq!(is_from_our_page(&headers, &site), cookie_counts(&headers, &site));
        is_from_our_page(&headers, &site)
    }

    #[test]
    fn a_page_of_ours_is_known_by_its_public_address_or_by_the_host_it_was_sent_to() {
        let public = "https://comments.example.org/under";
        assert!(ours(public, "https://comments.example.org", "comments.example.org"));
        assert!(ours(public, "https://comments.example.org", "node-3:8080"), "a proxy changes Host");
        assert!(ours(public, "http://127.0.0.1:8080", "127.0.0.1:8080"), "a tunnel to the node");
        assert!(!ours(public, "http://comments.example.org", "comments.example.org"), "without TLS");
        assert!(!ours(public, "https://evil.example", "comments.example.org"));
        assert!(!ours(public, "https://comments.example.org.evil.example", "comments.example.org"));
        assert!(!ours(public, "null", "comments.example.org"));
        assert!(ours("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(ours("http://127.0.0.1:8080", "http://localhost:8080", "localhost:8080"));
        assert!(!ours("http://127.0.0.1:8080", "http://localhost:3000", "localhost:8080"));
    }
}
