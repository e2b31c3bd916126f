//! The schema is what clients were promised.

use serde_json::json;

use crate::support::operations::Operation;
use crate::support::world::World;

const INTROSPECTION: &str = "{ __schema { types { name kind description
    fields(includeDeprecated: true) { name description args { name description } }
    inputFields { name description } enumValues(includeDeprecated: true) { name description } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn every_element_is_described_for_an_api_client() {
    let world = World::embedded().await;
    let answer = world.anyone().raw(INTROSPECTION, json!({})).await;
    let mut bare = Vec::new();
    let mut described = 0;
    for kind in answer.list("/__schema/types") {
        let name = kind["name"].as_str().unwrap_or_default();
        // What GraphQL itself defines is described there.
        if name.starts_with("__") || name == "ID" {
            continue;
        }
        let mut look = |path: String, element: &serde_json::Value| {
            let text = element["description"].as_str().unwrap_or_default();
            if text.len() < 3 { bare.push(path) } else { described += 1 }
        };
        look(name.to_owned(), kind);
        for list in ["fields", "inputFields", "enumValues"] {
            for element in kind[list].as_array().into_iter().flatten() {
                let path = format!("{name}.{}", element["name"].as_str().unwrap_or_default());
                for argument in element["args"].as_array().into_iter().flatten() {
                    look(format!("{path}({})", argument["name"]), argument);
                }
                look(path, element);
            }
        }
    }
    assert!(bare.is_empty(), "without a description: {bare:#?}");
    assert!(described > 200, "only {described} elements were looked at");
}

/// Operations of the contract that later work brings: each must leave this list when its fields are there.
const LATER: [&str; 0] = [];

#[tokio::test(flavor = "multi_thread")]
async fn the_contracts_operations_are_valid() {
    let world = World::embedded().await;
    let text = include_str!("operations.graphql");
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| {
            ["query ", "mutation ", "subscription "].iter().find_map(|kind| line.strip_prefix(kind))
        })
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next())
        .collect();
    assert!(names.len() >= 22, "{names:?}");
    for name in names {
        // Without its variables an operation gets as far as validation, and a subscription ends there.
        let request = world.anyone().request(reqwest::Method::POST).header("accept", "text/event-stream");
        let answer =
            request.json(&Operation::named(name, json!({}))).send().await.unwrap().text().await.unwrap();
        let invalid = ["Unknown field", "Unknown argument", "Unknown type", "UNKNOWN_TYPE"];
        let is_invalid = invalid.iter().any(|what| answer.contains(what));
        assert_eq!(is_invalid, LATER.contains(&name), "{name}\n{answer}");
    }
}
