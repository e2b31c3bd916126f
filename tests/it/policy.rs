//! Who may do what, as one table, over HTTP: every mutation of the schema with the least role that it needs. Another
//! mutation is not forgotten here: the table and the schema must name the same ones.

use rstest::rstest;
use serde_json::{Map, Value, json};
use talkback::domain::ids::opaque;

use crate::support::client::{Actor, Answer};
use crate::support::world::{Backend, World};

/// Whoever may, from the least on.
const ROLES: [&str; 5] = ["ANONYMOUS", "READER", "MODERATOR", "EDITOR", "ADMIN"];

const MUTATIONS: &[(&str, &str)] = &[
    ("sessionStartGuest", "ANONYMOUS"),
    ("sessionStartPassword", "ANONYMOUS"),
    ("commentSubmit", "READER"),
    ("commentEdit", "READER"),
    ("commentDelete", "READER"),
    ("commentReact", "READER"),
    ("commentReport", "READER"),
    ("accountExport", "ADMIN"), // of somebody else, as userId says
    ("accountDelete", "ADMIN"), // likewise
    ("commentApprove", "MODERATOR"),
    ("commentReject", "MODERATOR"),
    ("commentMarkSpam", "MODERATOR"),
    ("commentRequeue", "MODERATOR"),
    ("commentClaim", "MODERATOR"),
    ("commentsModerate", "MODERATOR"),
    ("moderationUndo", "MODERATOR"),
    ("userSanction", "MODERATOR"),
    ("articlePublish", "EDITOR"),
    ("commentingSet", "EDITOR"),
    ("moderationRulesSet", "ADMIN"),
    ("userRoleSet", "ADMIN"),
    ("sessionsEnd", "ADMIN"), // of somebody else
    ("sessionEnd", "READER"), // last: it ends the session that it comes by
];

const SCHEMA: &str = "{ __schema { mutationType { fields { name args { name type { ...T } } } }
    types { name kind enumValues { name } inputFields { name type { ...T } } } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// The least value of an input type that the schema takes, with ids that name nothing.
fn least(types: &[Value], of: &Value, field: &str) -> Value {
    let name = of["name"].as_str().unwrap_or_default();
    match of["kind"].as_str().unwrap() {
        "NON_NULL" => least(types, &of["ofType"], field),
        "LIST" => json!([least(types, &of["ofType"], field)]),
        "ENUM" => named(types, name)["enumValues"][0]["name"].clone(),
        "INPUT_OBJECT" => {
            let mut object = Map::new();
            for input in named(types, name)["inputFields"].as_array().unwrap() {
                let field = input["name"].as_str().unwrap();
                // What need not be there is left out; but not whom it is about: that is what is asked.
                if input["type"]["kind"] == "NON_NULL" || field == "userId" {
                    object.insert(field.to_owned(), least(types, &input["type"], field));
                }
            }
            Value::Object(object)
        }
        _ => match name {
            "ID" => {
                let kind = match field {
                    "userId" => b'U',
                    "articleId" => b'A',
                    "actionId" => b'M',
                    _ => b'C',
                };
                json!(opaque(kind, uuid::Uuid::max()))
            }
            "Int" => json!(1),
            "Float" => json!(1.0),
            "Boolean" => json!(true),
            "DateTime" => json!("2030-01-01T00:00:00Z"),
            _ => json!("policy"),
        },
    }
}

fn named<'a>(types: &'a [Value], name: &str) -> &'a Value {
    types.iter().find(|it| it["name"] == name).unwrap()
}

/// Why the whole request was refused, if it was for who asks.
fn denied(answer: &Answer) -> Option<&str> {
    let code = answer.errors().first()?.pointer("/extensions/code")?.as_str()?;
    Some(code).filter(|code| ["UNAUTHENTICATED", "FORBIDDEN"].contains(code))
}

async fn actors(world: &World) -> [Actor; 5] {
    [
        world.anyone(),
        world.guest("Ana").await,
        world.moderator().await,
        world.editor().await,
        world.admin().await,
    ]
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn every_mutation_is_for_those_that_the_table_says(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let actors = actors(&world).await;
    let schema = world.anyone().raw(SCHEMA, json!({})).await;
    let types = schema.list("/__schema/types");
    let fields = schema.list("/__schema/mutationType/fields");
    let mut offered: Vec<&str> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
    let mut tabled: Vec<&str> = MUTATIONS.iter().map(|(name, _)| *name).collect();
    offered.sort_unstable();
    tabled.sort_unstable();
    assert_eq!(tabled, offered, "the table names every mutation, and no other");
    for (mutation, least_role) in MUTATIONS {
        let field = fields.iter().find(|field| field["name"] == *mutation).unwrap();
        let input = field["args"].get(0).map(|argument| least(types, &argument["type"], "input"));
        let from = ROLES.iter().position(|role| role == least_role).unwrap();
        let kind = field["args"].get(0).map(|argument| match argument["type"]["kind"].as_str() {
            Some("NON_NULL") => format!("{}!", argument["type"]["ofType"]["name"].as_str().unwrap()),
            _ => argument["type"]["name"].as_str().unwrap().to_owned(),
        });
        let query = match kind {
            Some(kind) => {
                format!("mutation($input: {kind}) {{ {mutation}(input: $input) {{ __typename }} }}")
            }
            None => format!("mutation {{ {mutation} {{ __typename }} }}"),
        };
        for (place, actor) in actors.iter().enumerate() {
            let answer = actor.raw(&query, json!({ "input": input })).await;
            let expected = match (place < from, place) {
                (false, _) => None,
                (true, 0) => Some("UNAUTHENTICATED"),
                (true, _) => Some("FORBIDDEN"),
            };
            assert_eq!(denied(&answer), expected, "{} {mutation}\n{answer}", ROLES[place]);
        }
    }
    world.check().await;
}
