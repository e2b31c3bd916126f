//! A store that is not the one that readers followed: a backup was restored, or a copy that lacked the last events took over.

use rstest::rstest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;

use crate::support::follower::{Ending, Follower, Transport};
use crate::support::newsroom::text;
use crate::support::world::{Backend, World};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_from_another_life_of_the_store_is_told_to_start_over(
    #[values(Transport::WebSocket, Transport::Sse)] transport: Transport,
) {
    let world = World::embedded().await;
    let article = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    ana.comment(&article, None, "kept").await;
    world.node(0).terminate().await;
    let backup = world.store.data_dir.join("talkback.db");
    let copy = std::fs::read(&backup).unwrap();
    world.node(0).start_again().await;
    let lost = ana.comment(&article, None, "lost").await;
    let ahead = world.anyone().read(&article).await["feedCursor"].clone();
    world.node(0).terminate().await;
    std::fs::write(&backup, copy).unwrap();
    world.node(0).start_again().await;
    // The same number as the lost event: only the cursor's time tells them apart.
    let other = ana.comment(&article, None, "instead").await;
    ana.comment(&article, None, "and on").await;

    let from = json!({ "articleId": article.id, "after": ahead });
    let mut events = Follower::open(transport, &world.anyone(), "ArticleEvents", from.clone()).await;
    let reset = events.next_payload().await;
    let update = &reset["data"]["articleEvents"];
    assert_eq!(
        (text(&update["event"], "__typename"), text(&update["event"], "reason")),
        ("FeedReset", "RESTORED")
    );
    let read = world.anyone().read(&article).await;
    assert_eq!(update["cursor"], read["feedCursor"], "from here on it goes on");
    let next = ana.comment(&article, None, "after the reset").await;
    let event = events.next_payload().await;
    assert_eq!(event["data"]["articleEvents"]["event"]["comment"]["id"], next["id"]);

    let mut approved = Follower::open(transport, &world.anyone(), "CommentApproved", from.clone()).await;
    let ended = approved.next_payload().await;
    assert_eq!(ended["errors"][0]["extensions"]["code"], "FEED_RESET", "{ended:#}");
    assert_eq!(approved.try_next().await, Err(Ending::Completed));
    let polled = world.anyone().run("ArticleEventsSince", from).await;
    assert_eq!(polled.text("/articleEvents/edges/0/node/__typename"), "FeedReset");
    assert_ne!(lost["id"], other["id"]);
}

/// As after a failover to a copy that lacked the last event, on which others wrote before this node looked again: the log is as
/// long as it has to be, and goes on from where the node was.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_lost_its_end_and_grew_again_at_once_is_another_one(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    let from = json!({ "articleId": article.id });
    let mut events = Follower::open(Transport::Sse, &world.anyone(), "ArticleEvents", from).await;
    for mark in ["kept", "lost"] {
        ana.comment(&article, None, mark).await;
        events.next_payload().await;
    }

    let inside = world.store.look_inside().await.begin().await.unwrap();
    let last = "article_id = (SELECT id FROM article WHERE slug = 'open') AND sequence =
        (SELECT sequence FROM article WHERE slug = 'open')";
    for statement in [
        &format!(
            "INSERT INTO article_event (article_id, sequence, kind, comment_id, comment_count, reply_count, reactions, at)
             SELECT article_id, sequence + 1, kind, comment_id, comment_count, reply_count, reactions, at
             FROM article_event WHERE {last}"
        ),
        &format!(
            "UPDATE article_event SET at = (SELECT MIN(earlier.at) FROM article_event AS earlier
             WHERE earlier.article_id = article_event.article_id) WHERE {last}"
        ),
        "UPDATE article SET sequence = sequence + 1 WHERE slug = 'open'",
    ] {
        inside.execute_unprepared(statement).await.unwrap();
    }
    inside.commit().await.unwrap();

    let reset = events.next_payload().await;
    let event = &reset["data"]["articleEvents"]["event"];
    assert_eq!((text(event, "__typename"), text(event, "reason")), ("FeedReset", "RESTORED"), "{reset:#}");
    let next = ana.comment(&article, None, "after the reset").await;
    let event = events.next_payload().await;
    assert_eq!(event["data"]["articleEvents"]["event"]["comment"]["id"], next["id"]);
}
