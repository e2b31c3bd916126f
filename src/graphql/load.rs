//! How much runs at once, and what is turned away before memory is short.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::answers::Answers;
use super::error::GraphError;
use crate::crowd::{Crowd, Place, most_of};
use crate::domain::address::network;
use crate::limits::{Limits, size};
use crate::metrics;

/// How long a request waits for a turn.
const TURN_WAIT: Duration = Duration::from_secs(2);
/// What a client sends is held up to here for as many as come; for more, there has to be room.
const SMALL: usize = 16 * 1024;
/// Room is taken in pieces of so many KiB.
const PIECE_KIB: usize = 64;
/// Of all the room, one address may take so much: one part of it.
const SHARE: usize = 4;

/// How it is at present.
#[derive(Clone, Copy, Debug)]
pub struct Loaded {
    /// Executions that run.
    pub running: usize,
    /// Executions that wait for a turn.
    pub waiting: usize,
    /// KiB of answers that clients have yet to take.
    pub answers_kib: usize,
    /// Whether memory is short.
    pub is_short: bool,
}

/// See the module.
pub struct Load {
    turns: Semaphore,
    turns_max: usize,
    waiting: AtomicUsize,
    waiting_max: usize,
    bodies: Crowd<IpAddr>,
    bodies_max: usize,
    answers: Answers,
    short: AtomicBool,
}

impl Load {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let most = |count: u64| size(count).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            turns: Semaphore::new(most(limits.executions)),
            turns_max: most(limits.executions),
            waiting: AtomicUsize::new(0),
            waiting_max: size(limits.executions_waiting),
            bodies: Crowd::default(),
            bodies_max: size(limits.bodies_kib),
            answers: Answers::new(limits),
            short: AtomicBool::new(false),
        }
    }

    /// Whether memory is short: then nothing new is begun.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    /// Takes note of whether it is.
    pub fn set_short(&self, short: bool) {
        if self.short.swap(short, Ordering::Relaxed) != short {
            if short {
                tracing::warn!("memory is short: requests are turned away until it is not");
            } else {
                tracing::info!("memory is no longer short");
            }
        }
    }

    /// Something new may begin.
    ///
    /// # Errors
    /// `OVERLOADED`: memory is short.
    pub fn admit(&self) -> Result<(), GraphError> {
        if self.is_short() { Err(refused("memory")) } else { Ok(()) }
    }

    /// A turn to run, given back when dropped.
    ///
    /// # Errors
    /// `OVERLOADED`: memory is short, or there is too much to do.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>, GraphError> {
        self.admit()?;
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _left = Leaving(&self.waiting);
        if waiting >= self.waiting_max {
            return Err(refused("busy"));
        }
        match timeout(TURN_WAIT, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(refused("busy")),
        }
    }

    /// The answers that wait for clients to take them.
    #[must_use]
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// How it is, for whoever looks.
    #[must_use]
    pub fn loaded(&self) -> Loaded {
        Loaded {
            running: self.turns_max.saturating_sub(self.turns.available_permits()),
            waiting: self.waiting.load(Ordering::Relaxed),
            answers_kib: self.answers.kib(),
            is_short: self.is_short(),
        }
    }
}

fn refused(why: &'static str) -> GraphError {
    metrics::all().turned_away("request", why);
    GraphError::overloaded()
}

/// The room that something large from a client takes, for as long as this lasts: the body of a request, packed or not, or
/// a message that has not come whole.
pub struct Room {
    from: IpAddr,
    place: Option<Place<IpAddr>>,
}

impl Room {
    /// For what comes from an address: none is taken yet.
    #[must_use]
    pub fn new(from: IpAddr) -> Self {
        Self { from, place: None }
    }

    /// Makes it large enough for so many bytes in all; `false`: there is not so much, or not for that address.
    #[must_use]
    pub fn fits(&mut self, bytes: usize, load: &Load) -> bool {
        let needed = bytes.saturating_sub(SMALL).div_ceil(PIECE_KIB * 1024).saturating_mul(PIECE_KIB);
        let more = needed.saturating_sub(self.place.as_ref().map_or(0, Place::many));
        if more == 0 {
            return true;
        }
        let (all, each) = (load.bodies_max, most_of(self.from, load.bodies_max / SHARE));
        let found = match &mut self.place {
            Some(place) => place.grow(more, all, each),
            none => {
                load.bodies.enter_as(more, network(self.from), all, each).map(|place| *none = Some(place))
            }
        };
        if let Err(crowded) = found {
            metrics::all().turned_away("body", crowded.name());
        }
        found.is_ok()
    }

    /// Gives it back.
    pub fn clear(&mut self) {
        self.place = None;
    }
}

struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_turn_in_time_is_told_so() {
        let load = Load::new(&Limits { executions: 1, executions_waiting: 1, ..Limits::default() });
        let turn = load.turn().await.expect("nothing runs");
        let (first, second) = tokio::join!(load.turn(), load.turn());
        assert!(first.is_err() && second.is_err(), "one waited in vain, one had no place to wait");
        drop(turn);
        assert!(load.turn().await.is_ok());
        load.set_short(true);
        assert!(load.turn().await.is_err());
    }

    #[test]
    fn there_is_so_much_room_and_who_leaves_gives_it_back() {
        let load = Load::new(&Limits { bodies_kib: 512, ..Limits::default() });
        let room = |last: u8| Room::new(IpAddr::from([203, 0, 113, last]));
        let (mut one, mut other, mut third) = (room(1), room(1), room(1));
        assert!(one.fits(SMALL, &load), "what is small takes no room");
        assert!(other.fits(SMALL + 1, &load) && third.fits(SMALL + 64 * 1024, &load));
        assert!(other.fits(SMALL + 64 * 1024, &load), "it has that already");
        assert!(!one.fits(SMALL + 1, &load), "a quarter for each address");
        assert!(!other.fits(SMALL + 64 * 1024 + 1, &load));
        drop(third);
        assert!(other.fits(SMALL + 128 * 1024, &load) && !one.fits(SMALL + 1, &load));
        let mut others: Vec<_> = (2..=4).map(room).collect();
        assert!(others.iter_mut().all(|room| room.fits(SMALL + 128 * 1024, &load)));
        assert!(!room(5).fits(SMALL + 1, &load), "that is all");
        other.clear();
        assert!(one.fits(SMALL + 128 * 1024, &load));
    }
}
