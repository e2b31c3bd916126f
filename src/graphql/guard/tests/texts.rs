//! Texts that a database can't keep.

use serde_json::json;

use super::*;

#[test]
fn a_nul_is_refused_wherever_a_text_may_hold_it() {
    for query in [
        "{ value(text: \"a\0b\") }",
        "{ value(text: \"a\\u0000b\") }",
        "{ value(text: \"\"\"a\0b\"\"\") }",
        "{ value(filter: { any: [{ text: \"\\u0000\" }] }) }",
        "query($t: String = \"\\u0000\") { value(text: $t) }",
    ] {
        assert_eq!(code_of(query), "BAD_CHARACTER", "{query}");
    }
    let refused = refusal("{\n  value(text: \"a\\u0000\") }", &limits());
    assert_eq!(
        refused.to_string(),
        "A string of the query holds the character U+0000 (NUL), which no text here can. Leave it out."
    );
    assert_eq!(refused.locations(), [async_graphql::Pos { line: 2, column: 15 }]);
    // Six characters of text, none of them NUL.
    assert_eq!(code_of("{ value(text: \"\\\\u0000\") }"), "admitted");
    assert_eq!(code_of("{ value(text: \"\"\"\\u0000\"\"\") }"), "admitted");
}

#[test]
fn a_nul_is_refused_in_variables_at_any_depth() {
    let sent = |variables: serde_json::Value| {
        admit("{ value }", None, &Variables::from_json(variables), &Limits::default())
            .map_or_else(|refusal| refusal.code(), |_| "admitted")
    };
    assert_eq!(sent(json!({ "a": "x\0" })), "BAD_CHARACTER");
    assert_eq!(sent(json!({ "a": { "b": [{ "c": "\0" }] } })), "BAD_CHARACTER");
    assert_eq!(sent(json!({ "a": { "b\0": 1 } })), "BAD_CHARACTER");
    assert_eq!(sent(json!({ "a\0": 1 })), "BAD_CHARACTER");
    assert_eq!(sent(json!({ "a": { "b": ["\u{1}", "0", 0, null] } })), "admitted");
}
