//! Live readers: what their group has rendered is written for them by the group, without waking their tasks.
//!
//! A reader that has everything leaves its position with its [`Member`] and sleeps. The group's carriers, one
//! task for every few hundred members, go from one to the next and offer what each has not had. A member
//! whose outlet can't take it now, or whose next events are no longer at hand, is given back to its own task,
//! which goes on as any reader that has fallen behind.

use std::cell::OnceCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::caught::caught;
use super::frame::Frame;
use super::group::Cohort;
use super::lock;
use super::log::Progress;
use super::reader::{At, AtHand};
use crate::metrics;

/// Members of one carrier.
const ROUND: usize = 256;
/// Members served before other tasks have their turn.
const TURN: usize = 32;
/// Batches for one member in a turn: one that needs more is far behind.
const BATCHES: usize = 4;

/// Where a reader's frames go. Whatever it holds back is bounded by one batch.
pub trait Outlet: Send + Sync {
    /// Sends a batch, all of it or nothing, and does not wait; `false`: not now. `scratch` is empty memory
    /// to put it together in.
    fn offer(&self, batch: &Batch, scratch: &mut Vec<u8>) -> bool;
}

/// Frames that go out together.
pub struct Batch {
    frames: Vec<Frame>,
    joined: OnceCell<Vec<u8>>,
}

impl Batch {
    /// Of these.
    pub fn new(frames: Vec<Frame>) -> Self {
        Self { frames, joined: OnceCell::new() }
    }

    /// Each of them.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// All of them, as the HTTP chunks of their events; put together once for all readers.
    pub fn chunks(&self) -> &[u8] {
        match &self.frames[..] {
            [frame] => frame.chunk(),
            frames => {
                self.joined.get_or_init(|| frames.iter().map(Frame::chunk).collect::<Vec<_>>().concat())
            }
        }
    }
}

/// A live reader, as its group sees it.
pub(super) struct Member {
    seat: Mutex<Seat>,
}

struct Seat {
    /// Let go of as soon as the reader leaves, however long the member is still listed.
    outlet: Option<Box<dyn Outlet>>,
    turn: Turn,
}

enum Turn {
    /// Its own task's.
    Own,
    /// The carrier's, from that position on.
    Carried(At, Option<Waker>),
    /// Its own task's again, once that looks.
    Back(At),
}

impl Member {
    pub fn new(outlet: Box<dyn Outlet>) -> Arc<Self> {
        Arc::new(Self { seat: Mutex::new(Seat { outlet: Some(outlet), turn: Turn::Own }) })
    }

    /// Leaves the reader to the carriers, from a position that it has reached.
    pub fn rest(&self, cohort: &Cohort, at: At) {
        lock(&self.seat).turn = Turn::Carried(at, None);
        // What was rendered before the carriers could see it here is this call's.
        let mut sent = Sent::default();
        self.carry(cohort, &mut Together::default(), &mut Vec::new(), &mut sent);
        sent.count(cohort);
    }

    /// Ready with the position when the reader's own task has to go on.
    pub fn poll_back(&self, cx: &mut Context<'_>) -> Poll<Option<At>> {
        let mut seat = lock(&self.seat);
        match &mut seat.turn {
            Turn::Own => Poll::Ready(None),
            Turn::Back(at) => {
                let at = *at;
                seat.turn = Turn::Own;
                Poll::Ready(Some(at))
            }
            Turn::Carried(_, waker) => {
                if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    *waker = Some(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// Offers the member what it has not had.
    fn carry(&self, cohort: &Cohort, together: &mut Together, scratch: &mut Vec<u8>, sent: &mut Sent) {
        #[cfg(feature = "planted-bugs")]
        crate::planted::panic_at("carrying", 12);
        let mut seat = lock(&self.seat);
        let Seat { outlet: Some(outlet), turn } = &mut *seat else { return };
        let Turn::Carried(at, _) = turn else { return };
        for _ in 0..BATCHES {
            match together.after(cohort, *at) {
                Next::Nothing => return,
                Next::Batch(batch, reached) => {
                    scratch.clear();
                    if !batch.frames.is_empty() {
                        if !outlet.offer(batch, scratch) {
                            break;
                        }
                        sent.add(batch);
                    }
                    *at = *reached;
                }
                Next::Elsewhere => break,
            }
        }
        Self::back(seat);
    }

    /// Leaves the member to its own task.
    fn give_back(&self) {
        Self::back(lock(&self.seat));
    }

    fn back(mut seat: MutexGuard<'_, Seat>) {
        let Turn::Carried(at, waker) = &mut seat.turn else { return };
        let (at, waker) = (*at, waker.take());
        seat.turn = Turn::Back(at);
        drop(seat);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn leave(&self) {
        let mut seat = lock(&self.seat);
        seat.turn = Turn::Own;
        let outlet = seat.outlet.take();
        drop(seat);
        drop(outlet);
    }
}

/// What went out in a turn: counted once for all of it.
#[derive(Default)]
struct Sent {
    batches: u64,
    events: u64,
}

impl Sent {
    fn add(&mut self, batch: &Batch) {
        self.batches += 1;
        self.events += batch.frames.len() as u64;
    }

    fn count(&self, cohort: &Cohort) {
        metrics::all().delivered(self.batches, self.events, cohort.rendered_at());
    }
}

/// What comes next after a position, worked out once for all who are there.
#[derive(Default)]
struct Together(Option<(At, Next)>);

enum Next {
    Nothing,
    Batch(Batch, At),
    Elsewhere,
}

impl Together {
    fn after(&mut self, cohort: &Cohort, at: At) -> &Next {
        if self.0.as_ref().is_none_or(|(from, _)| *from != at) {
            self.0 = None;
        }
        let (_, next) = self.0.get_or_insert_with(|| {
            let next = match cohort.at_hand(at) {
                AtHand::Nothing => Next::Nothing,
                AtHand::Frames(frames, reached) => Next::Batch(Batch::new(frames), reached),
                AtHand::Elsewhere | AtHand::GaveUp => Next::Elsewhere,
            };
            (at, next)
        });
        next
    }
}

/// The carriers of a group, made as members come.
#[derive(Default)]
pub(super) struct Carriers(Mutex<Vec<Carrier>>);

struct Carrier {
    round: Arc<Round>,
    _carrying: AbortOnDropHandle<()>,
}

/// The members of one carrier.
#[derive(Default)]
struct Round {
    members: Mutex<Vec<Arc<Member>>>,
    /// Counts who came and went.
    changes: AtomicU64,
}

/// A member's place in a round, which it leaves when this is dropped.
pub(super) struct Listed {
    member: Arc<Member>,
    round: Arc<Round>,
}

impl Carriers {
    /// Takes a member in.
    pub fn admit(&self, cohort: &Arc<Cohort>, member: &Arc<Member>) -> Listed {
        let mut carriers = lock(&self.0);
        let free = carriers.iter().map(|carrier| &carrier.round).find(|round| round.admit(member));
        let round = free.map(Arc::clone).unwrap_or_else(|| {
            let round = Arc::<Round>::default();
            round.admit(member);
            // Watched from here on: what is rendered before the task first runs would be missed otherwise.
            let carrying = carry(Arc::clone(cohort), cohort.watch(), Arc::clone(&round));
            let carrying = tokio::spawn(carrying);
            carriers.push(Carrier { round: Arc::clone(&round), _carrying: AbortOnDropHandle::new(carrying) });
            round
        });
        Listed { member: Arc::clone(member), round }
    }
}

impl Round {
    fn admit(&self, member: &Arc<Member>) -> bool {
        let mut members = lock(&self.members);
        let free = members.len() < ROUND;
        if free {
            members.push(Arc::clone(member));
            self.changes.fetch_add(1, Ordering::Release);
        }
        free
    }
}

impl Listed {
    pub fn member(&self) -> &Member {
        &self.member
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.member.leave();
        let mut members = lock(&self.round.members);
        if let Some(at) = members.iter().position(|member| Arc::ptr_eq(member, &self.member)) {
            members.swap_remove(at);
            self.round.changes.fetch_add(1, Ordering::Release);
        }
    }
}

/// Goes its round whenever something was rendered.
async fn carry(cohort: Arc<Cohort>, mut rendered: watch::Receiver<Progress>, round: Arc<Round>) {
    let (mut members, mut as_of) = (Vec::new(), None);
    // An error means that the group is gone.
    while rendered.changed().await.is_ok() {
        let changes = round.changes.load(Ordering::Acquire);
        if as_of.replace(changes) != Some(changes) {
            members = lock(&round.members).clone();
        }
        let mut scratch = Vec::new();
        for turn in members.chunks(TURN) {
            let (mut together, mut sent) = (Together::default(), Sent::default());
            let served = caught("writing to readers", async {
                for member in turn {
                    member.carry(&cohort, &mut together, &mut scratch, &mut sent);
                }
            });
            if served.await.is_none() {
                // Whoever it happens to again does not keep the others waiting.
                turn.iter().for_each(|member| member.give_back());
            }
            drop(together);
            sent.count(&cohort);
            tokio::task::yield_now().await;
        }
    }
}
