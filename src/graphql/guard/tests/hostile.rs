//! Requests made to bring a server down. Each is turned away soon, on the stack of a worker thread.

use serde_json::json;

use super::*;

#[test]
fn nested_literals_end_before_the_parser() {
    let lists = |n: usize| "[".repeat(n) + &"]".repeat(n);
    let objects = |n: usize| "{any:[".repeat(n) + &"]}".repeat(n);
    for n in [100, 1_000, 3_000, 8_000] {
        for literal in [lists(n), objects(n / 3), "[".repeat(n), "{a:".repeat(n / 2), "[{a:".repeat(n / 4)] {
            for query in [
                format!("{{ value(filter: {literal}) }}"),
                format!("query($f: Filter = {literal}) {{ value(filter: $f) }}"),
                format!("{{ value @include(if: {literal}) }}"),
                format!("query @live(if: {literal}) {{ value }}"),
                format!("query($f: Filter @note(of: {literal})) {{ value }}"),
                format!("fragment F on Query @note(of: {literal}) {{ value }} {{ value }}"),
            ] {
                let code = code_of(query);
                assert!(["NESTED_TOO_DEEPLY", "QUERY_TOO_LARGE"].contains(&code), "{code} at {n}");
            }
        }
    }
    assert_eq!(
        code_of(format!("query($l: {}Int{}) {{ value }}", "[".repeat(3000), "]".repeat(3000))),
        "NESTED_TOO_DEEPLY"
    );
    assert_eq!(code_of("{a".repeat(3_000)), "NESTED_TOO_DEEPLY");
    assert_eq!(code_of("{...".repeat(3_000)), "NESTED_TOO_DEEPLY");
    assert_eq!(code_of("(".repeat(3_000)), "NESTED_TOO_DEEPLY");
}

#[test]
fn nested_variables_end_before_validation() {
    let mut deep = json!(1);
    for _ in 0..120 {
        deep = json!([{ "any": deep }]);
    }
    let sent = |value: serde_json::Value| {
        let variables = Variables::from_json(json!({ "filter": value }));
        admit("query($filter: Filter) { value(filter: $filter) }", None, &variables, &Limits::default())
            .map_or_else(|refusal| refusal.code(), |_| "admitted")
    };
    assert_eq!(sent(deep), "VARIABLES_NESTED_TOO_DEEPLY");
    assert_eq!(sent(json!("x".repeat(300_000))), "VARIABLES_TOO_LARGE");
    assert_eq!(sent(json!(vec![1; 20_000])), "VARIABLES_TOO_LARGE");
    assert_eq!(sent(json!({ "text": "x".repeat(200_000) })), "admitted");
}

#[test]
fn fragments_that_fan_out_cost_one_addition_each() {
    let bomb = |leaf: &str, reached: bool| {
        let mut query = (0..40).fold(String::new(), |query, i| {
            query + &format!("fragment F{i} on Query {{ ...F{} ...F{} }}", i + 1, i + 1)
        });
        query += &format!("fragment F40 on Query {{ {leaf} }}");
        query + if reached { "{ ...F0 }" } else { "{ value }" }
    };
    // Forty fragments inside each other are forty levels, too.
    for (leaf, reached) in [("value", true), ("value", false), ("...Unknown", true)] {
        assert_eq!(code_of(bomb(leaf, reached)), "NESTED_TOO_DEEPLY");
    }
    let levels = |n: usize, times: usize| {
        (0..n).fold(String::new(), |query, i| {
            query + &format!("fragment F{i} on Query {{ {} }}", format!("...F{} ", i + 1).repeat(times))
        }) + &format!("fragment F{n} on Query {{ value }}")
    };
    assert_eq!(code_of(levels(20, 2) + "{ ...F0 }"), "TOO_MANY_ROOT_FIELDS");
    assert_eq!(
        code_of(levels(20, 2).replace("Query", "Comment") + "{ comment { ...F0 } }"),
        "TOO_MANY_FIELDS"
    );
    assert_eq!(code_of(levels(20, 2) + "{ value }"), "TOO_MANY_FIELDS");
    assert_eq!(code_of(levels(20, 60) + "{ comment { id } }"), "TOO_MANY_FIELDS");
    // The same through pages: sums run into the end of their type and stay there.
    let pages = (0..9).fold(String::new(), |query, i| {
        query
            + &format!(
                "fragment R{i} on Comment {{ {} }}",
                format!("replies(first: 100) {{ nodes {{ ...R{} }} }} ", i + 1).repeat(9)
            )
    });
    let endless =
        Limits { fields: u64::MAX, document: u64::MAX, carried_bytes: u64::MAX, ..Limits::default() };
    let refused = refusal(&(pages + "fragment R9 on Comment { id } { comment { ...R0 } }"), &endless);
    assert_eq!(refused.code(), "TOO_COSTLY");
    assert!(refused.to_string().starts_with("This request has over a trillion points of cost"), "{refused}");
}

#[test]
fn fragments_that_come_round_are_named() {
    for query in [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { comment { ...C } } fragment C on Comment { parent { ...A } }",
        "{ value } fragment A on Query { ... { ...B } } fragment B on Query { ...A }",
    ] {
        assert_eq!(code_of(query), "FRAGMENT_CYCLE");
    }
    let chain = (0..60).fold(String::new(), |query, i| {
        query + &format!("fragment F{i} on Query {{ ...F{} }}", (i + 1) % 60)
    });
    assert_eq!(code_of(chain + "{ ...F0 }"), "FRAGMENT_CYCLE");
    // Side by side is not round.
    assert_eq!(
        code_of("{ ...A ...B } fragment A on Query { ...B } fragment B on Query { value }"),
        "admitted"
    );
}

#[test]
fn much_of_anything_is_too_much() {
    let fields = |n: usize, field: &str| format!("{{ {} }}", field.repeat(n));
    let many = |n: usize, one: fn(usize) -> String| (0..n).map(one).collect::<String>();
    let wide = Limits { query_bytes: 1 << 20, tokens: 100_000, ..Limits::default() };
    let code = |query: &str| refusal(query, &wide).code();
    assert_eq!(code(&fields(10_000, "a: value ")), "TOO_MANY_ROOT_FIELDS");
    assert_eq!(code(&format!("{{ comment {} }}", fields(10_000, "a: id "))), "TOO_MANY_ALIASES");
    assert_eq!(code(&fields(10_000, "value @a ")), "TOO_MANY_DIRECTIVES");
    assert_eq!(code(&format!("{{ comment {} }}", fields(2_000, "id "))), "TOO_MANY_FIELDS");
    assert_eq!(code(&format!("{{ comment {} }}", fields(2_000, "__typename "))), "TOO_MANY_FIELDS");
    assert_eq!(code(&many(100, |i| format!("query Q{i} {{ value }} "))), "TOO_MANY_OPERATIONS");
    assert_eq!(
        code(&(many(100, |i| format!("fragment F{i} on Query {{ value }} ")) + "{ value }")),
        "TOO_MANY_FRAGMENTS"
    );
    let variables = many(100, |i| format!("$v{i}: Int "));
    assert_eq!(code(&format!("query({variables}) {{ value }}")), "TOO_MANY_VARIABLES");
    assert_eq!(code(&format!("{{ value(lists: [[{}]]) }}", "1 ".repeat(20_000))), "TOO_MANY_FIELDS");
    assert_eq!(code_of(format!("{{ {} }}", "a".repeat(2_000))), "NAME_TOO_LONG");
    assert_eq!(code_of(fields(6_000, "a ")), "TOO_MANY_TOKENS");
    assert_eq!(code_of(format!("{{ a(b: [{}]) }}", "null".repeat(4_000))), "TOO_MANY_TOKENS");
    assert_eq!(code_of(format!("{{ value(text: \"{}\") }}", "x".repeat(1 << 24))), "QUERY_TOO_LARGE");
    assert_eq!(code_of("subscription { approved { id } approved { body } }"), "TOO_MANY_ROOT_FIELDS");
}

#[test]
fn deep_and_wide_graphs_are_costly() {
    let deep = "parent { ".repeat(19) + "id" + &" }".repeat(19);
    assert_eq!(code_of(format!("{{ comment {{ {deep} }} }}")), "TOO_DEEP");
    let three = "{ comment { replies(first: 100) { nodes { replies(first: 100) { nodes { replies(first: 100) { nodes { id } } } } } } } }";
    assert_eq!(code_of(three), "TOO_COSTLY");
    assert_eq!(code_of(three.replace("first", "last")), "TOO_COSTLY");
    assert_eq!(code_of(three.replace("first: 100", "first: 1000000000000000000000")), "TOO_COSTLY");
    assert_eq!(code_of(three.replace("first: 100", "first: -1")), "admitted");
    // Nobody gets a page for nothing by leaving out its size, or by hiding what makes it a page.
    let unsized_pages = "{ comment { replies { ...P } } } fragment P on Page { nodes { replies { ...Q } } }
        fragment Q on Page { edges { node { replies { ...R } } } } fragment R on Page { nodes { replies { nodes { id } } } }";
    assert_eq!(code_of(unsized_pages), "TOO_COSTLY");
    let ids = "\"1\" ".repeat(300);
    assert_eq!(
        code_of(format!("{{ nodes(ids: [{ids}]) {{ replies(first: 100) {{ nodes {{ id }} }} }} }}")),
        "TOO_COSTLY"
    );
    let round = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    assert_eq!(code_of(round), "TOO_DEEP");
    let wide = format!(
        "{{ __schema {{ types {{ fields {{ type {{ fields {{ {} }} }} }} }} }} }}",
        "name ".repeat(300)
    );
    assert_eq!(code_of(wide), "TOO_COSTLY");
}

#[test]
fn text_that_is_no_text_is_refused_where_it_goes_wrong() {
    let place = |query: &str| {
        let refusal = ask(query).map(|_| ()).unwrap_err();
        assert_eq!(refusal.code(), "GRAPHQL_PARSE_FAILED", "{query}");
        refusal.locations().first().map(|pos| (pos.line, pos.column))
    };
    assert_eq!(place("{ a(b: \"lost"), Some((1, 8)));
    assert_eq!(place("{ a(b: \"lost\n\") }"), Some((1, 8)));
    assert_eq!(place("{\r\n  a(b: \"\"\"lost\" \\\"\"\" }"), Some((2, 8)));
    assert_eq!(place("\""), Some((1, 1)));
    assert_eq!(place("\"\"\"\""), Some((1, 1)));
    assert_eq!(place("{ a\0 }"), Some((1, 4)));
    assert_eq!(place("{ é # ü\n}"), Some((1, 3)));
    assert_eq!(place("# é\r{ ä }"), Some((2, 3)));
    assert_eq!(place("{ a(b: 00) }"), Some((1, 8)));
    assert_eq!(place("{ a(b: 1.) }"), Some((1, 8)));
    assert_eq!(place("{ a(b: \"\\x\") }"), Some((1, 8)));
    assert_eq!(place("{ a } }"), Some((1, 7)));
    assert_eq!(place("{ a "), Some((1, 5)));
    assert_eq!(place("{ a(b: 1e999) }"), Some((1, 8)));
    assert_eq!(place(""), Some((1, 1)));
    assert_eq!(place("\u{feff}"), Some((1, 2)));
    assert_eq!(place("query A { a } query A { b }"), Some((1, 15)));
    let long = refusal(&format!("{{ a {} ! }}", " ".repeat(15_000)), &Limits::default());
    assert!(long.to_string().len() < 300, "the line is not repeated: {long}");
}

#[test]
fn quotes_and_comments_hide_no_brackets() {
    let deep = "[".repeat(200);
    for hiding in [
        "\"\" ",
        "\"\\\"\" ",
        "\"\"\"\"\"\" ",
        "\"\"\" \\\"\"\" \"\"\" ",
        "# \"\n",
        "# \"\r",
        "#\"\"\"\n",
        "\"#\" ",
        "\"\"\"#\"\"\" ",
    ] {
        assert_eq!(code_of(format!("{{ a(b: [{hiding} {deep}])}}")), "NESTED_TOO_DEEPLY", "{hiding:?}");
    }
    for quiet in [format!("\"{deep}\""), format!("\"\"\"{deep}\n\"\" {deep}\"\"\""), format!("1 # {deep}\n")]
    {
        assert_eq!(code_of(format!("{{ a(b: {quiet}) }}")), "admitted");
    }
}
