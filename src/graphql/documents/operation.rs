//! Files of operations, as build tools write them or people do.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use async_graphql::parser::parse_query;
use serde_json::Value;

use super::canonical::{self, Definition};

/// Bytes of one file.
const FILE_MAX: u64 = 4 * 1024 * 1024;

/// One operation, with the fragments that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    /// What clients may call it: its name, or the id that a manifest gives it.
    pub id: Option<String>,
    /// Its name in the text.
    pub name: Option<String>,
    pub text: String,
}

impl Operation {
    /// As people know it.
    pub fn label(&self) -> String {
        match (&self.name, &self.id) {
            (Some(name), Some(id)) if name != id => format!("{name} ({id})"),
            (Some(known), _) | (None, Some(known)) => known.clone(),
            (None, None) => "one without a name".to_owned(),
        }
    }
}

/// The files at a path: itself, or every `.graphql`, `.gql` and `.json` file of a directory.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| error.to_string())?;
    let known = |file: &PathBuf| {
        let extension = file.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("graphql" | "gql" | "json"))
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(known).collect();
    if files.is_empty() {
        return Err("there is no .graphql, .gql or .json file in it".to_owned());
    }
    files.sort();
    Ok(files)
}

/// The operations of a file. A JSON file is a map of ids to texts (Relay, GraphQL Code Generator), or Apollo's manifest.
pub(super) fn read(file: &Path) -> Result<Vec<Operation>, String> {
    let size = std::fs::metadata(file).map_err(|error| error.to_string())?.len();
    if size > FILE_MAX {
        return Err(format!("it has {size} bytes; {FILE_MAX} are the most"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let is_manifest = file.extension().is_some_and(|extension| extension == "json");
    if is_manifest { of_manifest(&text) } else { of_document(&text) }
}

/// Every operation of a text, with the fragments that it needs.
pub(super) fn of_document(text: &str) -> Result<Vec<Operation>, String> {
    parse_query(text)
        .map_err(|error| format!("it is not a GraphQL document of operations: {}", reason(&error)))?;
    let all = canonical::definitions(text);
    let operations = all.iter().filter(|definition| definition.fragment().is_none());
    let operations = operations.map(|operation| {
        let name = operation.operation().map(str::to_owned);
        Operation { id: name.clone(), name, text: canonical::text(&with_fragments(operation, &all)) }
    });
    Ok(operations.collect())
}

fn of_manifest(text: &str) -> Result<Vec<Operation>, String> {
    let odd = || "it is neither a map of ids to texts nor a persisted query manifest".to_owned();
    let manifest: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    let text_of = |value: &Value| value.as_str().map(str::to_owned);
    let entries: Option<Vec<(String, String)>> = match (&manifest["operations"], manifest.as_object()) {
        (Value::Array(operations), _) => {
            operations.iter().map(|one| Some((text_of(&one["id"])?, text_of(&one["body"])?))).collect()
        }
        (_, Some(map)) => map.iter().map(|(id, text)| Some((id.clone(), text_of(text)?))).collect(),
        (_, None) => None,
    };
    entries.ok_or_else(odd)?.into_iter().map(|(id, text)| named(&id, text)).collect()
}

fn named(id: &str, text: String) -> Result<Operation, String> {
    let document = parse_query(&text)
        .map_err(|error| format!("the operation {id:?} is not a GraphQL document: {}", reason(&error)))?;
    let mut operations = document.operations.iter();
    let (Some((name, _)), None) = (operations.next(), operations.next()) else {
        return Err(format!("the text of {id:?} holds more than one operation"));
    };
    let name = name.map(ToString::to_string);
    let id = id.strip_prefix("sha256:").unwrap_or(id).to_owned();
    Ok(Operation { id: Some(id), name, text })
}

/// The parser's complaint in one line: where, and what.
fn reason(error: &async_graphql::parser::Error) -> String {
    let words = error.to_string();
    let what = words.rsplit_once(" = ").map_or(words.as_str(), |(_, what)| what).replace('_', " ");
    match error.positions().next() {
        Some(place) => format!("line {}, column {}: {what}", place.line, place.column),
        None => what,
    }
}

/// An operation and the fragments that it reaches, in the order of the text.
fn with_fragments<'a>(operation: &Definition<'a>, all: &[Definition<'a>]) -> Vec<Definition<'a>> {
    let mut needed: HashSet<&str> = HashSet::new();
    let mut reached: Vec<&str> = operation.spreads().collect();
    while let Some(name) = reached.pop() {
        if needed.insert(name) {
            let fragment = all.iter().find(|definition| definition.fragment() == Some(name));
            reached.extend(fragment.into_iter().flat_map(Definition::spreads));
        }
    }
    let fragments = all.iter().filter(|one| one.fragment().is_some_and(|name| needed.contains(name)));
    std::iter::once(operation).chain(fragments).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_of_the_usual_tools_are_read() {
        let read = |text: &str| of_manifest(text).expect("a manifest").remove(0);
        let map = read(r#"{"abc": "query A { a }"}"#);
        assert_eq!((map.id.as_deref(), map.label().as_str()), (Some("abc"), "A (abc)"));
        let apollo = r#"{"format": "apollo-persisted-query-manifest", "version": 1,
            "operations": [{"id": "def", "name": "B", "type": "query", "body": "query B { b }"}]}"#;
        assert_eq!(read(apollo).text, "query B { b }");
        for odd in [
            "[]",
            "{\"a\": 1}",
            "{\"operations\": [{}]}",
            "{\"a\": \"{\"}",
            "x",
            "{\"a\": \"query A { a } query B { b }\"}",
        ] {
            assert!(of_manifest(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn what_is_no_document_says_where() {
        let why = of_document("query A {\n  a(\n}").expect_err("no document");
        assert!(why.contains("line 3"), "{why}");
    }

    #[test]
    fn each_operation_comes_with_its_fragments() {
        let text =
            "query A { a ...F } query B { b } fragment F on Query { c ...G } fragment G on Query { d }";
        let all = of_document(text).expect("it parses");
        assert_eq!(all.iter().map(Operation::label).collect::<Vec<_>>(), ["A", "B"]);
        assert!(all[0].text.contains("fragment G") && !all[1].text.contains("fragment"), "{all:?}");
    }
}
