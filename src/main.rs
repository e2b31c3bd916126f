//! The binary: everything is in the library, so that an edit there links fast.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    talkback::cli::run()
}
