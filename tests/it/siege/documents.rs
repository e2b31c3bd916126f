//! Documents that are too much, or none, with their variables: each over HTTP, server-sent events and a WebSocket.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Case;
use super::wire::{init, post, socket, text};

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, query, variables) in hostile() {
        let payload = json!({ "query": query, "variables": variables }).to_string();
        for (transport, bytes) in over_each(&payload) {
            cases.push(Case::hostile(format!("{name}, {transport}"), bytes));
        }
    }
    for (name, query, variables) in honest() {
        let payload = json!({ "query": query, "variables": variables }).to_string();
        for (transport, bytes) in over_each(&payload) {
            cases.push(Case::honest(format!("{name}, {transport}"), bytes));
        }
    }
    cases
}

/// Documents with names that are nearly right: a schema that helps says which names are.
pub fn near_misses() -> Vec<Case> {
    let mut cases = Vec::new();
    for query in [
        "{ articl(slug: \"open\") { id } }",
        "{ article(slug: \"open\") { headlin } }",
        "{ article(slugg: \"open\") { id } }",
        "{ articles(first: 1) { totalCont } }",
        "{ articles(first: 1) { nodes { ... on Articel { id } } } }",
        "{ articles(first: 1) { nodes { ...F } } } fragment F on Artcle { id }",
        "query($a: Strin) { article(slug: $a) { id } }",
        "{ articles(first: 1) @includ(if: true) { totalCount } }",
        "mutation { commentSubmitt(input: {}) { comment { id } } }",
        "mutation { commentSubmit(input: {articleId: \"x\", boddy: \"y\", body: \"z\"}) { comment { id } } }",
        "subscription { commentAproved(articleId: \"x\") { cursor } }",
        "{ article(slug: \"open\") { comments(orderBy: NEWES) { totalCount } } }",
    ] {
        let payload = json!({ "query": query }).to_string();
        for (transport, bytes) in over_each(&payload) {
            cases.push(Case::hostile(format!("{query}, {transport}"), bytes));
        }
    }
    cases
}

/// A payload by POST, as a stream, and on a socket.
fn over_each(payload: &str) -> [(&'static str, Vec<u8>); 3] {
    let subscribe = format!(r#"{{"type":"subscribe","id":"1","payload":{payload}}}"#);
    [
        ("HTTP", post("application/graphql-response+json", payload)),
        ("SSE", post("text/event-stream", payload)),
        ("WebSocket", socket(&[init(), text(&subscribe)])),
    ]
}

type Document = (String, String, Value);

fn honest() -> Vec<Document> {
    let introspection = include_str!("../../../src/graphql/guard/tests/introspection.graphql");
    let mut all = vec![
        ("introspection".to_owned(), introspection.to_owned(), json!({})),
        ("a name".to_owned(), "{ __typename }".to_owned(), json!({})),
    ];
    let article = "query Article($slug: String!) { article(slug: $slug) { __typename id comments(first: 20) { \
        edges { cursor node { __typename id body replies(first: 5) { nodes { id body } } } } } } }";
    all.push(("an article".to_owned(), article.to_owned(), json!({ "slug": "open" })));
    let aliases: String = (0..18).map(|i| format!("a{i}: __typename ")).collect();
    all.push(("eighteen aliases".to_owned(), format!("{{ {aliases} }}"), json!({})));
    let fragments = "{ articles(first: 5) { ...A } } fragment A on ArticleConnection { nodes { ...B } } \
        fragment B on Article { id slug ...C } fragment C on Article { headline }";
    all.push(("fragments".to_owned(), fragments.to_owned(), json!({})));
    all.push((
        "directives".to_owned(),
        "query($a: Boolean! = true) { articles(first: 1) @include(if: $a) @skip(if: false) { totalCount } }"
            .to_owned(),
        json!({}),
    ));
    all
}

fn hostile() -> Vec<Document> {
    let mut all: Vec<Document> = Vec::new();
    let mut add = |name: String, query: String| all.push((name, query, json!({})));
    for depth in [33, 65, 1_000, 5_000] {
        let nest = |open: &str, inner: &str, close: &str| open.repeat(depth) + inner + &close.repeat(depth);
        add(
            format!("{depth} lists"),
            format!("{{ articles(tag: {}) {{ totalCount }} }}", nest("[", "1", "]")),
        );
        add(
            format!("{depth} objects"),
            format!("{{ articles(tag: {}) {{ totalCount }} }}", nest("{a:", "1", "}")),
        );
        add(format!("{depth} selections"), nest("{a", "", "}"));
        add(format!("{depth} list types"), format!("query($a: {}) {{ __typename }}", nest("[", "Int", "]")));
        add(format!("{depth} open brackets"), "{a(b:[".repeat(depth));
        add(format!("{depth} inline fragments"), format!("{{ {} }}", nest("... {", "__typename", "}")));
    }
    for count in [65, 1_500] {
        let many = |one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<String>();
        add(format!("{count} aliases"), format!("{{ {} }}", many(&|i| format!("a{i}: __typename "))));
        add(
            format!("{count} directives"),
            format!("{{ __typename {} }}", "@include(if: true) ".repeat(count)),
        );
        add(format!("{count} odd directives"), format!("{{ __typename {} }}", many(&|i| format!("@d{i} "))));
        add(format!("{count} operations"), many(&|i| format!("query Q{i} {{ __typename }} ")));
        add(
            format!("{count} fragments"),
            format!("{{ __typename }} {}", many(&|i| format!("fragment F{i} on Query {{ a }} "))),
        );
        add(
            format!("{count} variables"),
            format!("query({}) {{ __typename }}", many(&|i| format!("$v{i}: Int "))),
        );
        add(
            format!("{count} root fields"),
            format!("{{ {} }}", many(&|i| format!("a{i}: articles(first: 100) {{ totalCount }} "))),
        );
        add(
            format!("{count} meanings of one name"),
            format!("{{ {} }}", many(&|i| format!("a: articles(first: {i}) {{ totalCount }} "))),
        );
        add(format!("{count} unknown fields"), format!("{{ {} }}", many(&|i| format!("nothing{i} "))));
        add(
            format!("{count} arguments"),
            format!("{{ articles({}) {{ totalCount }} }}", many(&|i| format!("x{i}: 1 "))),
        );
    }
    for levels in [5, 12, 30, 60] {
        let mut bomb = "{ ...F0 }".to_owned();
        for level in 0..levels {
            let _ = write!(bomb, " fragment F{level} on Query {{ ...F{} ...F{} }}", level + 1, level + 1);
        }
        let _ = write!(bomb, " fragment F{levels} on Query {{ __typename }}");
        add(format!("a fragment bomb of {levels}"), bomb);
        let cycle = (0..levels).map(|i| format!(" fragment F{i} on Query {{ ...F{} }}", (i + 1) % levels));
        add(format!("a cycle of {levels} fragments"), format!("{{ ...F0 }}{}", cycle.collect::<String>()));
    }
    for bytes in [20 * 1024, 200 * 1024] {
        add(
            format!("a string of {bytes}"),
            format!("{{ article(slug: \"{}\") {{ id }} }}", "x".repeat(bytes)),
        );
        add(
            format!("a block string of {bytes}"),
            format!("{{ article(slug: \"\"\"{}\"\"\") {{ id }} }}", "x\n".repeat(bytes / 2)),
        );
        add(format!("a name of {bytes}"), format!("{{ {} }}", "x".repeat(bytes)));
        add(format!("a comment of {bytes}"), format!("#{}\n{{ a }}", "x".repeat(bytes)));
        add(format!("{bytes} commas"), ",".repeat(bytes));
    }
    for odd in [
        "",
        " ",
        "{",
        "}",
        "{}",
        "{{",
        "query",
        "mutation",
        "subscription {",
        "fragment",
        "{ a( }",
        "{ a(b:) }",
        "{ a(b: $) }",
        "@",
        "{ ...on }",
        "{ ... }",
        "{ \"a\" }",
        "\"\"\"",
        "\"",
        "{ a: }",
        "#",
        "schema { query: Query }",
        "type A { b: C }",
        "{ article(slug: \"\\uD800\") { id } }",
        "{ article(slug: \"\\u{110000}\") { id } }",
        "{ article(slug: \"\\x\") { id } }",
        "{ article(slug: \"\\u0000\") { id } }",
        "{ articles(first: 99999999999999999999) { totalCount } }",
        "{ articles(first: 1e999999) { totalCount } }",
        "{ articles(first: -1) { totalCount } }",
        "{ articles(first: 1.5) { totalCount } }",
        "{ articles(first: 0x10) { totalCount } }",
        "\u{feff}{ nothing }",
        "{ a\u{0}b }",
        "{ \u{202e}abc }",
        "{ 💥 }",
        "query A { a } query A { b }",
        "query($a: [Nothing!]! = [1]) { __typename }",
        "query($a: Int = $b) { __typename }",
        "subscription { commentApproved(articleId: \"x\") { cursor } other: commentApproved(articleId: \"y\") { cursor } }",
        "subscription { ...F } fragment F on Subscription { commentApproved(articleId: \"x\") { cursor } }",
        "subscription { commentApproved(articleId: \"x\", after: \"%%%\") { cursor } }",
        "subscription { __typename }",
        "{ node(id: \"' OR 1=1 --\") { id } }",
        "{ nodes(ids: [\"\", \"x\", \"'\"]) { id } }",
        "{ articles(after: \"AAAA\", first: 1) { totalCount } }",
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
        "{ __type(name: \"Query\") { nothing } }",
        "{ articles(first: 100) { nodes { comments(first: 100) { nodes { replies(first: 100) { nodes { id } } } } } } }",
        "mutation { commentSubmit(input: {}) { comment { id } } }",
        "mutation { commentApprove(input: {id: \"x\", revision: -1}) { comment { id } } }",
        "mutation { sessionStartGuest(input: {displayName: \"\"}) { token } }",
    ] {
        add(format!("{:?}", odd.chars().take(40).collect::<String>()), odd.to_owned());
    }
    let article = "query($slug: String!) { article(slug: $slug) { id } }";
    let mut with = |name: &str, variables: Value| {
        all.push((format!("variables: {name}"), article.to_owned(), variables))
    };
    for depth in [17, 60, 100] {
        let list = (0..depth).fold(json!(1), |inner, _| json!([inner]));
        with(&format!("{depth} lists"), json!({ "slug": list }));
        let object = (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }));
        with(&format!("{depth} objects"), json!({ "slug": "open", "more": object }));
    }
    with("a huge text", json!({ "slug": "x".repeat(230 * 1024) }));
    with(
        "many names",
        (0..5_000).map(|i| (format!("v{i}"), json!(i))).collect::<serde_json::Map<_, _>>().into(),
    );
    with("many values", json!({ "slug": vec![0; 40_000] }));
    for (name, value) in [
        ("null", Value::Null),
        ("a number", json!(1)),
        ("a list", json!([])),
        ("an object", json!({})),
        ("true", json!(true)),
        ("NUL", json!("a\0b")),
        ("a quote", json!("' OR '1'='1")),
        ("a template", json!("${jndi:ldap://x}")),
        ("a path", json!("../../etc/passwd")),
        ("an emoji", json!("💥")),
        ("a float", json!(1e308)),
    ] {
        with(name, json!({ "slug": value }));
    }
    with("nothing", json!({}));
    with("names of objects", json!({ "slug": "open", "__proto__": {}, "constructor": {} }));
    all
}
