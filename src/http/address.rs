//! Whom a request really comes from: the address of the connection, unless that is a proxy that the operator
//! named. What anybody else says about where they are is not believed.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Once};

use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

use crate::config::ProxyHeader;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The headers in which a proxy says whom it speaks for.
const SPOKEN_FOR: [HeaderName; 2] = [X_FORWARDED_FOR, header::FORWARDED];
/// Told once, and not for each request.
static UNNAMED: Once = Once::new();

/// The proxies before this node.
#[derive(Clone, Debug)]
pub struct Proxies {
    trusted: Arc<[IpNet]>,
    header: ProxyHeader,
}

impl Proxies {
    /// Proxies in these networks are believed, in this header and no other: a proxy that writes one passes the
    /// other on as it came.
    #[must_use]
    pub fn new(trusted: &[IpNet], header: ProxyHeader) -> Self {
        Self { trusted: trusted.into(), header }
    }

    /// The client's address. Each proxy adds whom it heard at the right end, so reading goes from there, for as
    /// long as what is read is a trusted proxy itself.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.is_trusted(client) {
            if client.is_loopback() && SPOKEN_FOR.iter().any(|name| headers.contains_key(name)) {
                UNNAMED.call_once(|| {
                    tracing::warn!(
                        "a proxy on this machine speaks for others, and is not believed: all its readers share one rate; \
                         --trusted-proxy {client} names it"
                    );
                });
            }
            return client;
        }
        let name = match self.header {
            ProxyHeader::XForwardedFor => X_FORWARDED_FOR,
            ProxyHeader::Forwarded => header::FORWARDED,
        };
        for line in headers.get_all(&name).iter().rev() {
            // Each element by itself: what a client wrote at the left must not spoil what its proxy added at the right.
            for element in line.as_bytes().rsplit(|byte| *byte == b',') {
                let node = str::from_utf8(element).ok().and_then(|element| match self.header {
                    ProxyHeader::XForwardedFor => Some(element),
                    ProxyHeader::Forwarded => forwarded_for(element),
                });
                // "unknown", or a name that the proxy made up (RFC 7239, section 6): nothing beyond it counts.
                let Some(address) = node.and_then(address) else { return client };
                client = address;
                if !self.is_trusted(client) {
                    return client;
                }
            }
        }
        client
    }

    /// Whether this is a proxy that the operator named.
    #[must_use]
    pub fn is_trusted(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }
}

/// The node of `for=` in one element of `Forwarded` (RFC 7239, section 4).
fn forwarded_for(element: &str) -> Option<&str> {
    element
        .split(';')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(name, value)| name.trim().eq_ignore_ascii_case("for").then_some(value))
}

/// An address, in quotes or brackets or with a port as it may be.
fn address(node: &str) -> Option<IpAddr> {
    let node = node.trim().trim_matches('"');
    let address = node.parse().ok().or_else(|| node.parse().ok().map(|with_port: SocketAddr| with_port.ip()));
    let bracketed = || node.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.or_else(bracketed).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(header: ProxyHeader, peer: &str, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "2001:db8:1::/48"].map(|network| network.parse().expect("a network"));
        let name = match header {
            ProxyHeader::XForwardedFor => X_FORWARDED_FOR,
            ProxyHeader::Forwarded => header::FORWARDED,
        };
        let value = |line: &str| http::HeaderValue::from_bytes(line.as_bytes()).expect("a header's value");
        let lines = lines.iter().map(|line| (name.clone(), value(line)));
        let headers: HeaderMap = lines.fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        });
        Proxies::new(&trusted, header).client(peer.parse().expect("an address"), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let seen = |peer, lines: &[&str]| client(ProxyHeader::XForwardedFor, peer, lines);
        assert_eq!(seen("203.0.113.9", &["192.0.2.1"]), "203.0.113.9", "a stranger");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1", "nothing said");
        assert_eq!(seen("10.0.0.1", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(seen("::ffff:10.0.0.1", &["192.0.2.1:4711"]), "192.0.2.1");
        assert_eq!(seen("2001:db8:1::9", &["[2001:db8:2::7]:443"]), "2001:db8:2::7");
    }

    #[test]
    fn reading_goes_from_the_right_and_stops_at_the_first_stranger() {
        let seen = |lines: &[&str]| client(ProxyHeader::XForwardedFor, "10.0.0.1", lines);
        assert_eq!(
            seen(&["1.1.1.1, 192.0.2.1, 10.2.3.4"]),
            "192.0.2.1",
            "what a client claims is left alone"
        );
        assert_eq!(seen(&["1.1.1.1", "192.0.2.1, 10.2.3.4"]), "192.0.2.1", "lines are one list");
        assert_eq!(seen(&["10.9.9.9, 10.2.3.4"]), "10.9.9.9", "proxies all the way");
        assert_eq!(
            seen(&["192.0.2.1, unknown, 10.2.3.4"]),
            "10.2.3.4",
            "beyond what is unknown, nothing is known"
        );
        assert_eq!(seen(&["192.0.2.1, , 10.2.3.4"]), "10.2.3.4");
        assert_eq!(seen(&["\u{ff}, 192.0.2.1"]), "192.0.2.1", "what a client claims spoils nothing, either");
    }

    #[test]
    fn the_standard_header_is_read_by_its_grammar() {
        let seen = |lines: &[&str]| client(ProxyHeader::Forwarded, "10.0.0.1", lines);
        assert_eq!(seen(&["for=192.0.2.1;proto=https;by=10.0.0.1"]), "192.0.2.1");
        assert_eq!(seen(&[r#"For="[2001:db8:2::7]:4711", for=10.1.1.1"#]), "2001:db8:2::7");
        assert_eq!(seen(&["for=_hidden, for=10.1.1.1"]), "10.1.1.1");
        assert_eq!(seen(&["proto=https"]), "10.0.0.1");
        assert_eq!(client(ProxyHeader::XForwardedFor, "10.0.0.1", &[]), "10.0.0.1");
    }
}
