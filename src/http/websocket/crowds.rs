//! How many sockets there are, from one address and of one person.

use std::net::IpAddr;

use crate::crowd::{Crowd, Crowded, Place, most_of};
use crate::domain::address::network;
use crate::domain::ids::UserId;
use crate::domain::user::Viewer;
use crate::metrics;

/// See the module. Cheap to clone: all clones count together.
#[derive(Clone, Default)]
pub struct Sockets {
    addresses: Crowd<IpAddr>,
    people: Crowd<UserId>,
}

impl Sockets {
    /// One more from an address.
    ///
    /// # Errors
    /// There are `most`.
    pub fn from_address(&self, address: IpAddr, most: usize) -> Result<Place<IpAddr>, Crowded> {
        let entered = self.addresses.enter(network(address), usize::MAX, most_of(address, most));
        entered.inspect_err(|_| metrics::all().turned_away("websocket", "address"))
    }

    /// One more of a person; `None` for nobody in particular.
    ///
    /// # Errors
    /// There are `most`.
    pub fn of_person(&self, viewer: &Viewer, most: usize) -> Result<Option<Place<UserId>>, Crowded> {
        let Some(id) = viewer.id() else { return Ok(None) };
        let entered = self.people.enter(id, usize::MAX, most).map(Some);
        entered.inspect_err(|_| metrics::all().turned_away("websocket", "person"))
    }
}
