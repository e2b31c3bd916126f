//! The pages as a browser without JavaScript gets them.

use reqwest::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, ETAG, LOCATION, SET_COOKIE,
};
use reqwest::{RequestBuilder, StatusCode};
use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::newsroom::{story, text};
use crate::support::node::NodeOptions;
use crate::support::wait;
use crate::support::world::{Backend, Plan, World};

/// A page, or whatever else an address leads to.
struct Seen {
    status: StatusCode,
    headers: reqwest::header::HeaderMap,
    body: String,
}

impl Seen {
    async fn by(request: RequestBuilder) -> Self {
        let response = request.timeout(wait::deadline()).send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.text().await.unwrap() }
    }

    #[track_caller]
    fn header(&self, name: impl reqwest::header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Demands some text that a reader sees, in this order.
    #[track_caller]
    fn shows(&self, texts: &[&str]) {
        let mut rest = self.body.as_str();
        for text in texts {
            let escaped =
                text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
            let Some(at) = rest.find(&escaped) else {
                panic!("{text:?} is missing, or comes too early, in\n{}", self.body)
            };
            rest = &rest[at + escaped.len()..];
        }
    }

    #[track_caller]
    fn hides(&self, text: &str) {
        assert!(!self.body.contains(text), "{text:?} is in\n{}", self.body);
    }

    /// The address in the link with that text.
    #[track_caller]
    fn link(&self, text: &str) -> String {
        let before = self.body.split(&format!(">{text}</a>")).next().unwrap();
        assert_ne!(before.len(), self.body.len(), "no link {text:?} in\n{}", self.body);
        let href = before.rsplit("href=\"").next().unwrap().split('"').next().unwrap();
        href.replace("&amp;", "&")
    }

    /// The page around its structured data, and the data as HTML parsers find them: up to the first `</script`.
    fn parts(&self) -> (String, Option<&str>) {
        match self.body.split_once(r#"<script type="application/ld+json">"#) {
            None => (self.body.clone(), None),
            Some((before, rest)) => {
                let (data, after) = rest.split_once("</script>").unwrap();
                (format!("{before}{after}"), Some(data))
            }
        }
    }

    fn without_data(&self) -> String {
        self.parts().0
    }

    /// The structured data, as a crawler reads it.
    #[track_caller]
    fn data(&self) -> Value {
        serde_json::from_str(self.parts().1.unwrap()).unwrap()
    }
}

/// A request that goes where it is told to, and no further.
fn request(world: &World, method: &str, path: &str) -> RequestBuilder {
    let http =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    http.request(method.parse().unwrap(), format!("{}{path}", world.node(1).url()))
}

async fn look(world: &World, path: &str) -> Seen {
    Seen::by(request(world, "GET", path)).await
}

async fn publish(world: &World, article: Value) {
    let answer = world.editor().await.run("ArticlePublish", json!({ "input": article })).await;
    assert!(answer.user_errors().is_empty(), "{answer}");
}

/// The code of a sign-in link, from the command line.
async fn sign_in_code(world: &World) -> String {
    let ended = world.store.command(&["sign-in"]).await;
    assert!(ended.status.success(), "{}", ended.stderr);
    ended.stdout.trim().split_once("/sign-in?code=").unwrap().1.to_owned()
}

async fn send_code(world: &World, code: &str) -> Seen {
    Seen::by(request(world, "POST", "/sign-in").body(format!("code={code}"))).await
}

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

#[tokio::test(flavor = "multi_thread")]
async fn every_page_runs_only_our_own_files() {
    let world = World::embedded().await;
    world.article("last-keeper").await;
    let paths = [
        "/",
        "/articles/last-keeper",
        "/articles/nowhere",
        "/nowhere",
        "/sign-in",
        "/sign-in?code=1",
        "/moderate",
        "/graphiql",
    ];
    for path in paths {
        let page = look(&world, path).await;
        let expected = if path.contains("nowhere") { StatusCode::NOT_FOUND } else { StatusCode::OK };
        assert_eq!(
            (page.status, page.header(CONTENT_TYPE)),
            (expected, "text/html; charset=utf-8"),
            "{path}"
        );
        let policy = page.header(CONTENT_SECURITY_POLICY);
        for rule in ["default-src 'none'", "script-src 'self';", "base-uri 'none'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert_eq!(policy.contains("unsafe"), path == "/graphiql", "{path}: {policy}");
        assert!(!page.body.contains(" style=") && !page.body.contains("<style"), "{path}");
        let head = Seen::by(request(&world, "HEAD", path)).await;
        assert_eq!((head.status, head.body.len()), (expected, 0), "{path}");
        // What a page loads is there.
        for file in page.body.split('"').filter(|text| text.starts_with("/assets/")) {
            assert_eq!(look(&world, file).await.status, StatusCode::OK, "{path}: {file}");
        }
    }
    let nowhere = look(&world, "/articles/nowhere").await;
    nowhere.shows(&["404", "There is no story here", "See the latest stories"]);
    let wrong = Seen::by(request(&world, "POST", "/")).await;
    assert_eq!((wrong.status, wrong.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD"));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_kept_for_good_and_pages_are_asked_for_again() {
    let world = World::embedded().await;
    world.article("last-keeper").await;
    let page = look(&world, "/articles/last-keeper").await;
    let files: Vec<&str> = page.body.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert_eq!(files.len(), 2, "a stylesheet and a script: {files:?}");
    assert!(page.body.contains(r#"type="image/svg+xml" href="data:image/svg+xml;base64,PHN2"#), "the icon");
    for path in files {
        let file = look(&world, path).await;
        assert_eq!(file.header(CACHE_CONTROL), "public, max-age=31536000, immutable", "{path}");
        assert_ne!(file.header(CONTENT_TYPE), "application/octet-stream", "{path}");
        // The embedded script fetches its parts from other sites' pages.
        assert_eq!(file.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(file.header("cross-origin-resource-policy"), "cross-origin", "{path}");
        let again = Seen::by(request(&world, "GET", path).header("if-none-match", file.header(ETAG))).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
    }
    for path in ["/embed.js", "/count.js"] {
        let file = look(&world, path).await;
        assert_eq!(file.header(CONTENT_TYPE), "text/javascript; charset=utf-8");
        assert_eq!(file.header("access-control-allow-origin"), "*");
        assert_eq!(file.header("cross-origin-resource-policy"), "cross-origin");
        assert!(
            file.header(CACHE_CONTROL).contains("max-age=300") && !file.header(ETAG).is_empty(),
            "{path}"
        );
    }
    for path in ["/assets/nothing.js", "/assets/.vite%2Fmanifest.json", "/assets/..%2F..%2FCargo.toml"] {
        assert_eq!(look(&world, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(page.header(CACHE_CONTROL), "no-cache");
    let again = || request(&world, "GET", "/articles/last-keeper").header("if-none-match", page.header(ETAG));
    assert_eq!(Seen::by(again()).await.status, StatusCode::NOT_MODIFIED);
    let signed_in = Seen::by(again().header(COOKIE, "talkback_session=nonsense")).await;
    assert_eq!((signed_in.status, signed_in.header(CACHE_CONTROL)), (StatusCode::OK, "private, no-store"));
    assert!(signed_in.header(SET_COOKIE).contains("Max-Age=0"), "a session that has ended is taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_link_works_once_and_only_by_its_button() {
    let world = World::embedded().await;
    look(&world, "/moderate").await.shows(&["Sign in to the desk", "talkback sign-in", "Sign-in code"]);
    let code = sign_in_code(&world).await;
    for _ in 0..2 {
        let form = look(&world, &format!("/sign-in?code={code}")).await;
        assert_eq!(form.header(CACHE_CONTROL), "private, no-store");
        form.shows(&[code.as_str(), "Sign in"]);
    }
    let elsewhere = request(&world, "POST", "/sign-in").header("origin", "https://evil.example");
    let refused = Seen::by(elsewhere.body(format!("code={code}"))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    refused.shows(&["This came from somewhere else"]);

    let own = request(&world, "POST", "/sign-in").header("origin", world.node(0).url());
    let done = Seen::by(own.body(format!("code={code}"))).await;
    assert_eq!((done.status, done.header(LOCATION)), (StatusCode::SEE_OTHER, "/moderate"));
    let cookie = done.header(SET_COOKIE);
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800"), "{cookie}");
    let session = cookie.split(';').next().unwrap();

    let desk = Seen::by(request(&world, "GET", "/moderate").header(COOKIE, session)).await;
    assert_eq!(desk.header(CACHE_CONTROL), "private, no-store");
    assert!(desk.body.contains("<talkback-desk>"), "{}", desk.body);
    let front = Seen::by(request(&world, "GET", "/").header(COOKIE, session)).await;
    front.shows(&["Signed in as ", "Moderator", "Sign out"]);

    let used = send_code(&world, &code).await;
    assert_eq!((used.status, used.header(SET_COOKIE)), (StatusCode::FORBIDDEN, ""));
    used.shows(&["That code has been used"]);
    for wrong in ["", "0", &"f".repeat(32), &"f".repeat(10_000)] {
        assert_eq!(send_code(&world, wrong).await.status, StatusCode::FORBIDDEN);
    }
    let out = Seen::by(request(&world, "POST", "/sign-out").header(COOKIE, session)).await;
    assert_eq!((out.status, out.header(LOCATION)), (StatusCode::SEE_OTHER, "/"));
    assert!(out.header(SET_COOKIE).starts_with("talkback_session=;"), "{}", out.header(SET_COOKIE));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_public_address_is_https_the_cookie_is_for_https_only() {
    let mut options = NodeOptions::default();
    options.flags.extend(["--public-url", "https://comments.example.org"].map(str::to_owned));
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    let done = send_code(&world, &sign_in_code(&world).await).await;
    assert!(done.header(SET_COOKIE).ends_with("; Secure"), "{}", done.header(SET_COOKIE));
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_fault_is_logged_once_and_told_without_its_cause() {
    let world = World::embedded().await;
    world.article("last-keeper").await;
    let inside = world.store.look_inside().await;
    inside.execute_unprepared("DROP TABLE key_point").await.unwrap();
    let page = look(&world, "/articles/last-keeper").await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    page.shows(&["500", "Something went wrong on our side"]);
    page.hides("key_point");
    let (_, after) = page.body.split_once("<code>").unwrap();
    let trace_id = after.split('<').next().unwrap();
    world.node(0).logs(&format!("trace_id={trace_id}")).await;
    assert_eq!(world.node(0).log().matches("a page could not be made").count(), 1);
}
