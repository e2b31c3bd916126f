//! A thousand articles, each followed by a few.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement};
use tokio::runtime::Runtime;

use super::machine;
use super::publisher::Publisher;
use super::subject::{Subject, Talkback};
use super::wire::Transport;

pub struct Outcome {
    pub articles: usize,
    pub readers_each: usize,
    /// Statements a second while nothing happens; known on PostgreSQL only.
    pub idle_statements: Option<f64>,
    /// Of the server's core, while nothing happens.
    pub idle_busy: f64,
    /// From a comment's acknowledgement to all readers of its article: median and 99th percentile, in ms.
    pub latency: (f64, f64),
}

/// Follows, waits, and has a comment written under every tenth article.
pub fn run(runtime: &Runtime, subject: &Talkback, articles: usize, readers_each: usize) -> Outcome {
    let ids: Vec<_> =
        (0..articles).map(|number| subject.publish_article(runtime, &format!("story-{number}"))).collect();
    let mut crowds: Vec<_> = ids
        .iter()
        .map(|id| {
            let operation = Talkback::operation_of(id);
            super::crowd::Crowd::gather(subject.port(), Transport::WebSocket, &operation, readers_each)
        })
        .collect();
    // PostgreSQL counts what a session did up to ten seconds after it went idle.
    std::thread::sleep(Duration::from_secs(12));
    let lasting = Duration::from_secs(20);
    let (statements, cpu, start) =
        (transactions(runtime, subject), machine::cpu(subject.pid()), Instant::now());
    std::thread::sleep(lasting);
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), machine::cpu(subject.pid()).saturating_sub(cpu));
    let idle_statements = statements.zip(transactions(runtime, subject));
    let mut latencies = Vec::new();
    for (id, crowd) in ids.iter().zip(&mut crowds).step_by(10) {
        let mut publisher = Publisher::connect(subject.port(), subject.post_to(id), 0);
        crowd.expect(1);
        publisher.publish();
        let acknowledged = Instant::now();
        assert!(crowd.all_within(Duration::from_secs(5)), "an event does not arrive");
        latencies.push(acknowledged.elapsed().as_secs_f64() * 1e3);
    }
    latencies.sort_unstable_by(f64::total_cmp);
    Outcome {
        articles,
        readers_each,
        // The look itself is a statement.
        idle_statements: idle_statements.map(|(before, after)| (after - before - 1) as f64 / seconds),
        idle_busy: cpu.as_secs_f64() / seconds,
        latency: (latencies[latencies.len() / 2], latencies[latencies.len() * 99 / 100]),
    }
}

/// Transactions of PostgreSQL so far, each of one statement when nobody writes.
fn transactions(runtime: &Runtime, subject: &Talkback) -> Option<i64> {
    subject.world.store.database_url.as_ref()?;
    runtime.block_on(async {
        let inside = subject.world.store.look_inside().await;
        let sql = "SELECT pg_stat_clear_snapshot(), sum(xact_commit + xact_rollback)::bigint AS n \
                   FROM pg_stat_database WHERE datname = current_database()";
        let row = inside.query_one_raw(Statement::from_string(inside.get_database_backend(), sql)).await;
        row.ok().flatten().and_then(|row| row.try_get("", "n").ok())
    })
}
