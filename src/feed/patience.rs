//! How often something that failed is tried again.

use std::time::Duration;

use super::log::{Log, RETRY_FROM, RETRY_TO};
use super::pages::Failed;

/// Failures in a row, with a store that answered in between, after which it is not the store's fault: about
/// four seconds.
const TRIES: u32 = 8;

/// See the module.
pub(super) struct Patience {
    pause: Duration,
    failures: u32,
}

impl Patience {
    pub const fn new() -> Self {
        Self { pause: RETRY_FROM, failures: 0 }
    }

    /// Waits until it is time to try again, and the store answers: an outage uses up no patience. An error
    /// when trying again will not help.
    pub async fn again(&mut self, log: &Log) -> Result<(), Failed> {
        self.failures += 1;
        if self.failures >= TRIES {
            return Err(Failed);
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(RETRY_TO);
        log.refresh().await
    }
}
