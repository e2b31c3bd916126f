//! How many there are, in all and of each kind: connections by address, sockets by person, bytes that wait for clients.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts those who are in. Cheap to clone: all clones count together.
pub struct Crowd<K> {
    counts: Arc<Mutex<Counts<K>>>,
}

struct Counts<K> {
    all: usize,
    each: HashMap<K, usize>,
}

impl<K> Clone for Crowd<K> {
    fn clone(&self) -> Self {
        Self { counts: Arc::clone(&self.counts) }
    }
}

impl<K> Default for Crowd<K> {
    fn default() -> Self {
        Self { counts: Arc::new(Mutex::new(Counts { all: 0, each: HashMap::new() })) }
    }
}

impl<K: Eq + Hash + Clone + Send + 'static> Crowd<K> {
    /// One more of `key`.
    ///
    /// # Errors
    /// There are `all_max`, or `each_max` of it.
    pub fn enter(&self, key: K, all_max: usize, each_max: usize) -> Result<Place<K>, Crowded> {
        self.enter_as(1, key, all_max, each_max)
    }

    /// Somebody of `key` who counts for so many.
    ///
    /// # Errors
    /// There would be more than `all_max`, or than `each_max` of it.
    pub fn enter_as(
        &self,
        many: usize,
        key: K,
        all_max: usize,
        each_max: usize,
    ) -> Result<Place<K>, Crowded> {
        let mut counts = self.lock();
        let of_key = counts.each.get(&key).copied().unwrap_or(0);
        if counts.all.saturating_add(many) > all_max {
            return Err(Crowded::All);
        }
        if of_key.saturating_add(many) > each_max {
            return Err(Crowded::Each);
        }
        counts.all += many;
        counts.each.insert(key.clone(), of_key + many);
        Ok(Place { crowd: self.clone(), key, many })
    }

    /// How many are in.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().all
    }

    /// Whether nobody is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn leave(&self, key: &K, many: usize) {
        let mut counts = self.lock();
        counts.all -= many;
        if let Some(of_key) = counts.each.get_mut(key) {
            *of_key -= many;
            if *of_key == 0 {
                counts.each.remove(key);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts<K>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// There are too many already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crowded {
    /// In all.
    All,
    /// Of this kind.
    Each,
}

impl Crowded {
    /// What there is too much of, for whoever counts refusals.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Each => "address",
        }
    }
}

/// How many one address may have. A proxy on this machine that nobody said is one speaks for everybody.
pub fn most_of(address: IpAddr, most: usize) -> usize {
    if address.to_canonical().is_loopback() { usize::MAX } else { most }
}

impl<K: Eq + Hash + Clone + Send + 'static> Place<K> {
    /// Counts for so many more from now on.
    ///
    /// # Errors
    /// As [`Crowd::enter_as`]; it counts for as many as before.
    pub fn grow(&mut self, more: usize, all_max: usize, each_max: usize) -> Result<(), Crowded> {
        let mut grown = self.crowd.enter_as(more, self.key.clone(), all_max, each_max)?;
        self.many += std::mem::take(&mut grown.many);
        Ok(())
    }

    /// For how many it counts.
    pub fn many(&self) -> usize {
        self.many
    }
}

/// A place in a crowd, given back when dropped.
pub struct Place<K: Eq + Hash + Clone + Send + 'static> {
    crowd: Crowd<K>,
    key: K,
    many: usize,
}

impl<K: Eq + Hash + Clone + Send + 'static> Drop for Place<K> {
    fn drop(&mut self) {
        self.crowd.leave(&self.key, self.many);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_share_and_all_have_a_limit() {
        let crowd = Crowd::default();
        let first = crowd.enter("a", 3, 2).expect("there is room");
        let _second = crowd.enter("a", 3, 2).expect("there is room");
        assert_eq!(crowd.enter("a", 3, 2).err(), Some(Crowded::Each), "two of one");
        let _third = crowd.enter("b", 3, 2).expect("there is room for another");
        assert_eq!(crowd.enter("c", 3, 2).err(), Some(Crowded::All), "three in all");
        drop(first);
        assert!(crowd.enter("c", 3, 2).is_ok(), "somebody left");
        assert_eq!(crowd.len(), 2);
        assert_eq!(crowd.enter_as(2, "d", 3, 2).err(), Some(Crowded::All), "one more than there may be");
        assert!(crowd.enter_as(2, "d", 4, 2).is_ok(), "who counts for two");
        assert_eq!(crowd.len(), 2, "and has left");
        let mut place = crowd.enter("d", 9, 9).expect("there is room");
        assert!(place.grow(3, 6, 4).is_ok() && place.grow(1, 9, 4).is_err());
        assert_eq!((place.many(), crowd.len()), (4, 6));
        drop(place);
        assert_eq!(crowd.len(), 2);
    }
}
