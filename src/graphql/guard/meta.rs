//! The fields of the specification itself, which async-graphql does not validate: `__typename` has neither arguments nor
//! fields, and its directives are `@skip` and `@include`; `__schema` and `__type` are for those who may read the schema.

use async_graphql::parser::types::{Directive, ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Pos, Positioned, ServerError};
use async_graphql_value::Value;

use crate::graphql::error::GraphError;

/// Looks at every field of a document that passed [`admit`](super::admit), which bounds how many there are and how deep.
///
/// # Errors
/// `GRAPHQL_VALIDATION_FAILED`, or `INTROSPECTION_DISABLED` where the schema is not for clients to read.
pub fn check_meta_fields(document: &ExecutableDocument, introspection: bool) -> Result<(), ServerError> {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).try_for_each(|set| check_set(set, introspection))
}

fn check_set(set: &SelectionSet, introspection: bool) -> Result<(), ServerError> {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                check_field(field, introspection)?;
                check_set(&field.node.selection_set.node, introspection)?;
            }
            Selection::InlineFragment(fragment) => {
                check_set(&fragment.node.selection_set.node, introspection)?;
            }
            Selection::FragmentSpread(_) => {}
        }
    }
    Ok(())
}

fn check_field(field: &Positioned<Field>, introspection: bool) -> Result<(), ServerError> {
    let Field { name, arguments, directives, selection_set, .. } = &field.node;
    match name.node.as_str() {
        "__schema" | "__type" if !introspection => {
            let message = "The schema is not for clients to read here: leave `__schema` and `__type` out.";
            Err(located("INTROSPECTION_DISABLED", message, name.pos))
        }
        "__typename" if !arguments.is_empty() => Err(invalid("`__typename` has no arguments.", name.pos)),
        "__typename" if !selection_set.node.items.is_empty() => {
            Err(invalid("`__typename` is a name, and has no fields.", name.pos))
        }
        "__typename" => directives.iter().try_for_each(check_directive),
        _ => Ok(()),
    }
}

/// One `if`, which is a Boolean or a variable.
fn check_directive(directive: &Positioned<Directive>) -> Result<(), ServerError> {
    let Directive { name, arguments } = &directive.node;
    if !matches!(name.node.as_str(), "skip" | "include") {
        return Err(invalid("Directives of a field are `@skip` and `@include`.", directive.pos));
    }
    match arguments.as_slice() {
        [(name, value)]
            if name.node == "if" && matches!(value.node, Value::Boolean(_) | Value::Variable(_)) =>
        {
            Ok(())
        }
        _ => Err(invalid("A directive says `if`, once, with a Boolean.", directive.pos)),
    }
}

fn invalid(message: &str, at: Pos) -> ServerError {
    located("GRAPHQL_VALIDATION_FAILED", message, at)
}

fn located(code: &'static str, message: &str, at: Pos) -> ServerError {
    ServerError { locations: vec![at], ..GraphError::new(code, message).into_server_error() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    fn code(text: &str, introspection: bool) -> Option<String> {
        let document = parse_query(text).expect("it parses");
        let error = check_meta_fields(&document, introspection).err()?;
        assert_eq!(error.locations.len(), 1, "{text}");
        Some(error.extensions?.get("code")?.clone().into_json().ok()?.as_str()?.to_owned())
    }

    #[test]
    fn typename_is_only_a_name() {
        for good in [
            "{ __typename }",
            "query($b: Boolean!) { a: __typename @skip(if: $b) @include(if: true) }",
            "{ articles { ... on ArticleConnection { __typename } } }",
        ] {
            assert_eq!(code(good, true), None, "{good}");
        }
        for bad in [
            "{ __typename(x: 1) }",
            "{ __typename { x } }",
            "{ __typename @skipp(if: true) }",
            "{ __typename @skip }",
            "{ __typename @skip(iff: true) }",
            "{ __typename @include(if: 5) }",
            "{ articles { nodes { __typename @skip(iff: true) } } }",
            "{ ...F } fragment F on Query { ... { __typename(x: 1) } }",
        ] {
            assert_eq!(code(bad, true).as_deref(), Some("GRAPHQL_VALIDATION_FAILED"), "{bad}");
        }
    }

    #[test]
    fn the_schema_is_read_only_where_it_may_be() {
        for text in [
            "{ __schema { types { name } } }",
            "{ ...F } fragment F on Query { s: __type(name: \"Query\") { name } }",
        ] {
            assert_eq!(code(text, true), None, "{text}");
            assert_eq!(code(text, false).as_deref(), Some("INTROSPECTION_DISABLED"), "{text}");
        }
    }
}
