//! Users and permissions: the same requests to rsentinel and to redis-sentinel (on PATH).
//!
//! Replies are compared byte for byte. The two differ on purpose where the release on PATH (7.0)
//! differs from the one that rsentinel follows (7.2): the words of refusals, `sanitize-payload`
//! in listings, and command rules, which 7.0 shows as it likes and 7.2 as they were given.

#[allow(dead_code, unused_imports)] // the harness is shared with the live tests
#[path = "../live/harness/mod.rs"]
mod harness;

mod both;
mod connections;
mod files;
mod random_rules;
mod refused_starts;
mod replies;
