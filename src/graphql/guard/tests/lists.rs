//! Lists without pages, and what is executed for each event, before the service's own schema and the contract.

use std::collections::BTreeSet;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, TypeKind, TypeSystemDefinition};
use serde_json::json;

use super::*;
use crate::graphql::guard::unpaged;

/// The lists that count for one, each with what bounds it.
const SMALL: [(&str, &str); 15] = [
    ("edges", "the rows of a page, which the field around it counts"),
    ("nodes", "the rows of a page, or as many as `ids` names"),
    ("keyPoints", "20"),
    ("tags", "20 words"),
    ("reactions", "one for each kind"),
    ("viewerReactions", "one word for each kind"),
    ("heldBecause", "one for each rule"),
    ("rules", "one for each rule and outcome"),
    ("outcomes", "one for each outcome"),
    ("ownRules", "one word for each rule"),
    ("allowed", "1,000 words"),
    ("denied", "1,000 words"),
    ("userErrors", "one for each input field"),
    ("field", "the levels of an input"),
    ("queues", "one for each queue"),
];

#[test]
fn a_list_is_paged_or_in_the_table_or_small() {
    let sdl = crate::graphql::sdl();
    let mut seen = BTreeSet::new();
    for definition in parse_schema(&sdl).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let definition = definition.node;
        let fields = match definition.kind {
            TypeKind::Object(object) => object.fields,
            TypeKind::Interface(interface) => interface.fields,
            TypeKind::Scalar | TypeKind::Union(_) | TypeKind::Enum(_) | TypeKind::InputObject(_) => continue,
        };
        for field in fields {
            if matches!(field.node.ty.node.base, BaseType::List(_)) {
                let name = field.node.name.node.to_string();
                let known = unpaged::rows(&name) > 1 || SMALL.iter().any(|(small, _)| *small == name);
                assert!(known, "{}.{name} is a list that nothing bounds", definition.name.node);
                seen.insert(name);
            }
        }
    }
    for (name, _) in unpaged::LISTS {
        assert!(seen.contains(name), "the schema has no list {name} any more");
    }
}

/// The contract's operation with its fragment, under the default limits.
fn contract(operation: &str, variables: serde_json::Value) -> Result<u64, &'static str> {
    let text = include_str!("../../../../tests/it/operations.graphql");
    admit(text, Some(operation), &Variables::from_json(variables), &Limits::default())
        .map(|admitted| admitted.cost)
        .map_err(|refusal| refusal.code())
}

#[test]
fn the_contract_passes_in_pages_of_any_size() {
    for operation in ["Article", "Thread", "ModerationQueue", "ArticleEventsSince", "Viewer"] {
        let cost = contract(operation, json!({ "first": 100 }));
        assert!(cost.is_ok(), "{operation}: {cost:?}");
    }
    for operation in ["CommentApproved", "ArticleEvents", "ModerationEvents"] {
        let cost = contract(operation, json!({}));
        assert!(cost.is_ok_and(|cost| cost < 500), "{operation}: {cost:?}");
    }
}

#[test]
fn lists_without_pages_cost_their_rows() {
    assert_eq!(code_of("{ comment { ancestors { id depth author { id } } } }"), "admitted");
    assert_eq!(code_of("{ comment { replies(first: 50) { nodes { ancestors { id } } } } }"), "admitted");
    assert_eq!(code_of("{ comment { ancestors { ancestors { id } } } }"), "TOO_COSTLY");
    let hidden = "{ comment { ...A } } fragment A on Comment { ancestors { ...B } } fragment B on Comment { x: ancestors { id } }";
    assert_eq!(code_of(hidden), "TOO_COSTLY");
    assert_eq!(code_of("{ comment { ancestors(first: 1) { ancestors(first: 1) { id } } } }"), "TOO_COSTLY");
    let histories =
        "{ comment { replies(first: 100) { nodes { replies(first: 20) { nodes { history { at } } } } } } }";
    assert_eq!(code_of(histories), "TOO_COSTLY");
}

#[test]
fn what_is_executed_for_each_event_is_small() {
    let page = |first: u32| {
        format!(
            "approved {{ replies(first: {first}) {{ nodes {{ replies(first: 20) {{ nodes {{ id body }} }} }} }} }}"
        )
    };
    assert_eq!(code_of(format!("{{ {} }}", page(50))), "admitted");
    assert_eq!(code_of(format!("subscription {{ {} }}", page(50))), "TOO_COSTLY");
    assert_eq!(code_of(format!("subscription {{ {} }}", page(20))), "admitted");
    let refused = refusal(&format!("subscription {{ {} }}", page(100)), &limits()).to_string();
    assert!(refused.contains("points of cost for each event; the limit is 2000."), "{refused}");
}
