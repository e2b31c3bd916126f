//! Deadlines. Nothing in these tests waits without one, and nothing sleeps instead of waiting.
//!
//! Wait for an event wherever there is one: a frame, a line in a log, the end of a process. [`eventually`] is the exception
//! for what announces nothing, and its callers say what that is.

use std::{
    future::Future,
    sync::LazyLock,
    time::{Duration, Instant},
};

/// How long a test waits for anything before it fails: 10 s, or `TALKBACK_TEST_DEADLINE` seconds on a slow machine.
pub fn deadline() -> Duration {
    static DEADLINE: LazyLock<Duration> = LazyLock::new(|| {
        let seconds = std::env::var("TALKBACK_TEST_DEADLINE").ok();
        Duration::from_secs(seconds.map_or(10, |text| {
            text.parse().expect("TALKBACK_TEST_DEADLINE is a number of seconds, such as 30")
        }))
    });
    *DEADLINE
}

/// Waits for `future` until the [`deadline`]; then fails the test, naming `what` was awaited.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    within(deadline(), what, future).await
}

/// [`soon`] with a limit of its own.
pub async fn within<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {limit:?} in vain for {what}"),
    }
}

/// Asks `probe` again and again until it answers `Ok`; fails at the `limit` with what it said last.
///
/// Only for what has no event to wait for: a count that an interval job corrects, a connection list inside Redis, a resource
/// the kernel frees in its own time. Say in the call which it is. For what a subscription, a log line or an exit announces,
/// wait for that instead: it is faster, and it can't pass by luck.
pub async fn eventually<T, Probe, Answer>(limit: Duration, what: &str, mut probe: Probe) -> T
where
    Probe: FnMut() -> Answer,
    Answer: Future<Output = Result<T, String>>,
{
    let start = Instant::now();
    loop {
        // The probe itself may hang on a paused server; the limit holds for it too.
        let left = limit.saturating_sub(start.elapsed());
        let last = match tokio::time::timeout(left, probe()).await {
            Ok(Ok(value)) => return value,
            Ok(Err(reason)) => reason,
            Err(_) => "no answer at all".to_owned(),
        };
        assert!(start.elapsed() < limit, "waited {limit:?} in vain for {what}; the last look found: {last}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
