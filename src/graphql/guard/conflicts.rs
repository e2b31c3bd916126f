//! The fields that can't be merged, counted before validation lists them.
//!
//! async-graphql's `OverlappingFieldsCanBeMerged` reports every argument of every repeated field, again for each inline
//! fragment around it: sixteen kilobytes of text can make a million errors. This walks as that rule does, without
//! writing anything, and stops at a limit; a document under it gets the rule's own messages.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};

use super::refusal::{Bound, Refusal};

/// Refuses a document in which more fields than `limit` conflict with one before them. Fragments must be free of
/// cycles and their expansion bounded.
pub(super) fn check(document: &ExecutableDocument, limit: u64) -> Result<(), Refusal> {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    let mut sets: Vec<_> = operations.chain(fragments).collect();
    let mut conflicts = 0;
    while let Some(set) = sets.pop() {
        let mut merge = Merge { document, fields: HashMap::new(), spread: HashSet::new(), conflicts: 0 };
        merge.add(None, set);
        conflicts += merge.conflicts;
        Bound::Conflicts.check(conflicts, limit)?;
        sets.extend(set.items.iter().filter_map(|selection| match &selection.node {
            Selection::Field(field) => Some(&field.node.selection_set.node),
            Selection::InlineFragment(inline) => Some(&inline.node.selection_set.node),
            Selection::FragmentSpread(_) => None,
        }));
    }
    Ok(())
}

/// The fields that one selection set answers with, by type condition and response key.
struct Merge<'a> {
    document: &'a ExecutableDocument,
    fields: HashMap<(Option<&'a str>, &'a str), &'a Field>,
    spread: HashSet<&'a str>,
    conflicts: u64,
}

impl<'a> Merge<'a> {
    fn add(&mut self, on: Option<&'a str>, set: &'a SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => self.add_field(on, &field.node),
                Selection::InlineFragment(inline) => {
                    let on =
                        inline.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                    self.add(on, &inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.document.fragments.get(name)
                        && self.spread.insert(name)
                    {
                        let on = Some(fragment.node.type_condition.node.on.node.as_str());
                        self.add(on, &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    fn add_field(&mut self, on: Option<&'a str>, field: &'a Field) {
        let key = field.alias.as_ref().unwrap_or(&field.name).node.as_str();
        match self.fields.entry((on, key)) {
            Entry::Vacant(free) => {
                free.insert(field);
            }
            Entry::Occupied(taken) => self.conflicts += conflicts_between(taken.get(), field),
        }
    }
}

/// How many errors the rule would make of two fields under one key.
fn conflicts_between(first: &Field, second: &Field) -> u64 {
    let names = first.name.node != second.name.node;
    let counts = first.arguments.len() != second.arguments.len();
    let arguments =
        first.arguments.iter().filter(|(name, value)| second.get_argument(&name.node) != Some(value));
    u64::from(names) + u64::from(counts) + arguments.count() as u64
}
