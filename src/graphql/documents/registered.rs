//! The operations that an operator registered, out of files that build tools write or people do.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use async_graphql::parser::parse_query;
use serde_json::Value;

use super::canonical::{self, Definition};
use crate::auth::digest;

/// Bytes of one file of operations.
const FILE_MAX: u64 = 4 * 1024 * 1024;

/// The operations of our own pages, which stay allowed.
const OURS: [&str; 2] = [
    include_str!("../../../web/src/operations/reader.graphql"),
    include_str!("../../../web/src/operations/desk.graphql"),
];

/// Why operations can't be registered: one line.
#[derive(Debug, thiserror::Error)]
#[error("can't register the operations of {path}: {reason}")]
pub struct OperationsError {
    path: String,
    reason: String,
}

/// See the module.
#[derive(Default)]
pub struct Registered {
    by_id: HashMap<String, String>,
    allowed: HashSet<String>,
}

impl Registered {
    /// Out of a file, or of every `.graphql`, `.gql` and `.json` file of a directory; with the operations of our own
    /// pages. A JSON file is a map of ids to texts (Relay, GraphQL Code Generator), or Apollo's manifest.
    ///
    /// # Errors
    /// A file can't be read, or holds something else.
    pub fn load(path: &Path) -> Result<Self, OperationsError> {
        let mut registered = Self::default();
        for text in OURS {
            registered.add_document(text).map_err(|reason| failed(path, reason))?;
        }
        for file in files(path)? {
            registered.add_file(&file).map_err(|reason| failed(&file, reason))?;
        }
        Ok(registered)
    }

    /// The text of a registered operation, by its id or its digest.
    pub(super) fn text(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(String::as_str)
    }

    /// Whether a text is a registered one, whatever its white space and the order of its definitions.
    pub(super) fn allows(&self, text: &str) -> bool {
        self.allowed.contains(&canonical::key(&canonical::definitions(text)))
    }

    fn add_file(&mut self, file: &Path) -> Result<(), String> {
        let size = std::fs::metadata(file).map_err(|error| error.to_string())?.len();
        if size > FILE_MAX {
            return Err(format!("it has {size} bytes; {FILE_MAX} are the most"));
        }
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
        if file.extension().is_some_and(|extension| extension == "json") {
            self.add_manifest(&text)
        } else {
            self.add_document(&text)
        }
    }

    /// Every operation of a text, with the fragments that it needs.
    pub(super) fn add_document(&mut self, text: &str) -> Result<(), String> {
        parse_query(text).map_err(|_| "it is not a GraphQL document of operations".to_owned())?;
        let all = canonical::definitions(text);
        for operation in all.iter().filter(|definition| definition.fragment().is_none()) {
            let whole = with_fragments(operation, &all);
            let id = operation.operation().map(str::to_owned);
            self.add(id, canonical::text(&whole), &whole);
        }
        Ok(())
    }

    fn add_manifest(&mut self, text: &str) -> Result<(), String> {
        let odd = || "it is neither a map of ids to texts nor a persisted query manifest".to_owned();
        let manifest: Value = serde_json::from_str(text).map_err(|_| "it is not JSON".to_owned())?;
        let text_of = |value: &Value| value.as_str().map(str::to_owned);
        let entries: Option<Vec<(String, String)>> = match (&manifest["operations"], manifest.as_object()) {
            (Value::Array(operations), _) => {
                operations.iter().map(|one| Some((text_of(&one["id"])?, text_of(&one["body"])?))).collect()
            }
            (_, Some(map)) => map.iter().map(|(id, text)| Some((id.clone(), text_of(text)?))).collect(),
            (_, None) => None,
        };
        for (id, text) in entries.ok_or_else(odd)? {
            self.add_named(&id, &text)?;
        }
        Ok(())
    }

    fn add_named(&mut self, id: &str, text: &str) -> Result<(), String> {
        parse_query(text).map_err(|_| format!("the operation {id:?} is not a GraphQL document"))?;
        let id = id.strip_prefix("sha256:").unwrap_or(id).to_owned();
        self.add(Some(id), text.to_owned(), &canonical::definitions(text));
        Ok(())
    }

    fn add(&mut self, id: Option<String>, text: String, definitions: &[Definition<'_>]) {
        self.allowed.insert(canonical::key(definitions));
        self.by_id.insert(digest(&text), text.clone());
        if let Some(id) = id {
            self.by_id.insert(id, text);
        }
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

fn files(path: &Path) -> Result<Vec<PathBuf>, OperationsError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| failed(path, error.to_string()))?;
    let known = |file: &PathBuf| {
        let extension = file.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("graphql" | "gql" | "json"))
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(known).collect();
    if files.is_empty() {
        return Err(failed(path, "there is no .graphql, .gql or .json file in it".to_owned()));
    }
    files.sort();
    Ok(files)
}

fn failed(path: &Path, reason: String) -> OperationsError {
    OperationsError { path: path.display().to_string(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_of_the_usual_tools_are_read() {
        let mut registered = Registered::default();
        registered.add_manifest(r#"{"abc": "query A { a }"}"#).expect("a map");
        let apollo = r#"{"format": "apollo-persisted-query-manifest", "version": 1,
            "operations": [{"id": "def", "name": "B", "type": "query", "body": "query B { b }"}]}"#;
        registered.add_manifest(apollo).expect("a manifest");
        assert_eq!(registered.text("abc"), Some("query A { a }"));
        assert_eq!(registered.text("def"), Some("query B { b }"));
        assert!(registered.allows("query B{b}"));
        for odd in ["[]", "{\"a\": 1}", "{\"operations\": [{}]}", "{\"a\": \"{\"}", "x"] {
            assert!(registered.add_manifest(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn our_own_pages_stay_allowed() {
        for text in OURS {
            let mut registered = Registered::default();
            registered.add_document(text).expect("ours parse");
            for operation in registered.by_id.values() {
                assert!(parse_query(operation).is_ok(), "{operation}");
            }
            assert!(registered.by_id.keys().any(|id| id.starts_with(char::is_uppercase)));
        }
    }
}
