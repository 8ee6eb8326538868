//! The judges are judged: the core is broken on purpose, in a copy of the source, and every such
//! mutant must be caught. `cargo test -p sim --features mutants --test mutants -- --nocapture`
//! takes some minutes and says which invariant caught which mutant after how many seeds.
#![cfg(feature = "mutants")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A fault to build into the core.
struct Mutant {
    name: &'static str,
    file: &'static str,
    /// Must be found exactly once.
    from: &'static str,
    to: &'static str,
    /// Seeds to try, and further arguments.
    arguments: &'static [&'static str],
}

const PLAIN: &[&str] = &["--seeds", "0..4000"];

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a vote is answered before it is durable",
        file: "election/vote.rs",
        from: "        self.propose_vote(
            id,
            epoch,
            votes.then_some(candidate),
            vec![(waiter, question)],
        );",
        to: "        self.reply_down(waiter, DownOpinion { down, leader: Some(candidate.clone()), epoch });
        self.propose_vote(id, epoch, votes.then_some(candidate), Vec::new());",
        arguments: PLAIN,
    },
    Mutant {
        name: "a vote whose write failed is given",
        file: "persist.rs",
        from: "(Waiting::Vote(master), None) => self.vote_not_durable(master, version, now),",
        to: "(Waiting::Vote(master), None) => self.vote_durable(master, version, now),",
        arguments: PLAIN,
    },
    Mutant {
        name: "votes are counted across epochs",
        file: "election/count.rs",
        from: ".filter(|p| p.vote.epoch == epoch && p.vote.leader.as_ref() == Some(me));",
        to: ".filter(|p| p.vote.leader.as_ref() == Some(me));",
        arguments: PLAIN,
    },
    Mutant {
        name: "an election is declared before the own vote is durable",
        file: "election/count.rs",
        from: "        own && (failover.forced",
        to: "        let _ = own;
        (failover.forced",
        arguments: PLAIN,
    },
    Mutant {
        name: "a majority is not needed, the quorum is enough",
        file: "instances/master.rs",
        from: "(self.voters() / 2 + 1).max(self.settings.quorum as usize)",
        to: "self.settings.quorum as usize",
        arguments: PLAIN,
    },
    Mutant {
        name: "the INFO barrier is dropped",
        file: "failover/select_replica.rs",
        from: "        if now.mono < barrier_end {",
        to: "        if now.mono.0 == 0 && now.mono < barrier_end {",
        arguments: PLAIN,
    },
    Mutant {
        name: "an equal config epoch is taken",
        file: "discovery/from_hello.rs",
        from: "        if hello.config_epoch <= master.config_epoch {",
        to: "        if hello.config_epoch < master.config_epoch {",
        arguments: PLAIN,
    },
    Mutant {
        name: "the wait of twice failover-timeout is skipped",
        file: "election/candidacy.rs",
        from: "        let wait = 2 * master.settings.failover_timeout;",
        to: "        let wait = 0;",
        arguments: PLAIN,
    },
    Mutant {
        name: "candidates are not desynchronised",
        file: "election/candidacy.rs",
        from: "        rank * slot + self.rng.random_range(0..=slot / 4)",
        to: "        let _ = (rank * slot, self.rng.random_range(0..=slot / 4));
        0",
        arguments: &["--seeds", "0..400", "--nodes", "5", "--most-slow", "3"],
    },
    Mutant {
        name: "a second target is tried while the first one's outcome is unknown",
        file: "failover/promote.rs",
        from: "            return self.abort(id, EventName::AbortSlaveTimeout, now);
        }
        self.set_failover_deadline(id, end);
        let replica",
        to: "            if let Some(f) = self.masters.get_mut(&id).and_then(|m| m.failover.as_mut()) {
                f.refused.insert(chosen);
            }
            self.enter(id, Stage::SelectReplica, now);
            return self.step_select(id, now);
        }
        self.set_failover_deadline(id, end);
        let replica",
        arguments: &["--seeds", "0..4000", "--replicas", "3"],
    },
    Mutant {
        name: "a rogue master is demoted at once",
        file: "discovery/correct.rs",
        from: "        let wait = 4 * self.timings.publish_period;",
        to: "        let wait = 0;",
        arguments: PLAIN,
    },
    Mutant {
        name: "a misdirected replica is redirected at once",
        file: "discovery/correct.rs",
        from: "        let wait = master.settings.failover_timeout;",
        to: "        let wait = 0;",
        arguments: PLAIN,
    },
    Mutant {
        name: "servers are corrected though the master is not sane",
        file: "discovery/correct.rs",
        from: "        if !self.looks_sane(master, now.mono) {",
        to: "        if !self.looks_sane(master, now.mono) && now.mono.0 == 0 {",
        arguments: PLAIN,
    },
    Mutant {
        name: "peers are asked in TILT",
        file: "election/ask.rs",
        from: "        if self.tilt.is_on() {
            return None;
        }",
        to: "",
        arguments: PLAIN,
    },
    Mutant {
        name: "SDOWN comes early",
        file: "health/sdown.rs",
        from: "        Some(since) => Some(since.plus(down_after + 1)),",
        to: "        Some(since) => Some(since.plus(down_after / 2)),",
        arguments: PLAIN,
    },
    Mutant {
        name: "the own id is accepted as a peer",
        file: "discovery/from_hello.rs",
        from: "        if hello.id == self.my_id {
            return;
        }",
        to: "",
        arguments: PLAIN,
    },
    Mutant {
        name: "the replica that is furthest behind is preferred",
        file: "failover/select_replica.rs",
        from: "        .then(b.repl_offset.cmp(&a.repl_offset))",
        to: "        .then(a.repl_offset.cmp(&b.repl_offset))",
        arguments: PLAIN,
    },
    Mutant {
        name: "a replica of priority 0 is promoted",
        file: "failover/select_replica.rs",
        from: "        && replica.priority != 0",
        to: "",
        arguments: PLAIN,
    },
    Mutant {
        name: "REMOVE and MONITOR allow a second vote",
        file: "operator.rs",
        from: "            master.leader_epoch = epoch;",
        to: "            let _ = (master, epoch);",
        arguments: &["--seeds", "0..30000"],
    },
    Mutant {
        name: "a restart forgets the last vote",
        file: "birth.rs",
        from: "            master.leader_epoch = conf.leader_epoch;",
        to: "",
        arguments: PLAIN,
    },
    Mutant {
        name: "hellos say an epoch that is not on disk yet",
        file: "discovery/hello_out.rs",
        from: "            current_epoch: self.ledger.durable_epoch(),",
        to: "            current_epoch: self.current_epoch,",
        arguments: PLAIN,
    },
    Mutant {
        name: "the present master is demoted when it reports its role as a replica record",
        file: "discovery/correct.rs",
        from: "        if master.effective_address().same_as(address) {
            return;
        }",
        to: "        let _ = address;",
        arguments: PLAIN,
    },
    // Faults that the simulator found, put back.
    Mutant {
        name: "found: a config epoch may be ahead of the current epoch",
        file: "discovery/from_hello.rs",
        from: "        if hello.config_epoch > self.current_epoch {
            self.raise_epoch(hello.config_epoch, id, now);
        }",
        to: "",
        arguments: PLAIN,
    },
    Mutant {
        name: "found: RESET takes a public promotion back",
        file: "operator.rs",
        from: "                self.finish_switch(id, now);",
        to: "",
        arguments: PLAIN,
    },
    Mutant {
        name: "found: an epoch that a configuration carries is shared",
        file: "failover/start.rs",
        from: "            && master.config_epoch < own
",
        to: "",
        arguments: &["--seeds", "9000..30000"],
    },
    Mutant {
        name: "found: a circle of replicas stays one",
        file: "failover/select_replica.rs",
        from: "        && (no_stream || replica",
        to: "        && (no_stream && now.0 == 0 || replica",
        arguments: PLAIN,
    },
    Mutant {
        name: "found: an unpublished configuration splits the cluster",
        file: "discovery/hello_out.rs",
        from: "        if waited && (silent || master.is_sdown()) {",
        to: "        if waited && silent {",
        arguments: &["--seeds", "5000..12000"],
    },
];

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_tree(&source, &target);
        } else {
            fs::copy(&source, &target).expect("a copy");
        }
    }
}

fn run(program: &str, arguments: &[&str], inside: &Path) -> (bool, String) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(inside)
        .env("CARGO_TARGET_DIR", inside.join("target"))
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2")
        .output()
        .expect("a process");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

#[test]
fn no_mutant_of_the_core_survives() {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let copy = tempfile::tempdir().expect("a directory");
    let inside = copy.path();
    for tree in ["src", "tests", "examples", "benches"] {
        if root.join(tree).is_dir() {
            copy_tree(&root.join(tree), &inside.join(tree));
        }
    }
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(root.join(file), inside.join(file)).expect("a copy");
    }
    let only = std::env::var("MUTANT").ok();
    let mut survivors = Vec::new();
    for mutant in MUTANTS {
        if only
            .as_ref()
            .is_some_and(|o| !mutant.name.contains(o.as_str()))
        {
            continue;
        }
        let path = inside.join("src/core").join(mutant.file);
        let whole = fs::read_to_string(&path).expect("a source file");
        assert_eq!(
            whole.matches(mutant.from).count(),
            1,
            "{}: the text to change is not there exactly once in {}",
            mutant.name,
            mutant.file
        );
        fs::write(&path, whole.replace(mutant.from, mutant.to)).expect("a write");
        let (built, text) = run("cargo", &["build", "--release", "-p", "sim"], inside);
        assert!(built, "{} does not compile:\n{text}", mutant.name);
        let mut arguments = vec!["--jobs", "2", "--no-shrink"];
        arguments.extend(mutant.arguments);
        let (survives, text) = run("target/release/sim", &arguments, inside);
        let seeds = text
            .lines()
            .find(|l| l.contains("seeds/s"))
            .unwrap_or_default();
        let seeds = seeds.split(' ').next().unwrap_or_default();
        let how = text
            .lines()
            .find(|l| {
                l.starts_with("VIOLATION") || l.starts_with("TOO SLOW") || l.contains("panicked")
            })
            .unwrap_or("SURVIVES");
        println!("{:<75} {seeds:>6} seeds  {how}", mutant.name);
        if survives {
            survivors.push(mutant.name);
        }
        fs::write(&path, &whole).expect("a write");
    }
    assert!(survivors.is_empty(), "mutants that survive: {survivors:#?}");
}
