//! The fan-out, each figure beside its baseline in the same run: `cargo bench --bench fanout` makes the whole
//! report, `-- --quick` a shorter one in two minutes, `-- closed` (`idle`, `paced`, `overload`, `nodes`,
//! `followed`) parts of it. The server has one core and the load another; read the ratios.
//!
//! | file | what lives there |
//! |---|---|
//! | `machine` | cores, CPU time, memory |
//! | `wire`, `crowd` | readers by the thousand, in one thread |
//! | `publisher` | who makes events |
//! | `subject` | the servers: Talkback, and its baselines |
//! | `stock`, `raw` | the baselines: what the book says, and what the sockets can do |
//! | `closed`, `paced`, `followed` | what is measured |
//! | `chapters`, `report`, `plot` | what is told of it |

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people"
)]

mod chapters;
mod closed;
mod crowd;
mod followed;
mod machine;
mod paced;
mod plot;
mod publisher;
mod raw;
mod report;
mod stock;
mod subject;
#[path = "../../tests/it/support/mod.rs"]
#[allow(
    unused_imports,
    clippy::unwrap_used,
    reason = "tools of the tests, whose own tests stay with the tests"
)]
mod support;
mod wire;

use std::io::Write;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--serve", "raw"] => raw::serve(),
        ["--serve", "stock"] => stock::serve(),
        ref words => {
            let quick = words.contains(&"--quick");
            let parts: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with("--")).collect();
            chapters::run(quick, &parts);
        }
    }
}

/// A line on standard output.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever listened has gone: nothing is left to be said.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
