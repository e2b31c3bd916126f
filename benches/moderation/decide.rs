//! Moderators work through the queue over HTTP, one comment at a time, and by the hundred; beside the raw database doing
//! what that comes to.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::machine;
use super::publisher::{Post, Publisher};
use super::raw::{Raw, Shape};
use super::report::figure;
use super::site::Site;
use super::support::node::Node;
use super::support::operations::Operation;
use super::support::world::Backend;
use super::times::Times;
use super::{Run, say};

const PAGE: usize = 50;
const TOGETHER: usize = 100;
const QUEUE: &str =
    "query Queue($first: Int, $last: Int) { moderationQueue(queue: PENDING, first: $first, last: $last) {
    totalCount nodes { id revision } } }";
const APPROVE: &str = "mutation Approve($input: CommentModerateInput!) { commentApprove(input: $input) {
    comment { id status revision } userErrors { code message } } }";
const BULK: &str = "mutation Bulk($input: CommentsModerateInput!) { commentsModerate(input: $input) {
    actionId results { id comment { id status } userErrors { code message } } userErrors { code message } } }";

/// How many moderators, and what each does before they stop.
#[derive(Clone, Copy)]
struct Shift {
    moderators: usize,
    requests: usize,
    together: usize,
}

/// What came of a shift.
struct Outcome {
    decisions: Times,
    pages: Times,
    took: Duration,
    cpu: Duration,
    comments: usize,
}

impl Outcome {
    fn rate(&self) -> f64 {
        self.comments as f64 / self.took.as_secs_f64()
    }
}

/// One moderator: takes pages from one end of what is theirs, and decides on all of it.
fn work(node: &Node, token: &str, shift: Shift, mut own: VecDeque<Value>) -> Times {
    let mut connection = Publisher::connect(node.port(), Post::Bytes(Vec::new()), 0);
    let mut times = Times::default();
    for _ in 0..shift.requests {
        let items: Vec<Value> = own.drain(..shift.together).collect();
        let begun = Instant::now();
        let payload = if shift.together == 1 {
            let answer = connection.ask(token, APPROVE, &json!({ "input": items[0] }));
            answer["data"]["commentApprove"].clone()
        } else {
            let input = json!({ "items": items, "to": "APPROVED" });
            connection.ask(token, BULK, &json!({ "input": input }))["data"]["commentsModerate"].clone()
        };
        times.add(begun.elapsed());
        let is_done =
            |part: &Value| part["userErrors"] == json!([]) && part["comment"]["status"] == "APPROVED";
        let all =
            payload["results"].as_array().map_or(is_done(&payload), |results| results.iter().all(is_done));
        assert!(all, "not all were decided: {payload}");
    }
    times
}

/// Reads as much of the queue as the shift needs, by pages from the front as the desk does; each moderator gets a share.
fn shares(node: &Node, token: &str, shift: Shift, pages: &mut Times) -> Vec<VecDeque<Value>> {
    let mut connection = Publisher::connect(node.port(), Post::Bytes(Vec::new()), 0);
    let needed = shift.moderators * shift.requests * shift.together;
    let query = QUEUE.replace("$last: Int", "$after: String").replace("last: $last", "after: $after");
    let query = query.replace("nodes {", "pageInfo { endCursor } nodes {");
    let (mut shares, mut after) = (vec![VecDeque::new(); shift.moderators], Value::Null);
    let mut taken = 0;
    while taken < needed {
        let begun = Instant::now();
        let answer = connection.ask(token, &query, &json!({ "first": PAGE, "after": after }));
        pages.add(begun.elapsed());
        let page = &answer["data"]["moderationQueue"];
        after = page["pageInfo"]["endCursor"].clone();
        let nodes = page["nodes"].as_array().expect("a page");
        assert!(!nodes.is_empty(), "the queue is too short for the shift");
        for node in nodes {
            shares[taken % shift.moderators]
                .push_back(json!({ "id": node["id"], "revision": node["revision"] }));
            taken += 1;
        }
    }
    shares
}

fn shift(node: &Node, tokens: &[String], shift: Shift) -> Outcome {
    let mut pages = Times::default();
    let shares = shares(node, &tokens[0], shift, &mut pages);
    let (begun, before) = (Instant::now(), machine::cpu(node.pid()));
    let mut decisions = Times::default();
    std::thread::scope(|scope| {
        let at_work: Vec<_> = shares
            .into_iter()
            .zip(tokens)
            .map(|(own, token)| scope.spawn(move || work(node, token, shift, own)))
            .collect();
        for moderator in at_work {
            decisions.extend(moderator.join().expect("a moderator works to the end"));
        }
    });
    let (took, cpu) = (begun.elapsed(), machine::cpu(node.pid()).saturating_sub(before));
    let comments = decisions.count() * shift.together;
    Outcome { decisions, pages, took, cpu, comments }
}

/// Statements of a page of the queue with all that the desk shows of it: the same for a short and for a long one.
fn statements(run: &Run, site: &Site) -> (u64, u64) {
    let cost = |first: usize| {
        let variables = json!({ "queue": "PENDING", "first": first });
        run.runtime.block_on(site.inside.cost(&site.inside.people[0], "ModerationQueue", variables))
    };
    (cost(10), cost(100))
}

/// A page of the queue as the desk asks for it.
fn desk_pages(node: &Node, token: &str, count: usize) -> Times {
    let Operation { query, .. } = Operation::named("ModerationQueue", json!({}));
    let mut connection = Publisher::connect(node.port(), Post::Bytes(Vec::new()), 0);
    let mut times = Times::default();
    for _ in 0..count {
        let begun = Instant::now();
        let answer = connection.ask(token, &query, &json!({ "queue": "PENDING", "first": 20 }));
        times.add(begun.elapsed());
        assert_eq!(answer["data"]["moderationQueue"]["edges"].as_array().map(Vec::len), Some(20), "{answer}");
    }
    times
}

/// See the module.
pub fn chapter(run: &mut Run, backend: Backend) {
    let scale = if run.quick { 10 } else { 1 };
    let site = Site::new(run, backend, 10_000 / scale + TOGETHER * 4);
    let mut tokens = Vec::new();
    for number in 0..8 {
        let name = format!("Moderator {number}");
        tokens.push(run.runtime.block_on(site.store.token("MODERATOR", &name)));
    }
    let node = site.serve(run);
    let (short, long) = statements(run, &site);
    let desk = desk_pages(&node, &tokens[0], 300 / scale);
    let shifts = [(1, 1_000, 1), (2, 1_000, 1), (8, 250, 1), (2, 20, TOGETHER)];
    let mut rows = Vec::new();
    let mut pages = Times::default();
    for (moderators, requests, together) in shifts {
        let planned = Shift { moderators, requests: (requests / scale).max(2), together };
        let outcome = shift(&node, &tokens, planned);
        let shape = if together == 1 { Shape::Single } else { Shape::Bulk(together) };
        let raw_site = Site::new(run, backend, planned.requests * moderators * together + TOGETHER);
        let raw = run.runtime.block_on(Raw::open(&raw_site, backend, moderators));
        let (baseline, baseline_took) =
            run.runtime.block_on(raw.run(&raw_site, shape, moderators, planned.requests));
        let baseline_rate = (baseline.count() * together) as f64 / baseline_took.as_secs_f64();
        rows.push(vec![
            format!("{moderators} × {}", if together == 1 { "one".to_owned() } else { together.to_string() }),
            figure(outcome.rate()),
            outcome.decisions.told(),
            format!("{:.2}", outcome.cpu.as_secs_f64() * 1_000.0 / outcome.comments as f64),
            figure(baseline_rate),
            baseline.told(),
            format!("{:.2}", outcome.rate() / baseline_rate),
        ]);
        pages.extend(outcome.pages);
    }
    let name = if backend == Backend::Embedded { "SQLite" } else { "PostgreSQL" };
    let what = format!(
        "Over HTTP, from a queue of {} pending comments under eight articles. The raw database reads and writes the same rows in \
         the same transactions, as many at once, one commit each, and nothing else. A page of the queue with all that the desk \
         shows of it is {short} statements for 10 comments and {long} for 100; 20 comments took {} ms over HTTP (p50 / p99), \
         a bare page of {PAGE} {}.",
        site.held.len(),
        desk.told(),
        pages.told(),
    );
    assert_eq!(short, long, "the statements of a page depend on its length");
    run.report.heading(&format!("Deciding on {name}"), &what);
    let head = [
        "moderators × at a time",
        "decisions/s",
        "ms p50 / p99",
        "server CPU ms each",
        "raw/s",
        "raw ms p50 / p99",
        "of raw",
    ];
    run.report.table(&head, &rows);
    drop(node);
    site.check(run);
    say(&format!("{name}: the store adds up"));
}
