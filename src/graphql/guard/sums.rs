//! The sums of a selection set, and the limits that they are held against.

use async_graphql::parser::types::OperationType;

use super::refusal::{Bound, Refusal};
use crate::limits::Limits;

/// What a selection set holds, fragments expanded.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sums {
    /// Fields, spreads and inline fragments.
    pub fields: u64,
    pub aliases: u64,
    pub directives: u64,
    /// Fields of the outermost level.
    pub roots: u64,
    /// Levels of fields.
    pub depth: u64,
    /// Levels of selection sets, fragments included.
    pub nesting: u64,
    pub cost: u64,
    /// Bytes of arguments, times the rows that read them.
    pub carried: u64,
    /// Values in arguments.
    pub values: u64,
    /// Cost and nested lists if this were inside `__schema` or `__type`, where there are no pages but long lists.
    pub introspection_cost: u64,
    pub introspection_lists: u64,
    /// The longest chain of introspected lists that is inside `__schema` or `__type`.
    pub introspected_lists: u64,
    /// Whether the outermost level has `edges` or `nodes`: then the field around it is a page.
    pub page: bool,
}

impl Sums {
    /// Adds what stands beside.
    pub(super) fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.fields, other.fields),
            (&mut self.aliases, other.aliases),
            (&mut self.directives, other.directives),
            (&mut self.roots, other.roots),
            (&mut self.cost, other.cost),
            (&mut self.carried, other.carried),
            (&mut self.values, other.values),
            (&mut self.introspection_cost, other.introspection_cost),
        ] {
            *sum = sum.saturating_add(more);
        }
        self.depth = self.depth.max(other.depth);
        self.nesting = self.nesting.max(other.nesting);
        self.introspection_lists = self.introspection_lists.max(other.introspection_lists);
        self.introspected_lists = self.introspected_lists.max(other.introspected_lists);
        self.page |= other.page;
    }

    /// What the validators walk of it.
    pub(super) fn walked(&self) -> u64 {
        self.fields.saturating_add(self.values)
    }

    /// Refuses what is too deep to walk: true of every definition, whether the chosen operation reaches it or not.
    pub(super) fn check_levels(&self, limits: &Limits) -> Result<(), Refusal> {
        Bound::Nesting.check(self.nesting, limits.nesting_in_force())?;
        Bound::Depth.check(self.depth, limits.depth)
    }

    pub(super) fn check(&self, ty: OperationType, limits: &Limits) -> Result<(), Refusal> {
        // A subscription is one stream: section 5.2.4.1, "Single Root Field".
        let (roots, (costs, cost)) = match ty {
            OperationType::Subscription => (1, (Bound::SubscriptionCost, limits.subscription_cost)),
            OperationType::Query | OperationType::Mutation => {
                (limits.root_fields, (Bound::Cost, limits.cost))
            }
        };
        Bound::RootFields.check(self.roots, roots)?;
        Bound::Aliases.check(self.aliases, limits.aliases)?;
        Bound::Directives.check(self.directives, limits.directives)?;
        Bound::Fields.check(self.fields, limits.fields)?;
        Bound::IntrospectionLists.check(self.introspected_lists, limits.introspection_lists)?;
        costs.check(self.cost, cost)?;
        Bound::CarriedBytes.check(self.carried, limits.carried_bytes)
    }
}

/// The lists that lead from a type to other types, and so round in circles.
pub(super) fn is_introspected_list(name: &str) -> bool {
    matches!(name, "fields" | "inputFields" | "interfaces" | "possibleTypes")
}

/// What an introspected list counts for: under its real length, for nothing is fetched to answer it; but more when it
/// leads to another list, which standard introspection doesn't ask for.
pub(super) fn introspected_rows(name: &str, leads_on: bool) -> u64 {
    match name {
        "types" => 20,
        "fields" if leads_on => 16,
        "inputFields" | "possibleTypes" if leads_on => 8,
        "fields" => 4,
        "inputFields" | "enumValues" | "possibleTypes" | "directives" => 2,
        _ => 1,
    }
}
