//! The headers of a page: what it may load, and who may keep a copy.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maud::Markup;
use sha2::{Digest, Sha256};

/// What a page may load: our own files and nothing inline, so that nothing a reader wrote can run even if
/// it slipped through. Structured data is a data block, which this does not touch.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; \
     connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types lit-html";
/// GraphiQL's dialogs write styles of their own, and its descriptions HTML.
const GRAPHIQL_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: https:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// Which policy a page is under.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// Every page's.
    Strict,
    /// GraphiQL's.
    GraphiQl,
}

/// Who may keep a copy of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Everybody, asking each time whether it is still the same.
    Asking,
    /// Nobody.
    Nobody,
}

/// A page with its headers.
pub fn page(status: StatusCode, html: Markup, policy: Policy, keep: Keep) -> Response {
    let caching = match keep {
        Keep::Asking => "no-cache",
        Keep::Nobody => "private, no-store",
    };
    let policy = match policy {
        Policy::Strict => POLICY,
        Policy::GraphiQl => GRAPHIQL_POLICY,
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
        (header::VARY, HeaderValue::from_static("cookie")),
    ];
    (status, headers, html.into_string()).into_response()
}

/// The same for everybody: with an ETag, and without its body for those who have it.
pub fn public_page(asked: &HeaderMap, html: Markup, policy: Policy) -> Response {
    let etag = etag(&Sha256::digest(html.0.as_bytes()));
    let mut response = if is_unchanged(asked, &etag) {
        // Without the content type of a body that is not there.
        let mut response = page(StatusCode::NOT_MODIFIED, Markup::default(), policy, Keep::Asking);
        response.headers_mut().remove(header::CONTENT_TYPE);
        response
    } else {
        page(StatusCode::OK, html, policy, Keep::Asking)
    };
    response.headers_mut().insert(header::ETAG, etag);
    response
}

/// The validator of some content, by its digest: a weak one, since it holds for every encoding.
pub fn etag(digest: &[u8]) -> HeaderValue {
    let hex: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_str(&format!("W/\"{hex}\"")).unwrap_or_else(|_| HeaderValue::from_static("W/\"\""))
}

/// Whether whoever asks has this version (RFC 9110, section 13.1.2: weak comparison).
pub fn is_unchanged(asked: &HeaderMap, etag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(ours) = etag.to_str().map(opaque) else { return false };
    asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|theirs| theirs.trim() == "*" || opaque(theirs) == ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_by_any_of_its_names() {
        let ours = etag(&[0xab; 32]);
        for (theirs, same) in [
            (r#"W/"abababababababababababab""#, true),
            (r#""x", "abababababababababababab""#, true),
            ("*", true),
            (r#""abab""#, false),
        ] {
            let asked = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(theirs))]);
            assert_eq!(is_unchanged(&asked, &ours), same, "{theirs}");
        }
        assert!(!is_unchanged(&HeaderMap::new(), &ours));
    }
}
