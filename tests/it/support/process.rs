//! A child process with its output collected, its end observed, and its death assured.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid},
};
use tokio::sync::watch;

use super::{reaper, wait};

/// Lines kept per process. What failed is said at the end.
const KEPT_LINES: usize = 20_000;

/// A running (or ended) child. Dropping it kills it.
///
/// Threads, not tasks, read its output and await its end: a server that several tests share outlives each test's runtime.
pub struct Process {
    what: String,
    pid: Pid,
    child: Arc<Mutex<Child>>,
    output: Arc<Mutex<Output>>,
    /// Lines so far, to wake those who wait for one.
    lines: watch::Receiver<u64>,
    exit: watch::Receiver<Option<ExitStatus>>,
    waiter: Option<thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Output {
    /// The number of the oldest line kept.
    first: u64,
    lines: VecDeque<(Source, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Stdout,
    Stderr,
}

/// What a command that ran to its end left behind.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Process {
    /// Starts `command`; `what` names it in messages.
    pub fn spawn(what: impl Into<String>, command: &mut Command) -> Self {
        Self::spawn_reading(what, command, Stdio::null())
    }

    /// [`spawn`](Self::spawn) with something on its standard input.
    pub fn spawn_reading(what: impl Into<String>, command: &mut Command, stdin: Stdio) -> Self {
        let what = what.into();
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("{what} does not start: {error}\n  {}", command.get_program().display())
        });
        reaper::watch(child.id());
        let pid = Pid::from_child(&child);
        let output = Arc::new(Mutex::new(Output::default()));
        let (woken, lines) = watch::channel(0);
        let woken = Arc::new(woken);
        collect(Source::Stdout, child.stdout.take().expect("stdout is a pipe"), &output, &woken);
        collect(Source::Stderr, child.stderr.take().expect("stderr is a pipe"), &output, &woken);
        drop(woken);

        let child = Arc::new(Mutex::new(child));
        let (ended, exit) = watch::channel(None);
        let waiter = thread::spawn({
            let child = Arc::clone(&child);
            move || {
                // Waiting without reaping keeps the pid ours until the lock is held: no signal can hit a stranger.
                let seen = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                while matches!(waitid(WaitId::Pid(pid), seen), Err(Errno::INTR)) {}
                let mut child = lock(&child);
                let status = child.wait().expect("our own child can be awaited");
                reaper::forget(child.id());
                ended.send_replace(Some(status));
            }
        });
        Self { what, pid, child, output, lines, exit, waiter: Some(waiter) }
    }

    /// Sends a signal; one that has ended takes none.
    pub fn signal(&self, signal: Signal) {
        let _reaping_waits = lock(&self.child);
        if self.is_running() {
            kill_process(self.pid, signal)
                .unwrap_or_else(|error| panic!("{} takes no {signal:?}: {error}", self.what));
        }
    }

    pub fn is_running(&self) -> bool {
        self.exit.borrow().is_none()
    }

    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Waits for its end, however it came.
    pub async fn exited(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let ended = async { *exit.wait_for(Option::is_some).await.expect("the waiter sends before it ends") };
        match tokio::time::timeout(wait::deadline(), ended).await {
            Ok(status) => status.expect("waited for it"),
            Err(_) => panic!("{} does not end within {:?}\n{}", self.what, wait::deadline(), self.log()),
        }
    }

    /// Waits for its end and for all that it said, as far as that is kept.
    pub async fn ended(&self) -> Ended {
        let status = self.exited().await;
        let mut lines = self.lines.clone();
        let closed = async { while lines.changed().await.is_ok() {} };
        wait::soon(&format!("the output of {} to close", self.what), closed).await;
        let output = lock(&self.output);
        let said = |source| {
            let lines = output.lines.iter().filter(|(from, _)| *from == source);
            lines.map(|(_, line)| format!("{line}\n")).collect()
        };
        Ended { status, stdout: said(Source::Stdout), stderr: said(Source::Stderr) }
    }

    /// Waits for a line in which `find` finds something. `Err` says why there won't be one, with what it said instead.
    pub async fn line<T>(
        &self,
        limit: Duration,
        mut find: impl FnMut(&str) -> Option<T>,
    ) -> Result<T, String> {
        let mut lines = self.lines.clone();
        let mut next = 0;
        let search = async {
            loop {
                lines.mark_unchanged();
                {
                    let output = lock(&self.output);
                    next = next.max(output.first);
                    for (_, line) in
                        output.lines.iter().skip(usize::try_from(next - output.first).unwrap_or(0))
                    {
                        next += 1;
                        if let Some(found) = find(line) {
                            return Some(found);
                        }
                    }
                }
                // An error means that both ends of its output are closed.
                if lines.changed().await.is_err() {
                    return None;
                }
            }
        };
        let mut exit = self.exit.clone();
        let gone = async {
            let _ = exit.wait_for(Option::is_some).await;
            // What it said last may still be in the pipe. Grandchildren can hold that open: don't wait for long.
            tokio::time::sleep(Duration::from_millis(300)).await;
        };
        let mut closed = false;
        let awaited = async {
            tokio::pin!(gone);
            tokio::select! {
                biased;
                found = search => match found {
                    Some(found) => return Some(found),
                    None => closed = true,
                },
                () = &mut gone => return None,
            }
            // Its output is closed, so it is about to end.
            gone.await;
            None
        };
        let found = tokio::time::timeout(limit, awaited).await;
        let why = match (found, *self.exit.borrow()) {
            (Ok(Some(found)), _) => return Ok(found),
            (_, Some(status)) => format!("ended ({status})"),
            (_, None) if closed => "closed its output".to_owned(),
            (_, None) => format!("took more than {limit:?}"),
        };
        Err(format!("{} {why}\n{}", self.what, self.log()))
    }

    /// What it said, the last lines of it.
    pub fn log(&self) -> String {
        let output = lock(&self.output);
        if output.lines.is_empty() {
            return format!("  ({} said nothing)", self.what);
        }
        let from = output.lines.len().saturating_sub(60);
        let tail: Vec<_> = output.lines.iter().skip(from).map(|(_, line)| format!("  | {line}")).collect();
        format!("  {} said:\n{}", self.what, tail.join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        if let Some(waiter) = self.waiter.take() {
            let _ = waiter.join();
        }
    }
}

fn collect(
    source: Source,
    pipe: impl Read + Send + 'static,
    output: &Arc<Mutex<Output>>,
    woken: &Arc<watch::Sender<u64>>,
) {
    let (output, woken) = (Arc::clone(output), Arc::clone(woken));
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            {
                let mut output = lock(&output);
                if output.lines.len() == KEPT_LINES {
                    output.lines.pop_front();
                    output.first += 1;
                }
                output.lines.push_back((source, text));
            }
            woken.send_modify(|count| *count += 1);
        }
    });
}

/// A panic elsewhere must not hide behind a second one about a poisoned lock.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
