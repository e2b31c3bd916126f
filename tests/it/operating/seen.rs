//! Health and metrics, and a backup.

use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};
use talkback::auth::digest;
use talkback::domain::cursor::FeedCursor;
use talkback::domain::event::LogId;
use talkback::graphql::GlobalId;

use crate::support::follower::{Follower, Transport};
use crate::support::node::{Node, NodeOptions, Store};
use crate::support::world::{Backend, Plan, World};
use crate::support::{reaper, wait};

/// `http://127.0.0.1:PORT/metrics`, from the node's log.
pub async fn metrics_url(node: &Node) -> String {
    node.logs("metrics on http://").await;
    let log = node.log();
    let (_, after) = log.split_once("metrics on ").unwrap();
    after.split_whitespace().next().unwrap().trim_end_matches('"').to_owned()
}

/// The value of a line of metrics.
fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(name) && line[name.len()..].starts_with(' '));
    let line = line.unwrap_or_else(|| panic!("no {name} in\n{text}"));
    line[name.len()..].trim().parse().unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_the_operator_and_tell_what_happened(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let flags = ["--rate-limits", "off", "--demo", "off", "--metrics-listen", "127.0.0.1:0"];
    let options = NodeOptions { flags: flags.map(str::to_owned).to_vec(), ..NodeOptions::default() };
    let world = World::planned(backend, Plan { options, ..Plan::default() }).await;
    let anyone = world.anyone();
    let article = world.article("last-keeper").await;
    anyone.read(&article).await;
    anyone.raw("{ nonsense }", json!({})).await;
    let public = anyone.http.get(format!("{}/metrics", world.node(0).url())).send().await.unwrap();
    assert_eq!(public.status(), StatusCode::NOT_FOUND, "not on the address for readers");
    let response = anyone.http.get(metrics_url(world.node(0)).await).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let text = response.text().await.unwrap();
    assert!(value(&text, r#"talkback_operations_total{kind="query",outcome="ok"}"#) >= 1.0);
    assert!(value(&text, r#"talkback_operations_total{kind="mutation",outcome="ok"}"#) >= 1.0);
    assert!(text.contains(r#"outcome="GRAPHQL_VALIDATION_FAILED""#), "{text}");
    assert!(value(&text, r#"talkback_http_answers_total{status="200"}"#) >= 2.0);
    assert!(value(&text, "talkback_database_statements_total") > 0.0);
    assert_eq!(value(&text, "talkback_bus_connected"), 1.0);
    assert_eq!(value(&text, "talkback_hubs"), 0.0);
    assert!(text.trim_end().ends_with("# EOF"), "the whole of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_what_went_to_readers_and_how_soon() {
    let flags = ["--demo", "off", "--metrics-listen", "127.0.0.1:0"].map(str::to_owned).to_vec();
    let options = NodeOptions { flags, ..NodeOptions::default() };
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    let article = world.open_article("last-keeper").await;
    let (anyone, ana, url) = (world.anyone(), world.guest("Ana").await, metrics_url(world.node(0)).await);
    let text = async || anyone.http.get(&url).send().await.unwrap().text().await.unwrap();
    let mut readers = Vec::new();
    for transport in [Transport::WebSocket, Transport::Sse] {
        let from = json!({ "articleId": article.id, "after": anyone.read(&article).await["feedCursor"] });
        readers.push(Follower::open(transport, &anyone, "ArticleEvents", from).await);
    }
    for what in ["one", "two", "three"] {
        ana.comment(&article, None, what).await;
        for reader in &mut readers {
            reader.next_payload().await;
        }
    }
    let seen = text().await;
    let names = ["readers", "websockets", "deliveries_total", "feed_resumes_total", "hubs"];
    let values = names.map(|name| value(&seen, &format!("talkback_{name}")));
    assert_eq!(values, [2.0, 1.0, 6.0, 2.0, 1.0], "{seen}");
    assert!(value(&seen, "talkback_commit_to_socket_seconds_count") >= 1.0, "{seen}");
    // Without the last bucket Prometheus computes no quantiles.
    let all = r#"talkback_commit_to_socket_seconds_bucket{le="+Inf"}"#;
    assert_eq!(value(&seen, all), value(&seen, "talkback_commit_to_socket_seconds_count"), "{seen}");
    for reader in readers {
        reader.close().await;
    }
    let nobody = async || {
        let seen = text().await;
        let left = ["readers", "websockets", "hubs"].map(|name| value(&seen, &format!("talkback_{name}")));
        if left == [0.0; 3] { Ok(()) } else { Err(format!("{left:?}")) }
    };
    wait::eventually(wait::deadline(), "nobody to be counted any more", nobody).await;
    // As it would be after a backup was restored: the cursor names what this store does not have.
    let Ok(GlobalId::Article(id)) = GlobalId::decode(&article.id.clone().into()) else {
        panic!("an article's id")
    };
    let ahead = FeedCursor { sequence: 99, ..FeedCursor::beginning(LogId::Article(id)) }.encode();
    let made_up = json!({ "articleId": article.id, "after": ahead });
    let mut lost = Follower::open(Transport::Sse, &anyone, "ArticleEvents", made_up).await;
    let told = lost.next_payload().await;
    assert_eq!(told["data"]["articleEvents"]["event"]["__typename"], "FeedReset", "{told}");
    assert_eq!(value(&text().await, r#"talkback_feed_resets_total{reason="restored"}"#), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_what_is_kept_and_how_often_it_was_of_use() {
    let flags = ["--demo", "off", "--metrics-listen", "127.0.0.1:0"].map(str::to_owned).to_vec();
    let options = NodeOptions { flags, ..NodeOptions::default() };
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    let article = world.open_article("last-keeper").await;
    let (anyone, url) = (world.anyone(), metrics_url(world.node(0)).await);
    let text = async || anyone.http.get(&url).send().await.unwrap().text().await.unwrap();
    let query = "{ __typename }";
    let named = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": digest(query) } } });
    let mut sent = named.clone();
    sent["query"] = json!(query);
    for body in [&named, &sent, &named, &named] {
        let address = format!("{}/graphql", world.node(0).url());
        assert_eq!(anyone.http.post(address).json(body).send().await.unwrap().status(), StatusCode::OK);
    }
    let start = anyone.read(&article).await["feedCursor"].clone();
    world.guest("Ana").await.comment(&article, None, "one").await;
    let from = json!({ "articleId": article.id, "after": start });
    // Both come when the event is past.
    let mut readers = Vec::new();
    for _ in 0..2 {
        let mut reader = Follower::open(Transport::Sse, &anyone, "ArticleEvents", from.clone()).await;
        reader.next_payload().await;
        readers.push(reader);
    }
    world.guest("Ben").await.comment(&article, None, "two").await;
    for reader in &mut readers {
        reader.next_payload().await;
    }
    let seen = text().await;
    let values = |names: [&str; 4]| names.map(|name| value(&seen, &format!("talkback_{name}")));
    let names = ["hubs", "groups", "feed_pages_kept", "database_writes_waiting"];
    assert_eq!(values(names), [1.0, 1.0, 1.0, 0.0], "{seen}");
    let names = [
        "documents_remembered",
        "documents_remembered_bytes",
        r#"documents_named_total{found="no"}"#,
        r#"documents_named_total{found="yes"}"#,
    ];
    assert_eq!(values(names), [1.0, 14.0, 1.0, 2.0], "{seen}");
    let names = [
        r#"feed_pages_total{found="no"}"#,
        r#"feed_pages_total{found="yes"}"#,
        "feed_events_kept",
        "feed_frames_kept_bytes",
    ];
    assert!(values(names).iter().all(|value| *value >= 1.0), "{seen}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn readiness_names_the_database_its_tables_and_the_bus(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let ready = async || {
        let response =
            world.anyone().http.get(format!("{}/readyz", world.node(0).url())).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let all_is_well = json!({ "database": "ok", "migrations": "ok", "bus": "ok", "stopping": false });
    assert_eq!(ready().await, (200, all_is_well));
    // As if an old copy had been put in place under a running node.
    let inside = world.store.look_inside().await;
    let last = "(SELECT max(version) FROM seaql_migrations)";
    sea_orm::ConnectionTrait::execute_unprepared(
        &inside,
        &format!("DELETE FROM seaql_migrations WHERE version = {last}"),
    )
    .await
    .unwrap();
    let (status, body) = ready().await;
    assert_eq!((status, &body["migrations"]), (503, &json!("behind")));
    if backend == Backend::Scaled {
        world.redis().kill().await;
        let degraded = async || {
            let (_, body) = ready().await;
            if body["bus"] == "degraded" { Ok(()) } else { Err(body.to_string()) }
        };
        wait::eventually(wait::deadline(), "the bus to be degraded", degraded).await;
    }
    let alive = world.anyone().http.get(format!("{}/healthz", world.node(0).url())).send().await.unwrap();
    assert_eq!(alive.status(), 200, "alive all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_server_is_a_whole_store() {
    let world = World::embedded().await;
    let article = world.open_article("last-keeper").await;
    world.guest("Ana").await.comment(&article, None, "kept").await;
    let before = world.anyone().read(&article).await;
    let copy = reaper::directory("backup");
    let file = copy.join("talkback.db");
    let ended = world.store.command(&["backup", file.to_str().unwrap()]).await;
    assert!(ended.status.success() && ended.stdout.starts_with("Wrote "), "{}{}", ended.stdout, ended.stderr);
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "for its owner alone");
    }
    let again = world.store.command(&["backup", file.to_str().unwrap()]).await;
    assert!(!again.status.success() && again.stderr.contains("is there already"), "{}", again.stderr);
    world.guest("Ben").await.comment(&article, None, "after the copy").await;
    let restored = Store { data_dir: copy, database_url: None, redis_url: None };
    let node = Node::start(&restored, NodeOptions::default()).await;
    assert_eq!(node.anyone().read(&article).await, before, "as of the copy");
    let checked = restored.command(&["check"]).await;
    assert!(checked.status.success(), "{}", checked.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_postgres_is_left_to_its_own_tool() {
    let world = World::scaled(1).await;
    let ended = world.store.command(&["backup", "talkback.dump"]).await;
    assert!(!ended.status.success() && ended.stderr.contains("pg_dump --format=custom"), "{}", ended.stderr);
}
