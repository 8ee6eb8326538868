//! How the sentinel learns of replicas, peers and newer configurations, and how it tells.

mod conflict;
mod correct;
mod from_hello;
mod from_info;
mod hello_out;
mod lookup;
mod reset;

pub(super) use lookup::Lookups;
