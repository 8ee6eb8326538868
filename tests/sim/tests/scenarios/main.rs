//! Named scenarios: what the field reports, and every fault that the simulator found in the core.
//! All safety invariants are judged in each of them, after every step.

mod cluster;
mod field_reports;
mod reassertions;
mod regressions;
