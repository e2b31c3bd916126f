//! A reader: a position in a group. It holds no queue; whatever it has not taken yet is in the group's ring,
//! or in the store.

use std::sync::Arc;

use tokio::sync::watch;

use super::frame::Frame;
use super::group::{Group, PAUSES, Page};
use super::log::Progress;
use super::pages::Failed;
use super::source::FeedItem;
use crate::domain::cursor::FeedCursor;
use crate::domain::event::ResetReason;

/// Frames taken at once, at most: what goes out in one write, and what a slow reader holds.
const BATCH: usize = 32;

/// See the module.
pub struct Reader {
    group: Arc<Group>,
    rendered: watch::Receiver<Progress>,
    position: Position,
}

/// Where a reader is.
#[derive(Clone, Copy, Debug)]
enum Position {
    /// It came with this cursor, which has not been looked at yet.
    Claimed(FeedCursor),
    /// It has everything up to this sequence, in this life of the log.
    Reached { sequence: i64, life: u64 },
    /// It has been told that it can't go on.
    Ended,
}

impl Reader {
    pub(super) fn new(group: Arc<Group>, after: Option<FeedCursor>) -> Self {
        let rendered = group.cohort.watch();
        let position = after.map_or_else(
            || {
                let now = group.cohort.log.progress();
                Position::Reached { sequence: now.head.sequence, life: now.life }
            },
            Position::Claimed,
        );
        Self { group, rendered, position }
    }

    /// The next frames, in order: everything that is ready, up to a bound. `None`: the subscription is over.
    /// Cancelling it loses nothing: the position moves only with what is returned.
    pub async fn next(&mut self) -> Option<Vec<Frame>> {
        loop {
            match self.at_hand() {
                AtHand::Frames(frames) if frames.is_empty() => {}
                AtHand::Frames(frames) => return Some(frames),
                // An error means that the group is gone: the node is stopping.
                AtHand::Nothing => self.rendered.changed().await.ok()?,
                AtHand::Over => return None,
                // A large future, and rare: readers who are live do without.
                AtHand::Elsewhere => {
                    let frames = Box::pin(self.fetch()).await;
                    if !frames.is_empty() {
                        return Some(frames);
                    }
                }
            }
        }
    }

    fn at_hand(&mut self) -> AtHand {
        let rendered = *self.rendered.borrow_and_update();
        let (sequence, life) = match self.position {
            Position::Ended => return AtHand::Over,
            Position::Claimed(_) => return AtHand::Elsewhere,
            Position::Reached { sequence, life } => (sequence, life),
        };
        if life != rendered.life {
            return AtHand::Elsewhere;
        }
        if sequence >= rendered.head.sequence {
            return AtHand::Nothing;
        }
        let Some((frames, reached)) = self.group.cohort.recent(sequence, BATCH) else {
            return AtHand::Elsewhere;
        };
        self.position = Position::Reached { sequence: reached, life };
        AtHand::Frames(frames)
    }

    /// Frames that are not at hand, trying again until the store gives them.
    async fn fetch(&mut self) -> Vec<Frame> {
        let mut pause = PAUSES.0;
        loop {
            match self.try_fetch().await {
                Ok(frames) => return frames,
                Err(Failed) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    async fn try_fetch(&mut self) -> Result<Vec<Frame>, Failed> {
        let (sequence, life) = match self.position {
            Position::Ended => return Ok(Vec::new()),
            Position::Claimed(cursor) => return self.place(cursor).await,
            Position::Reached { sequence, life } => (sequence, life),
        };
        let cohort = &self.group.cohort;
        if life != self.rendered.borrow().life {
            return self.reset(ResetReason::Restored).await;
        }
        let page = cohort.page(cohort.log.key(sequence + 1)).await?;
        match taken(&page, sequence) {
            Some((frames, reached)) => {
                self.position = Position::Reached { sequence: reached, life };
                Ok(frames)
            }
            None => self.reset(ResetReason::Trimmed).await,
        }
    }

    /// Whoever comes with a cursor may have heard of more, elsewhere, than this node has read: it is shown
    /// nothing that was rendered before all that is committed by now.
    async fn place(&mut self, cursor: FeedCursor) -> Result<Vec<Frame>, Failed> {
        let log = &self.group.cohort.log;
        log.refresh().await?;
        if let Some(reason) = log.placement(&cursor).await? {
            return self.reset(reason).await;
        }
        let known = log.progress();
        let up_to_date = |rendered: &Progress| {
            rendered.life != known.life || rendered.head.sequence >= known.head.sequence
        };
        // An error means that the group is gone: the next step ends the reader.
        let _ = self.rendered.wait_for(up_to_date).await;
        let sequence = cursor.sequence;
        #[cfg(feature = "planted-bugs")]
        let sequence = crate::planted::resume_after(sequence);
        self.position = Position::Reached { sequence, life: log.progress().life };
        Ok(Vec::new())
    }

    /// Tells the reader to start over, and goes on from where the log stands.
    async fn reset(&mut self, reason: ResetReason) -> Result<Vec<Frame>, Failed> {
        let cohort = &self.group.cohort;
        let now = cohort.log.progress();
        let item = FeedItem::Reset { reason, cursor: now.head.cursor() };
        let frame = cohort.render_alone(item).await?;
        self.position = if cohort.plan.selection.survives_a_reset() {
            Position::Reached { sequence: now.head.sequence, life: now.life }
        } else {
            Position::Ended
        };
        Ok(vec![frame])
    }
}

enum AtHand {
    Frames(Vec<Frame>),
    /// The reader has all that there is.
    Nothing,
    /// In the past, or behind a question to the store.
    Elsewhere,
    Over,
}

/// What a page has after a sequence, up to a bound, and how far that reaches; `None`: the page does not
/// go on from there.
fn taken(page: &Page, sequence: i64) -> Option<(Vec<Frame>, i64)> {
    let begins = page.iter().position(|(number, _)| *number == sequence + 1)?;
    let (mut frames, mut reached) = (Vec::new(), None);
    for (number, frame) in &page[begins..] {
        if frames.len() == BATCH {
            break;
        }
        frames.extend(frame.clone());
        reached = Some(*number);
    }
    Some((frames, reached?))
}
