//! What a parsed document asks for, once its fragments are expanded, without expanding them.
//!
//! Each fragment is summed up once, after those that it spreads, and its sums are added wherever it is spread: forty
//! fragments that spread each other twice are eighty additions, not 2^40. Sums saturate. Recursion stays inside one
//! definition, where the scan has bounded the brackets; from fragment to fragment there is a work list.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value, Variables};

use super::limits::weight_of;
use super::refusal::{Bound, Refusal, quoted};
use super::sums::{Sums, introspected_rows, is_introspected_list};
use super::unpaged;
use crate::limits::Limits;

/// Measures the chosen operation, and refuses it or its document when a limit is passed.
pub(super) fn measure(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    limits: &Limits,
) -> Result<Sums, Refusal> {
    let mut ruler = Ruler { limits, variables: effective(operation, variables), fragments: HashMap::new() };
    let (mut walked, mut carried) = (0u64, 0u64);
    for (name, fragment) in dependencies_first(document)? {
        let sums = ruler.definition(&fragment.node.directives, &fragment.node.selection_set.node);
        sums.check_levels(limits)?;
        walked = walked.saturating_add(sums.walked());
        carried = carried.saturating_add(sums.carried);
        ruler.fragments.insert(name, sums);
    }
    // Validation reads the variables in every fragment, reached or not.
    Bound::CarriedBytes.check(carried, limits.carried_bytes)?;
    for (_, other) in document.operations.iter() {
        let sums = ruler.definition(&other.node.directives, &other.node.selection_set.node);
        sums.check_levels(limits)?;
        walked = walked.saturating_add(sums.walked());
    }
    let sums = ruler.definition(&operation.directives, &operation.selection_set.node);
    sums.check(operation.ty, limits)?;
    Bound::Document.check(walked, limits.document)?;
    Ok(sums)
}

/// The values that the operation's variables have: as sent, or by default; with their weight in bytes.
fn effective<'a>(
    operation: &'a OperationDefinition,
    variables: &'a Variables,
) -> BTreeMap<&'a str, (&'a Value, u64)> {
    let defaults = operation.variable_definitions.iter().filter_map(|definition| {
        let default = definition.node.default_value.as_ref()?;
        Some((definition.node.name.node.as_str(), &default.node))
    });
    let sent = variables.iter().map(|(name, value)| (name.as_str(), value));
    defaults.chain(sent).map(|(name, value)| (name, (value, weight_of(value).bytes))).collect()
}

/// The document's fragments, each after those that it spreads. A spread of an unknown fragment is left to validation.
fn dependencies_first(
    document: &ExecutableDocument,
) -> Result<Vec<(&Name, &Positioned<FragmentDefinition>)>, Refusal> {
    let mut sources: Vec<_> = document.fragments.iter().collect();
    sources.sort_by_key(|(_, fragment)| fragment.pos);
    let mut ordered = Vec::with_capacity(sources.len());
    let (mut open, mut done) = (HashSet::new(), HashSet::new());
    for source in sources {
        let mut path = vec![(source, false)];
        while let Some(((name, fragment), spreads_are_done)) = path.pop() {
            if spreads_are_done {
                open.remove(name);
                done.insert(name);
                ordered.push((name, fragment));
            } else if done.contains(name) {
                continue;
            } else if !open.insert(name) {
                return Err(Refusal::FragmentCycle { name: quoted(name), location: fragment.pos });
            } else {
                path.push(((name, fragment), true));
                let mut spreads = HashSet::new();
                collect_spreads(&fragment.node.selection_set.node, &mut spreads);
                let known = spreads.into_iter().filter_map(|spread| document.fragments.get_key_value(spread));
                path.extend(known.filter(|(name, _)| !done.contains(name)).map(|known| (known, false)));
            }
        }
    }
    Ok(ordered)
}

fn collect_spreads<'a>(set: &'a SelectionSet, spreads: &mut HashSet<&'a Name>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => collect_spreads(&field.node.selection_set.node, spreads),
            Selection::InlineFragment(inline) => collect_spreads(&inline.node.selection_set.node, spreads),
            Selection::FragmentSpread(spread) => {
                spreads.insert(&spread.node.fragment_name.node);
            }
        }
    }
}

/// What stands in for a variable while a literal is weighed.
type Substitute<'a> = dyn FnMut(Name) -> Result<Value, Infallible> + 'a;

struct Ruler<'a> {
    limits: &'a Limits,
    /// What each variable holds, and its weight in bytes.
    variables: BTreeMap<&'a str, (&'a Value, u64)>,
    fragments: HashMap<&'a Name, Sums>,
}

impl Ruler<'_> {
    fn definition(&self, directives: &[Positioned<Directive>], set: &SelectionSet) -> Sums {
        let mut sums = self.set(set);
        self.add_directives(&mut sums, directives);
        sums
    }

    fn set(&self, set: &SelectionSet) -> Sums {
        let mut sums = Sums::default();
        for selection in &set.items {
            let one = match &selection.node {
                Selection::Field(field) => self.field(&field.node),
                Selection::InlineFragment(inline) => {
                    self.part(&inline.node.directives, self.set(&inline.node.selection_set.node))
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.fragments.get(&spread.node.fragment_name.node).copied();
                    self.part(&spread.node.directives, fragment.unwrap_or_default())
                }
            };
            sums.add(&one);
        }
        sums.nesting += u64::from(!set.items.is_empty());
        sums
    }

    fn part(&self, directives: &[Positioned<Directive>], mut sums: Sums) -> Sums {
        sums.fields = sums.fields.saturating_add(1);
        self.add_directives(&mut sums, directives);
        sums
    }

    fn field(&self, field: &Field) -> Sums {
        let name = field.name.node.as_str();
        let mut sums = self.set(&field.selection_set.node);
        let rows = self.rows(field, sums.page);
        sums.cost = if matches!(name, "__schema" | "__type") {
            sums.introspected_lists = sums.introspected_lists.max(sums.introspection_lists);
            sums.introspection_cost
        } else {
            sums.cost.saturating_mul(rows)
        };
        sums.cost = sums.cost.saturating_add(1);
        sums.carried = sums.carried.saturating_mul(rows);
        let listed = introspected_rows(name, sums.introspection_lists > 0);
        sums.introspection_cost = sums.introspection_cost.saturating_mul(listed).saturating_add(1);
        sums.introspection_lists += u64::from(is_introspected_list(name));
        sums.fields = sums.fields.saturating_add(1);
        sums.aliases = sums.aliases.saturating_add(u64::from(field.alias.is_some()));
        sums.depth += 1;
        sums.roots = 1;
        sums.page = matches!(name, "edges" | "nodes");
        for (_, value) in &field.arguments {
            self.add_argument(&mut sums, |variable| value.node.clone().into_const_with(variable));
        }
        self.add_directives(&mut sums, &field.directives);
        sums
    }

    /// How often a field's selection is executed for one execution of the field.
    fn rows(&self, field: &Field, page: bool) -> u64 {
        let asked = ["first", "last"].into_iter().filter_map(|name| self.number(field, name)).max();
        let size = match asked {
            Some(rows) => rows.clamp(1, self.limits.largest_page.max(1)),
            None if page => self.limits.assumed_page,
            None => 1,
        };
        let size = size.max(unpaged::rows(&field.name.node));
        // `nodes(ids:)` has as many rows as it names.
        size.saturating_mul(self.list_length(field, "ids").max(1) as u64)
    }

    fn number(&self, field: &Field, argument: &str) -> Option<u64> {
        let value = field.get_argument(argument)?.node.clone().into_const_with(|name| {
            // Only numbers are worth a copy: a variable may hold a quarter of a megabyte.
            match self.variables.get(name.as_str()) {
                Some((Value::Number(number), _)) => Ok(Value::Number(number.clone())),
                _ => Err(()),
            }
        });
        match value {
            // As large as it gets: what is no integer, or below zero, is validation's to refuse.
            Ok(Value::Number(number)) => {
                Some(number.as_u64().or(number.as_f64().map(|n| n as u64)).unwrap_or(0))
            }
            _ => None,
        }
    }

    fn list_length(&self, field: &Field, argument: &str) -> usize {
        let Some(value) = field.get_argument(argument) else { return 1 };
        let mut variable_length = 1;
        let Ok(value) = value.node.clone().into_const_with(|name| {
            if let Some((Value::List(items), _)) = self.variables.get(name.as_str()) {
                variable_length = items.len();
            }
            Ok::<_, Infallible>(Value::Null)
        });
        if let Value::List(items) = value { items.len() } else { variable_length }
    }

    fn add_directives(&self, sums: &mut Sums, directives: &[Positioned<Directive>]) {
        sums.directives = sums.directives.saturating_add(directives.len() as u64);
        for (_, value) in directives.iter().flat_map(|directive| &directive.node.arguments) {
            self.add_argument(sums, |variable| value.node.clone().into_const_with(variable));
        }
    }

    /// Adds what one argument carries: the weight of its literal, and of each variable in it. The type of values with
    /// variables has no public name, so the caller passes its conversion.
    fn add_argument(
        &self,
        sums: &mut Sums,
        convert: impl FnOnce(&mut Substitute<'_>) -> Result<Value, Infallible>,
    ) {
        let mut bytes = 0u64;
        let Ok(literal) = convert(&mut |name: Name| {
            let weight = self.variables.get(name.as_str()).map_or(0, |(_, weight)| *weight);
            bytes = bytes.saturating_add(weight);
            Ok(Value::Null)
        });
        let weight = weight_of(&literal);
        sums.carried = sums.carried.saturating_add(bytes).saturating_add(weight.bytes);
        sums.values = sums.values.saturating_add(weight.values);
    }
}
