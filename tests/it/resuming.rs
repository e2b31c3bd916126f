//! A node is killed in the middle of what takes many transactions. Once it, or another, is there again, that is brought to
//! its end: each comment is dealt with once, and readers are told once.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt};
use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use talkback::clock::Clock;

use crate::support::client::Actor;
use crate::support::follower::{Follower, Transport};
use crate::support::newsroom::{Published, text};
use crate::support::wait;
use crate::support::world::{Backend, World};

/// Several batches: each is a transaction of a hundred.
const COMMENTS: usize = 450;

const SANCTION: &str =
    "mutation($input: UserSanctionInput!) { userSanction(input: $input) { actionId userErrors { code } } }";
const DELETE: &str =
    "mutation($input: AccountDeleteInput!) { accountDelete(input: $input) { userId userErrors { code } } }";
const ACTION: &str = "query($id: ID!) { node(id: $id) { ... on ModerationAction { kind finishedAt changes(first: 1) { totalCount } } } }";
const HISTORY: &str = "query($id: ID!) { comment(id: $id) { status history { action actionId } } }";

/// An article with many comments of one person, and a follower of it at the second node.
struct Scene {
    world: World,
    ana: Actor,
    id: Value,
    article: Published,
    follower: Follower,
    has_resumed: bool,
}

impl Scene {
    async fn set(backend: Backend) -> Self {
        let world = World::start(backend).await;
        let article = world.open_article("open").await;
        let ana = world.guest("Ana").await;
        let id = ana.run("Viewer", json!({})).await.data("/viewer/id").clone();
        let said: Vec<Value> = stream::iter(0..COMMENTS)
            .map(async |number| ana.comment(&article, None, &format!("number {number}")).await)
            .buffer_unordered(8)
            .collect()
            .await;
        assert!(said.iter().all(|comment| comment["status"] == "APPROVED"));
        let cursor = world.anyone().read(&article).await["feedCursor"].clone();
        let variables = json!({ "articleId": article.id, "after": cursor });
        let there = world.anyone().at(world.node(1).url());
        let follower = Follower::open(Transport::WebSocket, &there, "ArticleEvents", variables).await;
        Self { world, ana, id, article, follower, has_resumed: false }
    }

    /// How many comments of theirs stand where.
    async fn counts(&self, mo: &Actor) -> Value {
        let record = mo.run("UserRecord", json!({ "id": self.id, "first": 1 })).await;
        record.data("/user/record/commentCounts").clone()
    }

    /// Kills the first node as soon as readers see the first comment go, and starts it again when it is clear that nobody
    /// is at it any more. Answers the action's id, and the comments that went before the end.
    async fn kill_in_the_middle(&mut self, mo: &Actor, gone: &str) -> (Value, HashSet<String>) {
        let mut removed = HashSet::new();
        removed.insert(self.next_removed().await);
        self.world.node(0).kill().await;
        let behind = self.world.store.look_inside().await;
        // As if a minute had passed: the others take what is younger to be still in somebody's hands.
        let sql = "UPDATE moderation_action SET at = $1 WHERE finished_at IS NULL";
        let earlier = Clock::system().now() - chrono::Duration::minutes(1);
        let moved = Statement::from_sql_and_values(behind.get_database_backend(), sql, [earlier.into()]);
        let moved = behind.execute_raw(moved).await.unwrap();
        assert_eq!(moved.rows_affected(), 1, "it was cut short");
        self.world.node(0).start_again().await;
        let comment = removed.iter().next().unwrap().clone();
        let history = mo.raw(HISTORY, json!({ "id": comment })).await;
        let lines = history.list("/comment/history");
        assert_eq!((&lines[1]["action"], history.text("/comment/status")), (&json!(gone), gone));
        (lines[1]["actionId"].clone(), removed)
    }

    async fn next_removed(&mut self) -> String {
        loop {
            let payload = match self.follower.try_next().await {
                Ok(payload) => payload,
                // Its own node was the one that was killed: that happens once.
                Err(ending) => {
                    assert!(!std::mem::replace(&mut self.has_resumed, true), "{ending:?}\n{}", self.follower);
                    self.follower.resume().await;
                    continue;
                }
            };
            let event = &payload["data"]["articleEvents"]["event"];
            if event["__typename"] == "CommentRemoved" {
                return text(event, "commentId").to_owned();
            }
        }
    }

    /// Follows until all have gone: each once.
    async fn see_the_rest_go(&mut self, mut removed: HashSet<String>) {
        while removed.len() < COMMENTS {
            assert!(removed.insert(self.next_removed().await), "gone twice\n{}", self.follower);
        }
    }

    async fn assert_finished(&self, mo: &Actor, action: &Value, kind: &str) {
        let read = async || mo.raw(ACTION, json!({ "id": action })).await;
        let finished = wait::eventually(wait::deadline(), "the action to be finished", async || {
            let answer = read().await;
            if answer.data("/node/finishedAt").is_null() { Err(answer.to_string()) } else { Ok(answer) }
        })
        .await;
        assert_eq!(finished.text("/node/kind"), kind);
        assert_eq!(finished.number("/node/changes/totalCount"), COMMENTS as i64, "{finished}");
        assert_eq!(self.world.anyone().read(&self.article).await["commentCount"], 0);
        self.world.check().await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn refusing_all_that_somebody_wrote_goes_on_after_a_kill(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let mut scene = Scene::set(backend).await;
    let mo = scene.world.moderator().await;
    let order = json!({ "userId": scene.id, "kind": "BAN", "reason": "Enough.", "rejectAllComments": true });
    let ban = tokio::spawn({
        let mo = mo.clone();
        async move {
            mo.try_send(crate::support::operations::Operation::raw(SANCTION, json!({ "input": order }))).await
        }
    });
    let (action, removed) = scene.kill_in_the_middle(&mo, "REJECTED").await;
    assert!(ban.await.unwrap().is_err(), "the node was gone before it could answer");
    scene.see_the_rest_go(removed).await;
    scene.assert_finished(&mo, &action, "REJECT_ALL").await;
    let counts = scene.counts(&mo).await;
    assert_eq!((&counts["rejected"], &counts["total"]), (&json!(COMMENTS), &json!(COMMENTS)), "{counts}");
    // The ban itself was in the first transaction.
    let input =
        json!({ "articleId": scene.article.id, "body": crate::support::newsroom::words("once more") });
    let refused = scene.ana.run("CommentSubmit", json!({ "input": input })).await;
    assert_eq!(refused.user_errors()[0].code, "BANNED");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_deletion_of_an_account_goes_on_after_a_kill(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let mut scene = Scene::set(backend).await;
    let mo = scene.world.moderator().await;
    let deletion = tokio::spawn({
        let ana = scene.ana.clone();
        let input = json!({ "input": { "confirm": "Ana" } });
        async move { ana.try_send(crate::support::operations::Operation::raw(DELETE, input)).await }
    });
    let (action, removed) = scene.kill_in_the_middle(&mo, "DELETED").await;
    assert!(deletion.await.unwrap().is_err(), "the node was gone before it could answer");
    // Whoever it was is gone already, and the words go on going.
    let refused = scene.ana.run("Viewer", json!({})).await;
    assert_eq!((refused.status, &refused.errors()[0]["extensions"]["reason"]), (401, &json!("ACCOUNT_GONE")));
    scene.see_the_rest_go(removed).await;
    scene.assert_finished(&mo, &action, "ERASE").await;
    let counts = scene.counts(&mo).await;
    assert_eq!((&counts["deleted"], &counts["total"]), (&json!(COMMENTS), &json!(COMMENTS)), "{counts}");
}
