//! Host words of `monitor`, `known-replica` and `known-sentinel` lines.

use std::net::{IpAddr, Ipv4Addr};

use crate::types::Address;

/// The address of a line. Literals are normalised (`127.1` is 127.0.0.1); a name is accepted
/// only when names may be resolved, and stays unresolved. `None`: not acceptable.
pub fn address(host: &str, port: u16, resolve_hostnames: bool) -> Option<Address> {
    match literal(host) {
        Some(ip) => Some(Address::new(&ip.to_string(), port)),
        None if resolve_hostnames && !host.is_empty() => Some(Address::new(host, port)),
        None => None,
    }
}

/// An IP as the system's resolver reads it without a look-up: IPv6 (a zone is dropped), or IPv4
/// in one to four parts, decimal, octal or hexadecimal.
fn literal(host: &str) -> Option<IpAddr> {
    let without_zone = match host.split_once('%') {
        Some((address, zone)) if address.contains(':') && !zone.is_empty() => address,
        _ => host,
    };
    without_zone.parse().ok().or_else(|| old_ipv4(host).map(IpAddr::V4))
}

fn old_ipv4(host: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = host.split('.').map(part).collect::<Option<_>>()?;
    let (last, front) = parts.split_last()?;
    if front.len() > 3 || front.iter().any(|&part| part > 255) {
        return None;
    }
    let free_bits = 32 - 8 * front.len() as u32;
    if u64::from(*last) >= 1 << free_bits {
        return None;
    }
    let high = front.iter().enumerate().map(|(i, part)| part << (24 - 8 * i)).sum::<u32>();
    Some(Ipv4Addr::from(high | last))
}

fn part(text: &str) -> Option<u32> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match lower.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None if lower.len() > 1 && lower.starts_with('0') => (&lower[1..], 8),
        None => (lower.as_str(), 10),
    };
    if digits.starts_with(['+', '-']) { None } else { u32::from_str_radix(digits, radix).ok() }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn literals_are_normalised_and_names_need_leave() {
        let table: &[(&str, Option<&str>)] = &[
            ("127.1", Some("127.0.0.1")),
            ("2130706433", Some("127.0.0.1")),
            ("0x7f.0.0.010", Some("127.0.0.8")),
            ("10.1.2.3", Some("10.1.2.3")),
            ("::1", Some("::1")),
            ("FE80::1%lo", Some("fe80::1")),
            ("[::1]", None),
            ("1.2.3.4.5", None),
            ("1.2.3.256", None),
            ("4294967296", None),
            ("localhost", None),
            ("", None),
            ("1..2", None),
            ("1.+2", None),
        ];
        for (host, normal) in table {
            let found = address(host, 1, false);
            assert_eq!(found.as_ref().map(|a| a.host()), *normal, "{host}");
        }
        let named = address("localhost", 1, true).unwrap();
        assert_eq!((named.host(), named.ip()), ("localhost", None));
        assert!(address("", 1, true).is_none());
    }
}
