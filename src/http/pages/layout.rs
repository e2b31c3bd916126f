//! The frame of every page.

use maud::{DOCTYPE, Markup, html};

use super::assets;
use crate::domain::user::User;

/// The name that stands at the top of every page.
pub const SITE_NAME: &str = "Talkback";

/// What differs from page to page, around its content.
#[derive(Default)]
pub struct Frame<'a> {
    /// The page's title.
    pub title: &'a str,
    /// What else is in its head.
    pub head: Option<Markup>,
    /// The classes of its main part, besides `page`.
    pub class: &'a str,
    /// What the first link skips to; "content" where nothing is said.
    pub skip_to: Option<&'a str>,
    /// Links at the top: address and text.
    pub links: &'a [(&'a str, &'a str)],
    /// Who is signed in, and can sign out.
    pub user: Option<&'a User>,
    /// Whether search engines leave it out.
    pub unlisted: bool,
}

/// A page with its masthead and footer.
pub fn frame(frame: Frame<'_>, content: Markup) -> Markup {
    let head = html! {
        link rel="stylesheet" href=(assets::entry("src/styles/site.css").url());
        @if let Some(head) = &frame.head { (head) }
    };
    let body = html! {
        a.skip-link href="#main" { "Skip to the " (frame.skip_to.unwrap_or("content")) }
        header.masthead {
            div.masthead-inner {
                a.brand href="/" aria-current=[(frame.class == "front").then_some("page")] { (SITE_NAME) }
                @if !frame.links.is_empty() {
                    nav.masthead-nav aria-label="Site" {
                        @for (href, text) in frame.links { a href=(href) { (text) } }
                    }
                }
            }
        }
        main #main class={ "page" @if !frame.class.is_empty() { " " (frame.class) } } { (content) }
        (footer(frame.user))
    };
    document(frame.title, frame.unlisted, head, body)
}

/// A page that is all its own, but for the head.
pub fn document(title: &str, unlisted: bool, head: Markup, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="icon" type="image/svg+xml" href=(*assets::ICON);
                @if unlisted { meta name="robots" content="noindex"; }
                (head)
            }
            body { (body) }
        }
    }
}

/// A script of ours, with its stylesheets.
pub fn script(source: &str) -> Markup {
    let entry = assets::entry(source);
    html! {
        @for href in entry.styles() { link rel="stylesheet" href=(href); }
        script type="module" src=(entry.url()) {}
    }
}

fn footer(user: Option<&User>) -> Markup {
    html! {
        footer.footer {
            div.footer-inner {
                @match user {
                    Some(user) => form method="post" action="/sign-out" {
                        "Signed in as " bdi { (user.display_name) } ". "
                        button.button type="submit" { "Sign out" }
                    },
                    None => p { (SITE_NAME) ", comments by readers for readers." },
                }
                nav.footer-nav aria-label="Footer" {
                    a href="/moderate" { "Moderate" }
                    a href="/graphiql" { "GraphiQL" }
                }
            }
        }
    }
}
