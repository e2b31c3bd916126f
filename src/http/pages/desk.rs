//! Shells for what runs in the browser: the moderators' desk, and GraphiQL.

use axum::response::Response;
use maud::{Markup, html};

use super::answer::Policy;
use super::layout::{Frame, SITE_NAME, document, frame, script};
use super::sign_in;
use super::visit::Visit;

/// `GET /moderate`
pub async fn desk(visit: Visit) -> Response {
    let title = format!("Moderation · {SITE_NAME}");
    if visit.is_moderator() {
        let body = html! {
            talkback-desk {}
            (without_script("The desk"))
        };
        return visit.show(document(&title, true, script("src/desk/index.ts"), body));
    }
    let content = match visit.user() {
        Some(user) => html! {
            h1 { "This desk is for moderators" }
            p { "You are signed in as " bdi { (user.display_name) } ", who may read and write comments. "
                "Deciding on them takes a moderator’s account: sign in with one here." }
            (sign_in::forms(None))
        },
        None => html! {
            h1 { "Sign in to the desk" }
            (sign_in::forms(None))
        },
    };
    let frame_of = Frame {
        title: &title,
        skip_to: Some("form"),
        user: visit.user(),
        unlisted: true,
        ..Frame::default()
    };
    visit.show(frame(frame_of, html! { div.panel { (content) } }))
}

/// `GET /graphiql`
pub async fn graphiql(visit: Visit) -> Response {
    let title = format!("GraphiQL · {SITE_NAME}");
    let body = html! {
        div #graphiql {}
        (without_script("GraphiQL"))
    };
    visit.show_under(Policy::GraphiQl, document(&title, true, script("src/graphiql/main.tsx"), body))
}

fn without_script(what: &str) -> Markup {
    html! {
        noscript {
            p { (what) " needs JavaScript. " a href="/" { "The stories" } " do not." }
        }
    }
}
