//! Why a request was not admitted, in words that its sender can act on.

use async_graphql::{ErrorExtensionValues, Pos, ServerError};

/// Characters of what a client sent that a message quotes at most.
const QUOTED_CHARS: usize = 64;

/// A request that the guard turned away. It is always the caller's to mend, and nothing was executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The text isn't a GraphQL document.
    #[error("Syntax error: {message}.")]
    Syntax {
        /// What was expected or found.
        message: String,
        /// Where, the most telling place first.
        locations: Vec<Pos>,
    },
    /// The request is larger than a limit allows.
    #[error(
        "This request has {} {}; the limit is {limit}. {}",
        amount(*.sent), .bound.subject(), .bound.advice()
    )]
    Over {
        /// Which limit.
        bound: Bound,
        /// How much it allows.
        limit: u64,
        /// How much was sent; sums stop at the largest number.
        sent: u64,
    },
    /// A text holds U+0000, which PostgreSQL can't keep in a text, nor JSON in a string without an escape.
    #[error(
        "{} holds the character U+0000 (NUL), which no text here can. Leave it out.",
        .variable.as_ref().map_or_else(|| "A string of the query".to_owned(), |name| format!("Variable \"${}\"", quoted(name)))
    )]
    BadCharacter {
        /// The variable that it was sent in; `None`: in the query itself.
        variable: Option<String>,
        /// Where in the query the string begins.
        location: Option<Pos>,
    },
    /// `operationName` names no operation of the document.
    #[error("The document has no operation named \"{}\". Name one that it defines, or none if it has only one.", quoted(.name))]
    UnknownOperation {
        /// The name sent.
        name: String,
    },
    /// Several operations, and none chosen.
    #[error("The document has {count} operations. Name the one to run in `operationName`.")]
    UnnamedOperation {
        /// How many operations the document has.
        count: usize,
    },
    /// A fragment that comes round to itself has no end.
    #[error("Fragment \"{}\" spreads itself, directly or through others. Break the cycle.", quoted(.name))]
    FragmentCycle {
        /// A fragment of the cycle.
        name: String,
        /// Where it is defined.
        location: Pos,
    },
    /// A variable with a default value is a list of something that the schema doesn't have.
    #[error("Variable \"${}\" is a list of \"{}\", which is not a type of this schema.", quoted(.variable), quoted(.ty))]
    UnknownType {
        /// The variable's name.
        variable: String,
        /// The innermost type of its list.
        ty: String,
        /// Where the variable is defined.
        location: Pos,
    },
    /// A variable that has to have a value has none, or null (CoerceVariableValues, section 6.1.2 of the specification).
    #[error("Variable \"${}\" of type \"{}\" is required: send a value for it in `variables`.", quoted(.variable), quoted(.ty))]
    MissingVariable {
        /// The variable's name.
        variable: String,
        /// Its type, as written.
        ty: String,
        /// Where the variable is defined.
        location: Pos,
    },
}

impl Refusal {
    /// The stable code for `extensions.code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "GRAPHQL_PARSE_FAILED",
            Self::Over { bound, .. } => bound.code(),
            Self::BadCharacter { .. } => "BAD_CHARACTER",
            Self::UnknownOperation { .. } | Self::UnnamedOperation { .. } => "OPERATION_NOT_FOUND",
            Self::FragmentCycle { .. } => "FRAGMENT_CYCLE",
            Self::UnknownType { .. } => "UNKNOWN_TYPE",
            Self::MissingVariable { .. } => "VARIABLE_REQUIRED",
        }
    }

    /// The places in the query text that the refusal is about; none when it is about the whole.
    pub fn locations(&self) -> Vec<Pos> {
        match self {
            Self::Syntax { locations, .. } => locations.clone(),
            Self::BadCharacter { location, .. } => location.iter().copied().collect(),
            Self::FragmentCycle { location, .. }
            | Self::UnknownType { location, .. }
            | Self::MissingVariable { location, .. } => vec![*location],
            Self::Over { .. } | Self::UnknownOperation { .. } | Self::UnnamedOperation { .. } => Vec::new(),
        }
    }
}

impl From<Refusal> for ServerError {
    /// The GraphQL error for a response: message, locations, `extensions.code`, and both numbers of a limit.
    fn from(refusal: Refusal) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", refusal.code());
        if let Refusal::Over { limit, sent, .. } = &refusal {
            extensions.set("limit", *limit);
            extensions.set("sent", *sent);
        }
        let mut error = ServerError::new(refusal.to_string(), None);
        error.locations = refusal.locations();
        error.extensions = Some(extensions);
        error
    }
}

/// Each quantity that [`Limits`](super::Limits) bounds, under the name of its field there, which documents it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    QueryBytes,
    Tokens,
    NameBytes,
    Nesting,
    Directives,
    Aliases,
    RootFields,
    Depth,
    Fields,
    Document,
    Cost,
    SubscriptionCost,
    CarriedBytes,
    IntrospectionLists,
    Fragments,
    Operations,
    Variables,
    VariablesBytes,
    VariablesNesting,
    Conflicts,
}

impl Bound {
    /// Refuses `sent` when it is over `limit`.
    pub(super) fn check(self, sent: u64, limit: u64) -> Result<(), Refusal> {
        if sent > limit { Err(Refusal::Over { bound: self, limit, sent }) } else { Ok(()) }
    }

    /// The stable code of a refusal by this limit.
    pub fn code(self) -> &'static str {
        self.words().0
    }

    fn subject(self) -> &'static str {
        self.words().1
    }

    fn advice(self) -> &'static str {
        self.words().2
    }

    /// Code, what is counted, and what the caller can do.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        const SPLIT: &str = "Ask for less, or split it into several requests.";
        const PAGES: &str = "Ask for smaller pages with `first`, or for fewer lists inside lists.";
        const FLATTEN: &str = "Ask for fewer levels, and for the deeper ones by id in another request.";
        match self {
            Self::QueryBytes => {
                ("QUERY_TOO_LARGE", "bytes of query text", "Send text in variables, and split the query.")
            }
            Self::Tokens => ("TOO_MANY_TOKENS", "tokens in its query", SPLIT),
            Self::NameBytes => ("NAME_TOO_LONG", "bytes in one name", "Choose shorter names."),
            Self::Nesting => ("NESTED_TOO_DEEPLY", "levels of nesting in its query", FLATTEN),
            Self::Directives => ("TOO_MANY_DIRECTIVES", "directives", "Use fewer directives."),
            Self::Aliases => (
                "TOO_MANY_ALIASES",
                "aliases once fragments are expanded",
                "Ask for lists of things with one field.",
            ),
            Self::RootFields => ("TOO_MANY_ROOT_FIELDS", "root fields", "Send one operation for each."),
            Self::Depth => ("TOO_DEEP", "levels of fields once fragments are expanded", FLATTEN),
            Self::Fields => ("TOO_MANY_FIELDS", "fields once fragments are expanded", SPLIT),
            Self::Document => (
                "TOO_MANY_FIELDS",
                "fields and values in all of its operations and fragments",
                "Send only the operation to run, with the fragments that it uses.",
            ),
            Self::Cost => ("TOO_COSTLY", "points of cost", PAGES),
            Self::SubscriptionCost => ("TOO_COSTLY", "points of cost for each event", PAGES),
            Self::CarriedBytes => ("ARGUMENTS_TOO_LARGE", "bytes of arguments over all rows", PAGES),
            Self::IntrospectionLists => (
                "TOO_DEEP",
                "introspected lists inside each other",
                "Ask for the types once, and join them by name.",
            ),
            Self::Fragments => ("TOO_MANY_FRAGMENTS", "fragments", "Send only the fragments that are used."),
            Self::Operations => ("TOO_MANY_OPERATIONS", "operations", "Send only the operation to run."),
            Self::Variables => {
                ("TOO_MANY_VARIABLES", "variables in one operation", "Gather them in input objects.")
            }
            Self::VariablesBytes => ("VARIABLES_TOO_LARGE", "bytes of variables", SPLIT),
            Self::VariablesNesting => {
                ("VARIABLES_NESTED_TOO_DEEPLY", "levels of nesting in its variables", "Send flatter values.")
            }
            Self::Conflicts => (
                "TOO_MANY_CONFLICTS",
                "conflicts between fields of one name",
                "Give different fields different aliases.",
            ),
        }
    }
}

/// A number for a message; sums that ran into the end of their type are not worth their digits.
fn amount(sent: u64) -> String {
    const TRILLION: u64 = 1_000_000_000_000;
    if sent >= TRILLION { "over a trillion".to_owned() } else { sent.to_string() }
}

/// What a client sent, cut to a length that a message can hold.
pub(super) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTED_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
