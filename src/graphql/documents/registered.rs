//! The operations that an operator registered, and those of our own pages.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::canonical;
use super::operation::{self, Operation};
use super::validate::Validator;
use crate::auth::digest;

/// The operations of our own pages, which stay allowed.
const OURS: [(&str, &str); 2] = [
    ("reader.graphql", include_str!("../../../web/src/operations/reader.graphql")),
    ("desk.graphql", include_str!("../../../web/src/operations/desk.graphql")),
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
    /// A file can't be read, or holds an operation that this schema and these limits would refuse: which, and why.
    pub async fn load(path: &Path, validator: &Validator) -> Result<Self, OperationsError> {
        let mut registered = Self::ours().map_err(|reason| failed(path, reason))?;
        for file in operation::files(path).map_err(|reason| failed(path, reason))? {
            for one in operation::read(&file).map_err(|reason| failed(&file, reason))? {
                let refused = |reason| failed(&file, format!("{}: {reason}", one.label()));
                validator.check(&one).await.map_err(refused)?;
                registered.add(&one).map_err(refused)?;
            }
        }
        Ok(registered)
    }

    /// Those of our own pages, which send them whole: names are for the operator to give.
    fn ours() -> Result<Self, String> {
        let mut registered = Self::default();
        for (file, text) in OURS {
            for one in operation::of_document(text).map_err(|reason| format!("{file}: {reason}"))? {
                registered.add(&Operation { id: None, ..one })?;
            }
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

    pub(super) fn add(&mut self, operation: &Operation) -> Result<(), String> {
        let Operation { id, text, .. } = operation;
        if let Some(id) = id
            && self.text(id).is_some_and(|other| other != text)
        {
            return Err(format!("there is another operation that is called {id:?}"));
        }
        self.allowed.insert(canonical::key(&canonical::definitions(text)));
        self.by_id.insert(digest(text), text.clone());
        if let Some(id) = id {
            self.by_id.insert(id.clone(), text.clone());
        }
        Ok(())
    }
}

fn failed(path: &Path, reason: String) -> OperationsError {
    OperationsError { path: path.display().to_string(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[tokio::test]
    async fn our_own_pages_stay_allowed_and_their_operations_are_good() {
        let (registered, validator) = (
            Registered::ours().expect("ours parse"),
            Validator::new(&Limits::default()).expect("the schema parses"),
        );
        for (file, text) in OURS {
            for one in operation::of_document(text).expect("ours parse") {
                assert_eq!(validator.check(&one).await, Ok(()), "{} in {file}", one.label());
                assert!(registered.allows(&one.text) && registered.text(&one.label()).is_none());
            }
        }
    }

    /// The text that the built pages send, out of the file that the build makes.
    #[test]
    fn what_the_built_pages_send_is_registered() {
        let registered = Registered::ours().expect("ours parse");
        let generated = include_str!("../../../web/src/generated/operations.ts");
        let texts = generated.lines().filter_map(|line| {
            let (_, text) = line.strip_prefix("export const ")?.split_once(" = \"")?;
            text.split_once("\" as Operation<").map(|(text, _)| text.replace("\\\"", "\""))
        });
        let texts: Vec<String> = texts.collect();
        assert!(texts.len() > 20, "{} operations", texts.len());
        for text in texts {
            assert!(registered.allows(&text), "{text}");
        }
    }

    #[test]
    fn one_name_means_one_operation() {
        let operation = |text: &str| operation::of_document(text).expect("it parses").remove(0);
        let mut registered = Registered::default();
        assert_eq!(registered.add(&operation("query A { a }")), Ok(()));
        assert_eq!(registered.add(&operation("query A { a }")), Ok(()), "the same twice is one");
        assert!(registered.add(&operation("query A { b }")).is_err());
    }
}
