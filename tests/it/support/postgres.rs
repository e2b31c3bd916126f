//! PostgreSQL: the shared server, and private ones that a fault test may crash, pause and restart.

use std::{
    ops::Deref,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use rustix::process::{Pid, Signal, kill_process};
use sea_orm::ConnectionTrait;
use tokio::sync::OnceCell;

use super::{
    database::{TestDatabase, connect},
    process::{Process, lock},
    reaper, servers, wait,
};

/// A server to make databases on.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// As its superuser, to the database `postgres`.
    url: String,
}

impl Postgres {
    /// The server of all tests: the one that `tests/run` started, else one of our own that lives until the tests end.
    pub async fn shared() -> Self {
        static STARTED: OnceCell<OwnPostgres> = OnceCell::const_new();
        servers::refuse_when_quick("PostgreSQL");
        match std::env::var("TALKBACK_TEST_POSTGRES_URL") {
            Ok(url) => Self { url },
            Err(_) => STARTED.get_or_init(OwnPostgres::start).await.server.clone(),
        }
    }

    /// The URL of one of its databases.
    pub fn url_of(&self, database: &str) -> String {
        let (base, options) = match self.url.split_once('?') {
            Some((base, options)) => (base, format!("?{options}")),
            None => (self.url.as_str(), String::new()),
        };
        let (server, _) =
            base.rsplit_once('/').expect("a URL such as postgres://user@127.0.0.1:5432/postgres");
        format!("{server}/{database}{options}")
    }

    /// A new, empty database. It goes with the value.
    pub async fn database(&self) -> TestDatabase {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("it_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        // What an earlier run with our process number may have left on a server that outlives its tests.
        self.execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        // template0, because nobody can be connected to it: a connection to the template makes CREATE DATABASE fail.
        self.execute(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")).await;
        TestDatabase::new(self.url.clone(), self.url_of(&name), name)
    }

    /// Ends every session but our own, as an administrator or a failover does.
    pub async fn terminate_backends(&self) {
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        )
        .await;
    }

    async fn execute(&self, sql: &str) {
        let run = async {
            let connection = connect(&self.url).await;
            let done = connection.execute_unprepared(sql).await;
            done.unwrap_or_else(|error| panic!("PostgreSQL refuses `{sql}`: {error}"));
            connection.close().await.expect("a connection closes");
        };
        wait::soon("PostgreSQL to do as told", run).await;
    }
}

/// A private server. Dropping it kills it and removes its data.
pub struct OwnPostgres {
    server: Postgres,
    port: u16,
    home: PathBuf,
    durable: bool,
    process: Mutex<Arc<Process>>,
}

impl Deref for OwnPostgres {
    type Target = Postgres;

    fn deref(&self) -> &Postgres {
        &self.server
    }
}

impl OwnPostgres {
    /// Initialises a cluster and starts a server on it: under a second.
    pub async fn start() -> Self {
        Self::start_keeping(false).await
    }

    /// [`start`](Self::start), where a commit waits for the disk if `durable`: for whoever measures it.
    pub async fn start_keeping(durable: bool) -> Self {
        servers::refuse_when_quick("PostgreSQL");
        let home = reaper::directory("postgres");
        let (port, password) = (servers::free_port(), servers::password());
        std::fs::write(home.join("password"), &password).expect("our own directory is writable");
        if let Some((user, group)) = servers::unprivileged() {
            for path in [home.clone(), home.join("password")] {
                std::os::unix::fs::chown(path, Some(user), Some(group)).expect("root may give a file away");
            }
        }
        let mut initdb = program("initdb", &home);
        initdb.args(["--username=postgres", "--auth=scram-sha-256", "--pwfile=password", "--pgdata=data"]);
        initdb.args(["--encoding=UTF8", "--locale=C", "--wal-segsize=1", "--no-sync", "--no-instructions"]);
        let initdb = Process::spawn("initdb", &mut initdb);
        assert!(initdb.exited().await.success(), "initdb failed\n{}", initdb.log());

        let process = Mutex::new(Arc::new(run(&home, port, durable).await));
        let url = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres");
        Self { server: Postgres { url }, port, home, durable, process }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Power failure: all its processes die at once, without a word. Waits until they are gone.
    pub async fn kill(&self) {
        let process = self.process();
        // Stopped first, so that it starts no further backend, and reaps none whose number we are about to use.
        process.signal(Signal::STOP);
        let backends = self.signal_backends(Signal::KILL);
        process.signal(Signal::KILL);
        process.exited().await;
        // They are no children of ours, so nobody tells us of their end; and while one holds the shared memory, no new
        // server starts.
        wait::eventually(wait::deadline(), "the killed backends to be gone", || {
            let alive = backends.iter().find(|pid| is_alive(**pid)).copied();
            std::future::ready(
                alive.map_or(Ok(()), |pid| Err(format!("process {} is there", pid.as_raw_nonzero()))),
            )
        })
        .await;
    }

    /// A fast shutdown: open transactions are rolled back, clients are told.
    pub async fn stop(&self) {
        let process = self.process();
        process.signal(Signal::INT);
        process.exited().await;
    }

    /// Starts it again on the same data and port, after [`kill`](Self::kill) or [`stop`](Self::stop). Waits until it has
    /// recovered and accepts connections.
    pub async fn start_again(&self) {
        assert!(!self.process().is_running(), "PostgreSQL is still running");
        let started = Arc::new(run(&self.home, self.port, self.durable).await);
        *lock(&self.process) = started;
    }

    /// Stops and starts it, as an upgrade does.
    pub async fn restart(&self) {
        self.stop().await;
        self.start_again().await;
    }

    /// Freezes the server and all its sessions: connections stay open and nothing answers.
    pub fn pause(&self) {
        self.process().signal(Signal::STOP);
        self.signal_backends(Signal::STOP);
    }

    pub fn resume(&self) {
        self.signal_backends(Signal::CONT);
        self.process().signal(Signal::CONT);
    }

    pub fn log(&self) -> String {
        self.process().log()
    }

    fn process(&self) -> Arc<Process> {
        Arc::clone(&lock(&self.process))
    }

    /// Each session is a process of its own, in a session of its own: no group signal reaches them all.
    fn signal_backends(&self, signal: Signal) -> Vec<Pid> {
        let pid = self.process().pid();
        let children =
            std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let backends: Vec<_> =
            children.split_whitespace().filter_map(|child| Pid::from_raw(child.parse().ok()?)).collect();
        for backend in &backends {
            let _ = kill_process(*backend, signal); // one that has just ended needs no signal
        }
        backends
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        let process = self.process();
        process.signal(Signal::STOP);
        self.signal_backends(Signal::KILL);
        process.signal(Signal::KILL);
        reaper::discard(&self.home);
    }
}

async fn run(home: &Path, port: u16, durable: bool) -> Process {
    let mut command = program("postgres", home);
    command.args(["-D", "data", "-p", &port.to_string()]);
    for setting in [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=", // a socket's path has a limit of 107 bytes, which a TMPDIR may exceed
        // Off for speed only. Our crashes kill processes, not the kernel: what was written survives them without a sync.
        if durable { "fsync=on" } else { "fsync=off" },
        if durable { "full_page_writes=on" } else { "full_page_writes=off" },
        "shared_buffers=16MB",
        "max_connections=200",
    ] {
        command.args(["-c", setting]);
    }
    let process = Process::spawn("PostgreSQL", &mut command);
    let ready = |line: &str| line.contains("ready to accept connections").then_some(());
    process.line(wait::deadline(), ready).await.unwrap_or_else(|why| panic!("{why}"));
    process
}

fn program(name: &str, home: &Path) -> Command {
    let mut command = Command::new(servers::postgres_bin().join(name));
    command.current_dir(home).env("LC_ALL", "C"); // its log is read for a message, which must be in English
    if let Some((user, group)) = servers::unprivileged() {
        command.uid(user).gid(group);
    }
    command
}

fn is_alive(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    // "42 (postgres) S …": a zombie has let go of its memory.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
