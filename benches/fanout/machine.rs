//! The machine: a core for the server and one for the load, and what a process has used of either.

use std::time::Duration;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Which core is whose.
#[derive(Clone, Copy)]
pub struct Cores {
    server: usize,
    load: usize,
}

impl Cores {
    /// The first two cores that we may use; the only one, where there is no second.
    pub fn find() -> Self {
        let ours = sched_getaffinity(None).expect("the kernel tells which cores are ours");
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| ours.is_set(*core));
        let server = cores.next().expect("there is a core");
        Self { server, load: cores.next().unwrap_or(server) }
    }

    pub fn are_two(self) -> bool {
        self.server != self.load
    }

    /// Puts this thread, and those that it starts, on the core of the load.
    pub fn be_the_load(self) {
        pin(self.load);
    }

    /// Puts this thread, and what it starts, on the core of the server, until it is put elsewhere.
    #[allow(dead_code, reason = "a server that is started bit by bit, as PostgreSQL in `benches/moderation`")]
    pub fn be_the_server(self) {
        pin(self.server);
    }

    /// Starts a server: processes inherit the core of the thread that starts them.
    pub fn for_a_server<T>(self, start: impl FnOnce() -> T) -> T {
        pin(self.server);
        let started = start();
        pin(self.load);
        started
    }
}

fn pin(core: usize) {
    let mut only = CpuSet::new();
    only.set(core);
    sched_setaffinity(None, &only).expect("a thread may choose among its cores");
}

/// Time that a process has spent on a core, by all its threads, to the nanosecond.
pub fn cpu(pid: i32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the server runs");
    let spent = tasks.flatten().filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}

/// Memory that a process has in use, in KiB.
pub fn memory_kib(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    number.and_then(|number| number.trim().parse().ok()).expect("the kernel tells a process's memory")
}

/// Microseconds since the Unix epoch, to compare with the time in a cursor.
#[expect(
    clippy::disallowed_methods,
    reason = "the server's clock is the system's, and this is its other end"
)]
pub fn now_micros() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.map_or(0, |since| since.as_micros())).unwrap_or(i64::MAX)
}
