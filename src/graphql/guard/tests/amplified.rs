//! Small requests whose answer, or whose list of errors, would be large.

use serde_json::json;

use super::*;
use crate::graphql::guard::{Bound, abridge};

#[test]
fn one_large_variable_is_not_read_for_every_row() {
    let large = json!({ "v": "x".repeat(100_000) });
    let sent = |query: &str| {
        admit(query, None, &Variables::from_json(large.clone()), &Limits::default())
            .map_or_else(|refusal| refusal.code(), |_| "admitted")
    };
    assert_eq!(
        sent("query($v: String) { comment { replies(first: 100, after: $v) { totalCount } } }"),
        "admitted"
    );
    assert_eq!(
        sent(
            "query($v: String) { comment { replies(first: 100) { nodes { replies(after: $v) { totalCount } } } } }"
        ),
        "ARGUMENTS_TOO_LARGE"
    );
    let often =
        format!("query($v: Order) {{ comment {{ {} }} }}", "replies(orderBy: $v) { totalCount } ".repeat(60));
    assert_eq!(sent(&often), "ARGUMENTS_TOO_LARGE");
    // A fragment that the operation doesn't reach is validated all the same.
    let unreached = format!(
        "{{ value }} fragment F on Comment {{ {} }}",
        "replies(orderBy: $v) { totalCount } ".repeat(60)
    );
    assert_eq!(sent(&unreached), "ARGUMENTS_TOO_LARGE");
}

#[test]
fn validation_is_not_made_to_write_a_book() {
    // One field with many arguments, repeated: every argument of every repetition would be an error.
    let arguments = (0..300).map(|i| format!("a{i}:1 ")).collect::<String>();
    let within = format!("value({arguments}) {}", "value ".repeat(15));
    assert_eq!(code_of(format!("{{ {within} }}")), "TOO_MANY_CONFLICTS");
    assert_eq!(code_of(format!("{{ comment {{ {} }} }}", "id: body id ".repeat(40))), "TOO_MANY_CONFLICTS");
    let wrapped = "... { ".repeat(28) + "id: body id body: id body" + &" }".repeat(28);
    assert_eq!(code_of(format!("{{ comment {{ {wrapped} }} }}")), "TOO_MANY_CONFLICTS");
    // Thirty operations share a fragment with two hundred variables that none defines: errors by the product.
    let uses = (0..200).map(|i| format!("replies(first: $v{i}) {{ totalCount }} ")).collect::<String>();
    let operations = (0..30).map(|i| format!("query Q{i} {{ comment {{ ...F }} }} ")).collect::<String>();
    assert_eq!(
        code_of(format!("query Q {{ value }} {operations} fragment F on Comment {{ {uses} }}")),
        "OPERATION_NOT_FOUND"
    );
    let named = admit(
        &format!("{operations} fragment F on Comment {{ {uses} }}"),
        Some("Q1"),
        &Variables::default(),
        &Limits::default(),
    );
    assert_eq!(named.map(|_| ()), Err(Refusal::Over { bound: Bound::Document, limit: 10_000, sent: 18_660 }));
    // What is left is cut to what a person reads.
    let mut response = answer(format!("{{ comment {{ {} }} }}", "bodyy ".repeat(900)), json!({}));
    assert_eq!(response.errors.len(), 900);
    abridge(&mut response.errors, 10, 20);
    assert_eq!(response.errors.len(), 11);
    assert_eq!(response.errors[0].message, "Unknown field \"bodyy…");
    assert_eq!(response.errors[10].message, "890 more errors are not listed.");
}

#[test]
fn a_default_of_an_unknown_type_does_not_panic_in_validation() {
    let query = "query($v: [[Nope!]]! = [[1]]) { value }";
    assert_eq!(code_of(query), "UNKNOWN_TYPE");
    assert_eq!(refusal(query, &limits()).locations().len(), 1);
    let response =
        answer("query($v: [Int!] = [1], $w: Nope = 1, $x: [Nope]) { value(lists: [$v]) }", json!({}));
    assert!(!response.errors.is_empty());
    let response = answer("query($v: [Filter!] = [{text: \"a\"}]) { value(filter: {any: $v}) }", json!({}));
    assert!(response.errors.is_empty(), "{:?}", response.errors);
}
