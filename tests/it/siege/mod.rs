//! A siege: hundreds of hostile requests over HTTP, server-sent events and WebSockets, and honest ones among them.
//!
//! Each must end soon, without blaming us and without telling of our insides; the node must live, answer honest clients all the
//! while, and stay small.
//!
//! - `documents`: texts and variables, for every transport
//! - `http`: what is wrong before there is a document
//! - `sockets`: frames and messages of a WebSocket
//! - `wire`: bytes to a node and what comes back

mod documents;
mod http;
mod sockets;
mod wire;

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::node::{Node, NodeOptions};
use crate::support::wait;
use crate::support::world::{Backend, Plan, World};
use wire::{Answered, exchange};

/// What a case must come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    /// Any end but our fault: a refusal, or an answer.
    NoHarm,
    /// An honest request: it has data and no errors.
    Data,
}

/// One request, or one conversation on a socket.
struct Case {
    name: String,
    bytes: Vec<u8>,
    wanted: Wanted,
    /// It waits for the node's own patience to end.
    slow: bool,
    /// It breaks off after its bytes.
    cut: bool,
}

impl Case {
    fn hostile(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into(), wanted: Wanted::NoHarm, slow: false, cut: false }
    }

    fn honest(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { wanted: Wanted::Data, ..Self::hostile(name, bytes) }
    }

    fn slow(self) -> Self {
        Self { slow: true, ..self }
    }

    fn cut(self) -> Self {
        Self { cut: true, ..self }
    }
}

/// What no client may ever read.
const SECRETS: [&str; 16] = [
    "panicked",
    "SELECT ",
    "INSERT ",
    "sqlx",
    "sea_orm",
    "SqlErr",
    "sqlite",
    "src/",
    ".rs:",
    "/root",
    "/home",
    "/tmp",
    "async_graphql",
    "talkback::",
    "alloc::",
    "core::",
];
/// How much the node may grow.
const GROWTH_MAX_KIB: u64 = 64 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_under_siege_answers_and_stays_small() {
    let mut options = NodeOptions::default();
    options.flags.extend(["--limit", "head-seconds=2,body-seconds=2"].map(str::to_owned));
    let world = World::planned(Backend::Embedded, Plan { options, ..Plan::default() }).await;
    let article = world.open_article("open").await;
    let (ana, node) = (world.guest("Ana").await, world.node(0));
    ana.comment(&article, None, "something to read").await;
    let cases: Vec<Case> =
        [documents::cases(), http::cases(), sockets::cases()].into_iter().flatten().collect();
    assert!(cases.len() >= 500, "{} cases", cases.len());

    // Once around, so that what is loaded when first needed is not taken for growth.
    for case in cases.iter().filter(|case| case.wanted == Wanted::Data) {
        let _ = try_one(node, case).await;
    }
    let idle = resident_kib(node);
    let mut wrong = Vec::new();
    let (mut most, mut slowest) = (idle, (Duration::ZERO, ""));
    let (slow, quick): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.slow);
    for (number, case) in quick.iter().enumerate() {
        match try_one(node, case).await {
            Ok(took) if took > slowest.0 => slowest = (took, &case.name),
            Ok(_) => {}
            Err(what) => wrong.push(what),
        }
        if number % 25 == 0 {
            let answer = ana.run("Article", json!({ "slug": "open" })).await;
            assert_eq!(answer.data("/article/id"), &json!(article.id), "after {}", case.name);
        }
        most = most.max(resident_kib(node));
    }
    // Those that take their time take it together.
    let slow = futures_util::future::join_all(slow.iter().map(|case| try_one(node, case))).await;
    wrong.extend(slow.into_iter().filter_map(Result::err));
    most = most.max(resident_kib(node));
    let honest = cases.iter().filter(|case| case.wanted == Wanted::Data).count();
    println!(
        "{} cases, {honest} of them honest; the slowest took {} ms ({}); {} KiB above {idle} KiB at most",
        cases.len(),
        slowest.0.as_millis(),
        slowest.1,
        most - idle,
    );
    assert!(wrong.is_empty(), "{} cases went wrong:\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(most - idle < GROWTH_MAX_KIB, "grew by {} KiB", most - idle);
    assert!(node.is_running());
    let log = node.log();
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
    world.check().await;
}

/// How long it took, or what it did wrong.
async fn try_one(node: &Node, case: &Case) -> Result<Duration, String> {
    let started = Instant::now();
    let exchanged = exchange(node.port(), &case.bytes, case.cut);
    let Ok(Answered { statuses, text }) = tokio::time::timeout(wait::deadline(), exchanged).await else {
        return Err(format!("{}: no end within {:?}", case.name, wait::deadline()));
    };
    let took = started.elapsed();
    let secret = SECRETS.into_iter().chain(["\"INTERNAL\""]).find(|secret| text.contains(secret));
    let harmed = statuses.iter().any(|status| *status >= 500) || secret.is_some();
    let missed =
        case.wanted == Wanted::Data && (!text.contains(r#""data":{"#) || text.contains(r#""errors""#));
    if harmed || missed {
        let shown: String = text.chars().take(1_200).collect();
        return Err(format!("{}: {statuses:?} {secret:?} {shown}", case.name));
    }
    Ok(took)
}

fn resident_kib(node: &Node) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
