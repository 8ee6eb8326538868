//! The wire table: several hundred requests, sent byte for byte to rsentinel and to the installed
//! redis-sentinel in the same run, on the same servers, in RESP2 and in RESP3.
//!
//! `requests/*.txt` hold the requests, one conversation a line; every conversation has a
//! connection of its own. Steps are separated by ` | `, requests that leave together by ` ;; `. A
//! step is a line of words, which is sent as a multibulk request, or `raw` and bytes with escapes.
//! `{x*20}` is `x` twenty times; `{id}`, `{addr}` are the connection's own, `{master-port}` is the
//! master's. A line `@word` says how the replies of the next conversation are compared (see
//! [`normal::View`]).
//!
//! `differences.txt` lists every conversation whose replies differ, with the reason. An unlisted
//! difference fails, and so does a listed one that no longer differs.

mod conversation;
mod differences;
#[path = "../live/harness/mod.rs"]
#[allow(dead_code, unused_imports)]
mod harness;
mod normal;
mod pair;
mod reply;
mod request;
mod table;

use conversation::Protocol;
use differences::Differences;
use pair::{Lock, Pair};

/// Sections whose requests go to sentinels that know each other and need no password.
const OPEN: [&str; 8] = [
    "protocol",
    "connection",
    "client",
    "command",
    "server",
    "pubsub",
    "sentinel_show",
    "sentinel_change",
];

/// Compares the sections and panics with all the differences that are not listed.
fn compare(lock: Lock, protocol: Protocol, sections: &[&str]) {
    let pair = Pair::start(lock);
    let mut differences = Differences::read(protocol, sections);
    let mut count = 0;
    for section in sections {
        for case in table::read(section) {
            count += 1;
            let replies = pair.both(&case, protocol);
            differences.judge(&case, &replies);
        }
    }
    println!("{count} conversations compared in {protocol:?}");
    differences.verdict();
}

#[test]
fn every_reply_in_resp2_is_the_references_unless_listed() {
    compare(Lock::Open, Protocol::Resp2, &OPEN);
}

#[test]
fn every_reply_in_resp3_is_the_references_unless_listed() {
    compare(Lock::Open, Protocol::Resp3, &OPEN);
}

#[test]
fn every_reply_before_authentication_is_the_references_unless_listed() {
    compare(Lock::Password, Protocol::Resp2, &["unauthenticated"]);
}

#[test]
fn every_reply_of_a_sentinel_alone_is_the_references_unless_listed() {
    compare(Lock::Apart, Protocol::Resp2, &["sentinel_alone"]);
    compare(Lock::Apart, Protocol::Resp3, &["sentinel_alone"]);
}

#[test]
fn every_reply_to_acl_requests_is_the_references_unless_listed() {
    compare(Lock::Open, Protocol::Resp2, &["acl"]);
    compare(Lock::Open, Protocol::Resp3, &["acl"]);
}
