//! Where a request comes from, for what is counted per address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::App;

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub SocketAddr);

/// An address, as far as one caller can be told from another by it: all of an IPv4 address, and of an IPv6 address the
/// network, within which anybody takes as many addresses as they like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Origin(IpAddr);

impl Origin {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = u128::from(address) & !u128::from(u64::MAX);
                Self(Ipv6Addr::from(network).into())
            }
            address @ IpAddr::V4(_) => Self(address),
        }
    }
}

impl FromRequestParts<App> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |Peer(peer)| peer.ip());
        let told = app.server.config().behind_proxy.then(|| forwarded_for(&parts.headers)).flatten();
        Ok(Self::of(told.unwrap_or(peer)))
    }
}

/// For whom the nearest proxy asks: it adds the address it sees at the right. What stands to the left of that came with the
/// request, and anybody may have written it.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    let address = last.rsplit(',').next()?.trim();
    let without_port = || address.parse::<SocketAddr>().map(|address| address.ip());
    let without_brackets = || address.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.parse().or_else(|_| without_port()).ok().or_else(without_brackets)
}

/// Things that are counted per origin; nothing is kept of one that has none.
#[derive(Debug, Default)]
pub(super) struct Counts(HashMap<Origin, usize>);

impl Counts {
    /// One more of that origin, unless it has `most` already.
    pub(super) fn add(&mut self, origin: Origin, most: usize) -> bool {
        let count = self.0.get(&origin).copied().unwrap_or_default();
        if count >= most {
            return false;
        }
        self.0.insert(origin, count + 1);
        true
    }

    /// One less of it.
    pub(super) fn remove(&mut self, origin: Origin) {
        match self.0.get_mut(&origin) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.0.remove(&origin)),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn told(lines: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        forwarded_for(&headers).map(|address| address.to_string())
    }

    #[test]
    fn only_what_the_nearest_proxy_added_is_believed() {
        for (lines, address) in [
            (vec!["198.51.100.7"], "198.51.100.7"),
            (vec!["203.0.113.1, 198.51.100.7"], "198.51.100.7"),
            (vec!["203.0.113.1", "203.0.113.2,198.51.100.7"], "198.51.100.7"),
            (vec!["198.51.100.7:50123"], "198.51.100.7"),
            (vec!["[2001:db8::7]:50123"], "2001:db8::7"),
            (vec!["[2001:db8::7]"], "2001:db8::7"),
            (vec!["2001:db8::7"], "2001:db8::7"),
        ] {
            assert_eq!(told(&lines).as_deref(), Some(address), "{lines:?}");
        }
        for nothing in [vec![], vec!["unknown"], vec!["203.0.113.1, "]] {
            assert_eq!(told(&nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller_and_an_ipv4_address_is_one_however_it_is_written() {
        let origin = |address: &str| Origin::of(address.parse().unwrap());
        assert_eq!(origin("2001:db8:1:2::7"), origin("2001:db8:1:2:ffff::9"));
        assert_ne!(origin("2001:db8:1:2::7"), origin("2001:db8:1:3::7"));
        assert_eq!(origin("::ffff:198.51.100.7"), origin("198.51.100.7"));
        assert_ne!(origin("198.51.100.7"), origin("198.51.100.8"));
    }

    #[test]
    fn nothing_is_kept_of_an_origin_that_has_none_left() {
        let (mut counts, origin) = (Counts::default(), Origin::of(IpAddr::from([198, 51, 100, 7])));
        assert_eq!([(); 3].map(|()| counts.add(origin, 2)), [true, true, false]);
        counts.remove(origin);
        assert!(counts.add(origin, 2));
        counts.remove(origin);
        counts.remove(origin);
        assert!(counts.0.is_empty());
    }
}
