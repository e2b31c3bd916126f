//! How fast one person, and one address, may act: token buckets, of all nodes together where there is Redis.
//!
//! - `buckets`: [`Buckets`], in this process, of a fixed size whatever comes.
//! - `shared`: the same rule in Redis, for writes: a reader who is refused at one node gains nothing at another.
//!   While Redis does not answer, each node counts on its own.
//!
//! Reads and subscriptions are counted per node: it is the node that they could wear out. What is refused before it runs
//! counts as a read, and whatever comes is counted once more before it is looked at, in a bucket that holds as much as the
//! others together: who keeps to those never meets it, and who does not costs no parsing.

mod buckets;
mod shared;

use std::net::IpAddr;
use std::time::Duration;

use buckets::Buckets;
use shared::Shared;

use crate::bus::BusError;
use crate::domain::address::network;
use crate::domain::policy::{self, Permission};
use crate::domain::user::Viewer;

/// So many at once, and as many again in `refill`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// The most at once.
    pub burst: u32,
    /// How long an empty bucket takes to be full.
    pub refill: Duration,
}

impl Rate {
    const fn per_minute(burst: u32) -> Self {
        Self { burst, refill: Duration::from_secs(60) }
    }

    /// How long one more takes to be allowed.
    const fn interval(self) -> Duration {
        Duration::from_nanos(self.refill.as_nanos() as u64 / self.burst as u64)
    }
}

/// Writes of one reader.
const WRITES_OF_A_PERSON: Rate = Rate::per_minute(20);
/// Writes from one address, where a school or an office may share one.
const WRITES_FROM_AN_ADDRESS: Rate = Rate::per_minute(120);
/// Requests from one address that only read. A page takes two or three.
const READS_FROM_AN_ADDRESS: Rate = Rate::per_minute(3_000);
/// Subscriptions begun from one address: when a node restarts, a whole school comes back at once.
const FOLLOWS_FROM_AN_ADDRESS: Rate = Rate::per_minute(1_200);
/// Requests of every kind from one address, good or not: what the rates above come to.
const REQUESTS_FROM_AN_ADDRESS: Rate = Rate::per_minute(
    WRITES_FROM_AN_ADDRESS.burst + READS_FROM_AN_ADDRESS.burst + FOLLOWS_FROM_AN_ADDRESS.burst,
);

/// What somebody is about to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// A query.
    Read,
    /// A mutation.
    Write,
    /// A subscription.
    Follow,
}

/// Refused for now: how long to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooFast(pub Duration);

impl TooFast {
    /// Whole seconds, at least one: what `Retry-After` can say.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0.as_millis().div_ceil(1_000).clamp(1, 3_600) as u64
    }
}

/// See the module.
pub struct Pace {
    people: Buckets,
    addresses: Buckets,
    reads: Buckets,
    follows: Buckets,
    requests: Buckets,
    shared: Option<Shared>,
}

impl Default for Pace {
    /// Of this process alone.
    fn default() -> Self {
        Self {
            people: Buckets::new(WRITES_OF_A_PERSON),
            addresses: Buckets::new(WRITES_FROM_AN_ADDRESS),
            reads: Buckets::new(READS_FROM_AN_ADDRESS),
            follows: Buckets::new(FOLLOWS_FROM_AN_ADDRESS),
            requests: Buckets::new(REQUESTS_FROM_AN_ADDRESS),
            shared: None,
        }
    }
}

impl Pace {
    /// Of all nodes that share a Redis and a prefix. A Redis that can't be reached is no error: it is tried
    /// again and again.
    ///
    /// # Errors
    /// The address of Redis can't be used.
    pub async fn shared(url: &str, prefix: &str) -> Result<Self, BusError> {
        Ok(Self { shared: Some(Shared::start(url, prefix).await?), ..Self::default() })
    }

    /// Takes note of a request that has not been looked at yet. Moderators and editors work at their own pace.
    ///
    /// # Errors
    /// [`TooFast`].
    pub fn look(&self, viewer: &Viewer, address: IpAddr) -> Result<(), TooFast> {
        if policy::may(viewer, Permission::Moderate) { Ok(()) } else { self.requests.take(&network(address)) }
    }

    /// Takes note of a request that is refused before it was known to be anything: it counts as a read.
    ///
    /// # Errors
    /// [`TooFast`].
    pub fn refuse(&self, viewer: &Viewer, address: IpAddr) -> Result<(), TooFast> {
        if policy::may(viewer, Permission::Moderate) { Ok(()) } else { self.reads.take(&network(address)) }
    }

    /// Takes note of what somebody is about to do. Moderators and editors work at their own pace.
    ///
    /// # Errors
    /// [`TooFast`].
    pub async fn check(&self, act: Act, viewer: &Viewer, address: IpAddr) -> Result<(), TooFast> {
        if policy::may(viewer, Permission::Moderate) {
            return Ok(());
        }
        let address = network(address);
        match act {
            Act::Read => self.reads.take(&address),
            Act::Follow => self.follows.take(&address),
            Act::Write => self.check_write(viewer, address).await,
        }
    }

    /// The person's bucket first: one who is refused takes nothing from others at the same address.
    async fn check_write(&self, viewer: &Viewer, address: IpAddr) -> Result<(), TooFast> {
        if let Some(shared) = &self.shared {
            let person = viewer.id().map(|id| (format!("person:{}", id.0), WRITES_OF_A_PERSON));
            let address = (format!("address:{address}"), WRITES_FROM_AN_ADDRESS);
            let buckets: Vec<_> = person.into_iter().chain([address]).collect();
            if let Some(verdict) = shared.take(&buckets).await {
                return verdict;
            }
        }
        if let Some(id) = viewer.id() {
            self.people.take(&id)?;
        }
        self.addresses.take(&address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[tokio::test(start_paused = true)]
    async fn an_address_runs_dry_and_others_do_not() {
        let pace = Pace::default();
        let write = async |address| pace.check(Act::Write, &Viewer::Anonymous, address).await;
        let loud = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        for _ in 0..120 {
            assert_eq!(write(loud).await, Ok(()));
        }
        assert_eq!(write(loud).await, Err(TooFast(Duration::from_millis(500))));
        assert_eq!(write(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2))).await, Ok(()));
        assert_eq!(pace.check(Act::Read, &Viewer::Anonymous, loud).await, Ok(()), "it may still read");
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(write(loud).await, Ok(()), "half a second is one more");
        assert!(write(loud).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_to_every_rate_is_always_looked_at() {
        let pace = Pace::default();
        let (address, nobody) = (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), Viewer::Anonymous);
        for (act, most) in [(Act::Write, 120), (Act::Follow, 1_200), (Act::Read, 3_000)] {
            for _ in 0..most {
                assert_eq!(pace.look(&nobody, address), Ok(()));
                assert_eq!(pace.check(act, &nobody, address).await, Ok(()));
            }
            assert!(pace.check(act, &nobody, address).await.is_err());
        }
        assert!(pace.look(&nobody, address).is_err(), "one more is over one of the rates, whichever it is");
        assert_eq!(pace.look(&Viewer::any_moderator(), address), Ok(()));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(pace.look(&nobody, address), Ok(()));
    }

    #[test]
    fn a_household_is_one_address() {
        let address = |last| network(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 7, 0, 0, 0, last)));
        assert_eq!(address(1), address(2));
        let mapped = network(IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped()));
        assert_eq!(mapped, IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds() {
        assert_eq!(TooFast(Duration::from_millis(1)).seconds(), 1);
        assert_eq!(TooFast(Duration::from_millis(1_001)).seconds(), 2);
    }
}
