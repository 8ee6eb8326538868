//! A few seeds as ordinary tests; `tests/run` runs 2,000, `cargo run --release -p sim` any number.

use rsentinel::core::Features;
use sim::oracles::Oracles;
use sim::run::Setup;
use sim::shape::Wishes;

fn none_breaks(seeds: std::ops::Range<u64>, wishes: Wishes) {
    for seed in seeds {
        let outcome = Setup::of_seed(seed, wishes).run(false);
        if let Some(v) = outcome.violation {
            let mut options = String::from(if wishes.mixed { " --mixed" } else { "" });
            if wishes.features != Features::default() {
                options.push_str(" --without early-retry,reassert,confirm-restored");
            }
            panic!(
                "{} at {} ms: {}\nreproduce: cargo run --release -p sim -- --seed {seed}{options}",
                v.invariant, v.at, v.text
            );
        }
    }
}

#[test]
fn no_invariant_breaks_in_the_first_seeds_of_pure_quorums() {
    none_breaks(0..20, Wishes::default());
}

#[test]
fn no_invariant_breaks_in_the_first_seeds_of_mixed_quorums() {
    let wishes = Wishes {
        mixed: true,
        ..Wishes::default()
    };
    none_breaks(0..12, wishes);
}

#[test]
fn no_invariant_breaks_without_the_optional_behaviours() {
    let features = Features {
        early_retry: false,
        reassert: false,
        confirm_restored: false,
    };
    for mixed in [false, true] {
        let wishes = Wishes {
            mixed,
            features,
            ..Wishes::default()
        };
        none_breaks(60..66, wishes);
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let setup = Setup::of_seed(7, Wishes::default());
    let (first, second) = (setup.run(true), setup.run(true));
    assert!(first.trace.len() > 100, "nothing happened");
    assert_eq!(first.trace, second.trace);
}

#[test]
fn no_oracle_misses_a_kind_of_fact_that_it_does_not_name() {
    for seed in 0..9 {
        let wishes = Wishes {
            mixed: seed % 3 == 0,
            ..Wishes::default()
        };
        let setup = Setup::of_seed(seed, wishes);
        let named = setup.run(false);
        let every = setup.run_before(Oracles::standard().watching_all(), false);
        assert_eq!(named.tally.exercised, every.tally.exercised, "seed {seed}");
        assert_eq!(named.violation, every.violation, "seed {seed}");
    }
}
