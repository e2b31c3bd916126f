//! The operator's hook: each way that it can answer or fail to, and that no comment is lost or doubled by it.

use std::sync::Arc;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};

use crate::support::newsroom::words;
use crate::support::node::NodeOptions;
use crate::support::world::{Backend, Plan, World};

const SECRET: &str = "a secret of sixteen bytes or more";

/// A hook that answers by what the comment asks for, and reports each request.
struct TestHook {
    port: u16,
    asked: mpsc::UnboundedReceiver<(String, Value)>,
    /// Lets a request that waits go on.
    go_on: Arc<Semaphore>,
}

impl TestHook {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (report, asked) = mpsc::unbounded_channel();
        let go_on = Arc::new(Semaphore::new(0));
        let waiting = Arc::clone(&go_on);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, report.clone(), Arc::clone(&waiting)));
            }
        });
        Self { port, asked, go_on }
    }
}

/// One request, one answer.
async fn serve(mut stream: TcpStream, report: mpsc::UnboundedSender<(String, Value)>, go_on: Arc<Semaphore>) {
    let (mut received, mut buffer) = (Vec::new(), [0; 4096]);
    let (head, body) = loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        received.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&received).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() == length.parse::<usize>().unwrap() {
            break (head, body.to_owned());
        }
    };
    let question: Value = serde_json::from_str(&body).unwrap();
    let wish = question["text"].as_str().unwrap().trim().split(':').next().unwrap_or_default().to_owned();
    let _ = report.send((head, question));
    let ok = |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let answer = match &*wish {
        "allow" => ok(r#"{"outcome": "ALLOW"}"#),
        "hold" => ok(r#"{"outcome": "HOLD", "detail": "Sounds\n angry."}"#),
        "spam" => ok(r#"{"outcome": "SPAM"}"#),
        "reject" => ok(r#"{"outcome": "REJECT"}"#),
        "refuse" => ok(r#"{"outcome": "REFUSE"}"#),
        "nonsense" => ok("<html>hello</html>"),
        "unknown" => ok(r#"{"outcome": "PERHAPS"}"#),
        "error" => "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "redirect" => "HTTP/1.1 307 There\r\nlocation: /allow\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "huge" => ok(&format!("{{\"outcome\": \"ALLOW\", \"detail\": \"{}\"}}", "x".repeat(1_000_000))),
        "cut" => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_owned(),
        "wait" => {
            let _go = go_on.acquire().await.unwrap();
            ok(r#"{"outcome": "ALLOW"}"#)
        }
        // It never answers, and keeps the connection.
        _ => return std::future::pending().await,
    };
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn world(backend: Backend, port: u16, timeout_ms: u32, fallback: &str) -> World {
    let mut options = NodeOptions::default();
    options.flags.extend([
        "--moderation-hook-url".to_owned(),
        format!("http://127.0.0.1:{port}/comments"),
        "--moderation-hook-timeout-ms".to_owned(),
        timeout_ms.to_string(),
        "--moderation-hook-fallback".to_owned(),
        fallback.to_owned(),
    ]);
    options.env.push(("TALKBACK_MODERATION_HOOK_SECRET".to_owned(), SECRET.to_owned()));
    World::planned(backend, Plan { options, ..Plan::default() }).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn each_answer_and_each_failure_has_its_outcome(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let mut hook = TestHook::start().await;
    let world = world(backend, hook.port, 1_500, "hold").await;
    let article = world.open_article("open").await;
    let (ana, moderator) = (world.guest("Ana").await, world.moderator().await);
    for (wish, status, detail) in [
        ("allow", "APPROVED", None),
        ("hold", "PENDING", Some("Sounds angry.")),
        ("spam", "SPAM", Some("The moderation hook says so.")),
        ("reject", "REJECTED", Some("The moderation hook says so.")),
        ("nonsense", "PENDING", Some("The moderation hook answered with what is no answer.")),
        ("unknown", "PENDING", Some("The moderation hook answered with what is no answer.")),
        ("error", "PENDING", Some("The moderation hook answered with status 500.")),
        ("redirect", "PENDING", Some("The moderation hook answered with a redirect, which is not followed.")),
        ("huge", "PENDING", Some("The moderation hook answered with more than 16384 bytes.")),
        ("cut", "PENDING", Some("The moderation hook could not be reached.")),
        ("silence", "PENDING", Some("The moderation hook did not answer within 1500 ms.")),
    ] {
        let comment = ana.comment(&article, None, wish).await;
        assert_eq!(comment["status"], status, "{wish}");
        let held = "query($id: ID!) { comment(id: $id) { heldBecause { rule detail } } }";
        let held = moderator.raw(held, json!({ "id": comment["id"] })).await;
        let told = detail.map(|detail| json!({ "rule": "HOOK", "detail": detail }));
        assert_eq!(held.list("/comment/heldBecause"), told.into_iter().collect::<Vec<_>>(), "{wish}");
        let (head, question) = hook.asked.recv().await.unwrap();
        assert!(head.contains("x-talkback-signature: sha256="), "{head}");
        assert_eq!(question["authorName"], "Ana");
        assert_eq!(question["articleId"], article.id);
    }
    let input = json!({ "input": { "articleId": article.id, "body": words("refuse") } });
    let refused = ana.run("CommentSubmit", input).await;
    assert_eq!(refused.user_errors()[0].code, "NOT_ACCEPTED", "{refused}");

    // What other rules refuse is not shown to it.
    while hook.asked.try_recv().is_ok() {}
    let short = json!({ "input": { "articleId": article.id, "body": "allow: short" } });
    assert_eq!(ana.run("CommentSubmit", short).await.user_errors()[0].code, "TOO_SHORT");
    assert!(hook.asked.try_recv().is_err());
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_is_down_lets_the_other_rules_decide_where_the_operator_says_so(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let world = world(backend, port, 1_000, "allow").await;
    let open = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    assert_eq!(ana.comment(&open, None, "anything").await["status"], "APPROVED");
    let held = world.article("held").await;
    assert_eq!(ana.comment(&held, None, "anything else").await["status"], "PENDING");
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_while_the_hook_thinks_makes_one_comment(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let mut hook = TestHook::start().await;
    let world = world(backend, hook.port, 20_000, "hold").await;
    let article = world.open_article("open").await;
    let ana = world.guest("Ana").await;
    let input =
        json!({ "input": { "articleId": article.id, "body": words("wait"), "idempotencyKey": "once" } });
    let tries: Vec<_> = (0..2)
        .map(|number| {
            let (ana, input) = (ana.at(world.node(number).url()), input.clone());
            tokio::spawn(async move { ana.run("CommentSubmit", input).await })
        })
        .collect();
    for _ in 0..2 {
        let (head, _) =
            tokio::time::timeout(Duration::from_secs(20), hook.asked.recv()).await.unwrap().unwrap();
        assert!(head.contains("idempotency-key: once"), "{head}");
    }
    // Nobody else waits for it: the hook is asked outside any transaction.
    let other = world.guest("Ben").await;
    assert_eq!(other.comment(&article, None, "allow").await["status"], "APPROVED");
    hook.go_on.add_permits(2);
    let mut ids = Vec::new();
    for answer in futures_util::future::join_all(tries).await {
        ids.push(answer.unwrap().text("/commentSubmit/comment/id").to_owned());
    }
    assert_eq!(ids[0], ids[1], "one comment, told twice");
    assert_eq!(world.anyone().read(&article).await["commentCount"], 2);
    // A later retry has its answer without the hook.
    while hook.asked.try_recv().is_ok() {}
    assert_eq!(ana.run("CommentSubmit", input).await.text("/commentSubmit/comment/id"), ids[0]);
    assert!(hook.asked.try_recv().is_err());
    world.check().await;
}
