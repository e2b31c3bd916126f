//! How one request is held against the [`Limits`]. Their defaults leave honest clients several times the room
//! that the contract's operations and standard introspection need.

use std::sync::Arc;

use async_graphql::parser::{self, types::TypeSystemDefinition};
use async_graphql::{Value, Variables};

use super::refusal::{Bound, Refusal, quoted};
use crate::limits::Limits;

/// The ceiling of [`Limits::nesting`]: what the parser and the validators are known to walk on the 2 MiB stack
/// of a worker thread, in a debug build too. A larger setting is read as this one.
pub const DEEPEST_NESTING: u64 = 64;

/// What one value weighs beside its text, in bytes: less than it takes in memory, more than it takes in JSON.
const VALUE_BYTES: u64 = 16;

impl Limits {
    /// These limits, with the types that a schema's SDL defines as [`known_types`](Self::known_types). A variable with
    /// a default value may be a list of these and of the built-in scalars only: async-graphql 8.0.0-rc.5 panics on a
    /// list of a type that it doesn't know.
    ///
    /// # Errors
    /// The text isn't SDL.
    pub fn with_types_of(mut self, sdl: &str) -> Result<Self, parser::Error> {
        let definitions = parser::parse_schema(sdl)?.definitions;
        let names = definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some(definition.node.name.node.to_string()),
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        });
        self.known_types = Arc::new(names.collect());
        Ok(self)
    }

    /// The levels of nesting in force: what is set, under the ceiling.
    pub(super) fn nesting_in_force(&self) -> u64 {
        self.nesting.min(DEEPEST_NESTING)
    }

    /// Whether a variable's default may be checked against a list of this type without a panic.
    pub(super) fn knows_type(&self, name: &str) -> bool {
        matches!(name, "Int" | "Float" | "String" | "Boolean" | "ID") || self.known_types.contains(name)
    }

    /// Refuses variables that are too large or too deep, or hold a NUL, in time linear in what was sent.
    pub(super) fn check_variables(&self, variables: &Variables) -> Result<(), Refusal> {
        let nesting = variables.values().map(nesting_of).max().unwrap_or(0);
        Bound::VariablesNesting.check(nesting, self.variables_nesting)?;
        let bytes = variables.iter().map(|(name, value)| text_bytes(name) + weight_of(value).bytes).sum();
        Bound::VariablesBytes.check(bytes, self.variables_bytes)?;
        match variables.iter().find(|(name, value)| name.contains('\0') || holds_nul(value)) {
            Some((name, _)) => Err(Refusal::BadCharacter { variable: Some(quoted(name)), location: None }),
            None => Ok(()),
        }
    }
}

/// What a value holds, itself included.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Weight {
    /// Bytes of its text and its keys, and [`VALUE_BYTES`] for each value.
    pub bytes: u64,
    pub values: u64,
}

pub(super) fn weight_of(value: &Value) -> Weight {
    let mut weight = Weight::default();
    each_level(value, |value| {
        weight.bytes += own_weight(value);
        weight.values += 1;
    });
    weight
}

/// Bytes of a value itself, without the values in it.
fn own_weight(value: &Value) -> u64 {
    VALUE_BYTES
        + match value {
            Value::Null | Value::Number(_) | Value::Boolean(_) | Value::List(_) => 0,
            Value::String(text) => text_bytes(text),
            Value::Enum(name) => text_bytes(name),
            Value::Binary(bytes) => bytes.len() as u64,
            Value::Object(fields) => fields.keys().map(|key| text_bytes(key)).sum(),
        }
}

/// Whether a text in the value, or a key, holds U+0000.
fn holds_nul(value: &Value) -> bool {
    let mut found = false;
    each_level(value, |value| {
        found |= match value {
            Value::Null | Value::Number(_) | Value::Boolean(_) | Value::List(_) | Value::Binary(_) => false,
            Value::String(text) => text.contains('\0'),
            Value::Enum(name) => name.contains('\0'),
            Value::Object(fields) => fields.keys().any(|key| key.contains('\0')),
        };
    });
    found
}

/// Levels of lists and objects in a value; a scalar has none.
fn nesting_of(value: &Value) -> u64 {
    let levels = each_level(value, |_| ());
    levels - 1
}

/// Visits a value level by level rather than by recursion: how deep it goes is what is to be found out.
/// Returns the number of levels, the value's own included; an empty list or object has a level inside it.
fn each_level(value: &Value, mut visit: impl FnMut(&Value)) -> u64 {
    let mut levels = 0;
    let mut level = vec![value];
    let mut holds = true;
    while holds {
        levels += 1;
        holds = false;
        let mut next = Vec::new();
        for value in level {
            visit(value);
            match value {
                Value::List(items) => {
                    holds = true;
                    next.extend(items);
                }
                Value::Object(fields) => {
                    holds = true;
                    next.extend(fields.values());
                }
                Value::Null
                | Value::Number(_)
                | Value::String(_)
                | Value::Boolean(_)
                | Value::Binary(_)
                | Value::Enum(_) => {}
            }
        }
        level = next;
    }
    levels
}

fn text_bytes(text: &str) -> u64 {
    text.len() as u64
}
