//! How long a failover takes, side by side with the installed redis-sentinel:
//! `cargo bench --bench failover -- --rounds 10 --json failover.json`.
//!
//! A round starts a master, two replicas and three sentinels of one kind, waits until all know
//! each other, kills the master and notes when each step arrives at this process. Rounds of the
//! two kinds alternate, so that what else the machine does hits both alike. Needs `redis-server`
//! and `redis-sentinel` on PATH.
//!
//! | room | is for |
//! |---|---|
//! | `options` | the command line |
//! | `round` | one cluster, one fault, what was heard |
//! | `promotion` | the instant at which a replica becomes a master |
//! | `steps` | from what was heard to the times of the steps, and what looks wrong |
//! | `machine` | what it ran on, memory, sizes |
//! | `report` | the table, the JSON |
#![forbid(unsafe_code)]

// The live tests use all of the harness, this only a part.
#[allow(dead_code, unused_imports)]
#[path = "../tests/live/harness/mod.rs"]
mod harness;
#[path = "failover/machine.rs"]
mod machine;
#[path = "failover/options.rs"]
mod options;
#[path = "failover/promotion.rs"]
mod promotion;
#[path = "failover/report.rs"]
mod report;
#[path = "failover/round.rs"]
mod round;
#[path = "failover/steps.rs"]
mod steps;

use std::process::ExitCode;

use harness::Daemon;
use machine::Facts;
use options::{Options, Wish};
use report::Pair;

fn main() -> ExitCode {
    let options = match options::parse(std::env::args().skip(1)) {
        Ok(Wish::Run(options)) => options,
        Ok(Wish::Explain) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(reason) => {
            eprintln!("failover: {reason}\n{}", options::HELP);
            return ExitCode::FAILURE;
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("failover: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let mut facts = Facts::gather()?;
    println!("{options}\n{facts}");
    let memory = [
        round::idle_memory(Daemon::Rsentinel, options)?,
        round::idle_memory(Daemon::Reference, options)?,
    ];
    report::print_steps();
    let mut pairs = Vec::new();
    for number in 1..=options.rounds {
        // Who goes first changes too: a machine that gets slower with time favours nobody.
        let pair = if number % 2 == 1 {
            let ours = round::play(Daemon::Rsentinel, options);
            let reference = round::play(Daemon::Reference, options);
            Pair { ours, reference }
        } else {
            let reference = round::play(Daemon::Reference, options);
            let ours = round::play(Daemon::Rsentinel, options);
            Pair { ours, reference }
        };
        report::print_round(number, &pair, options.down_after);
        pairs.push(pair);
    }
    facts.load_after = machine::load();
    report::print(&facts, &memory, &pairs, options.down_after);
    if let Some(path) = &options.json {
        let text = report::json(options, &facts, &memory, &pairs);
        std::fs::write(path, text)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        println!("Written: {}", path.display());
    }
    Ok(())
}
