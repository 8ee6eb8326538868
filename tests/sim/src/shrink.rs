//! Making a failing plan smaller before it is shown: fewer faults, fewer nodes, less time.

use crate::run::Setup;

/// Runs allowed for one reduction.
const MOST_RUNS: u32 = 400;

/// The smallest setup found that still breaks the same invariant.
pub fn shrink(failing: &Setup, invariant: &str) -> Setup {
    let mut best = failing.clone();
    let mut runs = 0;
    let mut still_fails = |candidate: &Setup| {
        runs += 1;
        runs <= MOST_RUNS
            && candidate
                .run(false)
                .violation
                .is_some_and(|v| v.invariant == invariant)
    };
    loop {
        let before = best.clone();
        fewer_faults(&mut best, &mut still_fails);
        smaller_shape(&mut best, &mut still_fails);
        less_time(&mut best, &mut still_fails);
        if best == before {
            return best;
        }
    }
}

fn try_it(
    best: &mut Setup,
    candidate: Setup,
    still_fails: &mut impl FnMut(&Setup) -> bool,
) -> bool {
    let fails = candidate != *best && still_fails(&candidate);
    if fails {
        *best = candidate;
    }
    fails
}

fn fewer_faults(best: &mut Setup, still_fails: &mut impl FnMut(&Setup) -> bool) {
    let mut chunk = best.faults.len().max(1);
    while chunk > 0 {
        let mut at = 0;
        while at < best.faults.len() {
            let mut candidate = best.clone();
            let end = (at + chunk).min(candidate.faults.len());
            candidate.faults.drain(at..end);
            if !try_it(best, candidate, still_fails) {
                at += chunk;
            }
        }
        chunk /= 2;
    }
}

fn smaller_shape(best: &mut Setup, still_fails: &mut impl FnMut(&Setup) -> bool) {
    // Hosts are numbered servers first: fewer servers would rename the sentinels in network
    // faults, which is tried all the same.
    let changes: [fn(&mut Setup); 8] = [
        |s| s.shape.nodes = 3.min(s.shape.nodes),
        |s| s.shape.nodes = 5.min(s.shape.nodes),
        |s| s.shape.masters = 1,
        |s| s.shape.replicas = s.shape.replicas.min(1),
        |s| s.shape.replicas = s.shape.replicas.min(2),
        |s| s.shape.names = false,
        |s| s.shape.latency = (100, 400),
        |s| s.shape.write = (1_000, 4_000),
    ];
    for change in changes {
        let mut candidate = best.clone();
        change(&mut candidate);
        candidate.shape.quorum = candidate.shape.quorum.min(candidate.shape.nodes as u32);
        candidate.shape.references = candidate.shape.references.min(candidate.shape.nodes - 1);
        try_it(best, candidate, still_fails);
    }
}

fn less_time(best: &mut Setup, still_fails: &mut impl FnMut(&Setup) -> bool) {
    let last = best.faults.iter().map(|f| f.at).max().unwrap_or(0);
    for heal_at in [
        last + 1_000,
        last + 5_000,
        last + 15_000,
        (last + best.heal_at) / 2,
    ] {
        if heal_at < best.heal_at {
            let mut candidate = best.clone();
            candidate.heal_at = heal_at;
            if try_it(best, candidate, still_fails) {
                return;
            }
        }
    }
}
