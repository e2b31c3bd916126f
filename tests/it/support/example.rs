//! The server with the features that no build has by default: bugs to be found, and traces for a collector. An
//! example of this package, built once, by whichever test needs it first.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tokio::sync::OnceCell;

const FEATURES: &str = "talkback/planted-bugs,talkback/opentelemetry";

/// Where it is.
pub async fn binary() -> PathBuf {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    let build = || async {
        tokio::task::spawn_blocking(build)
            .await
            .expect("building does not panic, it fails")
            .unwrap_or_else(|why| panic!("{why}"))
    };
    BUILT.get_or_init(build).await.clone()
}

fn build() -> Result<PathBuf, String> {
    // …/target/debug/deps/it-0123456789abcdef
    let test = std::env::current_exe().map_err(|error| error.to_string())?;
    let profile = test.parent().and_then(|deps| deps.parent()).ok_or("the test has an odd place")?;
    let target = profile.parent().ok_or("the test has an odd place")?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).arg("build").args(["--workspace", "--quiet"]);
    cargo.args(["--example", "talkback-planted", "--features", FEATURES, "--target-dir"]);
    cargo.arg(target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let built =
        cargo.stdin(Stdio::null()).output().map_err(|error| format!("cargo does not start: {error}"))?;
    if !built.status.success() {
        let why = String::from_utf8_lossy(&built.stderr);
        return Err(format!("the server with all features does not build:\n{why}"));
    }
    Ok(profile.join("examples/talkback-planted"))
}
