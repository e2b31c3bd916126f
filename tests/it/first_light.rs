//! The whole main job: a story, five comments, a moderator, and the readers who follow.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::follower::{Follower, Transport};
use crate::support::newsroom::{story, text};
use crate::support::node::NodeOptions;
use crate::support::world::{Backend, Plan, World};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_story_reads_back_whole(#[values(Backend::Embedded, Backend::Scaled)] backend: Backend) {
    let world = World::start(backend).await;
    let sent = story("last-keeper");
    world.article("last-keeper").await;
    let answer = world.node(1).anyone().run("Article", json!({ "slug": "last-keeper" })).await;
    let read = answer.data("/article");
    let as_sent = [
        "slug",
        "headline",
        "summary",
        "keyPointsHeading",
        "storyHeadline",
        "standfirst",
        "pullQuote",
        "dateline",
        "byline",
        "source",
        "section",
        "tags",
        "language",
        "url",
    ];
    for field in as_sent {
        assert_eq!(read[field], sent[field], "{field}");
    }
    assert_eq!(read["body"].as_str().unwrap(), sent["body"].as_str().unwrap().trim());
    assert!(text(read, "bodyHtml").contains("<h2>What it opened</h2>"), "{read:#}");
    let points: Vec<&str> =
        read["keyPoints"].as_array().unwrap().iter().map(|point| text(point, "text")).collect();
    assert_eq!(json!(points), sent["keyPoints"]);
    // 7 + 3 + 70 × 6 words
    assert_eq!(read["readingTimeMinutes"], 3);
    assert_eq!(read["commentCount"], 0);
    assert_eq!(read["commentPolicy"]["state"], "OPEN");
    assert_eq!(read["commentPolicy"]["minLength"], 50);
    let time = |name: &str| text(read, name).parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(time("publishedAt"), "2026-11-03T06:30:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn five_comments_are_held_approved_and_seen_by_everybody_once_and_in_order(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
    #[values(Transport::WebSocket, Transport::Sse)] transport: Transport,
) {
    let world = World::start(backend).await;
    let article = world.article("last-keeper").await;
    let moderator = world.moderator().await;
    let snapshot = world.anyone().read(&article).await;
    let from = json!({ "articleId": article.id, "after": snapshot["feedCursor"] });
    let mut here = Follower::open(transport, &world.node(0).anyone(), "CommentApproved", from.clone()).await;
    let mut there = Follower::open(transport, &world.node(1).anyone(), "CommentApproved", from.clone()).await;
    let mut all = Follower::open(transport, &world.node(1).anyone(), "ArticleEvents", from).await;

    let mut held = Vec::new();
    for name in ["Priya N", "Aman W", "Sarah B", "Vikram M", "Kriti O"] {
        let comment = world.guest(name).await.comment(&article, None, name).await;
        assert_eq!(comment["status"], "PENDING");
        held.push(comment);
    }
    let queue =
        moderator.run("ModerationQueue", json!({ "queue": "PENDING", "articleId": article.id })).await;
    assert_eq!(queue.number("/moderationQueue/totalCount"), 5);
    let first = queue.data("/moderationQueue/edges/0/node");
    assert_eq!(first["heldBecause"][0]["rule"], "PRE_MODERATION", "{first:#}");
    assert_eq!(first["history"][0]["action"], "SUBMITTED", "{first:#}");
    assert_eq!(world.anyone().read(&article).await["comments"]["totalCount"], 0, "held is not seen");

    for comment in &held {
        assert_eq!(moderator.approve(comment).await["status"], "APPROVED");
    }
    for reader in [&mut here, &mut there] {
        let seen = reader.collect_until(5).await;
        for (number, (payload, comment)) in seen.iter().zip(&held).enumerate() {
            let update = &payload["data"]["commentApproved"];
            assert_eq!(update["comment"]["id"], comment["id"], "in the order of approval");
            assert_eq!(update["comment"]["body"], comment["body"]);
            assert_eq!(update["commentCount"], number + 1, "as of that event");
        }
    }
    for payload in all.collect_until(5).await {
        assert_eq!(payload["data"]["articleEvents"]["event"]["__typename"], "CommentPublished");
    }

    // Away for the next three; back with the last cursor, at another node.
    let missed_by = world.guest("Later").await;
    let first_missed = missed_by.comment(&article, None, "missed 1").await;
    let reply = moderator.approve(&first_missed).await;
    let second_missed = missed_by.comment(&article, Some(text(&reply, "id")), "missed 2").await;
    moderator.approve(&second_missed).await;
    here.resume_at(world.node(1).url()).await;
    let seen = here.collect_until(2).await;
    let ids: Vec<&Value> =
        seen.iter().map(|payload| &payload["data"]["commentApproved"]["comment"]["id"]).collect();
    assert_eq!(ids, [&first_missed["id"], &second_missed["id"]]);
    let raw: Vec<&str> = here.raw_frames().filter(|frame| frame.contains("commentCount")).collect();
    let distinct: std::collections::HashSet<&&str> = raw.iter().collect();
    assert_eq!(raw.len(), distinct.len(), "nothing came twice");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_finds_everything_as_it_was(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.article("last-keeper").await;
    let comment = world.guest("Priya N").await.comment(&article, None, "kept").await;
    world.moderator().await.approve(&comment).await;
    let before = world.anyone().read(&article).await;
    world.node(0).kill().await;
    world.node(0).start_again().await;
    assert_eq!(world.anyone().read(&article).await, before, "acknowledged is stored");
    world.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_newsroom_is_there_the_first_time_and_once() {
    let options = NodeOptions {
        flags: ["--rate-limits", "off", "--demo", "on"].map(str::to_owned).to_vec(),
        ..NodeOptions::default()
    };
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    let count = async || world.anyone().run("Articles", json!({})).await.number("/articles/totalCount");
    assert!(count().await >= 3);
    let queue = world.moderator().await.run("ModerationQueue", json!({ "queue": "PENDING" })).await;
    assert!(queue.number("/moderationQueue/totalCount") >= 3, "some comments are held");
    let before = count().await;
    world.node(0).terminate().await;
    world.node(0).start_again().await;
    assert_eq!(count().await, before);
    world.check().await;
}
