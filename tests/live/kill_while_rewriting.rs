//! Killed without a word at any moment of its rewrites, a sentinel starts again from its file and
//! has forgotten nothing that it has promised: no vote, no epoch, no setting.

use std::thread;
use std::time::{Duration, Instant};

use rand::RngExt;

use crate::harness::{Daemon, MASTER, Sentinel, Settings};

const ENOUGH_KILLS: usize = 25;
/// A slow disk makes fewer rewrites; then this ends the test, which says how far it came.
const LONGEST: Duration = Duration::from_secs(60);

/// What it has said and therefore must know for ever.
#[derive(Default)]
struct Promises {
    /// The last vote: epoch and who got it.
    vote: Option<(u64, String)>,
    /// The last setting that was confirmed.
    parallel_syncs: u64,
    rewrites: usize,
}

fn candidate(number: u64) -> String {
    format!("{number:040x}")
}

/// Has it rewrite its file again and again until it is killed. `next` is the next epoch to vote
/// in.
fn keep_it_writing(sentinel: &Sentinel, master: u16, promises: &mut Promises, next: &mut u64) {
    loop {
        *next += 1;
        let asked = candidate(*next);
        let Some((leader, epoch)) = sentinel.vote(master, *next, &asked) else {
            return;
        };
        assert_eq!(
            (leader.as_str(), epoch),
            (asked.as_str(), *next),
            "it votes in each new epoch"
        );
        promises.vote = Some((epoch, leader));
        promises.rewrites += 1;
        let value = next.to_string();
        match sentinel.ask(&["SENTINEL", "SET", MASTER, "parallel-syncs", &value]) {
            Some(answer) if answer.text() == "OK" => promises.parallel_syncs = *next,
            _ => return,
        }
        promises.rewrites += 1;
    }
}

fn check(sentinel: &Sentinel, master: u16, promises: &Promises) {
    let syncs = sentinel.number("parallel-syncs").unwrap();
    assert!(
        syncs >= promises.parallel_syncs,
        "{syncs} is older than what was confirmed"
    );
    if let Some((epoch, leader)) = &promises.vote {
        let stranger = candidate(u64::MAX);
        let (again, spoken) = sentinel.vote(master, *epoch, &stranger).unwrap();
        assert_ne!(again, stranger, "a second vote in epoch {epoch}");
        assert!(
            spoken >= *epoch,
            "the epoch went back from {epoch} to {spoken}"
        );
        // It may have voted once more, and not have been able to say so.
        assert!(
            again == *leader || spoken > *epoch,
            "{again} instead of {leader} in {epoch}"
        );
    }
}

fn run(enough_rewrites: usize, line: Option<&str>) {
    // In memory if possible: what a kill interrupts is the same, and there is more of it.
    let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let directory = directory.unwrap();
    // A master that nobody is at: connecting is refused at once.
    let master = 1;
    if let Some(line) = line {
        std::fs::write(directory.path().join("rsentinel.toml"), line).unwrap();
    }
    let settings = Settings {
        master,
        quorum: 9,
        down_after: 60_000,
        failover_timeout: 60_000,
        parallel_syncs: 1,
        auth_pass: None,
        login: None,
        lines: Vec::new(),
    };
    let mut sentinel = Sentinel::start(Daemon::Rsentinel, directory.path(), &settings);
    let id = sentinel.id().unwrap();
    let mut promises = Promises::default();
    let (mut next, mut kills) = (0, 0);
    let begun = Instant::now();
    while (promises.rewrites < enough_rewrites || kills < ENOUGH_KILLS) && begun.elapsed() < LONGEST
    {
        let pause = Duration::from_micros(rand::rng().random_range(0..200_000));
        let pid = sentinel.process().id().to_string();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(pause);
                let killed = std::process::Command::new("kill")
                    .args(["-KILL", &pid])
                    .status();
                assert!(killed.unwrap().success());
            });
            keep_it_writing(&sentinel, master, &mut promises, &mut next);
        });
        kills += 1;
        // Fails when the file does not load.
        sentinel.restart();
        assert_eq!(sentinel.id().as_ref(), Some(&id), "after {kills} kills");
        check(&sentinel, master, &promises);
    }
    eprintln!("{kills} kills during {} rewrites", promises.rewrites);
    assert!(
        kills >= 5 && promises.rewrites >= 50,
        "{kills} kills, {} rewrites",
        promises.rewrites
    );
}

#[test]
fn a_thousand_rewrites_of_the_configuration_file_lose_nothing() {
    run(1000, None);
}

#[test]
fn rewrites_of_a_state_file_lose_nothing() {
    run(300, Some("state-file = 'state.conf'\n"));
}
