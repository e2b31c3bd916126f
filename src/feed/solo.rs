//! Following a log alone, for an operation that is not shared: the same log, one reader.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::{Stream, stream};

use super::hub::Hub;
use super::log::{Happening, RETRY_FROM, RETRY_TO};
use super::pages::Failed;
use super::source::FeedItem;
use crate::domain::cursor::FeedCursor;
use crate::domain::event::ResetReason;

struct Solo {
    hub: Arc<Hub>,
    claimed: Option<FeedCursor>,
    sequence: i64,
    life: u64,
    ready: VecDeque<Happening>,
}

/// Everything after a cursor, or from now on; the stream does not end by itself.
pub(super) fn follow(hub: Arc<Hub>, after: Option<FeedCursor>) -> impl Stream<Item = FeedItem> + use<> {
    let now = hub.log.progress();
    let solo = Solo {
        hub,
        sequence: after.map_or(now.head.sequence, |cursor| cursor.sequence),
        claimed: after,
        life: now.life,
        ready: VecDeque::new(),
    };
    stream::unfold(solo, async |mut solo| {
        let item = solo.next().await;
        Some((item, solo))
    })
}

impl Solo {
    async fn next(&mut self) -> FeedItem {
        let mut pause = RETRY_FROM;
        loop {
            match self.step().await {
                Ok(Some(item)) => return item,
                Ok(None) => {}
                Err(Failed) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(RETRY_TO);
                }
            }
        }
    }

    async fn step(&mut self) -> Result<Option<FeedItem>, Failed> {
        let log = &self.hub.log;
        if let Some(cursor) = self.claimed {
            log.refresh().await?;
            let reset = log.placement(&cursor).await?;
            self.claimed = None;
            if let Some(reason) = reset {
                return Ok(Some(self.reset(reason)));
            }
        }
        let now = log.progress();
        if now.life != self.life {
            return Ok(Some(self.reset(ResetReason::Restored)));
        }
        if let Some(happening) = self.ready.pop_front() {
            self.sequence = happening.event.sequence();
            return Ok(Some(FeedItem::Happening(happening)));
        }
        if self.sequence >= now.head.sequence {
            log.moved(now).await;
            return Ok(None);
        }
        self.ready = log.after(self.sequence).await?.into();
        match self.ready.front() {
            Some(next) if next.event.sequence() == self.sequence + 1 => Ok(None),
            Some(_) | None => Ok(Some(self.reset(ResetReason::Trimmed))),
        }
    }

    fn reset(&mut self, reason: ResetReason) -> FeedItem {
        let now = self.hub.log.progress();
        (self.sequence, self.life) = (now.head.sequence, now.life);
        self.ready.clear();
        FeedItem::Reset { reason, cursor: now.head.cursor() }
    }
}
