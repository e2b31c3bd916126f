//! How fast one person, and one address, may write: token buckets of this node.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::error::{GraphError, Result};
use crate::domain::ids::UserId;
use crate::domain::policy::{self, Permission};
use crate::domain::user::Viewer;

/// Writes of one reader: so many at once, and as many again each minute.
const PERSON: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
/// Writes from one address, where a school or an office may share one.
const ADDRESS: NonZeroU32 = NonZeroU32::new(120).expect("not zero");
/// Buckets kept before full ones are let go of.
const BUCKETS_MAX: usize = 50_000;

/// See the module.
pub struct Pace {
    people: DefaultKeyedRateLimiter<UserId>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            people: RateLimiter::keyed(Quota::per_minute(PERSON)),
            addresses: RateLimiter::keyed(Quota::per_minute(ADDRESS)),
        }
    }
}

impl Pace {
    /// Takes note of a write. Moderators and editors work at their own pace.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub fn check(&self, viewer: &Viewer, address: IpAddr) -> Result<()> {
        if policy::may(viewer, Permission::Moderate) {
            return Ok(());
        }
        let person_ok = viewer.id().is_none_or(|id| self.people.check_key(&id).is_ok());
        let address_ok = self.addresses.check_key(&network(address)).is_ok();
        self.tidy();
        if person_ok && address_ok {
            return Ok(());
        }
        Err(GraphError::new("RATE_LIMITED", "That was a lot at once: wait a few seconds, then try again."))
    }

    fn tidy(&self) {
        if self.people.len() > BUCKETS_MAX {
            self.people.retain_recent();
        }
        if self.addresses.len() > BUCKETS_MAX {
            self.addresses.retain_recent();
        }
    }
}

/// Of IPv6 a household or a server has 64 bits to itself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn an_address_runs_dry_and_others_do_not() {
        let pace = Pace::default();
        let write = |address| pace.check(&Viewer::Anonymous, address).is_ok();
        let loud = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        assert_eq!((0..500).filter(|_| write(loud)).count(), 120);
        assert!(write(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2))));
    }

    #[test]
    fn a_household_is_one_address() {
        let address = |last| network(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 7, 0, 0, 0, last)));
        assert_eq!(address(1), address(2));
    }
}
