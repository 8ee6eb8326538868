//! redis-cli as people use it, at a redis-sentinel and at an rsentinel that watch the same master.

mod shell;
mod subscribed;
mod typed;

use crate::harness::{Cluster, Daemon, Plan};

/// A redis-sentinel and an rsentinel that know each other, in this order.
fn both() -> Cluster {
    Cluster::start(&Plan::of(&[Daemon::Reference, Daemon::Rsentinel]))
}

/// A text without what differs between any two sentinels (ids and numbers) and without the lines that
/// are newer than the installed redis-sentinel.
fn normal(text: &str) -> String {
    let mut normal = String::new();
    let is_newer = |line: &&str| line.starts_with("sentinel_total_tilt:");
    for line in text.split_inclusive('\n').filter(|line| !is_newer(line)) {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let end =
                |is_inside: fn(char) -> bool| rest.find(|c| !is_inside(c)).unwrap_or(rest.len());
            let (word, digits) = (end(|c| c.is_ascii_hexdigit()), end(|c| c.is_ascii_digit()));
            let taken = match (word, digits) {
                (40, _) => (40, "<id>"),
                (_, 0) => (first.len_utf8(), ""),
                (_, digits) => (digits, "N"),
            };
            normal += if taken.1.is_empty() {
                &rest[..taken.0]
            } else {
                taken.1
            };
            rest = &rest[taken.0..];
        }
    }
    normal
}
