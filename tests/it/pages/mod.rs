//! The pages as a browser without JavaScript gets them: what is read, how it is served, and signing in.

mod reading;
mod serving;
mod signing_in;

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::wait;
use crate::support::world::World;

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
