//! Redis: a server per test that wants one. It starts in 20 ms, and nothing else keeps one test's messages from another's.

use std::{
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex},
};

use redis::{FromRedisValue, RedisResult};
use rustix::process::Signal;

use super::{
    process::{Process, lock},
    reaper, servers, wait,
};

/// The server of all tests, for those that keep to keys and channels of their own: `TALKBACK_TEST_REDIS_URL`, which `tests/run`
/// sets. Without it, start an [`OwnRedis`].
pub fn shared_url() -> Option<String> {
    servers::refuse_when_quick("Redis");
    std::env::var("TALKBACK_TEST_REDIS_URL").ok()
}

/// A private server that a test may crash, pause, and start again on the same port. Nothing is saved: after a crash it is empty.
pub struct OwnRedis {
    port: u16,
    password: String,
    home: PathBuf,
    process: Mutex<Arc<Process>>,
}

impl OwnRedis {
    pub async fn start() -> Self {
        servers::refuse_when_quick("Redis");
        let (port, password, home) = (servers::free_port(), servers::password(), reaper::directory("redis"));
        let settings = format!("requirepass {password}\n");
        std::fs::write(home.join("redis.conf"), settings).expect("our own directory is writable");
        let process = Mutex::new(Arc::new(run(&home, port).await));
        Self { port, password, home, process }
    }

    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}", self.password, self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub async fn kill(&self) {
        let process = self.process();
        process.signal(Signal::KILL);
        process.exited().await;
    }

    /// Starts it again on the same port, empty, after [`kill`](Self::kill).
    pub async fn start_again(&self) {
        assert!(!self.process().is_running(), "Redis is still running");
        let started = Arc::new(run(&self.home, self.port).await);
        *lock(&self.process) = started;
    }

    /// Freezes it: connections stay open, the kernel goes on accepting, nothing answers.
    pub fn pause(&self) {
        self.process().signal(Signal::STOP);
    }

    pub fn resume(&self) {
        self.process().signal(Signal::CONT);
    }

    /// Cuts the connections that are subscribed to something, and no others. Answers how many those were.
    pub async fn cut_subscribers(&self) -> u64 {
        self.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).await
    }

    /// Channels that somebody is subscribed to.
    pub async fn channels(&self) -> Vec<String> {
        self.command(&["PUBSUB", "CHANNELS"]).await
    }

    /// Any command: `redis.command::<u64>(&["PUBSUB", "NUMPAT"])`.
    pub async fn command<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let run = async {
            let client = redis::Client::open(self.url())?;
            let mut connection = client.get_multiplexed_async_connection().await?;
            let (name, arguments) = words.split_first().expect("a command has a name");
            redis::cmd(name).arg(arguments).query_async(&mut connection).await
        };
        let answer: RedisResult<T> = wait::soon("Redis to do as told", run).await;
        answer.unwrap_or_else(|error| panic!("Redis refuses {words:?}: {error}\n{}", self.log()))
    }

    pub fn log(&self) -> String {
        self.process().log()
    }

    fn process(&self) -> Arc<Process> {
        Arc::clone(&lock(&self.process))
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.process().signal(Signal::KILL);
        reaper::discard(&self.home);
    }
}

async fn run(home: &PathBuf, port: u16) -> Process {
    let mut command = Command::new(servers::redis_server());
    command.current_dir(home).args(["redis.conf", "--bind", "127.0.0.1", "--port", &port.to_string()]);
    command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
    let process = Process::spawn("Redis", &mut command);
    let ready = |line: &str| line.contains("Ready to accept connections").then_some(());
    process.line(wait::deadline(), ready).await.unwrap_or_else(|why| panic!("{why}"));
    process
}
