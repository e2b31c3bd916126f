//! The letter of the protocols, where the reference clients (`tests/clients`) don't reach.
//!
//! - `answers`: how large they may be, and how many may wait
//! - `protocol`: methods, encodings, and what is told of the schema
//! - `charged`: what is refused counts against rates
//! - `documents`: queries by their digest, and registered ones
//! - `handshake`: who may open a socket and how, and whom a request names
//! - `limits`: each by its name
//! - `overload`: what is turned away when memory is short
//! - `variables`: those that have to have a value

mod answers;
mod charged;
mod documents;
mod handshake;
mod limits;
mod overload;
mod protocol;
mod variables;

use reqwest::{Method, RequestBuilder, Response, Url};
use serde_json::{Value, json};
use talkback::auth::digest;

use crate::support::client::Actor;
use crate::support::node::NodeOptions;
use crate::support::world::{Backend, Plan, World};

const TEXT: &str = "query Persisted { __typename }";

fn by_digest(text: &str) -> Value {
    json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": digest(text) } } })
}

async fn post(actor: &Actor, body: &Value) -> Response {
    actor.request(Method::POST).json(body).send().await.unwrap()
}

async fn answer(actor: &Actor, body: &Value) -> Value {
    post(actor, body).await.json().await.unwrap()
}

fn code(answer: &Value) -> &str {
    answer.pointer("/errors/0/extensions/code").and_then(Value::as_str).unwrap_or("(none)")
}

/// A request with parameters in its address.
fn asking(actor: &Actor, method: Method, parameters: &[(&str, &str)]) -> RequestBuilder {
    let url = Url::parse_with_params(&format!("{}/graphql", actor.base), parameters).unwrap();
    let request = actor.http.request(method, url);
    match &actor.token {
        Some(token) => request.bearer_auth(token),
        None => request,
    }
}

async fn get(actor: &Actor, parameters: &[(&str, &str)]) -> Response {
    asking(actor, Method::GET, parameters).send().await.unwrap()
}

async fn with_flags(flags: &[&str]) -> World {
    let mut options = NodeOptions::default();
    options.flags.extend(flags.iter().map(|flag| (*flag).to_owned()));
    World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await
}
