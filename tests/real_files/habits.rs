//! Files as operators, packages, images and charts write them, in the tables of `habits/`.
//!
//! Each is started, asked for its state, rewritten, then taken over by redis-sentinel, rewritten by
//! that, and taken back: the state must be the same throughout, and every comment must stay.

use std::fs;
use std::path::Path;

use crate::started::{Daemon, MasterState, Started, State};

/// One file, and what is to become of it.
struct Habit<'a> {
    name: &'a str,
    /// The file; `DIR` stands for the directory of the test.
    text: Vec<&'a str>,
    /// Statements about it: a word and the rest.
    statements: Vec<(&'a str, &'a str)>,
}

/// A table: `=== name`, the lines of the file, `---`, the statements.
fn habits(table: &str) -> Vec<Habit<'_>> {
    let mut habits: Vec<Habit> = Vec::new();
    let mut in_file = true;
    for line in table.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            habits.push(Habit {
                name,
                text: Vec::new(),
                statements: Vec::new(),
            });
            in_file = true;
        } else if line == "---" {
            in_file = false;
        } else if let Some(habit) = habits.last_mut() {
            if in_file {
                habit.text.push(line);
            } else if !line.is_empty() {
                habit
                    .statements
                    .push(line.split_once(' ').unwrap_or((line, "")));
            }
        }
    }
    habits
}

/// Runs a table of this many habits.
fn run(table: &str, count: usize) {
    let habits = habits(table);
    assert_eq!(habits.len(), count, "the table was read");
    for habit in &habits {
        assert!(!habit.statements.is_empty(), "{} says nothing", habit.name);
        try_out(habit);
    }
}

fn try_out(habit: &Habit<'_>) {
    let name = habit.name;
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    let shown = dir.display().to_string();
    let text = habit.text.join("\n").replace("DIR", &shown);
    let ends_bare = habit.statements.contains(&("no-final-newline", ""));
    let crlf = habit.statements.contains(&("crlf", ""));
    let mut text = if ends_bare { text } else { text + "\n" };
    if crlf {
        text = text.replace('\n', "\r\n");
    }
    fs::write(dir.join("s.conf"), &text).unwrap();
    let mut life = Life {
        name,
        dir,
        options: Vec::new(),
        auth: Vec::new(),
        shows_names: text.contains("announce-hostnames yes"),
    };
    for (word, rest) in &habit.statements {
        match *word {
            "file" => {
                let (path, text) = rest.split_once(' ').unwrap();
                fs::write(dir.join(path), text.replace("\\n", "\n")).unwrap();
            }
            "option" => life.options.push(rest.replace("DIR", &shown)),
            "auth" => life.auth = rest.split(' ').map(str::to_owned).collect(),
            _ => {}
        }
    }

    let (id, state, ours) = life.of(Daemon::Rsentinel);
    check(habit, &shown, &id, &state, &ours);
    for comment in comments(&text) {
        assert!(
            ours.lines().any(|line| line == comment),
            "{name}: lost {comment}"
        );
    }
    // Options are in the file now.
    life.options.clear();
    if habit.statements.contains(&("not-for-redis-sentinel", "")) {
        let (again, same, _) = life.of(Daemon::Rsentinel);
        assert_eq!((again, same), (id, state), "{name}: a restart");
        return;
    }
    let (their_id, theirs, _) = life.of(Daemon::Reference);
    assert_eq!(their_id, id, "{name}: taken over");
    assert_eq!(theirs, state, "{name}: taken over from\n{ours}");
    let (back_id, back, _) = life.of(Daemon::Rsentinel);
    assert_eq!(back_id, id, "{name}: taken back");
    assert_eq!(back, state, "{name}: taken back");
}

/// How daemons are started on a file.
struct Life<'a> {
    name: &'a str,
    dir: &'a Path,
    options: Vec<String>,
    auth: Vec<String>,
    shows_names: bool,
}

impl Life<'_> {
    /// Starts a daemon and has it rewrite the file: its id, its state, the new text.
    fn of(&self, daemon: Daemon) -> (String, State, String) {
        let before = fs::read_to_string(self.dir.join("s.conf")).unwrap();
        let started = Started::on(daemon, self.dir, &self.options, &self.auth);
        let name = self.name;
        let started = started.unwrap_or_else(|said| {
            panic!("{name}: {daemon:?} refused\n{before}\nand said\n{said}")
        });
        let state = started.state(self.shows_names);
        (started.id(), state, started.rewritten())
    }
}

fn comments(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| line.starts_with('#'))
}

fn check(habit: &Habit<'_>, dir: &str, id: &str, state: &State, written: &str) {
    let name = habit.name;
    for (word, rest) in &habit.statements {
        let rest = rest.replace("DIR", dir);
        let words: Vec<&str> = rest.split(' ').collect();
        let master = |at: usize| -> &MasterState {
            let master = state.get(words[at]);
            master.unwrap_or_else(|| panic!("{name}: no {}: {state:?}", words[at]))
        };
        match *word {
            "master" => {
                let fields = &master(0).fields;
                let found = ["ip", "port", "quorum"].map(|field| fields[field].as_str());
                assert_eq!(found, words[1..], "{name}");
            }
            "masters" => assert_eq!(state.len().to_string(), rest, "{name}"),
            "field" => assert_eq!(master(0).fields[words[1]], words[2], "{name}: {}", words[1]),
            "replica" => {
                let replicas = &master(0).replicas;
                let expected = words[1..].join(" ");
                assert!(replicas.contains(&expected), "{name}: {replicas:?}");
            }
            "peer" => {
                let peers = &master(0).peers;
                let expected = words[1..].join(" ");
                assert!(peers.contains(&expected), "{name}: {peers:?}");
            }
            "peers" => assert_eq!(master(0).peers.len().to_string(), words[1], "{name}"),
            "replicas" => assert_eq!(master(0).replicas.len().to_string(), words[1], "{name}"),
            "id" => assert_eq!(id, rest, "{name}"),
            "line" => {
                let count = written.lines().filter(|line| *line == rest).count();
                assert_eq!(count, 1, "{name}: '{rest}' in\n{written}");
            }
            "gone" => {
                let found = written.lines().find(|line| line.starts_with(&rest));
                assert_eq!(found, None, "{name}");
            }
            "before" => {
                let (first, second) = rest.split_once(" << ").unwrap();
                let at = |text| written.lines().position(|line| line == text);
                assert!(
                    at(first).is_some() && at(first) < at(second),
                    "{name}: {rest}\n{written}"
                );
            }
            "option" | "file" | "auth" | "no-final-newline" | "crlf" | "not-for-redis-sentinel" => {
            }
            other => panic!("{name}: what is '{other}'?"),
        }
    }
}

#[test]
fn packages_of_distributions() {
    run(include_str!("habits/distributions.txt"), 10);
}

#[test]
fn compose_files_and_images() {
    run(include_str!("habits/compose.txt"), 14);
}

#[test]
fn charts_for_kubernetes() {
    run(include_str!("habits/charts.txt"), 12);
}

#[test]
fn operators_for_kubernetes() {
    run(include_str!("habits/operators.txt"), 9);
}

#[test]
fn old_files_and_files_of_other_daemons() {
    run(include_str!("habits/old.txt"), 11);
}

#[test]
fn files_written_by_hand() {
    run(include_str!("habits/by_hand.txt"), 15);
}
