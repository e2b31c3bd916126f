//! Deciding, each figure beside the raw database doing the same writes in the same run: `cargo bench --bench moderation`
//! makes the whole report, `-- --quick` a shorter one, `-- decide` (`study`) a part of it; `-- sqlite` and `-- postgres` one
//! database's. The server, and PostgreSQL, have one core and the load another; every commit waits for the disk, as in
//! production. `TALKBACK_BENCH_BINARY` names the server to measure; read the ratios.
//!
//! | file | what lives there |
//! |---|---|
//! | `site` | an installation with a long queue |
//! | `decide` | moderators at work, over HTTP |
//! | `raw` | the same reads and writes, and nothing else |
//! | `study` | what sharing a commit gains: the raw database, with more and more decisions to a commit |
//! | `times` | how long things took |
//!
//! Machine, report and client are those of `benches/fanout`.

#![expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "figures for people")]

mod decide;
#[path = "../fanout/machine.rs"]
#[allow(dead_code, reason = "the fan-out needs more of it")]
mod machine;
#[path = "../fanout/publisher.rs"]
#[allow(dead_code, reason = "the fan-out needs more of it")]
mod publisher;
mod raw;
#[path = "../fanout/report.rs"]
#[allow(dead_code, reason = "the fan-out needs more of it")]
mod report;
mod site;
mod study;
#[path = "../../tests/it/support/mod.rs"]
#[allow(
    unused_imports,
    clippy::unwrap_used,
    reason = "tools of the tests, whose own tests stay with the tests"
)]
mod support;
mod times;

use std::io::Write;
use std::time::Instant;

use machine::Cores;
use report::Report;
use support::world::Backend;
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a chapter works with.
pub struct Run {
    pub cores: Cores,
    pub runtime: Runtime,
    pub quick: bool,
    pub report: Report,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let quick = arguments.iter().any(|word| word == "--quick");
    let is_asked = |word: &str, of: &[&str]| {
        let named: Vec<_> = arguments.iter().filter(|asked| of.contains(&asked.as_str())).collect();
        named.is_empty() || named.iter().any(|asked| *asked == word)
    };
    let cores = Cores::find();
    cores.be_the_load();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let mut run = Run { cores, runtime, quick, report: Report::default() };
    let started = Instant::now();
    if !cores.are_two() {
        run.report.heading("One core", "Server and load share it, and figures mean little.");
    }
    for (word, backend) in [("sqlite", Backend::Embedded), ("postgres", Backend::Scaled)] {
        if !is_asked(word, &["sqlite", "postgres"]) {
            continue;
        }
        if is_asked("decide", &["decide", "study"]) {
            decide::chapter(&mut run, backend);
        }
        if is_asked("study", &["decide", "study"]) {
            study::chapter(&mut run, backend);
        }
        eprintln!("{word}: {:.0?} since the beginning", started.elapsed());
    }
    say(run.report.text());
}

/// Text on standard output.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever listened has gone: nothing is left to be said.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
