//! Signing in by name and password, or by a one-time link. Opening the link shows a button, and only pressing
//! it uses the link up: those who preview links in mails and chats open them too.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Query, State};
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
use crate::auth::password::NotSignedIn;
use crate::domain::user::{User, Viewer};
use crate::http::line::Peer;
use crate::http::{Edge, credentials};

/// How long a session of our own pages lasts.
const SESSION: Duration = Duration::days(7);
/// After too many attempts, the seconds until there may be another one, about.
const TRY_AGAIN: u64 = 120;

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
        None => forms(None),
    };
    Ok(show(StatusCode::OK, content))
}

/// `POST /sign-in`
pub async fn sign_in(
    State(edge): State<Edge>,
    ConnectInfo(from): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    if !credentials::is_from_our_page(&headers, &edge.site) {
        return Err(Problem::OtherSite);
    }
    let mut fields: HashMap<_, _> = url::form_urlencoded::parse(&body).into_owned().collect();
    let recognised = match (fields.remove("name"), fields.remove("password")) {
        (Some(name), Some(password)) => edge.gate.recognise(&name, password, from.address.ip()).await?,
        _ => {
            let code = fields.remove("code").unwrap_or_default();
            let now = edge.service.clock.now();
            match edge.service.store.take_sign_in_code(&digest(code.trim()), now).await? {
                Some(user) => Ok(user),
                None => return Ok(show(StatusCode::FORBIDDEN, forms(Some(Failed::Code)))),
            }
        }
    };
    match recognised {
        Ok(user) => enter(&edge, &user).await,
        Err(why) => {
            let (status, wait) = match why {
                NotSignedIn::Wrong => (StatusCode::FORBIDDEN, None),
                NotSignedIn::TooOften => (StatusCode::TOO_MANY_REQUESTS, Some(TRY_AGAIN)),
                NotSignedIn::Busy => (StatusCode::SERVICE_UNAVAILABLE, Some(5)),
            };
            let mut page = show(status, forms(Some(Failed::Password(why))));
            if let Some(seconds) = wait {
                page.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            Ok(page)
        }
    }
}

async fn enter(edge: &Edge, user: &User) -> Result<Response, Problem> {
    let session = edge.gate.open(user, SESSION).await?;
    tracing::info!(user = %user.id, role = user.role.name(), "signed in on the pages");
    let secure = if edge.site.base_url.starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!(
        "{SESSION_COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}",
        token = session.token,
        seconds = SESSION.num_seconds(),
    );
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| Problem::Cookie)?;
    Ok(go_on("/moderate", cookie))
}

/// `POST /sign-out`: takes the cookie back, and ends the session, so that a copy of it is worth nothing.
pub async fn sign_out(State(edge): State<Edge>, headers: HeaderMap) -> Result<Response, Problem> {
    if !credentials::is_from_our_page(&headers, &edge.site) {
        return Err(Problem::OtherSite);
    }
    // Whatever is not good any more needs no ending.
    if let Some(token) = credentials::session_cookie(&headers)
        && let Ok(grant) = edge.gate.admit(token).await
        && let Viewer::Known { user, expires_at, session } = grant.viewer()
    {
        let tx = edge.service.store.write().await?;
        tx.end_session(user.id, session, expires_at, edge.service.clock.now()).await?;
        tx.commit().await?;
        edge.gate.catch_up().await?;
    }
    Ok(go_on("/", visit::no_session()))
}

/// How one comes by a link.
const HOW: &str = "A link that works once was printed when the server first started. For another one, \
     run “talkback sign-in” where the server runs, then open the link, or enter its code here.";

/// What did not work.
pub enum Failed {
    /// The code.
    Code,
    /// The name with the password.
    Password(NotSignedIn),
}

/// Both ways to sign in.
pub fn forms(failed: Option<Failed>) -> Markup {
    let (code_failed, password_failed) = match failed {
        None => (false, None),
        Some(Failed::Code) => (true, None),
        Some(Failed::Password(why)) => (false, Some(why)),
    };
    html! {
        form method="post" action="/sign-in" {
            label.field {
                span.field-label { "Name" }
                input.field-input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required;
            }
            label.field {
                span.field-label { "Password" }
                input.field-input type="password" name="password" autocomplete="current-password" required
                    aria-invalid=[password_failed.map(|_| "true")] aria-describedby=[password_failed.map(|_| "wrong")];
            }
            @if let Some(why) = password_failed {
                p.form-error #wrong role="alert" { (why) }
            }
            button.button.button-primary type="submit" { "Sign in" }
        }
        p { (HOW) }
        form method="post" action="/sign-in" {
            label.field {
                span.field-label { "Sign-in code" }
                input.field-input name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"
                    required aria-invalid=[code_failed.then_some("true")] aria-describedby=[code_failed.then_some("refused")];
            }
            @if code_failed {
                p.form-error #refused role="alert" {
                    "That code has been used, has expired, or was never given out."
                }
            }
            button.button type="submit" { "Sign in with the code" }
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
