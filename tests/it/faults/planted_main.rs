//! The server with the bugs of `src/planted.rs` in it, for the fault tests alone.

use std::process::ExitCode;

fn main() -> ExitCode {
    talkback::cli::run()
}
