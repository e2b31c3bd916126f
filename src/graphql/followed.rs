//! What is followed from one address. The same subscription is rendered once, however many follow it, so only different ones
//! cost anything: of those, an address has so many points on one log. A school that reads a story together is one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::GraphError;
use crate::crowd::most_of;
use crate::domain::address::network;
use crate::domain::event::LogId;
use crate::limits::{Limits, size};
use crate::metrics;

/// Everything that is followed on this node.
#[derive(Default)]
pub struct Followed {
    places: Mutex<HashMap<(IpAddr, LogId), Place>>,
    points_max: usize,
}

/// What one address follows of one log.
#[derive(Default)]
struct Place {
    points: usize,
    /// By the key of the plan: how many follow it, and its points.
    plans: HashMap<u64, (usize, usize)>,
}

/// Somebody who follows, until this is dropped.
pub struct Following {
    followed: Arc<Followed>,
    place: (IpAddr, LogId),
    plan: u64,
}

impl Followed {
    /// Nobody does yet.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self { places: Mutex::default(), points_max: size(limits.followed_cost) }
    }

    /// Somebody at an address follows a log by a plan of so many points.
    ///
    /// # Errors
    /// `RATE_LIMITED`: too much else is followed from there.
    pub fn enter(
        self: &Arc<Self>,
        from: IpAddr,
        log: LogId,
        plan: u64,
        points: usize,
    ) -> Result<Following, GraphError> {
        let most = most_of(from, self.points_max);
        let at = (network(from), log);
        let mut places = self.lock();
        let place = places.entry(at).or_default();
        let is_new = !place.plans.contains_key(&plan);
        // One is always let in: how much it may cost is another limit.
        if is_new && place.points > 0 && place.points.saturating_add(points) > most {
            metrics::all().turned_away("subscription", "address");
            let message = "This is followed in too many different ways from where you are: end others first.";
            return Err(GraphError::new("RATE_LIMITED", message));
        }
        let (readers, points) = place.plans.entry(plan).or_insert((0, points));
        *readers += 1;
        if is_new {
            place.points += *points;
        }
        Ok(Following { followed: Arc::clone(self), place: at, plan })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(IpAddr, LogId), Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut places = self.followed.lock();
        let Some(place) = places.get_mut(&self.place) else { return };
        let Some((readers, points)) = place.plans.get_mut(&self.plan) else { return };
        *readers -= 1;
        if *readers == 0 {
            place.points -= *points;
            place.plans.remove(&self.plan);
        }
        if place.plans.is_empty() {
            places.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_followed_by_as_many_as_like_and_different_things_by_few() {
        let followed = Arc::new(Followed::new(&Limits { followed_cost: 100, ..Limits::default() }));
        let from = |last| IpAddr::from([203, 0, 113, last]);
        let enter = |last, plan, points| followed.enter(from(last), LogId::Queues, plan, points);
        let same: Vec<_> = (0..1_000).map(|_| enter(1, 1, 60)).collect();
        assert!(same.iter().all(Result::is_ok));
        assert!(enter(1, 2, 60).is_err() && enter(1, 2, 40).is_ok());
        let other = enter(1, 3, 40);
        assert!(other.is_ok() && enter(1, 4, 1).is_err());
        assert!(enter(2, 2, 500).is_ok(), "elsewhere; and one is always let in");
        drop(other);
        assert!(enter(1, 4, 1).is_ok());
        drop(same);
        assert!(followed.lock().is_empty(), "nothing stays behind");
        assert!(followed.enter(IpAddr::from([127, 0, 0, 1]), LogId::Queues, 1, 60).is_ok());
    }
}
