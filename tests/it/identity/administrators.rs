//! Somebody is always left who may administer.

use rstest::rstest;
use serde_json::json;

use super::look;
use crate::support::client::{Actor, Answer};
use crate::support::world::{Backend, World};

const DELETE: &str = "mutation($input: AccountDeleteInput!) { accountDelete(input: $input) { erasedAll userErrors { code message field } } }";
const SET_ROLE: &str = "mutation($input: UserRoleSetInput!) {
    userRoleSet(input: $input) { user { id role } userErrors { code message field } } }";

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn there_is_always_an_administrator(#[values(Backend::Embedded, Backend::Scaled)] backend: Backend) {
    let world = World::start(backend).await;
    let (ada, bea) = (world.person("ADMIN", "Ada").await, world.person("ADMIN", "Bea").await);
    let bea_there = bea.at(world.node(1).url());
    // The account of the link that a first start prints is one, too.
    let listed = world.store.command(&["user", "list"]).await.stdout;
    for line in listed.lines().filter(|line| line.ends_with("Moderator")) {
        let id = line.split_whitespace().next().unwrap();
        let gone = world.store.command(&["user", "delete", "--id", id, "--yes"]).await;
        assert!(gone.status.success(), "{listed}{}", gone.stderr);
    }
    // Both at once, at two nodes: one of them stays.
    let delete =
        async |who: &Actor, name: &str| who.raw(DELETE, json!({ "input": { "confirm": name } })).await;
    let (first, second) = tokio::join!(delete(&ada, "Ada"), delete(&bea_there, "Bea"));
    let (left, name) = match (first.user_errors().is_empty(), second.user_errors().is_empty()) {
        (true, false) => (&bea, "Bea"),
        (false, true) => (&ada, "Ada"),
        _ => panic!("one of two\n{first}\n{second}"),
    };
    let refused = delete(left, name).await;
    let error = &refused.user_errors()[0];
    assert_eq!(error.code, "LAST_ADMIN", "{refused}");
    assert!(error.message.contains("talkback user role"), "it says what to do: {refused}");
    let id = look(left).await.text("/viewer/id").to_owned();
    for command in
        [&["user", "delete", "--id", &id, "--yes"][..], &["user", "role", "--id", &id, "--role", "READER"]]
    {
        let ended = world.store.command(command).await;
        assert!(!ended.status.success(), "{}", ended.stdout);
        assert!(ended.stderr.contains("the only administrator"), "{}", ended.stderr);
    }
    assert_eq!(look(left).await.text("/viewer/role"), "ADMIN");

    // Two who take the role from each other at once: one of them keeps it.
    let cleo = world.person("ADMIN", "Cleo").await.at(world.node(1).url());
    let cleo_id = look(&cleo).await.text("/viewer/id").to_owned();
    let to_reader = |id: &str| json!({ "input": { "userId": id, "role": "READER" } });
    let (first, second) =
        tokio::join!(left.raw(SET_ROLE, to_reader(&cleo_id)), cleo.raw(SET_ROLE, to_reader(&id)));
    let is_done = |answer: &Answer| answer.errors().is_empty() && answer.user_errors().is_empty();
    assert!(is_done(&first) != is_done(&second), "one of two\n{first}\n{second}");
    let (keeper, name) = if is_done(&first) { (left, name) } else { (&cleo, "Cleo") };

    // With a successor they may go.
    world.person("ADMIN", "Dora").await;
    let gone = delete(keeper, name).await;
    assert_eq!(gone.data("/accountDelete/erasedAll"), true, "{gone}");
    world.check().await;
}
