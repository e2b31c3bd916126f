//! A reader: a position in a group. It holds no queue; whatever it has not taken yet is in the group's ring,
//! or in the store.

use std::future::poll_fn;
use std::sync::Arc;

use tokio::sync::watch;

use super::carry::{Listed, Member, Outlet};
use super::frame::{Frame, Taken};
use super::group::{Group, Page};
use super::log::Progress;
use super::pages::Failed;
use super::patience::Patience;
use super::render::interrupted;
use super::source::FeedItem;
use crate::domain::cursor::FeedCursor;
use crate::domain::event::ResetReason;
use crate::metrics::{self, Counted};

/// See the module.
pub struct Reader {
    rendered: watch::Receiver<Progress>,
    position: Position,
    /// Where its frames go while it is live; its member's, once it has been that.
    outlet: Option<Box<dyn Outlet>>,
    listed: Option<Listed>,
    /// It has had everything since it last had to ask the store.
    live: bool,
    group: Arc<Group>,
    _counted: Counted,
}

/// A position that has been reached: everything up to this sequence, in this life of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct At {
    pub sequence: i64,
    pub life: u64,
}

/// What there is after a position.
pub(super) enum AtHand {
    /// Frames, and the position after them.
    Frames(Vec<Frame>, At),
    /// The reader has all that there is.
    Nothing,
    /// In the past, or behind a question to the store.
    Elsewhere,
    /// What comes next can't be rendered.
    GaveUp,
}

/// Where a reader is.
#[derive(Clone, Copy, Debug)]
enum Position {
    /// It came with this cursor, which has not been looked at yet.
    Claimed(FeedCursor),
    /// It has everything up to there.
    Reached(At),
    /// It is live: its member knows where it is.
    Carried,
    /// It has been told that it can't go on.
    Ended,
}

impl Reader {
    pub(super) fn new(group: Arc<Group>, after: Option<FeedCursor>) -> Self {
        let rendered = group.cohort.watch();
        let position = after.map_or_else(
            || {
                let now = group.cohort.log.progress();
                Position::Reached(At { sequence: now.head.sequence, life: now.life })
            },
            Position::Claimed,
        );
        if after.is_some() {
            metrics::all().resumed();
        }
        let _counted = metrics::all().reader();
        Self { rendered, position, outlet: None, listed: None, live: false, group, _counted }
    }

    /// From now on frames that come while [`Self::next`] waits go to the outlet, without waking who waits.
    pub fn send_to(&mut self, outlet: Box<dyn Outlet>) {
        self.outlet = Some(outlet);
    }

    /// The next frames, in order: everything that is ready, up to a bound. `None`: the subscription is over.
    /// Cancelling it loses nothing: the position moves only with what is returned, or sent to the outlet.
    /// Whoever has an outlet writes what is returned before asking again.
    pub async fn next(&mut self) -> Option<Vec<Frame>> {
        loop {
            let at = match self.position {
                Position::Ended => return None,
                Position::Reached(at) => at,
                Position::Carried => {
                    let back = poll_fn(|cx| match &self.listed {
                        Some(listed) => listed.member().poll_back(cx),
                        None => std::task::Poll::Ready(None),
                    });
                    self.position = back.await.map_or(Position::Ended, Position::Reached);
                    continue;
                }
                Position::Claimed(_) => match Box::pin(self.fetch()).await {
                    frames if frames.is_empty() => continue,
                    frames => return Some(frames),
                },
            };
            self.rendered.mark_unchanged();
            match self.group.cohort.at_hand(at) {
                AtHand::Frames(frames, reached) => {
                    self.position = Position::Reached(reached);
                    if !frames.is_empty() {
                        metrics::all().delivered(1, frames.len() as u64, self.group.cohort.rendered_at());
                        return Some(frames);
                    }
                }
                AtHand::Nothing if self.rest(at) => self.live = true,
                // An error means that the group is gone: the node is stopping.
                AtHand::Nothing => {
                    self.live = true;
                    self.rendered.changed().await.ok()?;
                }
                // A large future, and rare: readers who are live do without.
                AtHand::Elsewhere => {
                    let frames = Box::pin(self.fetch()).await;
                    if !frames.is_empty() {
                        return Some(frames);
                    }
                }
                AtHand::GaveUp => return Some(self.interrupt()),
            }
        }
    }

    /// Leaves the reader to its group's carriers, if it has an outlet.
    fn rest(&mut self, at: At) -> bool {
        if let Some(outlet) = self.outlet.take() {
            let member = Member::new(outlet);
            self.listed = Some(self.group.carriers.admit(&self.group.cohort, &member));
        }
        let Some(listed) = &self.listed else { return false };
        self.position = Position::Carried;
        listed.member().rest(&self.group.cohort, at);
        true
    }

    /// The last frame of a subscription that can't go on.
    fn interrupt(&mut self) -> Vec<Frame> {
        self.position = Position::Ended;
        vec![interrupted()]
    }

    /// Frames that are not at hand, trying again until the store gives them.
    async fn fetch(&mut self) -> Vec<Frame> {
        if std::mem::take(&mut self.live) {
            metrics::all().lagged();
        }
        let mut patience = Patience::new();
        loop {
            match self.try_fetch().await {
                Ok(frames) => {
                    // How long ago they were committed says nothing about how fast they went.
                    metrics::all().delivered(u64::from(!frames.is_empty()), frames.len() as u64, None);
                    return frames;
                }
                Err(Failed) => {
                    if patience.again(&self.group.cohort.log).await.is_err() {
                        return self.interrupt();
                    }
                }
            }
        }
    }

    async fn try_fetch(&mut self) -> Result<Vec<Frame>, Failed> {
        let at = match self.position {
            Position::Ended | Position::Carried => return Ok(Vec::new()),
            Position::Claimed(cursor) => return self.place(cursor).await,
            Position::Reached(at) => at,
        };
        let cohort = &self.group.cohort;
        if at.life != self.rendered.borrow().life {
            return self.reset(ResetReason::Restored).await;
        }
        let mut key = cohort.log.key(at.sequence + 1);
        let mut page = cohort.page(key).await?;
        // Each part ends where the next begins: everybody who reads the page asks for the same ones.
        while let Some((last, _)) = page.last().filter(|(last, _)| (key.first()..=at.sequence).contains(last))
        {
            key = key.part(last + 1);
            page = cohort.page(key).await?;
        }
        match taken(&page, at.sequence) {
            Some((frames, sequence)) => {
                self.position = Position::Reached(At { sequence, ..at });
                Ok(frames)
            }
            None => self.reset(ResetReason::Trimmed).await,
        }
    }

    /// Whoever comes with a cursor may have heard of more, elsewhere, than this node has read: it is shown
    /// nothing that was rendered before all that is committed by now.
    async fn place(&mut self, cursor: FeedCursor) -> Result<Vec<Frame>, Failed> {
        let cohort = &self.group.cohort;
        let log = &cohort.log;
        log.refresh().await?;
        // Of the log that the cursor is compared with: another may begin while this waits.
        let life = log.progress().life;
        if let Some(reason) = log.placement(&cursor).await? {
            return self.reset(reason).await;
        }
        let known = log.progress();
        let up_to_date = |rendered: &Progress| {
            rendered.life != known.life
                || rendered.head.sequence >= known.head.sequence
                || cohort.has_given_up()
        };
        // An error means that the group is gone: the next step ends the reader.
        let _ = self.rendered.wait_for(up_to_date).await;
        let sequence = cursor.sequence;
        #[cfg(feature = "planted-bugs")]
        let sequence = crate::planted::resume_after(sequence);
        self.position = Position::Reached(At { sequence, life });
        Ok(Vec::new())
    }

    /// Tells the reader to start over, and goes on from where the log stands.
    async fn reset(&mut self, reason: ResetReason) -> Result<Vec<Frame>, Failed> {
        metrics::all().reset(match reason {
            ResetReason::Trimmed => "trimmed",
            ResetReason::Restored => "restored",
        });
        let cohort = &self.group.cohort;
        let now = cohort.log.progress();
        let item = FeedItem::Reset { reason, cursor: now.head.cursor() };
        let frame = cohort.render_alone(item).await?;
        self.position = if cohort.plan.selection.survives_a_reset() {
            Position::Reached(At { sequence: now.head.sequence, life: now.life })
        } else {
            Position::Ended
        };
        Ok(vec![frame])
    }
}

/// What a page has after a sequence, as much as goes together, and how far that reaches; `None`: the page
/// does not go on from there.
fn taken(page: &Page, sequence: i64) -> Option<(Vec<Frame>, i64)> {
    let begins = page.iter().position(|(number, _)| *number == sequence + 1)?;
    let (mut taken, mut reached) = (Taken::default(), None);
    for (number, frame) in &page[begins..] {
        if frame.as_ref().is_some_and(|frame| !taken.take(frame)) {
            break;
        }
        reached = Some(*number);
    }
    Some((taken.frames, reached?))
}
