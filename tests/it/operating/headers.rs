//! What browsers are told, on every answer.

use crate::support::node::NodeOptions;
use crate::support::world::{Backend, Plan, World};

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_fenced_in() {
    let flags = ["--rate-limits", "off", "--demo", "on", "--public-url", "https://comments.example.org"];
    let options = NodeOptions { flags: flags.map(str::to_owned).to_vec(), ..NodeOptions::default() };
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    let get = async |path: &str| {
        let http = &world.anyone().http;
        http.get(format!("{}{path}", world.node(0).url())).send().await.unwrap().headers().clone()
    };
    let pages = ["/", "/articles/night-ferry", "/sign-in", "/graphiql", "/moderate", "/nowhere"];
    let others = ["/graphql?query=%7Bviewer%7Bid%7D%7D", "/graphql", "/healthz", "/readyz", "/embed.js"];
    for path in pages.iter().chain(&others) {
        let headers = get(path).await;
        let has = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(has("x-content-type-options").as_deref(), Some("nosniff"), "{path}");
        assert_eq!(has("referrer-policy").as_deref(), Some("strict-origin-when-cross-origin"), "{path}");
        assert_eq!(has("strict-transport-security").as_deref(), Some("max-age=63072000"), "{path}");
        assert!(has("x-request-id").is_some_and(|id| id.len() == 16), "{path}");
        let resource = if *path == "/embed.js" { "cross-origin" } else { "same-origin" };
        assert_eq!(has("cross-origin-resource-policy").as_deref(), Some(resource), "{path}");
        if pages.contains(path) {
            assert!(has("content-security-policy").unwrap().contains("frame-ancestors 'none'"), "{path}");
            assert_eq!(has("cross-origin-opener-policy").as_deref(), Some("same-origin"), "{path}");
            assert!(has("permissions-policy").unwrap().contains("camera=()"), "{path}");
            assert_eq!(has("x-frame-options").as_deref(), Some("DENY"), "{path}");
        }
    }
    let plain = World::embedded().await;
    let response = plain.anyone().http.get(plain.node(0).url()).send().await.unwrap();
    assert!(
        response.headers().get("strict-transport-security").is_none(),
        "nothing to promise without https"
    );
}
