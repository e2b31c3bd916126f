//! Who somebody is, and for how long: sessions, accounts, single sign-on.

mod accounts;
mod administrators;
mod returning;
mod sessions;
mod signed_out;
mod sso;
mod sso_keys;

use serde_json::{Value, json};

use crate::support::client::{Actor, Answer};
use crate::support::follower::{Ending, Follower, Transport};
use crate::support::newsroom::Published;
use crate::support::wait;

/// How long a change may take to be felt at another node.
const FELT: std::time::Duration = std::time::Duration::from_secs(5);

async fn look(actor: &Actor) -> Answer {
    actor.run("Viewer", json!({})).await
}

/// The actor's token is refused, with a code that says that a new one is needed, and a reason.
#[track_caller]
fn assert_refused(answer: &Answer, reason: &str) {
    assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{answer}");
    assert_eq!(answer.errors()[0]["extensions"]["reason"], reason, "{answer}");
    let challenge = answer.headers.get("www-authenticate").expect("a 401 says how to do better");
    assert!(challenge.to_str().unwrap().starts_with("Bearer"), "{answer}");
}

/// Waits until another node has heard of a change: nothing announces that to a client without a socket.
async fn felt(actor: &Actor, what: &str, is_so: impl Fn(&Answer) -> bool) {
    wait::eventually(FELT, what, async || {
        let answer = look(actor).await;
        if is_so(&answer) { Ok(()) } else { Err(answer.to_string()) }
    })
    .await;
}

/// Somebody who follows an article by both transports, from its current place.
async fn follow(actor: &Actor, article: &Published) -> [Follower; 2] {
    let cursor = actor.at(&actor.base).read(article).await["feedCursor"].clone();
    let open = async |transport| {
        let variables = json!({ "articleId": article.id, "after": cursor });
        Follower::open(transport, actor, "CommentApproved", variables).await
    };
    [open(Transport::WebSocket).await, open(Transport::Sse).await]
}

/// Both are shown out: the socket with 4403 and this word, the stream with an error of this reason.
async fn assert_shown_out([mut socket, mut stream]: [Follower; 2], word: &str, reason: Option<&str>) {
    match socket.try_next().await {
        Err(Ending::Closed { code: Some(4403), reason }) => assert!(reason.contains(word), "{reason}"),
        other => panic!("{other:?} instead of a close with 4403"),
    }
    let Some(reason) = reason else {
        assert!(matches!(stream.try_next().await, Err(Ending::Cut(_))), "a client that comes back");
        return;
    };
    let last = stream.next_payload().await;
    assert_eq!(last.pointer("/errors/0/extensions/reason"), Some(&Value::from(reason)), "{last}");
    assert_eq!(stream.try_next().await, Err(Ending::Completed));
}
