//! Sessions end when somebody ends them: at once here, soon everywhere, and on open connections too.

use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::{assert_refused, assert_shown_out, felt, follow, look};
use crate::support::follower::{Ending, Follower, Transport};
use crate::support::operations::Operation;
use crate::support::world::{Backend, World};

const END: &str = "mutation { sessionEnd { ended userErrors { code } } }";
const END_ALL: &str = "mutation($input: SessionsEndInput) { sessionsEnd(input: $input) { user { id displayName } userErrors { code } } }";
const SET_ROLE: &str = "mutation($input: UserRoleSetInput!) {
    userRoleSet(input: $input) { user { id role } userErrors { code message field } } }";

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_this_session_and_no_other(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("story").await;
    let mo = world.moderator().await;
    let mo_elsewhere = world.moderator().await;
    assert_eq!(
        look(&mo).await.data("/viewer/id"),
        look(&mo_elsewhere).await.data("/viewer/id"),
        "one person"
    );
    let there = mo.at(world.node(1).url());
    look(&there).await.data("/viewer/id");
    let (here_open, there_open) = (follow(&mo, &article).await, follow(&there, &article).await);
    let mut others = follow(&mo_elsewhere, &article).await;

    assert_eq!(mo.raw(END, json!({})).await.data("/sessionEnd/ended"), true);
    assert_refused(&look(&mo).await, "SESSION_ENDED");
    assert_shown_out(here_open, "Session ended", Some("SESSION_ENDED")).await;
    felt(&there, "the other node to refuse the token", |answer| answer.status == 401).await;
    assert_shown_out(there_open, "Session ended", Some("SESSION_ENDED")).await;

    // Her other session goes on, and so do its connections.
    assert_eq!(look(&mo_elsewhere).await.text("/viewer/displayName"), "Mo Derator");
    world.guest("Ana").await.comment(&article, None, "still here").await;
    for follower in &mut others {
        assert!(follower.next_payload().await["data"]["commentApproved"]["comment"].is_object());
    }
    assert_eq!(world.anyone().raw(END, json!({})).await.code(), "UNAUTHENTICATED", "nobody has no session");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn signing_out_everywhere_ends_all_that_came_before(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("story").await;
    let (one, two) = (world.moderator().await, world.moderator().await.at(world.node(1).url()));
    let open = follow(&two, &article).await;
    assert_eq!(one.raw(END_ALL, json!({})).await.text("/sessionsEnd/user/displayName"), "Mo Derator");
    assert_refused(&look(&one).await, "SESSION_ENDED");
    assert_shown_out(open, "Session ended", Some("SESSION_ENDED")).await;
    felt(&two, "the other node to refuse the token", |answer| answer.status == 401).await;
    let fresh = world.moderator().await;
    assert_eq!(look(&fresh).await.text("/viewer/displayName"), "Mo Derator", "a new session is a new one");

    // Somebody else's: administrators may, others may not.
    let ana = world.guest("Ana").await;
    let ana_id = look(&ana).await.text("/viewer/id").to_owned();
    let hers = json!({ "input": { "userId": ana_id } });
    assert_eq!(fresh.raw(END_ALL, hers.clone()).await.code(), "FORBIDDEN");
    look(&ana).await.data("/viewer/id");
    let admin = world.admin().await;
    assert_eq!(admin.raw(END_ALL, hers).await.text("/sessionsEnd/user/displayName"), "Ana");
    assert_refused(&look(&ana).await, "SESSION_ENDED");
    let nobody = json!({ "input": { "userId": "VQAAAAAAAAAAAAAAAAAAAAA" } });
    assert_eq!(admin.raw(END_ALL, nobody).await.code(), "NOT_FOUND");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn another_role_holds_at_once_and_begun_streams_begin_anew(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("story").await;
    let (admin, mo) = (world.admin().await, world.moderator().await);
    let there = mo.at(world.node(1).url());
    let open = follow(&there, &article).await;
    let id = look(&mo).await.text("/viewer/id").to_owned();
    let to = |role: &str| json!({ "input": { "userId": id, "role": role } });
    assert_eq!(mo.raw(SET_ROLE, to("ADMIN")).await.code(), "FORBIDDEN", "nobody promotes themselves");

    assert_eq!(admin.raw(SET_ROLE, to("READER")).await.text("/userRoleSet/user/role"), "READER");
    assert_eq!(look(&mo).await.text("/viewer/role"), "READER", "the same token, another role");
    assert_eq!(mo.run("ModerationQueue", json!({ "queue": "PENDING" })).await.code(), "FORBIDDEN");
    assert_shown_out(open, "Role changed", None).await;
    felt(&there, "the other node to know the role", |answer| answer.text("/viewer/role") == "READER").await;

    let ended = world.store.command(&["user", "role", "--id", &id, "--role", "EDITOR"]).await;
    assert!(ended.status.success(), "{}", ended.stderr);
    felt(&there, "the node to hear of the command", |answer| answer.text("/viewer/role") == "EDITOR").await;

    let own = look(&admin).await.text("/viewer/id").to_owned();
    let demoted = json!({ "input": { "userId": own, "role": "READER" } });
    assert_eq!(admin.raw(SET_ROLE, demoted).await.user_errors()[0].code, "INVALID");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_queues_are_followed_no_longer_than_the_role_lasts(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
    #[values(Transport::WebSocket, Transport::Sse)] transport: Transport,
) {
    let world = World::start(backend).await;
    let article = world.article("story").await;
    let (admin, ana) = (world.admin().await, world.guest("Ana").await);
    // One loses the role by an administrator, one by the command line; both follow at another node.
    for by_command in [false, true] {
        let who = world.person("MODERATOR", if by_command { "Mia" } else { "Max" }).await;
        let there = who.at(world.node(1).url());
        let id = look(&who).await.text("/viewer/id").to_owned();
        let state = there.raw("{ moderationState { cursor } }", json!({})).await;
        let after = json!({ "after": state.data("/moderationState/cursor") });
        let mut follower = Follower::open(transport, &there, "ModerationEvents", after).await;
        let seen = ana.comment(&article, None, &format!("seen {by_command}")).await;
        let told = follower.collect_until(2).await;
        assert!(told[0].to_string().contains(seen["id"].as_str().unwrap()), "{told:?}");

        if by_command {
            let ended = world.store.command(&["user", "role", "--id", &id, "--role", "READER"]).await;
            assert!(ended.status.success(), "{}", ended.stderr);
        } else {
            let input = json!({ "input": { "userId": id, "role": "READER" } });
            assert!(admin.raw(SET_ROLE, input).await.user_errors().is_empty());
        }
        match (transport, follower.try_next().await) {
            (Transport::WebSocket, Err(Ending::Closed { code: Some(4403), reason })) => {
                assert!(reason.contains("Role changed"), "{reason}");
            }
            // The same token is good, so the client comes back, and is told then.
            (Transport::Sse, Err(Ending::Cut(_))) => {}
            (_, other) => panic!("{other:?} to whom the role was taken from, over {transport:?}"),
        }
        let after = follower.last_cursor().unwrap().to_owned();
        ana.comment(&article, None, &format!("not to be seen {by_command}")).await;
        let operation = Operation::named("ModerationEvents", json!({ "after": after }));
        let again = match Follower::try_open(transport, &there, operation).await {
            Ok(mut follower) => follower.try_next().await.map_err(|ending| format!("{ending:?}")),
            Err(ending) => Err(format!("{ending:?}")),
        };
        let refusal = again.map_or_else(|ending| ending, |payload| payload.to_string());
        assert!(refusal.contains("FORBIDDEN") && !refusal.contains("not to be seen"), "{refusal}");
    }
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_ends_tokens_from_the_command_line(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("story").await;
    let mo = world.moderator().await;
    let open = follow(&mo, &article).await;
    let ended = world.store.command(&["user", "sign-out", "--name", "mo derator"]).await;
    assert_eq!(ended.stdout.trim(), "Mo Derator is signed out everywhere.", "{}", ended.stderr);
    assert_shown_out(open, "Session ended", Some("SESSION_ENDED")).await;
    assert_refused(&look(&mo).await, "SESSION_ENDED");
    look(&world.moderator().await).await.data("/viewer/id");
    let ended = world.store.command(&["user", "sign-out", "--name", "Nobody"]).await;
    assert!(!ended.status.success() && ended.stderr.contains("no account named nobody"), "{}", ended.stderr);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_runs_out_is_shown_out(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("story").await;
    let mo = world.anyone().with_token(world.store.token_for("MODERATOR", "Mo", "4s").await);
    let open = follow(&mo, &article).await;
    assert_shown_out(open, "Token expired", Some("TOKEN_EXPIRED")).await;
    assert_refused(&look(&mo).await, "TOKEN_EXPIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_signing_key_ends_every_session() {
    let world = World::embedded().await;
    let mo = world.moderator().await;
    look(&mo).await.data("/viewer/id");
    let key = world.store.data_dir.join("signing.key");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&key).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "only its owner reads the key");
    world.node(0).terminate().await;
    std::fs::remove_file(&key).unwrap();
    world.node(0).start_again().await;
    assert_refused(&look(&mo).await, "TOKEN_INVALID");
    look(&world.moderator().await).await.data("/viewer/id");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_known_is_let_in_without_asking_the_store() {
    let world = World::embedded().await;
    let (mo, unknown) = (world.moderator().await, world.editor().await);
    look(&mo).await.data("/viewer/id");
    // With the table out of the way, only what is remembered can let anybody in.
    let inside = world.store.look_inside().await;
    inside.execute_unprepared("ALTER TABLE account RENAME TO elsewhere").await.unwrap();
    look(&mo).await.data("/viewer/id");
    let answer = look(&unknown).await;
    assert_eq!((answer.status, answer.code()), (500, "INTERNAL"), "a fault of ours is not the caller's");
    inside.execute_unprepared("ALTER TABLE elsewhere RENAME TO account").await.unwrap();
    look(&unknown).await.data("/viewer/id");
}
