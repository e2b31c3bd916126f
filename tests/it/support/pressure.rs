//! How long somebody on this machine had to wait for a processor: what the kernel tells of its pressure (PSI).
//!
//! A deadline that is a promise of the service ("healed within 5 s") is the service's to keep, not the machine's. Where
//! processes queue for a processor, that time is told apart; idle waiting — a timer, a lost wake-up, a lock — never is.

use std::{
    fs,
    future::Future,
    time::{Duration, Instant},
};

/// The beginning of a wait.
#[derive(Clone, Copy)]
pub struct Pressure {
    begun: Instant,
    total: Duration,
}

/// How long something took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Took {
    /// By the clock.
    pub all: Duration,
    /// Of that, while nobody waited for a processor.
    pub fair: Duration,
}

impl Pressure {
    pub fn begin() -> Self {
        Self { begun: Instant::now(), total: total() }
    }

    pub fn took(&self) -> Took {
        let all = self.begun.elapsed();
        Took { all, fair: all.saturating_sub(total().saturating_sub(self.total)) }
    }

    /// Waits for `future` until it took `fair`, or `all` by the clock; `None` if it didn't come.
    pub async fn wait<T>(
        &self,
        fair: Duration,
        all: Duration,
        future: impl Future<Output = T>,
    ) -> (Option<T>, Took) {
        tokio::pin!(future);
        loop {
            let took = self.took();
            let left = fair.saturating_sub(took.fair).min(all.saturating_sub(took.all));
            match tokio::time::timeout(left, &mut future).await {
                Ok(value) => return (Some(value), self.took()),
                Err(_) if left.is_zero() => return (None, self.took()),
                Err(_) => {}
            }
        }
    }
}

/// Since the machine started: the time in which at least one task waited. Nothing where the kernel doesn't tell.
fn total() -> Duration {
    let text = fs::read_to_string("/proc/pressure/cpu").unwrap_or_default();
    Duration::from_micros(parse(&text).unwrap_or_default())
}

fn parse(text: &str) -> Option<u64> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    some.split("total=").nth(1)?.trim().parse().ok()
}

#[test]
fn pressure_is_read_as_the_kernel_writes_it() {
    let text = "some avg10=97.87 avg60=97.19 avg300=85.64 total=10804934367\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n";
    assert_eq!(parse(text), Some(10_804_934_367));
    assert_eq!(parse(""), None);
}

#[tokio::test]
async fn who_waits_for_nothing_is_late_whatever_the_machine_does() {
    let pressure = Pressure::begin();
    let (came, took) = pressure
        .wait(Duration::from_secs(3_600), Duration::from_millis(50), std::future::pending::<()>())
        .await;
    assert!(came.is_none() && took.all >= Duration::from_millis(50) && took.fair <= took.all);
}
