//! The query guard: every request passes through [`admit`] before anything of async-graphql sees it, over HTTP,
//! WebSocket and server-sent events alike.
//!
//! async-graphql's parser recurses over nested literals without a limit of its own, and its checks walk fragments without
//! a memo: a few kilobytes exhaust the stack of the one and occupy the other for minutes. So the text is scanned first
//! (`scan`), then parsed, then measured with each fragment summed up once (`measure`); what is left for
//! validation and execution to do is bounded by the [`Limits`].
//!
//! - `limits`: the numbers, and the check of the variables
//! - `scan`: tokens and brackets of the text
//! - `measure`: fields, depth and cost of the parsed document; `sums`: what it adds up;
//!   `unpaged`: what a list without pages counts for
//! - `conflicts`: fields that can't be merged
//! - `refusal`: why a request was turned away

mod conflicts;
mod limits;
mod measure;
mod meta;
mod refusal;
mod scan;
mod sums;
#[cfg(test)]
mod tests;
mod unpaged;

use async_graphql::parser::types::{
    BaseType, DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Type,
};
use async_graphql::parser::{self, parse_query};
use async_graphql::{Positioned, ServerError, Value as ConstValue, Variables};

pub use self::meta::check_meta_fields;
pub use crate::limits::Limits;
pub use limits::DEEPEST_NESTING;
pub use refusal::{Bound, Refusal};

/// Characters of the parser's own words that a message holds at most.
const PARSER_WORDS: usize = 200;

/// A request that may be executed: hand its document to `Request::set_parsed_query`, so that it isn't parsed again.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The whole document as sent; validation has yet to hold it against the schema.
    pub document: ExecutableDocument,
    /// What the chosen operation is. GET executes queries only; a subscription goes to a stream.
    pub operation: OperationType,
    /// The name of the chosen operation, if it has one.
    pub operation_name: Option<String>,
    /// What executing it counts for: one for each field, times the rows of the pages that it is in.
    pub cost: u64,
    /// Levels of fields, fragments expanded.
    pub depth: u64,
    /// Fields, spreads and inline fragments, fragments expanded.
    pub fields: u64,
}

/// Decides whether a request may go on to validation and execution. Takes time linear in the text and the
/// variables for all but a few malformed shapes, which the limits bound to milliseconds.
///
/// # Errors
/// The [`Refusal`] says which limit was passed, or why the text is no document with the operation asked for.
pub fn admit(
    query: &str,
    operation_name: Option<&str>,
    variables: &Variables,
    limits: &Limits,
) -> Result<Admitted, Refusal> {
    Bound::QueryBytes.check(query.len() as u64, limits.query_bytes)?;
    limits.check_variables(variables)?;

    let text = scan::scan(query)?;
    Bound::Nesting.check(text.nesting, limits.nesting_in_force())?;
    Bound::Tokens.check(text.tokens, limits.tokens)?;
    Bound::Directives.check(text.directives, limits.directives)?;
    Bound::NameBytes.check(text.longest_name, limits.name_bytes)?;

    let document = parse_query(query).map_err(syntax_error)?;
    Bound::Operations.check(document.operations.iter().len() as u64, limits.operations)?;
    Bound::Fragments.check(document.fragments.len() as u64, limits.fragments)?;
    for (_, operation) in document.operations.iter() {
        check_variable_definitions(&operation.node, limits)?;
    }

    let (name, operation) = choose(&document, operation_name)?;
    let sums = measure::measure(&document, &operation.node, variables, limits)?;
    conflicts::check(&document, limits.conflicts)?;
    let (operation, operation_name) = (operation.node.ty, name.map(str::to_owned));
    Ok(Admitted {
        operation,
        operation_name,
        cost: sums.cost,
        depth: sums.depth,
        fields: sums.fields,
        document,
    })
}

/// Cuts a list of errors to what a person reads. Validation can find thousands in one admitted text: call it on the
/// errors of a response without data. The first `most` stay, their messages cut to `chars` characters, and a last one says
/// how many were left out.
pub fn abridge(errors: &mut Vec<ServerError>, most: usize, chars: usize) {
    let more = errors.len().saturating_sub(most);
    errors.truncate(most);
    for error in errors.iter_mut() {
        if let Some((end, _)) = error.message.char_indices().nth(chars) {
            error.message.truncate(end);
            error.message.push('…');
        }
    }
    if more > 0 {
        errors.push(ServerError::new(format!("{more} more errors are not listed."), None));
    }
}

/// The operation to run, chosen as the specification's GetOperation does (section 6.1).
fn choose<'a>(
    document: &'a ExecutableDocument,
    wanted: Option<&str>,
) -> Result<(Option<&'a str>, &'a Positioned<OperationDefinition>), Refusal> {
    let unknown = |name: &str| Refusal::UnknownOperation { name: refusal::quoted(name) };
    match (&document.operations, wanted) {
        (DocumentOperations::Single(operation), None) => Ok((None, operation)),
        (DocumentOperations::Single(_), Some(name)) => Err(unknown(name)),
        (DocumentOperations::Multiple(operations), Some(name)) => {
            let (name, operation) = operations.get_key_value(name).ok_or_else(|| unknown(name))?;
            Ok((Some(name.as_str()), operation))
        }
        (DocumentOperations::Multiple(operations), None) => {
            let mut all = operations.iter();
            match (all.next(), all.next()) {
                (Some((name, operation)), None) => Ok((Some(name.as_str()), operation)),
                _ => Err(Refusal::UnnamedOperation { count: operations.len() }),
            }
        }
    }
}

/// Bounds the variables of an operation, and keeps from validation the one shape of them that makes it panic.
fn check_variable_definitions(operation: &OperationDefinition, limits: &Limits) -> Result<(), Refusal> {
    Bound::Variables.check(operation.variable_definitions.len() as u64, limits.variables)?;
    for definition in &operation.variable_definitions {
        let variable = &definition.node;
        let is_list = matches!(variable.var_type.node.base, BaseType::List(_));
        let innermost = innermost_type(&variable.var_type.node);
        if is_list && variable.default_value.is_some() && !limits.knows_type(innermost) {
            let (variable, ty) = (variable.name.node.to_string(), innermost.to_owned());
            return Err(Refusal::UnknownType { variable, ty, location: definition.pos });
        }
    }
    Ok(())
}

/// Demands a value of every variable of the operation that has to have one: async-graphql takes what is missing for null,
/// and a subscription whose cursor was misspelt would begin from now.
///
/// # Errors
/// [`Refusal::MissingVariable`].
pub fn check_values(admitted: &Admitted, variables: &Variables) -> Result<(), Refusal> {
    let (_, operation) = choose(&admitted.document, admitted.operation_name.as_deref())?;
    for definition in &operation.node.variable_definitions {
        let variable = &definition.node;
        let is_given = variables.get(&variable.name.node).is_some_and(|value| *value != ConstValue::Null);
        if !variable.var_type.node.nullable && variable.default_value.is_none() && !is_given {
            return Err(Refusal::MissingVariable {
                variable: variable.name.node.to_string(),
                ty: variable.var_type.node.to_string(),
                location: definition.pos,
            });
        }
    }
    Ok(())
}

fn innermost_type(ty: &Type) -> &str {
    let mut base = &ty.base;
    loop {
        match base {
            BaseType::List(inner) => base = &inner.base,
            BaseType::Named(name) => return name,
        }
    }
}

/// The parser's complaint without its excerpt of the text, which repeats the whole line twice.
fn syntax_error(error: parser::Error) -> Refusal {
    let words = error.to_string();
    let words = words.rsplit_once(" = ").map_or(words.as_str(), |(_, complaint)| complaint);
    let message = words.trim_end_matches('.').replace('_', " ").chars().take(PARSER_WORDS).collect();
    Refusal::Syntax { message, locations: error.positions().collect() }
}
