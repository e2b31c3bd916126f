//! Signing in by a one-time link. Opening the link shows a button, and only pressing it uses the link up:
//! those who preview links in mails and chats open them too.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use chrono::Duration;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maud::{Markup, html};
use serde::Deserialize;

use super::SESSION_COOKIE;
use super::answer::{self, Keep, Policy};
use super::layout::{Frame, frame};
use super::problem::Problem;
use super::visit;
use crate::auth::digest;
use crate::http::Edge;

/// How long a session of our own pages lasts.
const SESSION: Duration = Duration::days(7);

/// What the address carries.
#[derive(Deserialize)]
pub struct Link {
    code: Option<String>,
}

/// `GET /sign-in`
pub async fn form(link: Result<Query<Link>, QueryRejection>) -> Result<Response, Problem> {
    let Query(link) = link?;
    let content = match link.code.as_deref() {
        Some(code) => html! {
            p { "The link works once. It is used up when you press the button, not before." }
            form method="post" action="/sign-in" {
                input type="hidden" name="code" value=(code);
                button.button.button-primary type="submit" { "Sign in" }
            }
        },
        None => html! { p { (HOW) } (code_form(false)) },
    };
    Ok(show(StatusCode::OK, content))
}

/// `POST /sign-in`
pub async fn sign_in(
    State(edge): State<Edge>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    if !is_from_here(&headers) {
        return Err(Problem::OtherSite);
    }
    let body = body.unwrap_or_default();
    let code = url::form_urlencoded::parse(&body).find_map(|(name, value)| (name == "code").then_some(value));
    let code = code.unwrap_or_default();
    let user = edge.service.store.take_sign_in_code(&digest(code.trim()), edge.service.clock.now()).await?;
    let Some(user) = user else {
        return Ok(show(StatusCode::FORBIDDEN, html! { p { (HOW) } (code_form(true)) }));
    };
    let session = edge.tokens.issue(&user, SESSION).ok_or(Problem::Unsigned)?;
    tracing::info!(user = %user.id, role = user.role.name(), "signed in on the pages");
    let secure = if edge.site.base_url.starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!(
        "{SESSION_COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}",
        token = session.token,
        seconds = SESSION.num_seconds(),
    );
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| Problem::Unsigned)?;
    Ok(go_on("/moderate", cookie))
}

/// `POST /sign-out`
pub async fn sign_out(headers: HeaderMap) -> Result<Response, Problem> {
    if !is_from_here(&headers) {
        return Err(Problem::OtherSite);
    }
    Ok(go_on("/", visit::no_session()))
}

/// How one comes by a link.
pub const HOW: &str = "A link that works once was printed when the server first started. For another one, \
     run “talkback sign-in” where the server runs, then open the link, or enter its code here.";

/// A box for the code, for those who have it without its link.
pub fn code_form(is_refused: bool) -> Markup {
    html! {
        form method="post" action="/sign-in" {
            label.field {
                span.field-label { "Sign-in code" }
                input.field-input name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"
                    required aria-invalid=[is_refused.then_some("true")] aria-describedby=[is_refused.then_some("refused")];
            }
            @if is_refused {
                p.form-error #refused role="alert" {
                    "That code has been used, has expired, or was never given out."
                }
            }
            button.button.button-primary type="submit" { "Sign in" }
        }
    }
}

fn show(status: StatusCode, content: Markup) -> Response {
    let frame_of = Frame { title: "Sign in", skip_to: Some("form"), unlisted: true, ..Frame::default() };
    let html = frame(frame_of, html! { div.panel { h1 { "Sign in to the desk" } (content) } });
    answer::page(status, html, Policy::Strict, Keep::Nobody)
}

fn go_on(to: &'static str, cookie: HeaderValue) -> Response {
    let headers = [
        (header::LOCATION, HeaderValue::from_static(to)),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Whether a form was sent from a page of ours, as far as the browser says: another site's page could
/// otherwise sign a moderator in as somebody else, or out.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("origin"), text("sec-fetch-site")) {
        (Some(origin), _) => origin.split_once("://").map(|(_, host)| host) == text("host"),
        (None, Some(site)) => site == "same-origin",
        // Not a browser: nobody's cookies are at stake.
        (None, None) => !headers.contains_key(header::ORIGIN),
    }
}
