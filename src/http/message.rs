//! A request as clients send it: the body of a POST, the address of a GET, the payload of `subscribe`.

use std::collections::HashMap;
use std::net::IpAddr;

use async_graphql::Variables;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::graphql::engine::{Asked, Wanted};

/// Values in one request, at most: each takes many times its own bytes until the guard has weighed it.
const VALUES_MAX: usize = 32 * 1024;

/// A request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<Map<String, Value>>,
    extensions: Option<Map<String, Value>>,
}

/// Why something is not a request, in words for its sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotOne(pub &'static str);

const SHAPE: &str = "The body is not a GraphQL request: an object with a string `query`, and optionally a string \
                     `operationName`, an object `variables` and an object `extensions`.";

/// Reads JSON that holds a request, and refuses what would take much memory first.
///
/// # Errors
/// What is wrong with it.
pub fn read_json<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, NotOne> {
    if values(json) > VALUES_MAX {
        return Err(NotOne("A request has at most 32,768 values: send less at once."));
    }
    if json.trim_ascii_start().first() == Some(&b'[') {
        return Err(NotOne("Send one operation for each request: batches are not taken."));
    }
    serde_json::from_slice(json)
        .map_err(|error| NotOne(if error.is_data() { SHAPE } else { "The body is not well-formed JSON." }))
}

/// At least as many as there are values in a text of JSON, in one pass.
fn values(json: &[u8]) -> usize {
    let (mut count, mut in_string, mut escaped) = (1, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

impl Message {
    /// Out of the parameters of an address.
    ///
    /// # Errors
    /// A parameter is not what it should be.
    pub fn from_address(query: Option<&str>) -> Result<Self, NotOne> {
        let mut parameters = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(NotOne("A parameter is in the address twice."));
            }
        }
        let mut text = |name: &str| parameters.remove(name).filter(|text| !text.is_empty());
        let object = |text: Option<String>| match text {
            Some(text) => read_json::<Option<Map<_, _>>>(text.as_bytes())
                .map_err(|_| NotOne("`variables` and `extensions` are JSON objects.")),
            None => Ok(None),
        };
        Ok(Self {
            query: text("query"),
            document_id: text("documentId"),
            operation_name: text("operationName"),
            variables: object(text("variables"))?,
            extensions: object(text("extensions"))?,
        })
    }

    /// How old an answer its sender takes, in seconds, by `extensions.maxAge`; 0 where nothing is said.
    ///
    /// # Errors
    /// It is no number of seconds.
    pub fn max_age(&self) -> Result<u64, NotOne> {
        match self.extensions.as_ref().and_then(|extensions| extensions.get("maxAge")) {
            None | Some(Value::Null) => Ok(0),
            Some(age) => age.as_u64().ok_or(NotOne("`maxAge` is a whole number of seconds.")),
        }
    }

    /// The request, sent from `address`.
    ///
    /// # Errors
    /// It says neither what to run, nor its name; or an extension that is known here is not of its form.
    pub fn asked(self, address: IpAddr) -> Result<Asked, NotOne> {
        let extensions = self.extensions.unwrap_or_default();
        let hash = match extensions.get("persistedQuery") {
            None | Some(Value::Null) => None,
            Some(persisted) => match (&persisted["version"], &persisted["sha256Hash"]) {
                (Value::Number(version), Value::String(hash)) if version.as_u64() == Some(1) => {
                    Some(hash.clone())
                }
                _ => return Err(NotOne("`persistedQuery` has `version` 1 and a string `sha256Hash`.")),
            },
        };
        if self.query.is_none() && self.document_id.is_none() && hash.is_none() {
            return Err(NotOne("The request has no `query`."));
        }
        Ok(Asked {
            wanted: Wanted { query: self.query, id: self.document_id, hash },
            operation_name: self.operation_name,
            variables: Variables::from_json(self.variables.map(Value::Object).unwrap_or_default()),
            address,
            shows_cost: extensions.get("cost") == Some(&Value::Bool(true)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_are_refused_before_they_are_made() {
        let many = format!(r#"{{"query":"{{a}}","variables":{{"a":[{}1]}}}}"#, "1,".repeat(VALUES_MAX));
        assert_eq!(
            read_json::<Message>(many.as_bytes()).err().map(|error| error.0.contains("32,768")),
            Some(true)
        );
        let text = format!(r#"{{"query":"{{a}}","variables":{{"a":"{}"}}}}"#, "[,{\\\"".repeat(VALUES_MAX));
        assert!(read_json::<Message>(text.as_bytes()).is_ok(), "in a string they are no values");
    }

    #[test]
    fn an_address_is_read_strictly() {
        let read = |query: &str| Message::from_address(Some(query));
        let message = read("query=%7Ba%7D&operationName=&variables=%7B%22a%22:1%7D").expect("a request");
        assert_eq!(message.query.as_deref(), Some("{a}"));
        assert_eq!(message.operation_name, None);
        assert!(read("query=a&query=b").is_err());
        assert!(read("query=a&variables=1").is_err());
        assert!(read("query=a&extensions=[]").is_err());
    }

    #[test]
    fn an_answer_may_be_as_old_as_its_sender_says() {
        let age = |json: &str| read_json::<Message>(json.as_bytes())?.max_age();
        assert_eq!(age(r#"{"query":"{a}"}"#), Ok(0));
        assert_eq!(age(r#"{"query":"{a}","extensions":{"maxAge":15}}"#), Ok(15));
        for wrong in ["-1", "1.5", "\"15\"", "true"] {
            assert!(
                age(&format!(r#"{{"query":"{{a}}","extensions":{{"maxAge":{wrong}}}}}"#)).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_persisted_query_has_its_form() {
        let asked = |json: &str| read_json::<Message>(json.as_bytes())?.asked([127, 0, 0, 1].into());
        let hash = asked(r#"{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"ab"}}}"#);
        assert_eq!(hash.map(|asked| asked.wanted.hash), Ok(Some("ab".to_owned())));
        assert!(asked(r#"{"extensions":{"persistedQuery":{"version":2,"sha256Hash":"ab"}}}"#).is_err());
        assert!(asked(r#"{"extensions":{"persistedQuery":1}}"#).is_err());
        assert!(asked(r#"{"variables":{}}"#).is_err());
    }
}
