//! What is told of a schema that is not for clients to read: nothing that they did not say themselves.
//!
//! The library's messages put names between double quotes. Those that the request has stay, the others are `…`; what the
//! client said comes last in each, so that quotes of theirs hide more, never less.

use std::collections::HashSet;

use async_graphql::Variables;

/// Every schema has these.
const KNOWN_TO_ALL: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];
/// How the library begins to suggest names; it does so for its own directives even where suggestions are off.
const SUGGESTION: &str = " Did you mean ";

/// The names in a request.
pub(super) struct Said(HashSet<String>);

impl Said {
    pub(super) fn in_request(text: &str, variables: &Variables) -> Self {
        // Variables are JSON that was just read: it can be written.
        let variables = serde_json::to_string(variables).unwrap_or_default();
        let said = names(text).chain(names(&variables)).chain(KNOWN_TO_ALL);
        Self(said.map(str::to_owned).collect())
    }

    /// A message of the library with nothing in it that the client did not say.
    pub(super) fn only(&self, message: &str) -> String {
        let message = message.split_once(SUGGESTION).map_or(message, |(message, _)| message);
        let mut told = String::with_capacity(message.len());
        for (number, part) in message.split('"').enumerate() {
            if number > 0 {
                told.push('"');
            }
            if number % 2 == 0 {
                told.push_str(part);
            } else {
                self.mask(part, &mut told);
            }
        }
        told
    }

    fn mask(&self, quoted: &str, told: &mut String) {
        let mut rest = quoted;
        for name in names(quoted) {
            let Some((before, after)) = rest.split_once(name) else { continue };
            told.push_str(before);
            told.push_str(if self.0.contains(name) { name } else { "…" });
            rest = after;
        }
        told.push_str(rest);
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

    #[test]
    fn names_that_the_client_did_not_say_are_not_told() {
        let text = "mutation ($input: CommentSubmitInput!) { commentSubmit(input: $input) { nothing } }";
        let said = Said::in_request(text, &Variables::from_value(value!({ "input": { "bdy": "x" } })));
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
    fn a_quote_of_the_clients_hides_more_and_never_less() {
        let said = Said::in_request("{ a(b: \"x\\\"y\") }", &Variables::default());
        let told = said.only(
            r#"Invalid value for argument "b", enumeration type "Secret" does not contain the value "x"y""#,
        );
        assert!(!told.contains("Secret"), "{told}");
    }
}
