//! A sanction and what its person is sending in at the same time: whatever is acknowledged holds, and nothing is lost.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::{Actor, Answer};
use crate::support::newsroom::{Published, words};
use crate::support::world::{Backend, World};

const SANCTION: &str = "mutation($input: UserSanctionInput!) { userSanction(input: $input) {
    actionId rejectedCount rejectedAll userErrors { code message } } }";
const EVENTS: &str = "query($id: ID!) { articleEvents(articleId: $id, first: 100) { nodes { __typename
    ... on CommentPublished { comment { id } } ... on CommentRemoved { commentId } } pageInfo { hasNextPage } } }";

/// Writers of one person at a time, and what each sends in before it stops, if nobody stops it.
const WRITERS: usize = 6;
const EACH: usize = 25;

/// What came of one submission, and whether it was sent after the sanction had been acknowledged.
struct Sent {
    answer: Answer,
    is_after: bool,
}

async fn submit(who: &Actor, article: &Published, mark: &str) -> Answer {
    let input = json!({ "articleId": article.id, "body": words(mark) });
    who.run("CommentSubmit", json!({ "input": input })).await
}

/// One person writes at every node while a moderator imposes a sanction; they go on until they have written once after it
/// was acknowledged.
async fn race(world: &World, article: &Published, who: &Actor, order: Value) -> (Vec<Sent>, Answer) {
    let mo = world.person("MODERATOR", "Mo").await.at(world.node(1).url());
    let (acknowledged, begun) = (AtomicBool::new(false), tokio::sync::Semaphore::new(0));
    let write = async |writer: usize| {
        let who = who.at(world.node(writer).url());
        let mut sent = Vec::new();
        for number in 0..EACH {
            let is_after = acknowledged.load(Ordering::SeqCst);
            let answer = submit(&who, article, &format!("writer {writer}, number {number}")).await;
            begun.add_permits(1);
            sent.push(Sent { answer, is_after });
            if is_after {
                break;
            }
        }
        sent
    };
    let impose = async {
        // In the middle: some have been answered, and more are on their way.
        let _some = begun.acquire_many(WRITERS as u32 * 2).await.unwrap();
        let answer = mo.raw(SANCTION, json!({ "input": order })).await;
        assert!(answer.user_errors().is_empty(), "{answer}");
        acknowledged.store(true, Ordering::SeqCst);
        answer
    };
    let (sent, sanctioned) = tokio::join!(join_all((0..WRITERS).map(write)), impose);
    (sent.into_iter().flatten().collect(), sanctioned)
}

async fn id_of(who: &Actor) -> Value {
    who.run("Viewer", json!({})).await.data("/viewer/id").clone()
}

/// The statuses of what they wrote, as moderators count it.
async fn counts(world: &World, id: &Value) -> Value {
    let mo = world.moderator().await;
    let record = mo.run("UserRecord", json!({ "id": id, "first": 1 })).await;
    record.data("/user/record/commentCounts").clone()
}

fn code(answer: &Answer) -> Option<String> {
    answer.user_errors().first().map(|error| error.code.clone())
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn after_a_ban_nothing_of_theirs_is_published_and_what_was_taken_is_accounted_for(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    let id = id_of(&ana).await;
    let order = json!({ "userId": id, "kind": "BAN", "reason": "Enough.", "rejectAllComments": true });
    let (sent, banned) = race(&world, &article, &ana, order).await;

    let taken = sent.iter().filter(|sent| code(&sent.answer).is_none()).count();
    assert!(sent.iter().any(|sent| sent.is_after), "somebody wrote after the ban");
    for Sent { answer, is_after } in &sent {
        match code(answer).as_deref() {
            None => assert!(!is_after, "taken after the ban was acknowledged: {answer}"),
            Some("BANNED") => {}
            Some(_) => panic!("{answer}"),
        }
    }
    let rejected = banned.number("/userSanction/rejectedCount");
    assert_eq!(banned.data("/userSanction/rejectedAll"), true);
    assert_eq!(rejected, taken as i64, "each that was taken was refused with the ban, none was lost");
    let now = counts(&world, &id).await;
    assert_eq!((&now["total"], &now["rejected"]), (&json!(taken), &json!(taken)), "{now}");
    let read = world.anyone().read(&article).await;
    assert_eq!((&read["commentCount"], &read["comments"]["totalCount"]), (&json!(0), &json!(0)));
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn once_they_are_read_first_nothing_shows_by_itself_and_nothing_is_refused(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    let id = id_of(&ana).await;
    let (sent, _) = race(&world, &article, &ana, json!({ "userId": id, "kind": "PREMODERATE" })).await;

    let (mut shown, mut held) = (0, 0);
    for Sent { answer, is_after } in &sent {
        assert_eq!(code(answer), None, "all are taken: {answer}");
        match answer.text("/commentSubmit/comment/status") {
            "APPROVED" => {
                assert!(!is_after, "published after the sanction was acknowledged: {answer}");
                shown += 1;
            }
            "PENDING" => held += 1,
            _ => panic!("{answer}"),
        }
    }
    assert!(shown > 0 && held > 0, "it was in the middle: {shown} shown, {held} held");
    let now = counts(&world, &id).await;
    assert_eq!((&now["total"], &now["approved"]), (&json!(sent.len()), &json!(shown)), "{now}");
    assert_eq!(now["pending"], held, "{now}");
    // The feed says the same: each that shows was published once, and none was taken away again.
    let events = world.anyone().raw(EVENTS, json!({ "id": article.id })).await;
    let kinds =
        events.list("/articleEvents/nodes").iter().filter(|node| node["__typename"] == "CommentPublished");
    if events.data("/articleEvents/pageInfo/hasNextPage") == false {
        assert_eq!(kinds.count(), shown);
    }
    assert_eq!(world.anyone().read(&article).await["commentCount"], shown);
    world.check().await;
}
