//! Documents made at random, for the small schema of these tests.

use proptest::prelude::*;

/// Pieces that a lexer could trip over.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "a",
    "on ",
    "fragment ",
    "query ",
    "...",
    ":",
    "$",
    "@",
    "!",
    "=",
    "\"",
    "\"\"",
    "\"\"\"",
    "\\",
    "\\\"",
    "\\\"\"\"",
    "\\u00e9",
    "\\ud800",
    "#",
    "\n",
    "\r",
    "\r\n",
    " ",
    ",",
    "\u{feff}",
    "é",
    "0",
    "1",
    "-",
    ".",
    "e",
    "true",
    "null",
    "{a(b:[\"",
    "\"])}",
    "\0",
    "&",
    "|",
];

/// A document with a few pieces thrown in: most still lex, some still parse.
pub fn soup() -> impl Strategy<Value = String> {
    let thrown = (any::<prop::sample::Index>(), prop::sample::select(PIECES));
    (prop_oneof![document(), tidy_document()], prop::collection::vec(thrown, 0..3)).prop_map(
        |(mut text, thrown)| {
            for (index, piece) in thrown {
                let mut at = index.index(text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                text.insert_str(at, piece);
            }
            text
        },
    )
}

/// A value as text, with brackets where they count and where they don't.
fn literal() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1".to_owned()),
        Just("-0.5e3".to_owned()),
        Just("OLDEST".to_owned()),
        Just("$v".to_owned()),
        "\"[a-z{\\[(#]{0,6}(\\\\\"|\\\\n)?\"",
        "\"\"\"[a-z{\\[(#\n]{0,6}(\\\\\"\"\")?[{ ]\"\"\"",
        Just("# [{( \"\n null".to_owned()),
    ];
    leaf.prop_recursive(6, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(" "))),
            prop::collection::vec(inner, 0..3).prop_map(|items| {
                let fields =
                    items.iter().enumerate().map(|(i, item)| format!("{}: {item}", ["text", "any", "x"][i]));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
            }),
        ]
    })
}

fn selection() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("id".to_owned()),
        Just("id: body".to_owned()),
        Just("__typename @skip(if: $v)".to_owned()),
        Just("...A".to_owned()),
        Just("...B @include(if: true)".to_owned()),
        Just("unknown".to_owned()),
        Just("__type(name: \"Comment\") { fields { name type { name } } }".to_owned()),
        literal().prop_map(|value| format!("value(filter: {value}, order: $w)")),
        literal().prop_map(|value| format!("x: value(lists: {value}) @nope(a: {value})")),
    ];
    leaf.prop_recursive(5, 20, 3, |inner| {
        const HEADS: &[&str] = &[
            "comment",
            "parent",
            "replies(first: $v)",
            "nodes",
            "edges",
            "node(id: $v)",
            "... on Comment",
            "...",
        ];
        (prop::sample::select(HEADS), prop::collection::vec(inner, 1..4))
            .prop_map(|(head, selections)| format!("{head} {{ {} }}", selections.join("\n")))
    })
}

pub fn document() -> impl Strategy<Value = String> {
    const TYPES: &[&str] = &[
        "Int",
        "[Int!]! = [1]",
        "Nope",
        "[Nope] = 1",
        "Filter = {text: 1}",
        "[[Query]] = [[]]",
        "Order = OLDEST",
    ];
    (prop::sample::select(TYPES), selection(), selection(), selection(), literal()).prop_map(
        |(ty, root, a, b, default)| {
            format!(
                "query Q($v: {ty}, $w: Order = {default}) {{ {root} comment {{ {a} }} }}
                 fragment A on Comment {{ {b} }} fragment B on Query {{ {root} }}"
            )
        },
    )
}

/// Selections on a comment that validation has nothing against.
fn tidy_selection(spread: &'static str) -> impl Strategy<Value = String> {
    let leaf =
        prop::sample::select(vec!["id", "body", "b: body", "__typename", "id @include(if: $yes)", spread])
            .prop_map(str::to_owned);
    leaf.prop_recursive(4, 16, 3, |inner| {
        const HEADS: &[(&str, &str)] = &[
            ("parent {", "}"),
            ("...on Comment @skip(if: false) {", "}"),
            ("... {", "}"),
            ("few: replies(first: $v) { nodes {", "} }"),
            ("replies { edges { cursor node {", "} } totalCount }"),
        ];
        (prop::sample::select(HEADS), prop::collection::vec(inner, 1..4))
            .prop_map(|((head, tail), selections)| format!("{head} {} {tail}", selections.join(" # [\n")))
    })
}

pub fn tidy_document() -> impl Strategy<Value = String> {
    (tidy_selection("...A"), tidy_selection("...B"), tidy_selection("id")).prop_map(|(root, a, b)| {
        format!(
            "query Q($v: Int = 1, $yes: Boolean! = true) {{ comment {{ id {root} ...A }} ... @include(if: $yes) {{
                value(number: $v, text: \"\"\"{{ \"\"\") }} }}
             fragment A on Comment {{ {a} ...B }} fragment B on Comment {{ {b} }}"
        )
    })
}
