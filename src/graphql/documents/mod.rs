//! Which document a request means: its text, or the name of one that is known here.
//!
//! - Automatic persisted queries: a client sends the SHA-256 of a text; if nobody here knows it, it sends the
//!   text along, once. What is kept is bounded, in this process and in Redis.
//! - Registered operations: an operator names files of operations ([`operation`]), which must be good for this schema
//!   ([`validate`]), and may allow nothing else ([`registered`]); texts are compared by their tokens ([`canonical`]).
//!
//! `recent` is what this process remembers, `shared` what the nodes on one Redis do.

mod canonical;
mod operation;
mod recent;
mod registered;
mod shared;
mod validate;

use std::sync::{Arc, Mutex, PoisonError};

pub use registered::{OperationsError, Registered};

use self::recent::Recent;
use self::shared::Shared;
pub use self::validate::Validator;
use super::error::GraphError;
use crate::auth::digest;
use crate::bus::BusError;
use crate::metrics;

/// Texts that this process remembers.
const RECENT_MAX: usize = 1_000;
/// Bytes of one remembered text: what the guard lets through by default.
const TEXT_MAX: usize = 16 * 1024;

/// How a request says which document it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The text itself.
    pub query: Option<String>,
    /// `documentId`: a registered operation by its id, or any by `sha256:` and the digest.
    pub id: Option<String>,
    /// `extensions.persistedQuery.sha256Hash`.
    pub hash: Option<String>,
}

impl Wanted {
    /// The document of that text.
    #[must_use]
    pub fn text(query: String) -> Self {
        Self { query: Some(query), ..Self::default() }
    }
}

/// A document that was found.
pub struct Found {
    /// Its text.
    pub text: String,
    /// The digest to remember it by, once it has passed the guard.
    pub remember: Option<String>,
    /// Whether the request named it instead of sending it.
    pub by_name: bool,
}

/// See the module.
pub struct Documents {
    registered: Registered,
    /// Nothing but what is registered.
    only_registered: bool,
    recent: Mutex<Recent>,
    shared: Option<Shared>,
}

impl Documents {
    /// With what an operator registered.
    #[must_use]
    pub fn new(registered: Registered, only_registered: bool) -> Self {
        Self { registered, only_registered, recent: Mutex::new(Recent::new(RECENT_MAX)), shared: None }
    }

    /// The same, and what nodes on a Redis share under a prefix.
    ///
    /// # Errors
    /// The address of Redis can't be used.
    pub fn shared(self, url: &str, prefix: &str) -> Result<Self, BusError> {
        Ok(Self { shared: Some(Shared::new(url, prefix)?), ..self })
    }

    /// The text that a request means.
    ///
    /// # Errors
    /// It is not known, not allowed, or not what its digest says.
    pub async fn find(&self, wanted: Wanted) -> Result<Found, GraphError> {
        let Wanted { query, id, hash } = wanted;
        let hash = hash.map(|hash| hash.to_ascii_lowercase());
        if let Some(text) = query {
            if hash.as_ref().is_some_and(|hash| *hash != digest(&text)) {
                let message =
                    "`sha256Hash` is not the SHA-256 of `query`: send the digest of the exact text.";
                return Err(GraphError::new("PERSISTED_QUERY_HASH_MISMATCH", message));
            }
            if self.only_registered && !self.registered.allows(&text) {
                return Err(not_registered());
            }
            return Ok(Found { text, remember: hash, by_name: false });
        }
        let name = id.as_deref().map(|id| id.strip_prefix("sha256:").unwrap_or(id)).or(hash.as_deref());
        let Some(name) = name else {
            return Err(GraphError::new("BAD_REQUEST", "The request has no `query`."));
        };
        let found = match self.registered.text(name) {
            Some(text) => Some(text.to_owned()),
            None if self.only_registered => return Err(not_registered()),
            None => self.remembered(name).await,
        };
        metrics::all().named(found.is_some());
        match found {
            Some(text) => Ok(Found { text, remember: None, by_name: true }),
            // These very words are what clients look for before they send the text.
            None => Err(GraphError::new("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")),
        }
    }

    /// Keeps a text that was sent with its digest, and has passed the guard.
    pub async fn remember(&self, hash: String, text: &str) {
        if self.only_registered || text.len() > TEXT_MAX {
            return;
        }
        if self.recent().get(&hash).is_none() {
            if let Some(shared) = &self.shared {
                shared.put(&hash, text).await;
            }
            self.recent().put(hash, text.into());
        }
    }

    /// Texts that this process remembers, and their bytes.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        self.recent().size()
    }

    async fn remembered(&self, hash: &str) -> Option<String> {
        if !is_digest(hash) {
            return None;
        }
        let recent = self.recent().get(hash);
        if let Some(text) = recent {
            return Some(text.to_string());
        }
        // Whoever else writes to that Redis: what is not its digest's text is nobody's.
        let text = self.shared.as_ref()?.get(hash).await.filter(|text| digest(text) == hash)?;
        self.recent().put(hash.to_owned(), Arc::from(&*text));
        Some(text)
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_registered() -> GraphError {
    let message = "This site answers its registered operations only, and this is none of them.";
    GraphError::new("OPERATION_NOT_REGISTERED", message)
}

/// Whether a text is a SHA-256 in hex.
fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{ __typename }";

    fn documents(registered: Registered, only: bool) -> Documents {
        Documents::new(registered, only)
    }

    fn by_hash(hash: &str) -> Wanted {
        Wanted { hash: Some(hash.to_owned()), ..Wanted::default() }
    }

    async fn code(documents: &Documents, wanted: Wanted) -> String {
        match documents.find(wanted).await {
            Ok(found) => found.text,
            Err(error) => error.code().to_owned(),
        }
    }

    #[tokio::test]
    async fn a_text_is_known_by_its_digest_once_it_was_sent_with_it() {
        let documents = documents(Registered::default(), false);
        let hash = digest(TEXT);
        assert_eq!(code(&documents, by_hash(&hash)).await, "PERSISTED_QUERY_NOT_FOUND");
        let sent = Wanted { query: Some(TEXT.to_owned()), ..by_hash(&hash) };
        let found = documents.find(sent).await.expect("it is its digest");
        documents.remember(found.remember.expect("it was sent with a digest"), &found.text).await;
        assert_eq!(code(&documents, by_hash(&hash.to_uppercase())).await, TEXT);
        let wrong = Wanted { query: Some("{ a }".to_owned()), ..by_hash(&hash) };
        assert_eq!(code(&documents, wrong).await, "PERSISTED_QUERY_HASH_MISMATCH");
        assert_eq!(code(&documents, by_hash("short")).await, "PERSISTED_QUERY_NOT_FOUND");
        assert_eq!(code(&documents, Wanted::default()).await, "BAD_REQUEST");
    }

    #[tokio::test]
    async fn where_only_registered_operations_run_no_other_does() {
        let mut registered = Registered::default();
        let text = "query A { a ...F } query B { b } fragment F on Query { c }";
        for one in operation::of_document(text).expect("it parses") {
            registered.add(&one).expect("each has a name of its own");
        }
        let documents = documents(registered, true);
        let sent = |text: &str| Wanted::text(text.to_owned());
        let allowed = "fragment F on Query { c }\n# a comment\nquery A { a, ...F }";
        assert_eq!(code(&documents, sent(allowed)).await, allowed);
        for other in ["{ a }", "query B { b c }", "query A { a ...F }", "query B { b } query A { a }"] {
            assert_eq!(code(&documents, sent(other)).await, "OPERATION_NOT_REGISTERED", "{other}");
        }
        let named = Wanted { id: Some("B".to_owned()), ..Wanted::default() };
        assert_eq!(code(&documents, named).await, "query B { b }");
        assert_eq!(code(&documents, by_hash(&digest("query B { b }"))).await, "query B { b }");
        assert_eq!(code(&documents, by_hash(&digest(TEXT))).await, "OPERATION_NOT_REGISTERED");
    }
}
