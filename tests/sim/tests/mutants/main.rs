//! The judges are judged: the core is broken on purpose, in a copy of its source, and every such
//! mutant must be caught by the invariant that it breaks.
//!
//! ```text
//! cargo test -p sim --features mutants --test mutants -- --nocapture
//! ```
//!
//! says for each mutant which invariant caught it, at which seed and after how many. It fails when
//! a mutant survives, is caught by another invariant than it should be, no longer applies or does
//! not compile; and before anything else when the core as it is does not pass the same seeds. The
//! copy and what is built from it stay below the target directory, so that a mutant costs one
//! incremental build of two crates; all of them take half an hour on two processors.
//! `MUTANT=<part of a name>,<part of another>` runs only some.

mod discovery;
mod election;
mod failover;
mod found;
mod health;
mod persistence;
mod reassertion;
mod workshop;

use std::collections::BTreeSet;

use workshop::{Verdict, Workshop};

/// A fault to build into the core.
struct Mutant {
    name: &'static str,
    /// Where and what: file below the core, text that must be there exactly once, its replacement.
    edits: &'static [(&'static str, &'static str, &'static str)],
    /// The invariants that it breaks; the first is the one it is about.
    breaks: &'static [&'static str],
    /// The seeds that show it.
    seeds: &'static [&'static str],
}

/// Enough for a fault in the daily business of elections and failovers.
const PLAIN: &[&str] = &["--seeds", "0..600"];

/// Clusters in good order whose master dies: nothing may hold an election up.
const CALM: &[&str] = &[
    "--seeds",
    "0..100",
    "--calm",
    "--nodes",
    "5",
    "--most-slow",
    "3",
];

fn all() -> Vec<&'static Mutant> {
    [
        election::MUTANTS,
        failover::MUTANTS,
        health::MUTANTS,
        discovery::MUTANTS,
        persistence::MUTANTS,
        found::MUTANTS,
        reassertion::MUTANTS,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The mutants that were asked for.
fn chosen() -> Vec<&'static Mutant> {
    let only = std::env::var("MUTANT").unwrap_or_default();
    let mut all = all();
    all.retain(|m| only.split(',').any(|part| m.name.contains(part)));
    all
}

/// Runs with every change of the core: a mutant whose text is gone tests nothing.
#[test]
fn every_mutant_applies_to_the_core_as_it_is() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/core");
    let mut astray = Vec::new();
    for mutant in all() {
        for (file, from, to) in mutant.edits {
            let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            if source.matches(from).count() != 1 || from == to {
                astray.push(format!(
                    "{}: not exactly once in {file}: {from}",
                    mutant.name
                ));
            }
        }
    }
    assert!(astray.is_empty(), "{}", astray.join("\n"));
}

#[test]
#[cfg_attr(not(feature = "mutants"), ignore = "half an hour: --features mutants")]
fn no_mutant_of_the_core_survives() {
    let mutants = chosen();
    assert!(!mutants.is_empty(), "no mutant has such a name");
    let workshop = Workshop::open();
    for mutant in &mutants {
        workshop.apply(mutant);
        workshop.restore(mutant);
    }
    workshop.build().expect("the core as it is");
    let ranges: BTreeSet<_> = mutants.iter().map(|m| m.seeds).collect();
    for seeds in ranges {
        let verdict = workshop.run(seeds);
        println!("the core as it is, {}: {verdict}", seeds.join(" "));
        assert!(
            matches!(verdict, Verdict::Passes { .. }),
            "being caught means nothing while the core as it is does not pass"
        );
    }
    let mut bad = Vec::new();
    for mutant in &mutants {
        workshop.apply(mutant);
        let verdict = match workshop.build() {
            Ok(()) => workshop.run(mutant.seeds),
            Err(text) => Verdict::DoesNotCompile(text),
        };
        workshop.restore(mutant);
        let right =
            matches!(&verdict, Verdict::Caught { by, .. } if mutant.breaks.contains(&by.as_str()));
        let mark = if right { "" } else { "   <- NOT AS IT SHOULD" };
        println!("{:<78} {verdict}{mark}", mutant.name);
        if !right {
            bad.push(format!("{}: {verdict}", mutant.name));
        }
    }
    println!(
        "{} mutants, {} not caught as they should",
        mutants.len(),
        bad.len()
    );
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
