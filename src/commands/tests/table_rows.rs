//! The table against what clients know of each command, and against the files.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::commands::table::{self, TABLE};

/// name arity | flags | categories | tips
const KNOWN: &str = "\
ping -1|fast|@fast @connection|request_policy:all_shards response_policy:all_succeeded
auth -2|noscript loading stale fast no_auth allow_busy|@fast @connection|
hello -1|noscript loading stale fast no_auth allow_busy|@fast @connection|
info -1|loading stale|@slow @dangerous|nondeterministic_output request_policy:all_shards response_policy:special
role 1|noscript loading stale fast|@admin @fast @dangerous|
shutdown -1|admin noscript loading stale no_multi allow_busy|@admin @slow @dangerous|
publish 3|pubsub loading stale fast|@pubsub @fast|
subscribe -2|pubsub noscript loading stale|@pubsub @slow|
psubscribe -2|pubsub noscript loading stale|@pubsub @slow|
unsubscribe -1|pubsub noscript loading stale|@pubsub @slow|
punsubscribe -1|pubsub noscript loading stale|@pubsub @slow|
acl -2||@slow|
acl/cat -2|noscript loading stale|@slow|
acl/whoami 2|noscript loading stale|@slow|
acl/help 2|loading stale|@slow|
acl/list 2|admin noscript loading stale|@admin @slow @dangerous|
acl/users 2|admin noscript loading stale|@admin @slow @dangerous|
acl/genpass -2|noscript loading stale|@slow|
acl/deluser -3|admin noscript loading stale|@admin @slow @dangerous|request_policy:all_nodes response_policy:all_succeeded
acl/setuser -3|admin noscript loading stale|@admin @slow @dangerous|request_policy:all_nodes response_policy:all_succeeded
acl/save 2|admin noscript loading stale|@admin @slow @dangerous|request_policy:all_nodes response_policy:all_succeeded
acl/dryrun -4|admin noscript loading stale|@admin @slow @dangerous|
acl/getuser 3|admin noscript loading stale|@admin @slow @dangerous|
acl/load 2|admin noscript loading stale|@admin @slow @dangerous|
acl/log -2|admin noscript loading stale|@admin @slow @dangerous|
client -2||@slow|
client/help 2|loading stale|@slow @connection|
client/getname 2|noscript loading stale|@slow @connection|
client/id 2|noscript loading stale|@slow @connection|
client/info 2|noscript loading stale|@slow @connection|nondeterministic_output
client/setinfo 4|noscript loading stale|@slow @connection|request_policy:all_nodes response_policy:all_succeeded
client/setname 3|noscript loading stale|@slow @connection|request_policy:all_nodes response_policy:all_succeeded
client/caching 3|noscript loading stale|@slow @connection|
client/getredir 2|noscript loading stale|@slow @connection|
client/reply 3|noscript loading stale|@slow @connection|
client/tracking -3|noscript loading stale|@slow @connection|
client/trackinginfo 2|noscript loading stale|@slow @connection|
client/pause -3|admin noscript loading stale|@admin @slow @dangerous @connection|
client/unpause 2|admin noscript loading stale|@admin @slow @dangerous @connection|
client/kill -3|admin noscript loading stale|@admin @slow @dangerous @connection|
client/no-evict 3|admin noscript loading stale|@admin @slow @dangerous @connection|
client/unblock -3|admin noscript loading stale|@admin @slow @dangerous @connection|
client/list -2|admin noscript loading stale|@admin @slow @dangerous @connection|nondeterministic_output
command -1|loading stale|@slow @connection|nondeterministic_output_order
command/count 2|loading stale|@slow @connection|
command/getkeys -3|loading stale|@slow @connection|
command/getkeysandflags -3|loading stale|@slow @connection|
command/help 2|loading stale|@slow @connection|
command/docs -2|loading stale|@slow @connection|nondeterministic_output_order
command/info -2|loading stale|@slow @connection|nondeterministic_output_order
command/list -2|loading stale|@slow @connection|nondeterministic_output_order
sentinel -2|admin|@admin @slow @dangerous|
sentinel/help 2|loading stale|@slow|";

/// The arities of the subcommands of SENTINEL, all of one class.
const SENTINEL: &str = "ckquorum 3 config -4 debug -2 failover -3 flushconfig 2 get-master-addr-by-name 3 \
    get-primary-addr-by-name 3 info-cache -3 is-master-down-by-addr 6 is-primary-down-by-addr 6 master 3 primary 3 \
    masters 2 primaries 2 monitor 6 myid 2 pending-scripts 2 remove 3 replicas 3 reset 3 sentinels 3 set -5 \
    simulate-failure -3 slaves 3";

fn known() -> BTreeSet<String> {
    let mut rows: BTreeSet<String> = KNOWN.lines().map(str::to_owned).collect();
    let words: Vec<&str> = SENTINEL.split_whitespace().collect();
    rows.extend(words.chunks(2).map(|one| {
        format!(
            "sentinel/{} {}|admin|@admin @slow @dangerous|",
            one[0], one[1]
        )
    }));
    rows
}

/// One line of `KNOWN` from an entry of COMMAND INFO.
fn line(entry: &Reply) -> String {
    let Reply::Array(parts) = entry else {
        panic!("{entry:?}")
    };
    let words = |reply: &Reply| {
        let Reply::Set(words) = reply else {
            panic!("{reply:?}")
        };
        words.iter().map(text).collect::<Vec<_>>().join(" ")
    };
    let Reply::Int(arity) = parts[1] else {
        panic!("{entry:?}")
    };
    let name = text(&parts[0]).replace('|', "/");
    format!(
        "{name} {arity}|{}|{}|{}",
        words(&parts[2]),
        words(&parts[6]),
        words(&parts[7])
    )
}

#[test]
fn command_info_says_of_every_row_what_clients_know() {
    let mut shown = BTreeSet::new();
    for entry in elements(Stage::new().say("command")) {
        shown.insert(line(&entry));
        let Reply::Array(parts) = &entry else {
            panic!()
        };
        if let Reply::Array(subcommands) = &parts[9] {
            shown.extend(subcommands.iter().map(line));
        }
    }
    assert_eq!(shown, known());
}

#[test]
fn there_are_fifteen_commands() {
    assert_eq!(Stage::new().say("command count"), Reply::Int(15));
    assert_eq!(TABLE.len(), 15);
}

#[test]
fn every_row_is_documented_and_named_after_its_container() {
    for command in &TABLE {
        for row in std::iter::once(command).chain(command.subcommands) {
            assert!(
                row.summary.ends_with('.') && !row.since.is_empty(),
                "{}",
                row.name
            );
            assert_eq!(row.name, row.name.to_ascii_lowercase());
            assert_eq!(row.group, command.group, "{}", row.name);
        }
        for row in command.subcommands {
            assert_eq!(row.name.split_once('|').unwrap().0, command.name);
            assert!(
                row.run.is_some() && row.subcommands.is_empty(),
                "{}",
                row.name
            );
            assert_eq!(
                row.help.is_empty(),
                row.alias_of.is_some(),
                "{}: HELP shows no alias",
                row.name
            );
        }
    }
}

#[test]
fn an_alias_is_its_other_row_in_all_but_the_name() {
    for row in table::all() {
        let Some(other) = row.alias_of else { continue };
        let other = table::by_full_name(other.as_bytes()).unwrap();
        assert!(other.alias_of.is_none());
        assert_eq!(row.arity, other.arity, "{}", row.name);
        assert!(
            std::ptr::fn_addr_eq(row.run.unwrap(), other.run.unwrap()),
            "{}",
            row.name
        );
    }
}

/// Where the file of a row is, from `src/commands` on; HELP is one file for all containers,
/// and an alias has none of its own.
fn file(name: &str) -> String {
    let (container, word) = name.split_once('|').unwrap_or(("", name));
    let word = word.replace('-', "_");
    match (container, name) {
        (_, "acl" | "command") => format!("server/{word}/mod.rs"),
        (_, "client") => "connection/client/mod.rs".to_owned(),
        (_, "sentinel") => "sentinel/mod.rs".to_owned(),
        ("sentinel", _) => format!("sentinel/{word}.rs"),
        ("client", _) => format!("connection/client/{word}.rs"),
        ("acl" | "command", _) => format!("server/{container}/{word}.rs"),
        (_, "ping" | "auth" | "hello") => format!("connection/{word}.rs"),
        (_, "info" | "role" | "shutdown") => format!("server/{word}.rs"),
        _ => format!("pubsub/{word}.rs"),
    }
}

#[test]
fn every_row_has_the_file_of_its_name_and_every_file_a_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands");
    let mut expected = BTreeSet::new();
    for row in table::all().filter(|row| row.alias_of.is_none() && row.word != "help") {
        let path = file(row.name);
        assert!(root.join(&path).is_file(), "{}: no {path}", row.name);
        expected.insert(path);
    }
    let shared = [
        "instance_fields.rs",
        "named_master.rs",
        "rows.rs",
        "confirm.rs",
    ];
    for room in [
        "sentinel",
        "connection",
        "connection/client",
        "pubsub",
        "server",
        "server/acl",
        "server/command",
    ] {
        for entry in std::fs::read_dir(root.join(room)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".rs") && name != "mod.rs" && !shared.contains(&name.as_str()) {
                assert!(
                    expected.contains(&format!("{room}/{name}")),
                    "{room}/{name} has no row"
                );
            }
        }
    }
}
