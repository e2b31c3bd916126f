//! A siege: hundreds of hostile requests over HTTP, server-sent events and WebSockets, and honest ones among them.
//!
//! Each must end within a second, without blaming us and without telling of our insides; the node must live, answer honest
//! clients all the while, and stay small. First they come one by one, then many at a time.
//!
//! - `documents`: texts and variables, for every transport
//! - `http`: what is wrong before there is a document
//! - `sockets`: frames and messages of a WebSocket
//! - `wire`: bytes to a node and what comes back
//! - `judge`: what is wrong with an answer
//! - `bystander`: what of its time was the machine's doing

mod bystander;
mod documents;
mod http;
mod judge;
mod sockets;
pub mod wire;

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use rstest::rstest;
use serde_json::json;

use crate::support::newsroom::Published;
use crate::support::node::{Node, NodeOptions};
use crate::support::wait;
use crate::support::world::{Backend, Plan, World};
use bystander::Bystander;
use judge::{Judge, Time};
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
    /// How long the node waits for its client before it gives up: that is not counted against it.
    patience: Duration,
    /// It breaks off after its bytes.
    cut: bool,
}

impl Case {
    fn hostile(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let (name, bytes) = (name.into(), bytes.into());
        Self { name, bytes, wanted: Wanted::NoHarm, patience: Duration::ZERO, cut: false }
    }

    fn honest(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { wanted: Wanted::Data, ..Self::hostile(name, bytes) }
    }

    fn patient(self, seconds: u64) -> Self {
        Self { patience: Duration::from_secs(seconds), ..self }
    }

    fn cut(self) -> Self {
        Self { cut: true, ..self }
    }
}

/// How much a node may grow.
const GROWTH_MAX_KIB: u64 = 64 * 1024;
/// How many come at a time, in the end.
const CROWD: usize = 32;

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_node_under_siege_answers_and_stays_small(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let cases: Vec<Case> =
        [documents::cases(), http::cases(), sockets::cases()].into_iter().flatten().collect();
    assert!(cases.len() >= 500, "{} cases", cases.len());
    let siege = Siege::of(backend, &[], &[]).await;
    let node = siege.world.node(0);
    let ana = siege.world.guest("Ana").await;
    ana.comment(&siege.article, None, "something to read").await;

    // Once around with the honest ones, many at a time: what is loaded, and who is connected to, when first needed is no growth.
    let honest: Vec<&Case> = cases.iter().filter(|case| case.wanted == Wanted::Data).collect();
    siege.meet_all(honest.iter().cycle().take(8 * CROWD).copied()).await;
    let idle = memory_kib(node, "VmRSS");
    forget_the_peak(node);
    let (patient, quick): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| !case.patience.is_zero());
    let mut wrong = Vec::new();
    let mut slowest = (Time::default(), "");
    for (number, case) in quick.iter().enumerate() {
        match siege.meet(case).await {
            Ok(time) if time > slowest.0 => slowest = (time, &case.name),
            Ok(_) => {}
            Err(what) => wrong.push(what),
        }
        if number % 25 == 0 {
            let answer = ana.run("Article", json!({ "slug": "open" })).await;
            assert_eq!(answer.data("/article/slug"), &json!("open"), "after {}", case.name);
        }
    }
    let alone = memory_kib(node, "VmHWM").saturating_sub(idle);
    // All over again, many at a time: each waits for the others then, so what is looked at is harm and growth. Those that
    // take their time take it together.
    let patient = futures_util::future::join_all(patient.iter().map(|case| siege.meet(case)));
    let (crowd, patient) = tokio::join!(siege.meet_all(quick.iter().copied()), patient);
    let slowest_of_many = crowd.iter().flatten().max().copied().unwrap_or_default();
    wrong.extend(crowd.into_iter().chain(patient).filter_map(Result::err));
    let most = memory_kib(node, "VmHWM").saturating_sub(idle);
    println!(
        "{} cases, {} of them honest. One by one the slowest took {:?} ({}; a bystander {:?}), {CROWD} at a time {:?}. \
        {idle} KiB before; at most {alone} more one by one, {most} in all",
        cases.len(),
        honest.len(),
        slowest.0.took,
        slowest.1,
        slowest.0.stalled,
        slowest_of_many.took,
    );
    assert!(wrong.is_empty(), "{} cases went wrong:\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(most < GROWTH_MAX_KIB, "grew by {most} KiB");
    siege.is_over().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_suggested_where_introspection_is_off(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let siege =
        Siege::of(backend, &["--introspection", "off"], &["Did you mean", "did you mean", "queryType"]).await;
    let mut wrong = Vec::new();
    for case in documents::near_misses().into_iter().chain(documents::cases()) {
        // What reads the schema is not honest here.
        let case = Case { wanted: Wanted::NoHarm, ..case };
        wrong.extend(siege.meet(&case).await.err());
    }
    assert!(wrong.is_empty(), "{} cases went wrong:\n{}", wrong.len(), wrong.join("\n\n"));
    siege.is_over().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn near_misses_are_helped_where_introspection_is_on() {
    let siege = Siege::of(Backend::Embedded, &[], &["Did you mean"]).await;
    let met = siege.meet_all(documents::near_misses().iter()).await;
    let helped = met
        .iter()
        .filter(|met| met.as_ref().is_err_and(|told| told.contains("tells \"Did you mean")))
        .count();
    assert!(helped >= 9, "{helped} of {} near misses were helped: they show nothing then", met.len());
}

/// A world under siege, and what tells how it does.
struct Siege {
    world: World,
    article: Published,
    judge: Judge,
    bystander: Bystander,
}

impl Siege {
    async fn of(backend: Backend, flags: &[&str], secrets: &[&str]) -> Self {
        let mut options = NodeOptions::default();
        let patience = ["--limit", "head-seconds=2,body-seconds=2"];
        options.flags.extend(patience.iter().chain(flags).map(|flag| (*flag).to_owned()));
        let world = World::planned(backend, Plan { options, ..Plan::default() }).await;
        let article = world.open_article("open").await;
        let store = &world.store;
        let places =
            [Some(store.data_dir.display().to_string()), store.database_url.clone(), store.redis_url.clone()];
        let judge = Judge::knowing(
            places.into_iter().flatten().chain(secrets.iter().map(|secret| (*secret).to_owned())),
        );
        Self { world, article, judge, bystander: Bystander::start().await }
    }

    /// How long a case took that comes alone; or what went wrong.
    async fn meet(&self, case: &Case) -> Result<Time, String> {
        let (time, answered) = self.answered(case).await?;
        self.judge.wrong(case, &answered, Some(time)).map_or(Ok(time), Err)
    }

    async fn answered(&self, case: &Case) -> Result<(Time, Answered), String> {
        let started = Instant::now();
        let exchanged = exchange(self.world.node(0).port(), &case.bytes, case.cut);
        let Ok(answered) = tokio::time::timeout(wait::deadline(), exchanged).await else {
            return Err(format!("{}: no end within {:?}", case.name, wait::deadline()));
        };
        let took = started.elapsed();
        Ok((Time { took, stalled: self.bystander.slowest_since(started) }, answered))
    }

    /// What each came to, when they come many at a time.
    async fn meet_all<'a>(&self, cases: impl Iterator<Item = &'a Case>) -> Vec<Result<Time, String>> {
        let met = futures_util::stream::iter(cases).map(async |case| {
            let (time, answered) = self.answered(case).await?;
            self.judge.wrong(case, &answered, None).map_or(Ok(time), Err)
        });
        met.buffer_unordered(CROWD).collect().await
    }

    /// The nodes live, have nothing to report, and their store is whole.
    async fn is_over(&self) {
        for node in &self.world.nodes {
            assert!(node.is_running());
            let log = node.log();
            assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
        }
        self.world.check().await;
    }
}

/// What the kernel counts for a node: `VmRSS` is what it occupies, `VmHWM` the most that it did.
fn memory_kib(node: &Node, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// From here on, the most is counted anew (proc_pid_clear_refs(5)).
fn forget_the_peak(node: &Node) {
    std::fs::write(format!("/proc/{}/clear_refs", node.pid()), "5").unwrap();
}
