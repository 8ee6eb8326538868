//! What the fuzz targets judge, without a fuzzer: every input in `fuzz/seeds/`, variations of
//! these, and any bytes.

#[path = "../fuzz/src/lib.rs"]
mod judges;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use judges::{JUDGES, Judge};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds")
}

fn names_in(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).expect("the directory is there");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.expect("an entry").file_name();
        name.into_string().expect("a plain name")
    };
    entries.map(name).collect()
}

fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = seeds().join(target);
    let read = |name: String| {
        let input = fs::read(directory.join(&name)).expect("a readable file");
        (name, input)
    };
    names_in(&directory).into_iter().map(read).collect()
}

fn judge_of(target: &str) -> Judge {
    let found = JUDGES.iter().find(|(name, _)| *name == target);
    found.expect("a judge").1
}

#[test]
fn every_judge_has_a_target_and_seeds_and_no_seeds_lie_about_unused() {
    let judges: BTreeSet<String> = JUDGES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names_in(&seeds()), judges);
    let targets = names_in(&seeds().join("../fuzz_targets"));
    let expected: BTreeSet<String> = judges.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(targets, expected);
    for name in judges {
        assert!(inputs(&name).len() >= 5, "{name}");
    }
}

#[test]
fn all_that_ever_broke_something_holds() {
    for (target, judge) in JUDGES {
        for (name, input) in inputs(target) {
            let held = catch_unwind(AssertUnwindSafe(|| judge(&input)));
            assert!(held.is_ok(), "fuzz/seeds/{target}/{name}");
        }
    }
}

/// A change of an input: bytes of another one, or any, take the place of some of its own.
#[derive(Clone, Debug)]
struct Splice {
    at: prop::sample::Index,
    length: usize,
    from: prop::sample::Index,
    with: Vec<u8>,
}

fn splice() -> impl Strategy<Value = Splice> {
    let with = prop_oneof![
        vec(any::<u8>(), 0..6),
        vec(
            prop::sample::select(&b" \t\r\n\"'\\\0\x0b()~&+-*$:,=#0179"[..]),
            1..4
        ),
    ];
    (
        any::<prop::sample::Index>(),
        0..12_usize,
        any::<prop::sample::Index>(),
        with,
    )
        .prop_map(|(at, length, from, with)| Splice {
            at,
            length,
            from,
            with,
        })
}

impl Splice {
    fn apply(&self, input: &mut Vec<u8>, other: &[u8]) {
        let at = self.at.index(input.len() + 1);
        let end = (at + self.length).min(input.len());
        let from = self.from.index(other.len() + 1);
        let taken = &other[from..(from + self.length).min(other.len())];
        let with = [taken, &self.with].concat();
        input.splice(at..end, with);
    }
}

fn holds_for_variations(target: &str) {
    let judge = judge_of(target);
    let inputs: Vec<Vec<u8>> = inputs(target).into_iter().map(|(_, input)| input).collect();
    let input = prop::sample::select(inputs);
    let varied =
        (input.clone(), input, vec(splice(), 1..6)).prop_map(|(mut one, other, splices)| {
            splices
                .iter()
                .for_each(|splice| splice.apply(&mut one, &other));
            one
        });
    let any_bytes = vec(any::<u8>(), 0..200);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let run = TestRunner::new(config).run(&prop_oneof![4 => varied, 1 => any_bytes], |input| {
        judge(&input);
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{target}: {error}"));
}

#[test]
fn requests_hold_whatever_clients_send() {
    holds_for_variations("requests");
}

#[test]
fn replies_hold_whatever_servers_send() {
    holds_for_variations("replies");
}

#[test]
fn infos_hold_whatever_servers_say() {
    holds_for_variations("info");
}

#[test]
fn hellos_hold_whatever_peers_say() {
    holds_for_variations("hello");
}

#[test]
fn users_hold_whatever_rules_make_them() {
    holds_for_variations("acl_rules");
}

#[test]
fn files_hold_whatever_is_in_them() {
    holds_for_variations("sentinel_conf");
}

#[test]
fn commands_hold_whatever_clients_want() {
    holds_for_variations("commands");
}
