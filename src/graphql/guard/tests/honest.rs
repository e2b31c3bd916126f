//! What honest clients send passes, and is answered.

use async_graphql::parser::types::OperationType;
use serde_json::json;

use super::*;

/// The contract's Article query, fields and pages as clients send them.
const ARTICLE: &str = include_str!("article.graphql");
/// getIntrospectionQuery of graphql-js 17, every option on.
const INTROSPECTION: &str = include_str!("introspection.graphql");

fn cost_of(query: &str, variables: serde_json::Value) -> Result<u64, &'static str> {
    admit(query, None, &Variables::from_json(variables), &Limits::default())
        .map(|admitted| admitted.cost)
        .map_err(|refusal| refusal.code())
}

#[test]
fn standard_introspection_passes_and_is_answered() {
    let admitted = ask(INTROSPECTION).unwrap();
    assert_eq!((admitted.depth, admitted.operation_name.as_deref()), (15, Some("IntrospectionQuery")));
    let response = answer(INTROSPECTION, json!({}));
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    // Some tools write the chain of `ofType` where it is used, and make it longer.
    let chain = "type { kind name ".to_owned() + &"ofType { kind name ".repeat(12) + &"} ".repeat(13);
    let inlined = INTROSPECTION.replace("type { ...TypeRef }", &chain);
    assert_eq!(ask(&inlined).map(|admitted| admitted.depth), Ok(18));
}

#[test]
fn the_article_query_passes_with_generous_pages() {
    let page = |first: u32| cost_of(ARTICLE, json!({ "slug": "a", "first": first })).unwrap();
    assert_eq!(cost_of(ARTICLE, json!({ "slug": "a" })), Ok(page(20)), "the default of the operation counts");
    assert!(page(20) < page(50) && page(50) < page(100));
    assert_eq!(page(100), page(5_000), "the connection gives no more than a hundred");
    assert!(2 * page(100) < Limits::default().cost, "room for fields to come: {}", page(100));
}

#[test]
fn a_page_costs_its_rows() {
    assert_eq!(cost_of("{ value }", json!({})), Ok(1));
    assert_eq!(
        cost_of("{ comment { replies(first: 10) { nodes { id body } } } }", json!({})),
        Ok(2 + 10 * 3)
    );
    assert_eq!(cost_of("{ comment { replies { nodes { id } } } }", json!({})), Ok(2 + 20 * 2));
    assert_eq!(cost_of("{ comment { replies { totalCount } } }", json!({})), Ok(3));
    let query =
        "query($n: Int = 7) { comment { replies(last: $n) { ...P } } } fragment P on Page { nodes { id } }";
    assert_eq!(cost_of(query, json!({})), Ok(2 + 7 * 2));
    assert_eq!(cost_of(query, json!({ "n": 3 })), Ok(2 + 3 * 2));
    assert_eq!(cost_of(query, json!({ "n": null })), Ok(2 + 20 * 2));
    assert_eq!(
        cost_of("query($i: [ID!]!) { nodes(ids: $i) { id } }", json!({ "i": ["a", "b", "c"] })),
        Ok(1 + 3)
    );
}

#[test]
fn the_operation_asked_for_is_the_one_that_counts() {
    let document = "query A { value } query B { comment { id } } subscription C { approved { id } }";
    let chosen = |name: Option<&str>| admit(document, name, &Variables::default(), &Limits::default());
    assert_eq!(chosen(Some("B")).map(|a| (a.cost, a.operation)), Ok((2, OperationType::Query)));
    assert_eq!(chosen(Some("C")).map(|a| a.operation), Ok(OperationType::Subscription));
    assert_eq!(chosen(Some("D")).map(|a| a.cost), Err(Refusal::UnknownOperation { name: "D".into() }));
    assert_eq!(chosen(None).map(|a| a.cost), Err(Refusal::UnnamedOperation { count: 3 }));
    assert_eq!(
        admit("{ value }", Some("A"), &Variables::default(), &Limits::default()).unwrap_err().code(),
        "OPERATION_NOT_FOUND"
    );
}

#[test]
fn text_of_every_kind_passes() {
    for query in [
        "\u{feff}{ value(text: \"naïve 🦉 {[(\\\"\\u00e9\") }",
        "{ value(text: \"\"\"\n  Ünï \\\"\"\" {{{ \" \"\"\") # ä {\r}",
        "query($t:String=\"\"){value(text:$t)}",
        "{value(number:-12,lists:[[1,2][]],order:OLDEST,filter:{any:[{text:null}]})}",
        "query truthful { nullable: value }",
        "{ comment { ...on Comment @include(if: true) { id } ... { body } __typename } }",
    ] {
        let response = answer(query, json!({}));
        assert!(response.errors.is_empty(), "{query}: {:?}", response.errors);
    }
}

#[test]
fn the_deepest_that_passes_is_answered_on_a_small_stack() {
    let depth = 20;
    let deepest = "parent { ".repeat(depth - 2) + "id" + &" }".repeat(depth - 2);
    let response = answer(format!("{{ comment {{ {deepest} }} }}"), json!({}));
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    let literal = "{any:[".repeat(15) + "{text:\"a\"}" + &"]}".repeat(15);
    let mut query = format!("{{ value(filter: {literal}) }}");
    assert_eq!(code_of(query.clone()), "NESTED_TOO_DEEPLY");
    query = query.replacen("{any:[", "", 2).replacen("]}", "", 2);
    let response = answer(query, json!({}));
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    // And the ceiling that a configuration can't lift.
    on_small_stack(|| {
        let unlimited = Limits { nesting: u64::MAX, depth: u64::MAX, ..Limits::default() };
        let variables = Variables::default();
        for (open, inside, close) in
            [("... { ", "value", " }"), ("parent { ", "id", " }"), ("a(b: [", "", "])")]
        {
            let nested = |n: usize| match open {
                "a(b: [" => format!("{{ a(b: {}{}) }}", "[".repeat(n - 2), "]".repeat(n - 2)),
                _ => format!("{{ {} {inside} {} }}", open.repeat(n - 1), close.repeat(n - 1)),
            };
            assert_eq!(
                admit(&nested(65), None, &variables, &unlimited).unwrap_err().code(),
                "NESTED_TOO_DEEPLY"
            );
            execute(admit(&nested(64), None, &variables, &unlimited).unwrap(), Variables::default());
        }
    });
}

#[test]
fn a_refusal_tells_the_caller_what_to_do() {
    let refusal = ask(&format!("{{ comment {{ {} }} }}", "a: id ".repeat(70))).map(|_| ()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "This request has 70 aliases once fragments are expanded; the limit is 64. Ask for lists of things with one field."
    );
    let error = serde_json::to_value(async_graphql::ServerError::from(refusal)).unwrap();
    assert_eq!(error["extensions"], json!({ "code": "TOO_MANY_ALIASES", "limit": 64, "sent": 70 }));
    let refusal = ask("{ comment { id }").map(|_| ()).unwrap_err();
    let error = serde_json::to_value(async_graphql::ServerError::from(refusal)).unwrap();
    assert_eq!(error["extensions"]["code"], "GRAPHQL_PARSE_FAILED");
    assert_eq!(error["locations"], json!([{ "line": 1, "column": 17 }]));
}
