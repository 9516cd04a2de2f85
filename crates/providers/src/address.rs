//! Which addresses a receiver may have: those that are reachable from anywhere, after the IANA
//! special-purpose address registries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::exchange;

/// The host is on this machine, in a private network, or nowhere. Which address it has is not told: a pack's author could
/// learn a network's names by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} is not a public address; a pack has to allow that with allow_private")]
pub struct PrivateAddress {
    /// The host as the URL names it.
    pub host: String,
}

/// This network, private, carrier-grade NAT, loopback, link-local, protocol assignments,
/// documentation, 6to4 relays, benchmarks, multicast, reserved and broadcast.
const RESERVED_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Global unicast; everything outside it (loopback, unique local, link-local, multicast, IPv4 in
/// disguise, the unspecified address) is refused.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Within it: protocol assignments with Teredo, documentation twice, and 6to4, which wraps IPv4.
const RESERVED_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// NAT64 (RFC 6052): how an IPv6-only network names an IPv4 host, held in the last 32 bits.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether a host at this address may be called without the pack's leave.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) if within_v6(address, NAT64) => {
            let [.., a, b, c, d] = address.octets();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        IpAddr::V6(address) => {
            within_v6(address, GLOBAL_V6) && !RESERVED_V6.into_iter().any(|block| within_v6(address, block))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let differs = |(block, bits): (Ipv4Addr, u32)| (address.to_bits() ^ block.to_bits()) >> (32 - bits) != 0;
    RESERVED_V4.into_iter().all(differs)
}

fn within_v6(address: Ipv6Addr, (block, bits): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ block.to_bits()) >> (128 - bits) == 0
}

/// Refuses a URL that names a private address itself: such a host is never resolved, so
/// [`PublicOnly`] would not see it.
pub(crate) fn check_literal(url: &Url) -> Result<(), PrivateAddress> {
    let address: IpAddr = match url.host() {
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
        Some(Host::Domain(_)) | None => return Ok(()),
    };
    refuse_private(&address.to_string(), address)
}

fn refuse_private(host: &str, address: IpAddr) -> Result<(), PrivateAddress> {
    if is_public(address) {
        return Ok(());
    }
    Err(PrivateAddress { host: host.to_owned() })
}

/// The refusal within an error of the client's, if that is what it is.
pub(crate) fn refusal(error: &reqwest::Error) -> Option<PrivateAddress> {
    exchange::causes(error).find_map(|cause| cause.downcast_ref::<PrivateAddress>()).cloned()
}

/// Resolves a name and checks every address it has. The connection is made to the addresses that
/// are returned, so a name can't point elsewhere between the check and the call.
pub(crate) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            for address in &found {
                refuse_private(name.as_str(), address.ip())?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn only_addresses_reachable_from_anywhere_are_public() {
        for address in ["1.1.1.1", "100.128.0.1", "172.32.0.1", "198.20.0.1", "2606:4700::1111", "64:ff9b::1.1.1.1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "fe80::1",
            "fc00::1",
            "fdff::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "64:ff9b::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1.1.1.1",
            "100::1",
            "3fff::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn every_spelling_of_a_private_address_is_found_in_a_url() {
        for host in
            ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.1.", "[::1]", "[::ffff:a00:1]"]
        {
            let url = Url::parse(&format!("http://{host}:80/")).unwrap();
            assert!(check_literal(&url).is_err(), "{host}");
        }
        assert_eq!(check_literal(&Url::parse("http://1.1.1.1/").unwrap()), Ok(()));
    }
}
