//! How many there are, in all and of each kind: connections by address, sockets by person.

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
    /// One more of `key`, unless that makes more than `all_max` or more than `each_max` of it.
    #[must_use]
    pub fn enter(&self, key: K, all_max: usize, each_max: usize) -> Option<Place<K>> {
        let mut counts = self.lock();
        let of_key = counts.each.get(&key).copied().unwrap_or(0);
        if counts.all >= all_max || of_key >= each_max {
            return None;
        }
        counts.all += 1;
        counts.each.insert(key.clone(), of_key + 1);
        Some(Place { crowd: self.clone(), key })
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

    fn leave(&self, key: &K) {
        let mut counts = self.lock();
        counts.all -= 1;
        if let Some(of_key) = counts.each.get_mut(key) {
            *of_key -= 1;
            if *of_key == 0 {
                counts.each.remove(key);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts<K>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a crowd, given back when dropped.
pub struct Place<K: Eq + Hash + Clone + Send + 'static> {
    crowd: Crowd<K>,
    key: K,
}

impl<K: Eq + Hash + Clone + Send + 'static> Drop for Place<K> {
    fn drop(&mut self) {
        self.crowd.leave(&self.key);
    }
}

/// Those who share an address: of IPv6 a household or a server has 64 bits to itself.
#[must_use]
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into()),
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
        assert!(crowd.enter("a", 3, 2).is_none(), "two of one");
        let _third = crowd.enter("b", 3, 2).expect("there is room for another");
        assert!(crowd.enter("c", 3, 2).is_none(), "three in all");
        drop(first);
        assert!(crowd.enter("c", 3, 2).is_some(), "somebody left");
        assert_eq!(crowd.len(), 2);
    }
}
