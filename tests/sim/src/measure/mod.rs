//! Measuring: the same situation many times, from random phases of everybody's clocks, in figures.
//!
//! * [`options`] is the command line, [`grounds`] and [`cell`] the grid that it asks for;
//! * [`healthy`] begins every round; [`death`], [`split`] and [`leader_dies`] are what happens in it;
//! * [`service`] watches what clients get, [`elections`] what is said of elections;
//! * [`round`], [`outcome`] and [`spread`] hold figures, [`table`] and [`json`] show them.
//!
//! Every oracle of safety judges every round.

pub mod cell;
pub mod death;
pub mod elections;
pub mod grounds;
pub mod healthy;
pub mod json;
pub mod leader_dies;
pub mod options;
pub mod outcome;
pub mod round;
pub mod service;
pub mod split;
pub mod spread;
pub mod table;

use std::process::ExitCode;

use cell::Cell;
use options::{Options, USAGE};
use outcome::Outcome;

/// Violations of one cell that are shown; the figures for programs hold all.
const SHOWN: usize = 3;

/// Measures what the words after `measure` ask for.
pub fn main(words: impl Iterator<Item = String>) -> ExitCode {
    let Some(options) = Options::parse(words) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let cells = cell::cells(&options);
    if cells.is_empty() {
        eprintln!("no cell of the grid has these labels");
        return ExitCode::from(2);
    }
    let results: Vec<(Cell, Outcome)> = cells
        .into_iter()
        .map(|cell| {
            let outcome = Outcome::of(&cell, options.seed, options.rounds, options.jobs);
            eprintln!("done: {}", cell.place());
            (cell, outcome)
        })
        .collect();
    println!("{}", table::legend(options.what));
    println!("{}", table::show(options.what, options.steps, &results));
    let broken = show_violations(&options, &results);
    if options.trace {
        show_traces(&options, &results);
    }
    if let Some(path) = &options.json {
        let text = format!("{:#}\n", json::all(&options, &results));
        if let Err(e) = std::fs::write(path, text) {
            eprintln!("{path}: {e}");
            return ExitCode::FAILURE;
        }
    }
    if broken {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn show_violations(options: &Options, results: &[(Cell, Outcome)]) -> bool {
    let mut broken = false;
    for (cell, outcome) in results {
        for (seed, violation) in outcome.violations().take(SHOWN) {
            broken = true;
            println!(
                "VIOLATION of {} at {} ms: {}\n  {}, seed {seed}; the same options, and --only {} --seed {seed} --trace show it",
                violation.invariant,
                violation.at,
                violation.text,
                options.what.name(),
                cell.place(),
            );
        }
    }
    broken
}

fn show_traces(options: &Options, results: &[(Cell, Outcome)]) {
    for (cell, _) in results {
        println!("\n{}, seed {}:", cell.place(), options.seed);
        let round = cell.round(options.seed, true);
        for line in &round.trace {
            println!("{line}");
        }
        for (name, figure) in &round.figures {
            println!("{name}: {figure:?}");
        }
    }
}
