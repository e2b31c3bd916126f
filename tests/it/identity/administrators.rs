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

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn who_can_not_come_back_is_no_administrator(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let (ada, gus, ben) =
        (world.person("ADMIN", "Ada").await, world.guest("Gus").await, world.guest("Ben").await);
    let listed = world.store.command(&["user", "list"]).await.stdout;
    for line in listed.lines().filter(|line| line.ends_with("Moderator")) {
        let id = line.split_whitespace().next().unwrap();
        world.store.command(&["user", "delete", "--id", id, "--yes"]).await;
    }
    let id = async |who: &Actor| look(who).await.text("/viewer/id").to_owned();
    let (gone, guest, only) = (id(&gus).await, id(&ben).await, id(&ada).await);
    gus.raw(DELETE, json!({ "input": { "confirm": "Gus" } })).await.data("/accountDelete/erasedAll");

    let to_admin = |id: &str| json!({ "input": { "userId": id, "role": "ADMIN" } });
    assert_eq!(ada.raw(SET_ROLE, to_admin(&gone)).await.code(), "NOT_FOUND");
    for command in [
        &["user", "role", "--id", &gone, "--role", "ADMIN"][..],
        &["user", "password", "--id", &gone, "--password-stdin"],
    ] {
        let ended = world.store.command_told(command, "a ferry at night, twice").await;
        assert!(!ended.status.success() && ended.stderr.contains("has no account"), "{}", ended.stderr);
    }
    // A guest may be one, for as long as their token lasts: nobody can count on that.
    assert!(ada.raw(SET_ROLE, to_admin(&guest)).await.user_errors().is_empty());
    let last = world.store.command(&["user", "delete", "--id", &only, "--yes"]).await;
    assert!(!last.status.success() && last.stderr.contains("the only administrator"), "{}", last.stderr);
    let refused = ada.raw(DELETE, json!({ "input": { "confirm": "Ada" } })).await;
    assert_eq!(refused.user_errors()[0].code, "LAST_ADMIN", "{refused}");
    world.check().await;
}
