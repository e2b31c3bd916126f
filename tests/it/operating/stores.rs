//! Commands about a store that is not there, or not where they were told.

use crate::support::node::Store;
use crate::support::reaper;
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_command_about_a_store_that_is_not_there_says_so_and_makes_none() {
    let data_dir = reaper::directory("mistyped").join("dta");
    let store = Store { data_dir: data_dir.clone(), database_url: None, redis_url: None };
    let copy = data_dir.with_file_name("copy.db");
    for arguments in [
        &["check"][..],
        &["backup", copy.to_str().unwrap()],
        &["sign-in"],
        &["token", "--role", "EDITOR", "--name", "Ana"],
        &["user", "list"],
    ] {
        let ended = store.command(arguments).await;
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {}", ended.stdout);
        assert!(ended.stderr.contains("there is no store at"), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stdout.is_empty() && !copy.exists(), "{arguments:?}");
        assert_eq!(std::fs::read_dir(&data_dir).unwrap().count(), 0, "{arguments:?} made something");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_is_no_store_and_stays_empty() {
    let world = World::scaled(1).await;
    let (server, name) = world.store.database_url.as_deref().unwrap().rsplit_once('/').unwrap();
    let nowhere = Store { database_url: Some(format!("{server}/{name}_mistyped")), ..world.store.clone() };
    let ended = nowhere.command(&["check"]).await;
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stdout);
    assert!(ended.stderr.contains("does not exist") && !ended.stderr.contains("line"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_link_leads_to_the_server_that_runs() {
    let world = World::embedded().await;
    let ended = world.store.command(&["sign-in"]).await;
    let (link, _) = ended.stdout.split_once("/sign-in?code=").expect("a link");
    assert_eq!(link, world.node(0).url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_can_see_is_refused() {
    let world = World::embedded().await;
    for name in ["", "  ", "\u{200b}", &"x".repeat(500)] {
        let ended = world.store.command(&["token", "--role", "MODERATOR", "--name", name]).await;
        assert_eq!(ended.status.code(), Some(2), "{name:?}: {}", ended.stdout);
        assert!(ended.stderr.contains("a name has 1 to 60 characters"), "{}", ended.stderr);
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_made_for_its_owner_alone_and_one_that_all_can_read_is_remarked_on() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::embedded().await;
    world.open_article("last-keeper").await;
    let directory = &world.store.data_dir;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let mut seen = Vec::new();
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("talkback.db") || name == "signing.key" {
            assert_eq!(mode(&path), 0o600, "{name}");
            seen.push(name);
        }
    }
    assert!(seen.len() >= 3, "the store, its log, and the key: {seen:?}");
    world.node(0).terminate().await;
    for name in ["talkback.db", "signing.key"] {
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(directory.join(name), open).unwrap();
    }
    world.node(0).start_again().await;
    world.node(0).logs("can read the store").await;
    world.node(0).logs("can read the signing key").await;
}
