//! The operations that clients send, by name, out of `tests/it/operations.graphql`: the contract's file, as it stands.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

/// A GraphQL request, ready to be sent over any transport.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Operation {
    #[serde(rename = "operationName", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub query: String,
    pub variables: serde_json::Value,
}

impl Operation {
    /// The contract's operation of this name, with the fragments that it uses and nothing else.
    #[track_caller]
    pub fn named(name: &str, variables: serde_json::Value) -> Self {
        static CONTRACT: LazyLock<Definitions<'static>> =
            LazyLock::new(|| Definitions::read(include_str!("../operations.graphql")));
        let Some(query) = CONTRACT.document(name) else {
            let known: Vec<_> = CONTRACT.operations.keys().copied().collect();
            panic!("operations.graphql has no operation {name}; it has {}", known.join(", "))
        };
        Self { name: Some(name.to_owned()), query, variables }
    }

    /// A query of the test's own.
    pub fn raw(query: impl Into<String>, variables: serde_json::Value) -> Self {
        Self { name: None, query: query.into(), variables }
    }

    /// The same with a further variable.
    pub fn with(mut self, variable: &str, value: impl Into<serde_json::Value>) -> Self {
        self.variables[variable] = value.into();
        self
    }
}

/// A document's top-level definitions, each as it is written. Enough of a reader for that: comments, strings and nesting, not
/// the grammar.
pub struct Definitions<'a> {
    operations: BTreeMap<&'a str, &'a str>,
    fragments: BTreeMap<&'a str, &'a str>,
}

impl<'a> Definitions<'a> {
    pub fn read(document: &'a str) -> Self {
        let mut found = Self { operations: BTreeMap::new(), fragments: BTreeMap::new() };
        let (mut depth, mut words) = (0_u32, Vec::new());
        for (at, token) in tokens(document) {
            match token {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth -= 1,
                _ => {}
            }
            words.push((at, token));
            if depth == 0 && token == "}" {
                let (start, kind) = words[0];
                let (_, name) = words[1];
                let kept = if kind == "fragment" { &mut found.fragments } else { &mut found.operations };
                kept.insert(name, &document[start..=at]);
                words.clear();
            }
        }
        found
    }

    /// An operation followed by the fragments that it needs, directly and through others.
    pub fn document(&self, operation: &str) -> Option<String> {
        let mut parts = vec![*self.operations.get(operation)?];
        let mut seen = BTreeSet::new();
        let mut next = 0;
        while let Some(part) = parts.get(next) {
            for spread in tokens(part).filter_map(|(_, token)| token.strip_prefix("...")) {
                if let Some(fragment) = self.fragments.get(spread)
                    && seen.insert(spread)
                {
                    parts.push(fragment);
                }
            }
            next += 1;
        }
        Some(parts.join("\n\n"))
    }
}

/// Words, strings and punctuation of a document, each with its place; a spread stays with its fragment's name.
fn tokens(document: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = document;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            match rest.strip_prefix('#') {
                Some(comment) => rest = comment.split_once('\n').map_or("", |(_, after)| after),
                None => break,
            }
        }
        let end = match rest.chars().next()? {
            '"' if rest.starts_with("\"\"\"") => rest[3..].find("\"\"\"").map_or(rest.len(), |at| at + 6),
            '"' => string_end(rest),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(end);
        let at = document.len() - rest.len();
        rest = after;
        Some((at, token))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '@' | '-')
}

fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
