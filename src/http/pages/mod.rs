//! The pages that the server renders: front page, story, sign-in, GraphiQL and the moderators' desk. They
//! read well without JavaScript, and no page runs or styles anything that is not one of our own files.
//!
//! | file | what lives there |
//! |---|---|
//! | `front`, `story`, `sign_in`, `desk` | the routes |
//! | `article`, `comments` | what a story page consists of |
//! | `metadata` | what pages tell search engines and those who share them |
//! | `atom` | feeds of the stories, and of the comments on one |
//! | `layout`, `wording`, `place` | the frame of every page; dates and numbers in words; places in lists |
//! | `guard` | what is done before a page is made |
//! | `assets` | the files built from `web/`, inside the binary |
//! | `visit`, `answer`, `problem` | who comes, the headers that go out, and what goes wrong |

mod answer;
mod article;
mod assets;
mod atom;
mod comments;
mod desk;
mod front;
mod guard;
mod layout;
mod metadata;
mod place;
mod problem;
mod sign_in;
mod story;
mod visit;
mod wording;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::Edge;

/// The cookie that holds a session of our own pages.
pub const SESSION_COOKIE: &str = "talkback_session";

/// The largest form that a page sends, in bytes: [`guard`] reads it.
const FORM_MAX: usize = 4 * 1024;

/// All pages, and the page for every address that there is not.
pub fn routes(edge: &Edge) -> Router<Edge> {
    let forms = Router::new()
        .route("/sign-in", get(sign_in::form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out));
    let made = Router::new()
        .route("/", get(front::front))
        .route("/articles/{slug}", get(story::story))
        .route("/articles/{slug}/comments.atom", get(atom::comments))
        .route(atom::SITE, get(atom::site))
        .route("/moderate", get(desk::desk))
        .route("/graphiql", get(desk::graphiql))
        .merge(forms)
        .route_layer(from_fn_with_state(edge.clone(), guard::guard));
    made.route("/assets/{file}", get(assets::asset))
        .route("/embed.js", get(assets::embed))
        .route("/count.js", get(assets::count))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
}
