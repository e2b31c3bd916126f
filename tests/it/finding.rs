//! What the comments on a newsroom's own page ask for: the article of that page, the counts of a whole list, and what this
//! reader has reacted to. And feeds, for those who read elsewhere.

use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::client::Actor;
use crate::support::newsroom::{story, text};
use crate::support::wait;
use crate::support::world::{Backend, World};

async fn slug_at(reader: &Actor, url: &str) -> Option<String> {
    let answer =
        reader.raw("query($url: String) { article(url: $url) { slug } }", json!({ "url": url })).await;
    answer.data("/article").get("slug").map(|slug| slug.as_str().unwrap().to_owned())
}

async fn publish_at(world: &World, slug: &str, url: Option<&str>) {
    let mut article = story(slug);
    article["url"] = json!(url);
    let answer = world.editor().await.run("ArticlePublish", json!({ "input": article })).await;
    assert!(answer.user_errors().is_empty(), "{answer}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_article_is_found_by_the_address_of_its_page(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    publish_at(&world, "last-keeper", Some("https://news.example.org/coast/last-keeper?id=7")).await;
    publish_at(&world, "at-home", None).await;
    publish_at(&world, "with-a-slash", Some("https://news.example.org/coast/tides/")).await;
    let reader = world.anyone();
    for (url, slug) in [
        ("https://news.example.org/coast/last-keeper?id=7", Some("last-keeper")),
        ("https://news.example.org/coast/last-keeper?id=7#comments", Some("last-keeper")),
        // Another page: what stands after the `?` may be what names the story.
        ("https://news.example.org/coast/last-keeper", None),
        ("https://news.example.org/coast/tides", Some("with-a-slash")),
        ("https://news.example.org/coast/tides/", Some("with-a-slash")),
        (&*format!("{}/articles/at-home#comment-1", reader.base), Some("at-home")),
        (&*format!("{}/articles/nowhere", reader.base), None),
        ("https://elsewhere.example.org/articles/at-home", None),
        ("", None),
    ] {
        assert_eq!(slug_at(&reader, url).await.as_deref(), slug, "{url}");
    }
    for arguments in ["", r#"(slug: "at-home", url: "x")"#] {
        let answer = reader.raw(&format!("{{ article{arguments} {{ slug }} }}"), Value::Null).await;
        assert!(matches!(answer.code(), "BAD_INPUT" | "GRAPHQL_PARSE_FAILED"), "{answer}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn counts_for_a_list_are_one_request(#[values(Backend::Embedded, Backend::Scaled)] backend: Backend) {
    let world = World::start(backend).await;
    let open = world.open_article("one").await;
    world.article("two").await;
    world.article("three").await;
    world.guest("Ana").await.comment(&open, None, "First").await;
    let query =
        "query($s: [String!]) { articles(first: 100, slugs: $s) { totalCount nodes { slug commentCount } } }";
    let ask = async |slugs: Value| world.anyone().raw(query, json!({ "s": slugs })).await;
    let answer = ask(json!(["one", "two", "nowhere"])).await;
    let mut counts: Vec<(&str, i64)> = answer
        .list("/articles/nodes")
        .iter()
        .map(|node| (text(node, "slug"), node["commentCount"].as_i64().unwrap()))
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, [("one", 1), ("two", 0)]);
    assert_eq!(answer.number("/articles/totalCount"), 2);
    assert_eq!(ask(json!([])).await.number("/articles/totalCount"), 0);
    assert_eq!(ask(Value::Null).await.number("/articles/totalCount"), 3);
    assert_eq!(ask(json!(vec!["one"; 101])).await.code(), "BAD_INPUT");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_their_own_reactions_and_no_one_elses(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("last-keeper").await;
    let (ana, ben) = (world.guest("Ana").await, world.guest("Ben").await);
    let comment = ana.comment(&article, None, "Top").await;
    for (kind, on) in [("RESPECT", true), ("LIKE", true), ("INSIGHTFUL", true), ("INSIGHTFUL", false)] {
        let input = json!({ "id": comment["id"], "kind": kind, "on": on });
        let answer = ben.run("CommentReact", json!({ "input": input })).await;
        assert!(answer.user_errors().is_empty(), "{answer}");
    }
    let query =
        "query($id: ID!) { comment(id: $id) { viewerHasReacted viewerReactions reactions { kind count } } }";
    for (reader, reactions) in
        [(&ben, json!(["LIKE", "RESPECT"])), (&ana, json!([])), (&world.anyone(), json!([]))]
    {
        let answer = reader.raw(query, json!({ "id": comment["id"] })).await;
        assert_eq!(answer.data("/comment/viewerReactions"), &reactions);
        assert_eq!(answer.data("/comment/viewerHasReacted"), &json!(reactions != json!([])));
        assert_eq!(answer.list("/comment/reactions").len(), 2);
    }
}

/// A feed as a feed reader gets it.
async fn feed(reader: &Actor, path: &str) -> atom_syndication::Feed {
    let request = reader.http.get(format!("{}{path}", reader.base)).timeout(wait::deadline());
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/atom+xml; charset=utf-8");
    atom_syndication::Feed::read_from(response.text().await.unwrap().as_bytes()).unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn feeds_hold_what_readers_see(#[values(Backend::Embedded, Backend::Scaled)] backend: Backend) {
    let world = World::start(backend).await;
    let article = world.article("last-keeper").await;
    let (ana, moderator, reader) = (world.guest("Ana & Co").await, world.moderator().await, world.anyone());
    let top = moderator.approve(&ana.comment(&article, None, "Top <b>bold</b> \u{b}").await).await;
    let reply = ana.comment(&article, Some(text(&top, "id")), "Reply").await;
    ana.comment(&article, None, "Held").await;

    let site = feed(&reader, "/feed.atom").await;
    let [story] = &site.entries[..] else { panic!("{site:#?}") };
    assert_eq!(story.title.value, "The last lighthouse keeper hands over the key");
    assert_eq!(story.links[0].href, "https://news.example.org/coast/last-keeper");
    assert!(story.content.as_ref().unwrap().value.as_ref().unwrap().contains("<p>The key is as long"));

    let comments = "/articles/last-keeper/comments.atom";
    let said = feed(&reader, comments).await;
    let [first] = &said.entries[..] else { panic!("what is held is not for readers: {said:#?}") };
    assert_eq!(first.authors[0].name, "Ana & Co");
    assert_eq!(said.updated, first.updated);
    moderator.approve(&reply).await;
    let said = feed(&reader, comments).await;
    let [latest, first] = &said.entries[..] else { panic!("{said:#?}") };
    let in_reply_to = &latest.extensions["thr"]["in-reply-to"][0].attrs["ref"];
    assert_eq!(in_reply_to, &first.id);
    assert!(latest.links[0].href.starts_with("https://news.example.org/coast/last-keeper#comment-"));

    let again = |etag: Value| {
        reader
            .http
            .get(format!("{}{comments}", reader.base))
            .header("if-none-match", etag.as_str().unwrap_or("x"))
    };
    let whole = again(Value::Null).send().await.unwrap();
    let etag = json!(whole.headers()["etag"].to_str().unwrap());
    assert_eq!(again(etag).send().await.unwrap().status(), StatusCode::NOT_MODIFIED);
    let nowhere = reader.http.get(format!("{}/articles/nowhere/comments.atom", reader.base));
    assert_eq!(nowhere.send().await.unwrap().status(), StatusCode::NOT_FOUND);
}
