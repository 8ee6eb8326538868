//! An oracle is shown only the kinds of facts that it names. Forgetting one would silence it, so
//! what its source matches and what it names are compared.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The identifiers that follow `prefix` in a source.
fn named<'a>(source: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    source
        .split(prefix)
        .skip(1)
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
            &rest[..end.unwrap_or(rest.len())]
        })
        .collect()
}

/// The kinds that a source needs for the facts it matches.
fn needed(source: &str) -> BTreeSet<&str> {
    let mut kinds = named(source, "Fact::");
    if kinds.remove("Sent") {
        let asks = named(source, "Ask::");
        let all = [
            ("Ping", "SentPing"),
            ("Hello", "SentHello"),
            ("MasterDown", "SentQuestion"),
            ("Replicate", "SentSlaveof"),
            ("HandOver", "SentSlaveof"),
            ("", "SentOther"),
        ];
        let some = |(ask, _): &&(&str, &str)| asks.is_empty() || asks.contains(ask);
        kinds.extend(all.iter().filter(some).map(|(_, kind)| *kind));
        if asks.iter().any(|ask| all.iter().all(|(a, _)| a != ask)) {
            kinds.insert("SentOther");
        }
    }
    kinds
}

/// The kinds that each function and type of a source needs that is no oracle itself: whoever uses
/// it must name them.
fn needed_by_items(source: &str) -> Vec<(&str, BTreeSet<&str>)> {
    let starts = |line: &&str| line.starts_with("pub fn ") || line.starts_with("impl ");
    source
        .lines()
        .filter(starts)
        .map(|line| {
            let at = line.as_ptr() as usize - source.as_ptr() as usize;
            let rest = &source[at..];
            let end = rest.find("\n}\n").unwrap_or(rest.len());
            let name = line
                .trim_start_matches("pub fn ")
                .trim_start_matches("impl ");
            let length = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            (&name[..length.unwrap_or(name.len())], needed(&rest[..end]))
        })
        .collect()
}

/// The source of an oracle: a file, or all files of a directory.
fn source_of(path: &Path) -> String {
    if !path.is_dir() {
        return fs::read_to_string(path).expect("a source");
    }
    let files = fs::read_dir(path).expect("the parts of an oracle");
    files
        .map(|entry| source_of(&entry.expect("an entry").path()))
        .collect()
}

#[test]
fn every_oracle_names_the_kinds_of_all_facts_that_it_matches() {
    let oracles = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/oracles");
    let mut compared = 0;
    let said = fs::read_to_string(oracles.join("said.rs")).expect("a source");
    let shared = needed_by_items(&said);
    assert!(
        shared.contains(&("vote_request", BTreeSet::from(["SentQuestion"]))),
        "{shared:?}"
    );
    for entry in fs::read_dir(&oracles).expect("the oracles") {
        let path = entry.expect("an entry").path();
        if path.ends_with("said.rs") {
            continue;
        }
        let source = source_of(&path);
        let watches_all = source.contains("impl Oracle for") && !source.contains("fn watches");
        if path.ends_with("mod.rs") || watches_all {
            continue;
        }
        let (mut needed, named) = (needed(&source), named(&source, "Kind::"));
        for (item, kinds) in &shared {
            if source.contains(&format!("said::{item}")) {
                needed.extend(kinds);
            }
        }
        let missing: Vec<_> = needed.difference(&named).collect();
        assert!(
            missing.is_empty(),
            "{} matches facts of kinds that it does not name: {missing:?}",
            path.display()
        );
        compared += usize::from(!needed.is_empty());
    }
    assert!(compared >= 16, "only {compared} oracles were compared");
}

#[test]
fn a_fact_that_is_matched_and_not_named_is_found() {
    let source = "Fact::Born(_) | Fact::Sent { ask: Ask::Hello { .. }, .. } => Kind::Born";
    assert_eq!(needed(source), BTreeSet::from(["Born", "SentHello"]));
    assert_eq!(named(source, "Kind::"), BTreeSet::from(["Born"]));
    let any = needed("Fact::Sent { host, ask } => {}");
    assert_eq!(any.len(), 5, "{any:?}");
    assert_eq!(
        needed("Fact::Sent { .. } Ask::Info"),
        BTreeSet::from(["SentOther"])
    );
}
