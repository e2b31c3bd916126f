//! The pages that the server renders: front page, story, sign-in, GraphiQL and the moderators' desk.

use axum::Router;

use super::Edge;

/// The cookie that holds a session of our own pages.
pub const SESSION_COOKIE: &str = "talkback_session";

/// All pages.
pub fn routes() -> Router<Edge> {
    Router::new()
}
