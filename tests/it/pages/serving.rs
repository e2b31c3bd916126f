//! What pages may run, how long they are kept, and what is told of a fault of ours.

use reqwest::StatusCode;
use reqwest::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, ETAG, SET_COOKIE};
use sea_orm::ConnectionTrait;

use super::{Seen, look, request};
use crate::support::world::World;

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
