//! Front page, stories, threads and lists; and that what people write stays text.

use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use rstest::rstest;
use serde_json::json;

use super::{look, publish};
use crate::support::newsroom::{story, text};
use crate::support::world::{Backend, World};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_front_page_lists_stories_and_goes_on_where_it_ended(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    look(&world, "/").await.shows(&["Nothing has been published yet."]);
    for number in 1..=22 {
        let mut article = story(&format!("story-{number}"));
        article["headline"] = format!("Story <{number}>").into();
        article["publishedAt"] = format!("2026-03-{number:02}T08:00:00Z").into();
        publish(&world, article).await;
    }
    let page = look(&world, "/").await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows(&[
        "Latest stories",
        "Coast",
        "Story <22>",
        "comes ashore",
        "22 March 2026",
        "3 min read",
        "No comments yet",
    ]);
    page.shows(&["Story <22>", "Story <21>", "Story <3>", "Older stories"]);
    page.hides("Story &lt;2&gt;");
    let older = look(&world, &page.link("Older stories")).await;
    older.shows(&["Story <2>", "Story <1>", "Latest stories"]);
    older.hides("Story &lt;3&gt;");
    look(&world, "/?section=Coast").await.shows(&["Coast", "Story <22>"]);
    look(&world, "/?tag=work").await.shows(&["Story <22>"]);
    for nowhere in ["/?after=here", "/?section=Nowhere", "/?tag=%00", "/?tag=%FF"] {
        assert_eq!(look(&world, nowhere).await.status, StatusCode::NOT_FOUND, "{nowhere}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_story_page_shows_every_part(#[values(Backend::Embedded, Backend::Scaled)] backend: Backend) {
    let world = World::start(backend).await;
    let article = world.article("last-keeper").await;
    let moderator = world.moderator().await;
    for name in ["Priya N", "Aman W"] {
        moderator.approve(&world.guest(name).await.comment(&article, None, name).await).await;
    }
    world.guest("Held H").await.comment(&article, None, "Not to be seen yet").await;
    let page = look(&world, "/articles/last-keeper").await;
    assert_eq!((page.status, page.header(CONTENT_TYPE)), (StatusCode::OK, "text/html; charset=utf-8"));
    page.shows(&[
        "Coast",
        "The last lighthouse keeper hands over the key",
        "After 41 years on the rock",
        "Ines Halloran",
        "3 November 2026",
        "3 min read",
        "2 comments",
        "Key Points: A light changes hands",
        "The light stays on",
        "Boats were asked first",
        "“It never once waited for me,”",
        "A handover in a gale",
        "The sea doesn't read timetables",
        "Oda Brekke, keeper",
        "Skarholm",
        "November 3",
        "The key is as long as a hand.",
        "What it opened",
        "Northern Wire",
        "lighthouses",
        "Share this article",
        "Reader comments",
        "Aman W",
        "Aman W: fifty characters",
        "Priya N",
        "We welcome thoughtful discussion",
    ]);
    page.hides("Not to be seen yet");
    for part in [
        r#"<article class="story" lang="en">"#,
        r#"<talkback-comments article="last-keeper">"#,
        r#"<link rel="canonical" href="https://news.example.org/coast/last-keeper">"#,
        r#"<meta property="og:type" content="article">"#,
        r#"<link rel="alternate" type="application/atom+xml" title="Comments on this story" href="/articles/last-keeper/comments.atom">"#,
        r#"dir="auto"><p>Aman W: fifty"#,
    ] {
        assert!(page.body.contains(part), "{part} is missing in\n{}", page.body);
    }
    let data = page.data();
    assert_eq!((&data["@type"], &data["commentCount"]), (&json!("NewsArticle"), &json!(2)));
    assert_eq!(data["comment"][0]["author"]["name"], "Aman W");
    assert_eq!(data["author"]["name"], "Ines Halloran");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_thread_is_nested_and_leads_to_the_rest(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("last-keeper").await;
    let (ana, moderator) = (world.guest("Ana").await, world.moderator().await);
    let top = ana.comment(&article, None, "Top").await;
    let id = text(&top, "id");
    let removed = ana.comment(&article, Some(id), "Regretted").await;
    for number in 1..=4 {
        moderator.comment(&article, Some(id), &format!("Reply {number}")).await;
    }
    let deeper = ana.comment(&article, Some(text(&removed, "id")), "Deeper").await;
    ana.comment(&article, Some(text(&deeper, "id")), "Deepest").await;
    let gone = ana.run("CommentDelete", json!({ "input": { "id": removed["id"] } })).await;
    assert!(gone.user_errors().is_empty(), "{gone}");

    let page = look(&world, "/articles/last-keeper").await;
    page.shows(&[
        "Top: fifty",
        "This comment was removed.",
        "Deeper: fifty",
        "Reply 1: fifty",
        "Moderator",
        "Reply 2: fifty",
    ]);
    page.hides("Regretted");
    page.hides("Reply 3");
    page.hides("Deepest");
    let rest = page.link("Show 3 more replies");
    assert_eq!(rest, format!("/articles/last-keeper?thread={id}#comment-{id}"));
    let thread = look(&world, rest.split('#').next().unwrap()).await;
    thread.shows(&["All comments", "Top: fifty", "Deeper: fifty", "Deepest: fifty", "Reply 4: fifty"]);
    for elsewhere in ["thread=nonsense", &format!("thread={}", article.id), "after=x"] {
        let lost = look(&world, &format!("/articles/last-keeper?{elsewhere}")).await;
        assert_eq!(lost.status, StatusCode::NOT_FOUND, "{elsewhere}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_comments_goes_on_where_it_ended() {
    let world = World::embedded().await;
    let article = world.open_article("last-keeper").await;
    let ana = world.guest("Ana").await;
    for number in 1..=23 {
        ana.comment(&article, None, &format!("Number {number}")).await;
    }
    let page = look(&world, "/articles/last-keeper").await;
    page.shows(&["Reader comments", "23", "Number 23:", "Number 22:", "Number 4:", "More comments"]);
    page.hides("Number 3:");
    let more = look(&world, page.link("More comments").split('#').next().unwrap()).await;
    more.shows(&["All comments", "Number 3:", "Number 2:", "Number 1:"]);
    more.hides("Number 4:");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_write_is_text_and_nothing_else() {
    let world = World::embedded().await;
    let evil = r#"</script><script>alert(1)</script><img src=x onerror=alert(2)>" onload="alert(3)"#;
    let mut article = story("hostile");
    for field in [
        "headline",
        "summary",
        "keyPointsHeading",
        "storyHeadline",
        "standfirst",
        "byline",
        "section",
        "body",
        "language",
    ] {
        article[field] = format!("{field} {evil}").into();
    }
    article["pullQuote"] = json!({ "text": evil, "attribution": evil });
    article["dateline"] = json!({ "place": evil, "date": evil });
    article["source"] = json!({ "name": evil, "url": "https://example.org/\"><script>alert(4)</script>" });
    (article["keyPoints"], article["tags"]) = (json!([evil]), json!([evil]));
    publish(&world, article).await;
    let answer = world.anyone().run("Article", json!({ "slug": "hostile" })).await;
    let id = answer.text("/article/id");
    let change = json!({ "articleId": id, "moderation": "POST", "guidelines": evil });
    world.editor().await.run("CommentingSet", json!({ "input": change })).await;
    let reader = world.guest(r#"<script>alert(5)</script>" onclick="x"#).await;
    let body = format!(
        "{evil} [here](javascript:alert(6)) <!-- & \u{202e}gnol hguone eb ot sah ti {}",
        "W".repeat(4_000)
    );
    let sent = reader.run("CommentSubmit", json!({ "input": { "articleId": id, "body": body } })).await;
    assert!(sent.user_errors().is_empty(), "{sent}");

    for path in ["/articles/hostile", "/"] {
        let page = look(&world, path).await;
        assert_eq!(page.status, StatusCode::OK);
        page.shows(&["headline </script><script>alert(1)</script>"]);
        let html = page.without_data();
        let own_scripts = html.matches(r#"<script type="module" src="/assets/"#).count();
        assert_eq!(html.matches("<script").count(), own_scripts, "{html}");
        assert!(!html.contains('\u{202e}'), "{html}");
        // Text has no `<`, so these are the tags.
        for tag in html.split('<').filter_map(|tag| tag.split('>').next()) {
            assert!(!tag.starts_with("img"), "{tag} in\n{html}");
            for harm in ["href=\"javascript:", " onload=\"", " onclick=\""] {
                assert!(!tag.contains(harm), "{tag} in\n{html}");
            }
        }
    }
    let data = look(&world, "/articles/hostile").await.data();
    assert_eq!(data["headline"], format!("headline {evil}"));
    assert!(text(&data["comment"][0], "text").contains(evil), "{data:#}");
}
