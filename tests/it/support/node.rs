//! A node: the real `talkback` binary, on a port of its own, that a test may kill, drain, freeze and start again.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::{Arc, Mutex},
};

use rustix::process::Signal;
use sea_orm::DatabaseConnection;

use super::{
    client::Actor,
    database,
    process::{Ended, Process, lock},
    wait,
};

/// Where nodes keep what they know: the flags that `serve`, `token` and `check` have in common.
#[derive(Clone, Debug)]
pub struct Store {
    pub data_dir: PathBuf,
    /// PostgreSQL; without it SQLite, in the data directory.
    pub database_url: Option<String>,
    pub redis_url: Option<String>,
}

impl Store {
    /// Runs a command of the binary on this store, to its end: `store.command(&["check"])`.
    pub async fn command(&self, arguments: &[&str]) -> Ended {
        let mut command = talkback(None, &self.data_dir);
        command.args(arguments).args(self.flags());
        Process::spawn(format!("talkback {}", arguments.join(" ")), &mut command).ended().await
    }

    /// [`command`](Self::command) with a line on its standard input, such as a password.
    pub async fn command_told(&self, arguments: &[&str], line: &str) -> Ended {
        let path = super::reaper::directory("input").join("line");
        std::fs::write(&path, format!("{line}\n")).expect("our own directory is writable");
        let input = std::fs::File::open(path).expect("it was just written");
        let mut command = talkback(None, &self.data_dir);
        command.args(arguments).args(self.flags());
        let what = format!("talkback {}", arguments.join(" "));
        Process::spawn_reading(what, &mut command, input.into()).ended().await
    }

    /// A bearer token for a new person: `token("MODERATOR", "Ana")`.
    pub async fn token(&self, role: &str, name: &str) -> String {
        self.token_for(role, name, "1h").await
    }

    /// [`token`](Self::token) with a lifetime, such as `1s`.
    pub async fn token_for(&self, role: &str, name: &str, ttl: &str) -> String {
        let ended = self.command(&["token", "--role", role, "--name", name, "--ttl", ttl]).await;
        assert!(ended.status.success(), "`talkback token` failed ({}):\n{}", ended.status, ended.stderr);
        let token = ended.stdout.trim();
        assert!(
            !token.is_empty() && !token.contains(char::is_whitespace),
            "`talkback token` printed {token:?}"
        );
        token.to_owned()
    }

    /// A connection of the test's own, to compare what the service says with what is stored.
    pub async fn look_inside(&self) -> DatabaseConnection {
        match &self.database_url {
            Some(url) => database::connect(url).await,
            None => {
                let file = sqlite_file(&self.data_dir);
                database::connect(&format!("sqlite://{}?mode=rw", file.display())).await
            }
        }
    }

    fn flags(&self) -> Vec<String> {
        let mut flags = vec!["--data-dir".to_owned(), self.data_dir.display().to_string()];
        for (flag, url) in [("--database-url", &self.database_url), ("--redis-url", &self.redis_url)] {
            if let Some(url) = url {
                flags.extend([flag.to_owned(), url.clone()]);
            }
        }
        flags
    }
}

/// How a node is started.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// 0 lets it choose.
    pub port: u16,
    /// Further flags of `talkback serve`.
    pub flags: Vec<String>,
    pub env: Vec<(String, String)>,
    /// Another binary than the one under test, such as one with a planted bug.
    pub binary: Option<PathBuf>,
}

impl Default for NodeOptions {
    /// An empty newsroom without rate limits.
    fn default() -> Self {
        let flags = ["--rate-limits", "off", "--demo", "off"].map(str::to_owned).to_vec();
        Self { port: 0, flags, env: Vec::new(), binary: None }
    }
}

/// A started node. Dropping it kills it; when the test failed, it shows what the node said.
pub struct Node {
    store: Store,
    options: NodeOptions,
    port: u16,
    process: Mutex<Arc<Process>>,
}

impl Node {
    /// Starts one and waits until it listens.
    pub async fn start(store: &Store, options: NodeOptions) -> Self {
        Self::try_start(store, options).await.unwrap_or_else(|why| panic!("{why}"))
    }

    /// Starts one that may refuse to: `Err` is how it ended and all that it said.
    pub async fn try_start(store: &Store, options: NodeOptions) -> Result<Self, String> {
        let (process, port) = serve(store, &options).await?;
        Ok(Self { store: store.clone(), options, port, process: Mutex::new(Arc::new(process)) })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Of the process that runs now.
    pub fn pid(&self) -> i32 {
        self.process().pid()
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Somebody without a token, at this node.
    pub fn anyone(&self) -> Actor {
        Actor::anonymous(self.url())
    }

    /// SIGKILL: it ends where it stands. Waits until it is gone.
    pub async fn kill(&self) {
        self.process().signal(Signal::KILL);
        self.process().exited().await;
    }

    /// SIGTERM: it drains and ends by itself. Waits for that and answers how it ended.
    pub async fn terminate(&self) -> ExitStatus {
        self.process().signal(Signal::TERM);
        self.process().exited().await
    }

    /// SIGSTOP: connections stay open, and nothing answers.
    pub fn pause(&self) {
        self.process().signal(Signal::STOP);
    }

    /// SIGCONT: as if no time had passed.
    pub fn resume(&self) {
        self.process().signal(Signal::CONT);
    }

    /// Starts it again on the same port and store, after [`kill`](Self::kill) or [`terminate`](Self::terminate).
    pub async fn start_again(&self) {
        assert!(!self.process().is_running(), "the node is still running");
        let options = NodeOptions { port: self.port, ..self.options.clone() };
        // The port is one that the kernel also gives to outgoing connections. When one has it, it frees it in its own time.
        let started = wait::eventually(wait::deadline() * 3, "the node's port to be free", || async {
            match serve(&self.store, &options).await {
                Err(why) if why.contains("in use") => Err(why),
                started => Ok(started),
            }
        });
        let (process, _) = started.await.unwrap_or_else(|why| panic!("{why}"));
        *lock(&self.process) = Arc::new(process);
    }

    pub fn is_running(&self) -> bool {
        self.process().is_running()
    }

    /// Waits for a line of its log that contains `text`.
    pub async fn logs(&self, text: &str) {
        let found = self.process().line(wait::deadline(), |line| line.contains(text).then_some(())).await;
        found.unwrap_or_else(|why| panic!("no log line with {text:?}: {why}"));
    }

    /// What it has said so far, the end of it.
    pub fn log(&self) -> String {
        self.process().log()
    }

    fn process(&self) -> Arc<Process> {
        Arc::clone(&lock(&self.process))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the node at {}:\n{}", self.url(), self.log());
        }
    }
}

async fn serve(store: &Store, options: &NodeOptions) -> Result<(Process, u16), String> {
    let mut command = talkback(options.binary.as_deref(), &store.data_dir);
    command.args(["serve", "--listen", &format!("127.0.0.1:{}", options.port)]);
    command.args(store.flags()).args(&options.flags).envs(options.env.iter().cloned());
    let process = Process::spawn("talkback serve", &mut command);
    let port = |line: &str| {
        let (_, address) = line.split_once("listening on http://")?;
        let (_, port) = address.trim_end_matches('/').rsplit_once(':')?;
        port.parse().ok()
    };
    // Thrice the usual patience: many nodes start at once, and each migrates its database.
    let port = process.line(wait::deadline() * 3, port).await?;
    Ok((process, port))
}

/// The binary under test, free of what the developer's shell or directory would configure.
fn talkback(binary: Option<&Path>, directory: &Path) -> Command {
    std::fs::create_dir_all(directory).expect("our own directory is writable");
    let chosen =
        binary.map(Path::to_owned).or_else(|| std::env::var_os("TALKBACK_TEST_BINARY").map(PathBuf::from));
    let built = option_env!("CARGO_BIN_EXE_talkback").map(PathBuf::from);
    let mut command = Command::new(chosen.or(built).expect("cargo builds the binary for this test"));
    command.current_dir(directory); // no `talkback.toml` there
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"TALKBACK_") {
            command.env_remove(name);
        }
    }
    command
}

/// The one SQLite database in a directory, whatever its name.
fn sqlite_file(directory: &Path) -> PathBuf {
    let entries = std::fs::read_dir(directory).expect("the data directory is readable").flatten();
    let mut found = entries.map(|entry| entry.path()).filter(|path| {
        // The header only: a database may be large, and a directory can't be read.
        std::fs::File::open(path).is_ok_and(|mut file| {
            let mut header = [0; 16];
            std::io::Read::read_exact(&mut file, &mut header).is_ok() && header == *b"SQLite format 3\0"
        })
    });
    found.next().unwrap_or_else(|| panic!("no SQLite database in {}", directory.display()))
}
