//! How many sockets there are, from one address and of one person.

use std::net::IpAddr;

use crate::domain::ids::UserId;
use crate::domain::user::Viewer;
use crate::http::serve::{Crowd, Place, household};

/// See the module. Cheap to clone: all clones count together.
#[derive(Clone, Default)]
pub struct Sockets {
    addresses: Crowd<IpAddr>,
    people: Crowd<UserId>,
}

/// There are too many already.
#[derive(Debug)]
pub struct Crowded;

impl Sockets {
    /// One more from an address.
    ///
    /// # Errors
    /// There are `most`. A proxy on this machine that is not said to be one speaks for everybody.
    pub fn from_address(&self, address: IpAddr, most: usize) -> Result<Place<IpAddr>, Crowded> {
        let most = if address.to_canonical().is_loopback() { usize::MAX } else { most };
        self.addresses.enter(household(address), usize::MAX, most).ok_or(Crowded)
    }

    /// One more of a person; `None` for nobody in particular.
    ///
    /// # Errors
    /// There are `most`.
    pub fn of_person(&self, viewer: &Viewer, most: usize) -> Result<Option<Place<UserId>>, Crowded> {
        let Some(id) = viewer.id() else { return Ok(None) };
        self.people.enter(id, usize::MAX, most).map(Some).ok_or(Crowded)
    }
}
