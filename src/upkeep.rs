//! What a node tidies up while it serves: history that is older than the operator keeps, used-up keys and
//! codes. Every node does it; deleting what another one deleted already does no harm.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::service::Service;
use crate::store::StoreError;

const EVERY: Duration = Duration::from_secs(15 * 60);
/// Rows deleted in one statement: short enough not to be felt by those who write.
const BATCH: u64 = 1_000;
/// How long a retry may come after the first try.
const KEYS_KEPT: chrono::Duration = chrono::Duration::days(7);
/// How long the rules remember a submission: a day longer than any of them looks back.
const MARKS_KEPT: chrono::Duration = chrono::Duration::days(8);
/// How long a node may be out of touch and still hear of every session that was ended.
const CHANGES_KEPT: chrono::Duration = chrono::Duration::days(7);

/// Tidies up now and then until the node stops.
pub async fn run(service: Service, feed_retention: Duration, stopping: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = once(&service, feed_retention).await {
            tracing::warn!(%error, "tidying up failed; trying again later");
        }
    }
}

async fn once(service: &Service, feed_retention: Duration) -> Result<(), StoreError> {
    let now = service.clock.now();
    let kept_from = now - chrono::Duration::from_std(feed_retention).unwrap_or(chrono::Duration::days(30));
    while service.store.trim_events(kept_from, BATCH).await? == BATCH {
        tokio::task::yield_now().await;
    }
    while service.store.forget_keys(now - KEYS_KEPT, BATCH).await? == BATCH {
        tokio::task::yield_now().await;
    }
    while service.store.forget_marks(now - MARKS_KEPT, BATCH).await? == BATCH {
        tokio::task::yield_now().await;
    }
    service.store.forget_codes(now).await?;
    service.store.forget_standings(now, now - CHANGES_KEPT).await?;
    Ok(())
}
