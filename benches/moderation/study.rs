//! What sharing a commit gains: the raw database, with more and more decisions to a commit, each under a savepoint. Measured
//! before it was built; `src/store/together.rs` is what came of it. PostgreSQL has a way of its own, `commit_delay`: whether
//! that is worth setting, the second table says.

use std::time::{Duration, Instant};

use sea_orm::TransactionTrait;

use super::Run;
use super::raw::{Case, Raw};
use super::report::figure;
use super::site::Site;
use super::support::world::Backend;

/// See the module.
pub fn chapter(run: &mut Run, backend: Backend) {
    let long = Duration::from_millis(if run.quick { 400 } else { 2_000 });
    match backend {
        Backend::Embedded => sqlite(run, long),
        Backend::Scaled => postgres(run, long),
    }
}

fn sqlite(run: &mut Run, long: Duration) {
    let mut rows = Vec::new();
    for synchronous in ["FULL", "NORMAL"] {
        let mut row = vec![synchronous.to_owned()];
        let mut alone = f64::NAN;
        for size in [1, 2, 8, 32] {
            let site = Site::new(run, Backend::Embedded, 500);
            let raw = run.runtime.block_on(Raw::open_with(&site, Backend::Embedded, 1, synchronous, &[]));
            let rate = run.runtime.block_on(grouped(&raw, &site.cases(), size, long));
            if size == 1 {
                alone = rate;
            }
            row.push(format!("{} ({:.1}×)", figure(rate), rate / alone));
        }
        rows.push(row);
    }
    run.report.heading(
        "Sharing a commit on SQLite",
        "Decisions a second of the raw database, so many to a commit, each under a savepoint of its own; and the gain over one \
         commit each. The service runs with FULL.",
    );
    run.report.table(&["synchronous", "1", "2", "8", "32"], &rows);
}

/// Decisions one after the other, `size` to a commit.
async fn grouped(raw: &Raw, cases: &[Case], size: usize, long: Duration) -> f64 {
    let (begun, mut decided) = (Instant::now(), 0);
    let mut next = cases.iter().cycle();
    while begun.elapsed() < long {
        let outer = raw.begin().await;
        for case in next.by_ref().take(size) {
            let inner = if size == 1 { None } else { Some(outer.begin().await.expect("a savepoint")) };
            let tx = inner.as_ref().unwrap_or(&outer);
            raw.read(tx, &[*case]).await;
            raw.write(tx, *case).await;
            if let Some(inner) = inner {
                inner.commit().await.expect("no fault");
            }
        }
        outer.commit().await.expect("no fault");
        decided += size;
    }
    decided as f64 / begun.elapsed().as_secs_f64()
}

fn postgres(run: &mut Run, long: Duration) {
    const DELAYS: [(&str, &[(&str, &str)]); 3] = [
        ("0 (the default)", &[]),
        ("200 µs", &[("commit_delay", "200"), ("commit_siblings", "1")]),
        ("1,000 µs", &[("commit_delay", "1000"), ("commit_siblings", "1")]),
    ];
    let mut rows = Vec::new();
    let site = Site::new(run, Backend::Scaled, 2_000);
    for (name, settings) in DELAYS {
        for (spread, articles) in [("eight articles", 8), ("one article", 1)] {
            let mut row = vec![name.to_owned(), spread.to_owned()];
            for writers in [1, 2, 8, 32] {
                let raw = run.runtime.block_on(Raw::open_with(&site, Backend::Scaled, writers, "", settings));
                let cases: Vec<Case> =
                    site.cases().into_iter().filter(|case| site.is_among(*case, articles)).collect();
                row.push(figure(run.runtime.block_on(side_by_side(&raw, &cases, writers, long))));
            }
            rows.push(row);
        }
    }
    run.report.heading(
        "Sharing a commit on PostgreSQL",
        "Decisions a second of the raw database, one commit each, by so many connections at once, by `commit_delay` (with \
         `commit_siblings = 1`). Under one article its row's lock is held through the commit, so commits can't be shared.",
    );
    run.report.table(&["commit_delay", "comments under", "1", "2", "8", "32"], &rows);
}

/// Writers at once, each a decision to a commit, on comments of their own.
async fn side_by_side(raw: &Raw, cases: &[Case], writers: usize, long: Duration) -> f64 {
    let begun = Instant::now();
    let writer = async |number: usize| {
        let mut decided = 0;
        for case in cases.iter().skip(number).step_by(writers).cycle() {
            if begun.elapsed() >= long {
                break;
            }
            let tx = raw.begin().await;
            raw.read(&tx, &[*case]).await;
            raw.write(&tx, *case).await;
            tx.commit().await.expect("no fault");
            decided += 1;
        }
        decided
    };
    let decided: usize = futures_util::future::join_all((0..writers).map(writer)).await.into_iter().sum();
    decided as f64 / begun.elapsed().as_secs_f64()
}
