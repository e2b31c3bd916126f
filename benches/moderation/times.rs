//! How long things took.

use std::time::Duration;

/// Of many of a kind, each one's time.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// In milliseconds: so many in a hundred took no longer.
    fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(at).map_or(f64::NAN, |took| took.as_secs_f64() * 1_000.0)
    }

    /// The median and the slowest in a hundred, for a table.
    pub fn told(&self) -> String {
        format!("{:.2} / {:.2}", self.percentile(50), self.percentile(99))
    }
}
