//! What a node sees to while it serves: actions that another node left unfinished, history that is older than
//! the operator keeps, used-up keys and codes. Every node does it; doing what another one has done already
//! does no harm.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::domain::event::LogId;
use crate::service::{Failure, Service};
use crate::store::StoreError;

const TIDY_EVERY: Duration = Duration::from_secs(15 * 60);
/// How often it looks for work that somebody left.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Rows deleted in one statement: short enough not to be felt by those who write.
const BATCH: u64 = 1_000;
/// How long a retry may come after the first try.
const KEYS_KEPT: chrono::Duration = chrono::Duration::days(7);
/// How long the rules remember a submission: a day longer than any of them looks back.
const MARKS_KEPT: chrono::Duration = chrono::Duration::days(8);
/// How long a guest is known who does nothing: three times as long as their token lasts.
const GUESTS_KEPT: chrono::Duration = chrono::Duration::days(90);
/// How long a node may be out of touch and still hear of every session that was ended.
const CHANGES_KEPT: chrono::Duration = chrono::Duration::days(7);

/// How long a host site's tokens from before the deletion of an account are known as such.
const SUBJECTS_KEPT: chrono::Duration = chrono::Duration::days(30);

/// Tidies up now and then until the node stops.
pub async fn run(service: Service, feed_retention: Duration, stopping: CancellationToken) {
    let mut tidy = tokio::time::interval(TIDY_EVERY);
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let round = async {
            tokio::select! {
                _ = tidy.tick() => tidy_up(&service, feed_retention).await.map_err(Failure::from),
                _ = look.tick() => look_after(&service).await,
            }
        };
        let outcome = tokio::select! {
            () = stopping.cancelled() => return,
            outcome = AssertUnwindSafe(round).catch_unwind() => outcome,
        };
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the upkeep failed; trying again later"),
            // Told of by the panic itself. Nothing is held from one round to the next.
            Err(_) => tracing::error!("the upkeep panicked; trying again later"),
        }
    }
}

/// What cannot wait long: so that the moderators' log does not pile up while nobody follows it, it is numbered.
async fn look_after(service: &Service) -> Result<(), Failure> {
    service.store.settle(LogId::Queues).await?;
    service.resume_actions().await
}

async fn tidy_up(service: &Service, feed_retention: Duration) -> Result<(), StoreError> {
    let now = service.clock.now();
    let kept_from = now - chrono::Duration::from_std(feed_retention).unwrap_or(chrono::Duration::days(30));
    while service.store.trim_events(kept_from, BATCH).await? == BATCH {
        tokio::task::yield_now().await;
    }
    while service.store.trim_queue_events(kept_from, BATCH).await? == BATCH {
        tokio::task::yield_now().await;
    }
    while service.store.forget_keys(now - KEYS_KEPT, BATCH).await? == BATCH {
        tokio::task::yield_now().await;
    }
    while service.store.forget_marks(now - MARKS_KEPT, BATCH).await? == BATCH {
        tokio::task::yield_now().await;
    }
    while service.store.forget_guests(now - GUESTS_KEPT, BATCH).await? == BATCH {
        tokio::task::yield_now().await;
    }
    service.store.forget_codes(now).await?;
    service.store.forget_subjects(now - SUBJECTS_KEPT).await?;
    service.store.forget_kept_sanctions(now).await?;
    service.store.forget_standings(now, now - CHANGES_KEPT).await?;
    Ok(())
}
