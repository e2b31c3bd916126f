//! A field of the schema, asked with no more than it must be told, over each transport.

use serde_json::{Map, Value, json};
use talkback::domain::ids::opaque;

use crate::support::client::Actor;
use crate::support::follower::{Ending, Follower, Transport};
use crate::support::operations::Operation;

const SCHEMA: &str = "{ __schema { query: queryType { ...F } mutation: mutationType { ...F }
    subscription: subscriptionType { ...F }
    types { name kind enumValues { name } inputFields { name type { ...T } } } } }
    fragment F on __Type { fields { name type { ...T } args { name type { ...T } } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// By which way something is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Http,
    WebSocket,
    Sse,
}

pub struct Schema(Value);

impl Schema {
    pub async fn read(actor: &Actor) -> Self {
        Self(actor.raw(SCHEMA, json!({})).await.data("/__schema").clone())
    }

    /// The names of all that can be asked: of a `query`, `mutation` or `subscription`.
    pub fn names(&self, kind: &str) -> Vec<&str> {
        self.fields(kind).iter().map(|field| field["name"].as_str().unwrap()).collect()
    }

    /// The operation with that one field, with ids that name nothing.
    pub fn operation(&self, kind: &str, name: &str) -> Operation {
        let field = self.fields(kind).iter().find(|field| field["name"] == name).unwrap();
        let (mut declared, mut passed, mut variables) = (String::new(), String::new(), json!({}));
        for argument in field["args"].as_array().unwrap() {
            let (name, of) = (argument["name"].as_str().unwrap(), &argument["type"]);
            // A subscription from a place that is none has something to say at once.
            if of["kind"] == "NON_NULL" || name == "input" || (kind == "subscription" && name == "after") {
                declared += &format!("${name}: {} ", spelt(of));
                passed += &format!("{name}: ${name} ");
                let whose = if field["name"] == "user" { "userId" } else { name };
                variables[name] = self.least(of, whose);
            }
        }
        if !passed.is_empty() {
            (declared, passed) = (format!("({declared})"), format!("({passed})"));
        }
        Operation::raw(format!("{kind} {declared} {{ {name}{passed} {{ __typename }} }}"), variables)
    }

    fn fields(&self, kind: &str) -> &[Value] {
        self.0[kind]["fields"].as_array().unwrap()
    }

    /// The least value of an input type that the schema takes.
    fn least(&self, of: &Value, field: &str) -> Value {
        let name = of["name"].as_str().unwrap_or_default();
        let named = || self.0["types"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap();
        match (of["kind"].as_str().unwrap(), name) {
            ("NON_NULL", _) => self.least(&of["ofType"], field),
            ("LIST", _) => json!([self.least(&of["ofType"], field)]),
            ("ENUM", _) => named()["enumValues"][0]["name"].clone(),
            ("INPUT_OBJECT", _) => {
                let mut object = Map::new();
                for input in named()["inputFields"].as_array().unwrap() {
                    let field = input["name"].as_str().unwrap();
                    // What need not be there is left out; but not whom it is about: that is what is asked.
                    if input["type"]["kind"] == "NON_NULL" || field == "userId" {
                        object.insert(field.to_owned(), self.least(&input["type"], field));
                    }
                }
                Value::Object(object)
            }
            (_, "ID") => {
                let kind = match field {
                    "userId" => b'U',
                    "articleId" => b'A',
                    "actionId" => b'M',
                    _ => b'C',
                };
                json!(opaque(kind, uuid::Uuid::max()))
            }
            (_, "Int") => json!(1),
            (_, "Float") => json!(1.0),
            (_, "Boolean") => json!(true),
            (_, "DateTime") => json!("2030-01-01T00:00:00Z"),
            _ => json!("policy"),
        }
    }
}

/// A type as it stands in a document.
fn spelt(of: &Value) -> String {
    match of["kind"].as_str().unwrap() {
        "NON_NULL" => format!("{}!", spelt(&of["ofType"])),
        "LIST" => format!("[{}]", spelt(&of["ofType"])),
        _ => of["name"].as_str().unwrap().to_owned(),
    }
}

/// Why it was refused for who asks, if it was.
pub async fn denial(way: Way, actor: &Actor, operation: &Operation) -> Option<String> {
    let answer = match way {
        Way::Http => actor.send(operation.clone()).await.body,
        Way::WebSocket => first(Transport::WebSocket, actor, operation).await,
        Way::Sse => first(Transport::Sse, actor, operation).await,
    };
    let code = answer.pointer("/errors/0/extensions/code")?.as_str()?;
    ["UNAUTHENTICATED", "FORBIDDEN"].contains(&code).then(|| code.to_owned())
}

async fn first(transport: Transport, actor: &Actor, operation: &Operation) -> Value {
    let ending = match Follower::try_open(transport, actor, operation.clone()).await {
        Err(ending) => ending,
        Ok(mut follower) => match follower.try_next().await {
            Ok(payload) => return payload,
            Err(ending) => ending,
        },
    };
    match &ending {
        Ending::Failed(errors) => json!({ "errors": errors }),
        // The status and the body of an answer over HTTP.
        Ending::Refused(answer) if answer.contains('{') => {
            serde_json::from_str(&answer[answer.find('{').unwrap()..]).unwrap()
        }
        Ending::Closed { code: Some(4403), .. } => {
            json!({ "errors": [{ "extensions": { "code": "UNAUTHENTICATED" } }] })
        }
        _ => panic!("{ending:?} to {} over {transport:?}", operation.query),
    }
}
