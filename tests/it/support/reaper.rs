//! Nothing outlives the tests: no server, no directory, however the test process ends.
//!
//! `Drop` does not run for statics, nor when a test process is killed. So a small shell process holds the other end of a pipe;
//! the kernel closes it when we end, and the shell then kills what is still registered and removes our directory.

use std::{
    io::Write,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

/// Reads `start PID` and `end PID` lines until we are gone. `$1` is the directory; `$2` keeps it when not empty.
/// The second `rm` is for a dying server that wrote a last file during the first one.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
pids=' '
while read -r verb pid; do
    case $verb in
        start) pids="$pids$pid " ;;
        end) pids="${pids%% "$pid" *} ${pids#* "$pid" }" ;;
    esac
done
for pid in $pids; do kill -9 "$pid"; done
[ -n "$2" ] || rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
"#;

struct Reaper {
    root: PathBuf,
    pipe: Mutex<ChildStdin>,
    /// Held, never awaited: it ends after us.
    _shell: Child,
}

static REAPER: LazyLock<Reaper> = LazyLock::new(|| {
    let root = tempfile::Builder::new()
        .prefix("talkback-it-")
        // Not 0700: a PostgreSQL that may not run as root runs as another user, and must get to its own directory.
        .permissions(std::fs::Permissions::from_mode(0o711))
        .tempdir()
        .expect("the temporary directory is writable (set TMPDIR to choose another)")
        .keep();
    let keep = std::env::var("TALKBACK_TEST_KEEP").unwrap_or_default();
    if !keep.is_empty() {
        eprintln!("the servers' directories stay in {}", root.display());
    }
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT, "reaper"])
        .arg(&root)
        .arg(keep)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0) // Ctrl-C at the terminal is for the tests, not for who cleans up after them
        .spawn()
        .expect("sh starts");
    let pipe = shell.stdin.take().expect("stdin is a pipe");
    Reaper { root, pipe: Mutex::new(pipe), _shell: shell }
});

impl Reaper {
    fn tell(&self, verb: &str, pid: u32) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(pipe, "{verb} {pid}").expect("the reaper listens");
    }
}

/// A process that must not outlive this one.
pub fn watch(pid: u32) {
    REAPER.tell("start", pid);
}

/// That process has ended; its number may soon be somebody else's.
pub fn forget(pid: u32) {
    REAPER.tell("end", pid);
}

/// A new empty directory, `NAME-N`, that goes when the tests have ended (and stays with `TALKBACK_TEST_KEEP=1`).
pub fn directory(name: &str) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = REAPER.root.join(format!("{name}-{number}"));
    std::fs::create_dir(&path).expect("our own directory is writable");
    path
}

/// Removes a directory early: a long campaign starts hundreds of servers.
pub fn discard(path: &Path) {
    if std::env::var("TALKBACK_TEST_KEEP").unwrap_or_default().is_empty() {
        // A failure here costs disk space until the end, nothing more.
        let _ = std::fs::remove_dir_all(path);
    }
}
