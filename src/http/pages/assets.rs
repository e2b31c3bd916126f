//! The files built from `web/`, inside the binary. Their names carry a hash of what is in them, so a browser
//! may keep them for good; only the two that other sites name, `/embed.js` and `/count.js`, have fixed ones.
//! All of them may be read from anywhere: the embedded script fetches its parts, which it runs in other sites' pages.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Deserialize;

use super::answer;
use super::problem::Problem;

/// What `npm run build` made. A debug build reads it from the working tree.
#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Dist;

/// An entry of the build's manifest.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Entry {
    file: String,
    #[serde(default)]
    css: Vec<String>,
}

impl Entry {
    /// The address of the script, or of whatever the entry is.
    pub fn url(&self) -> String {
        format!("/assets/{}", self.file)
    }

    /// The addresses of its stylesheets.
    pub fn styles(&self) -> impl Iterator<Item = String> {
        self.css.iter().map(|file| format!("/assets/{file}"))
    }
}

/// Source → what was built from it.
static MANIFEST: LazyLock<HashMap<String, Entry>> = LazyLock::new(|| {
    let manifest = Dist::get(".vite/manifest.json");
    let data = manifest.as_ref().map_or(&b"{}"[..], |file| &file.data);
    serde_json::from_slice(data).unwrap_or_else(|error| {
        tracing::error!(%error, "the manifest of the browser's files can't be read: pages lack style and script");
        HashMap::new()
    })
});

/// What was built from a source file of `web/`.
pub fn entry(source: &str) -> Entry {
    MANIFEST.get(source).cloned().unwrap_or_default()
}

/// The icon of every page, as an address that holds it whole: a request less for each.
pub static ICON: LazyLock<String> = LazyLock::new(|| {
    let icon = Dist::get(&entry("src/icon.svg").file).map(|file| STANDARD.encode(&file.data));
    format!("data:image/svg+xml;base64,{}", icon.unwrap_or_default())
});

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// A new version reaches other sites' pages within five minutes, and never makes them wait.
const FOR_A_WHILE: &str = "public, max-age=300, stale-while-revalidate=86400";

/// `GET /assets/{file}`
pub async fn asset(file: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Response {
    let Ok(Path(file)) = file else { return Problem::NotFound.into_response() };
    // The manifest's folder is not for browsers.
    match Dist::get(&file).filter(|_| !file.starts_with('.')) {
        Some(found) => send(&file, found, if is_hashed(&file) { FOR_GOOD } else { FOR_A_WHILE }, &headers),
        None => Problem::NotFound.into_response(),
    }
}

/// `GET /embed.js`: the comments element, for other sites' pages.
pub async fn embed(headers: HeaderMap) -> Response {
    shared("src/embed/index.ts", &headers)
}

/// `GET /count.js`: the counts of comments, for other sites' lists.
pub async fn count(headers: HeaderMap) -> Response {
    shared("src/count.ts", &headers)
}

/// Whether the name changes with what is in the file: the licences of what is built in have a plain one.
fn is_hashed(file: &str) -> bool {
    MANIFEST.values().any(|entry| entry.file == file || entry.css.iter().any(|style| style == file))
}

fn shared(source: &str, headers: &HeaderMap) -> Response {
    let file = entry(source).file;
    match Dist::get(&file) {
        Some(found) => send(&file, found, FOR_A_WHILE, headers),
        None => Problem::NotFound.into_response(),
    }
}

fn send(name: &str, file: EmbeddedFile, caching: &'static str, asked: &HeaderMap) -> Response {
    let etag = answer::etag(&file.metadata.sha256_hash());
    let fresh = [
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
        (header::ETAG, etag.clone()),
        // A module script is fetched with CORS, and an isolated page takes only what says that it may.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin")),
    ];
    if answer::is_unchanged(asked, &etag) {
        return (http::StatusCode::NOT_MODIFIED, fresh).into_response();
    }
    let media = HeaderValue::from_static(media_type(name));
    (fresh, [(header::CONTENT_TYPE, media)], Body::from(file.data.into_owned())).into_response()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_that_a_page_names_is_built() {
        let named = [
            "src/styles/site.css",
            "src/story.ts",
            "src/embed/index.ts",
            "src/embed/later/index.ts",
            "src/embed/words/de.ts",
            "src/embed/words/es.ts",
            "src/embed/words/fr.ts",
            "src/count.ts",
            "src/desk/index.ts",
            "src/graphiql/main.tsx",
            "src/icon.svg",
        ];
        for source in named {
            let entry = entry(source);
            for file in std::iter::once(&entry.file).chain(&entry.css) {
                assert!(Dist::get(file).is_some(), "{source}: {file:?} is not in web/dist");
                assert_ne!(media_type(file), "application/octet-stream", "{file}");
            }
        }
    }
}
