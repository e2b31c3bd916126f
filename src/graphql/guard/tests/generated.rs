//! Texts made at random: the scan agrees with a slower reading of the same rules, and sees no less than the parser.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Positioned, Value};
use proptest::prelude::*;

use super::grammar::{document, soup, tidy_document};
use super::*;
use crate::graphql::guard::scan::scan;

/// The same rules read slowly: strings and comments are cut out of the text, then brackets are counted.
fn naive_nesting(text: &str) -> usize {
    let mut bare = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let inside = if first == '#' {
            rest.find(['\n', '\r']).unwrap_or(rest.len())
        } else if let Some(block) = rest.strip_prefix("\"\"\"") {
            let closing = block.replace("\\\"\"\"", "\\...").find("\"\"\"").expect("a closed block string");
            closing + 6
        } else if let Some(string) = rest.strip_prefix('"') {
            let plain = string.replace("\\\\", "..").replace("\\\"", "..");
            plain.find('"').expect("a closed string") + 2
        } else {
            bare.push(first);
            first.len_utf8()
        };
        rest = &rest[inside..];
    }
    let (mut open, mut most) = (0usize, 0);
    for char in bare.chars() {
        match char {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open -= 1,
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// Brackets and directives that the parser saw, at least.
fn parsed(document: &ExecutableDocument) -> (u64, u64) {
    let operations = document.operations.iter().map(|(_, o)| (&o.node.selection_set, &o.node.directives));
    let fragments = document.fragments.values().map(|f| (&f.node.selection_set, &f.node.directives));
    operations.chain(fragments).fold((0, 0), |(nesting, total), (set, directives)| {
        let (inner, count) = parsed_set(set);
        (nesting.max(inner), total + count + directives.len() as u64)
    })
}

fn parsed_set(set: &Positioned<SelectionSet>) -> (u64, u64) {
    let (mut nesting, mut total) = (0, 0);
    for selection in &set.node.items {
        let (directives, inner) = match &selection.node {
            Selection::Field(field) => {
                for (_, value) in &field.node.arguments {
                    let value = value.node.clone().into_const_with(|_| Ok::<_, ()>(Value::Null)).unwrap();
                    nesting = nesting.max(2 + levels(&value));
                }
                (&field.node.directives, Some(&field.node.selection_set))
            }
            Selection::InlineFragment(inline) => (&inline.node.directives, Some(&inline.node.selection_set)),
            Selection::FragmentSpread(spread) => (&spread.node.directives, None),
        };
        let (levels, count) = inner.filter(|set| !set.node.items.is_empty()).map_or((0, 0), parsed_set);
        nesting = nesting.max(1 + levels);
        total += count + directives.len() as u64;
    }
    (nesting, total)
}

fn levels(value: &Value) -> u64 {
    match value {
        Value::List(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_scan_counts_brackets_as_a_slow_reader_does(document in prop_oneof![document(), tidy_document()]) {
        let scanned = scan(&document).unwrap();
        prop_assert_eq!(scanned.nesting, naive_nesting(&document) as u64);
    }

    #[test]
    fn the_parser_sees_no_more_than_the_scan(text in soup()) {
        if let (Ok(scanned), Ok(document)) = (scan(&text), parse_query(&text)) {
            let (nesting, directives) = parsed(&document);
            prop_assert!(nesting <= scanned.nesting && directives <= scanned.directives, "{text:?}");
        }
    }

    #[test]
    fn what_is_admitted_is_validated_without_a_panic(text in document(), number in 0..200i32) {
        let variables = Variables::from_json(serde_json::json!({ "v": number }));
        if let Ok(admitted) = admit(&text, None, &variables, &limits()) {
            let fields = admitted.fields;
            let errors = on_small_stack(move || execute(admitted, variables).errors.len() as u64);
            prop_assert!(errors <= 40 * (fields + 10), "{errors} errors from {text}");
        }
    }

    #[test]
    fn what_is_valid_and_within_its_limits_is_answered(text in tidy_document(), number in -1..3i32) {
        let variables = Variables::from_json(serde_json::json!({ "v": number }));
        match admit(&text, None, &variables, &limits()) {
            Ok(admitted) => {
                let errors = on_small_stack(move || execute(admitted, variables).errors);
                prop_assert!(errors.is_empty(), "{errors:?} from {text}");
            }
            Err(refusal) => prop_assert!(matches!(refusal, Refusal::Over { .. }), "{refusal}: {text}"),
        }
    }
}
