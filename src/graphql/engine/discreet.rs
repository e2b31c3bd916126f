//! What is told of a schema that is not for clients to read: nothing that they did not say themselves.
//!
//! The library's messages are full of names. Of the schema's, those that the request has stay, the others are `…`; where in a
//! message they stand makes no difference, since what the client said stands there too, with whatever it is made of.

use std::collections::HashSet;
use std::sync::Arc;

use async_graphql::Variables;
use async_graphql::parser::types::{FieldDefinition, TypeKind, TypeSystemDefinition};
use async_graphql::parser::{Error, parse_schema};

/// Every schema has these types, and the library's own words are among many a schema's names.
const KNOWN_TO_ALL: [&str; 27] = [
    "Boolean",
    "Float",
    "ID",
    "Int",
    "String",
    "allowed",
    "by",
    "count",
    "directive",
    "en",
    "field",
    "from",
    "if",
    "input",
    "message",
    "mutation",
    "name",
    "null",
    "on",
    "position",
    "query",
    "rule",
    "subscription",
    "to",
    "true",
    "type",
    "url",
];
/// How the library begins to suggest names; it does so for its own directives even where suggestions are off.
const SUGGESTION: &str = " Did you mean ";

/// The names of a schema that is nobody's to read.
pub(super) struct Hidden(HashSet<String>);

impl Hidden {
    /// All that a schema's text names.
    ///
    /// # Errors
    /// It is no schema.
    pub(super) fn of(sdl: &str) -> Result<Self, Error> {
        let mut names = HashSet::new();
        for definition in parse_schema(sdl)?.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let definition = definition.node;
            names.insert(definition.name.node.to_string());
            match definition.kind {
                TypeKind::Object(object) => {
                    take_fields(&mut names, object.fields.iter().map(|field| &field.node))
                }
                TypeKind::Interface(one) => {
                    take_fields(&mut names, one.fields.iter().map(|field| &field.node))
                }
                TypeKind::InputObject(input) => {
                    names.extend(input.fields.iter().map(|field| field.node.name.node.to_string()));
                }
                TypeKind::Enum(of) => {
                    names.extend(of.values.iter().map(|value| value.node.value.node.to_string()));
                }
                TypeKind::Scalar | TypeKind::Union(_) => {}
            }
        }
        Ok(Self(names))
    }
}

fn take_fields<'a>(names: &mut HashSet<String>, fields: impl Iterator<Item = &'a FieldDefinition>) {
    for field in fields {
        names.insert(field.name.node.to_string());
        names.extend(field.arguments.iter().map(|argument| argument.node.name.node.to_string()));
    }
}

/// The names in a request.
pub(super) struct Said {
    said: HashSet<String>,
    hidden: Arc<Hidden>,
}

impl Said {
    pub(super) fn in_request(text: &str, variables: &Variables, hidden: &Arc<Hidden>) -> Self {
        // Variables are JSON that was just read: it can be written.
        let variables = serde_json::to_string(variables).unwrap_or_default();
        let said = names(text).chain(names(&variables)).chain(KNOWN_TO_ALL);
        Self { said: said.map(str::to_owned).collect(), hidden: Arc::clone(hidden) }
    }

    /// A message of the library with nothing in it that the client did not say.
    pub(super) fn only(&self, message: &str) -> String {
        let message = message.split_once(SUGGESTION).map_or(message, |(message, _)| message);
        let (mut told, mut rest) = (String::with_capacity(message.len()), message);
        for name in names(message) {
            let Some((before, after)) = rest.split_once(name) else { continue };
            told.push_str(before);
            let is_secret = self.hidden.0.contains(name) && !self.said.contains(name);
            told.push_str(if is_secret { "…" } else { name });
            rest = after;
        }
        told.push_str(rest);
        told
    }
}

/// What could be a name of GraphQL's.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;

    fn said(text: &str, variables: async_graphql::Value) -> Said {
        let sdl = "type Query { comment(id: ID!): Comment } type Comment { body: String points: [KeyPoint!] } \
                   type KeyPoint { text: String } type CommentSubmitPayload { comment: Comment } \
                   input CommentSubmitInput { body: String! reason: Reason } enum Reason { SPAM }";
        let hidden = Arc::new(Hidden::of(sdl).expect("a schema"));
        Said::in_request(text, &Variables::from_value(variables), &hidden)
    }

    #[test]
    fn names_that_the_client_did_not_say_are_not_told() {
        let text = "mutation ($input: CommentSubmitInput!) { commentSubmit(input: $input) { nothing } }";
        let said = said(text, value!({ "input": { "bdy": "x" } }));
        for (message, told) in [
            (
                r#"Unknown field "nothing" on type "CommentSubmitPayload". Did you mean "comment"?"#,
                r#"Unknown field "nothing" on type "…"."#,
            ),
            (
                r#"Invalid value for argument "input.body", field "body" of type "CommentSubmitInput" is required but not provided"#,
                r#"Invalid value for argument "input.…", field "…" of type "CommentSubmitInput" is required but not provided"#,
            ),
            (
                r#"Invalid value for argument "input.bdy", expected type "[KeyPoint!]!""#,
                r#"Invalid value for argument "input.bdy", expected type "[…!]!""#,
            ),
            (r#"expected type "Int""#, r#"expected type "Int""#),
            ("There is nothing between quotes.", "There is nothing between quotes."),
        ] {
            assert_eq!(said.only(message), told);
        }
    }

    #[test]
    fn what_the_client_quotes_hides_nothing_from_view_that_is_to_be_hidden() {
        let said = said("{ a(b: \"x\\\"y\") }", value!({ "a\"b": 1 }));
        for message in [
            r#"Invalid value for argument "b", enumeration type "Reason" does not contain the value "x"y""#,
            r#"Invalid value for argument "b.0", unknown field "a"b" of type "CommentSubmitInput""#,
            r#"Expected input type "DateTime", found ["a"b"]. (occurred while parsing "CommentSubmitInput")"#,
        ] {
            let told = said.only(message);
            assert!(
                told.contains('…') && !told.contains("Reason") && !told.contains("SubmitInput"),
                "{told}"
            );
        }
    }
}
