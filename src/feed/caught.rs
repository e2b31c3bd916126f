//! A panic is a fault of ours, and must not leave readers waiting for a task that is no more.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// Does a step of one of the feed's tasks; `None`: it panicked, which is told, and its task has to see to what it
/// leaves behind. What tasks share is whole at every step (see [`lock`](super::lock)).
pub(super) async fn caught<T>(what: &'static str, step: impl Future<Output = T>) -> Option<T> {
    let outcome = AssertUnwindSafe(step).catch_unwind().await;
    outcome.inspect_err(|_| tracing::error!(what, "a task of the feed panicked; it goes on")).ok()
}
