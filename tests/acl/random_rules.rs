//! Random rules, random requests: both permit the same.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::both::{Both, strings};

const RULES: [&str; 44] = [
    "+ping",
    "-ping",
    "+info",
    "-info",
    "+role",
    "+publish",
    "-publish",
    "+subscribe",
    "+psubscribe",
    "-subscribe",
    "+client",
    "-client",
    "+client|kill",
    "-client|kill",
    "+client|id",
    "-client|id",
    "+acl",
    "-acl",
    "+acl|whoami",
    "-acl|list",
    "+sentinel",
    "-sentinel",
    "+sentinel|masters",
    "-sentinel|set",
    "+command",
    "-command|count",
    "+command|count",
    "+ping|foo",
    "+info|server",
    "+@all",
    "-@all",
    "+@fast",
    "-@fast",
    "+@slow",
    "-@slow",
    "+@admin",
    "-@admin",
    "+@dangerous",
    "-@dangerous",
    "+@connection",
    "-@connection",
    "+@pubsub",
    "-@pubsub",
    "&f*",
];

const REQUESTS: [&str; 26] = [
    "ping",
    "ping foo",
    "ping bar",
    "info",
    "info server",
    "role",
    "shutdown",
    "publish foo x",
    "publish bar x",
    "subscribe foo",
    "subscribe foo bar",
    "psubscribe f*",
    "psubscribe foo",
    "unsubscribe x",
    "client id",
    "client kill x",
    "client list",
    "acl whoami",
    "acl list",
    "acl help",
    "sentinel masters",
    "sentinel help",
    "sentinel set m quorum 1",
    "command",
    "command count",
    "command info",
];

#[test]
fn any_rules_permit_the_same_on_both() {
    let (_both, mut clients) = Both::plain();
    let commands = clients.ask_ours(&["COMMAND", "LIST"]);
    let commands = strings(&commands);
    // Theirs may name a command that ours does not have.
    let is_known = |rule: &str| {
        let name = rule.trim_matches(['+', '-', '(', ')']);
        let named = rule.trim_start_matches('(').starts_with(['+', '-']) && !name.starts_with('@');
        !named || commands.contains(&name) || matches!(name, "ping|foo" | "info|server")
    };
    let mut compared = 0;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    for _ in 0..150 {
        let mut words = vec!["ACL", "SETUSER", "u", "reset"];
        let mut in_selector = false;
        for _ in 0..random.random_range(0..10) {
            if random.random_range(0..6) == 0 {
                words.push(if in_selector { ")" } else { "(" });
                in_selector = !in_selector;
            }
            words.push(RULES[random.random_range(0..RULES.len())]);
        }
        if in_selector {
            words.push(")");
        }
        assert_eq!(clients.same(&words), "+OK\r\n", "{words:?}");
        // What theirs shows, ours takes for the same user.
        let [_, theirs] = clients.ask(&["ACL", "LIST"]);
        let lines = strings(&theirs);
        let line = lines
            .iter()
            .find(|line| line.starts_with("user u "))
            .expect("listed");
        let mut again = vec!["ACL", "SETUSER", "again", "reset"];
        again.extend(line.split(' ').skip(2));
        if !again.iter().all(|rule| is_known(rule)) {
            continue;
        }
        compared += 1;
        assert_eq!(clients.ask_ours(&again), "+OK\r\n", "{line}");
        for request in REQUESTS {
            let mut dry = vec!["ACL", "DRYRUN", "u"];
            dry.extend(request.split(' '));
            let verdict = clients.alike("u", &dry);
            dry[2] = "again";
            let of_theirs = clients
                .ask_ours(&dry)
                .replace("User again has", "User u has");
            assert_eq!(
                of_theirs.split_once("\r\n").map_or("", |(_, text)| text),
                verdict.split_once("\r\n").map_or("", |(_, text)| text),
                "{words:?} {line} {request}"
            );
        }
    }
    assert!(compared > 30, "{compared}");
}
