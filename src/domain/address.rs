//! Where a request comes from, as far as rules tell addresses apart.

use std::net::IpAddr;

/// The network that an address stands for: of IPv6 a household or a server has 64 bits to itself.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into()),
    }
}
