//! rsentinel and the installed redis-sentinel at the same work, side by side, in one run:
//! `cargo bench --bench suite`, or `-- --quick`, or `-- --only kill,start`.
//!
//! Every row starts both daemons on the same fixture in turns, so that what else the machine does
//! hits both alike; what is compared is the ratio, because absolute times drift. Needs
//! `redis-server` and `redis-sentinel` on PATH.
//!
//! | room | is for |
//! |---|---|
//! | `options` | the command line |
//! | `rows` | one file a subject: the fixture, the work, what was measured |
//! | `failover` | whole clusters, what is done to their masters, what was heard of it |
//! | `finding` | what a row has found: samples of both daemons, the goal, whether it is met |
//! | `serving` | a sentinel for the rows about clients |
//! | `load` | clients that ask as fast as they are answered |
//! | `cpu` | processor time of a process |
//! | `fleet` | thousands of stand-in servers, in processes of their own |
//! | `watch` | sentinels that watch a fleet, and what they announce |
//! | `long_file` | a sentinel with many masters in its file that do not exist |
//! | `pinging` | a client that says PING over and over |
//! | `turns` | rounds of the two daemons in turns |
//! | `quantiles` | medians, percentiles, ratios with their spread |
//! | `timeline` | the picture of a failover |
//! | `scale_curves` | the picture of many deaths at once |
//! | `machine` | what it ran on |
//! | `report` | the table, the JSON, the tables of docs/benchmarks.md |
#![forbid(unsafe_code)]

mod cpu;
mod failover;
mod finding;
mod fleet;
// The live tests use all of the harness, this only a part.
#[allow(dead_code, unused_imports)]
#[path = "../../tests/live/harness/mod.rs"]
mod harness;
mod load;
mod long_file;
mod machine;
mod options;
mod pinging;
mod quantiles;
mod report;
mod rows;
mod scale_curves;
mod serving;
mod timeline;
mod turns;
mod watch;

use std::process::ExitCode;

use machine::Facts;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use options::{Options, Wish};

fn main() -> ExitCode {
    raise_files();
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(fleet::FLAG) {
        return match fleet::run(arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => {
                eprintln!("fleet: {reason}");
                ExitCode::FAILURE
            }
        };
    }
    let options = match options::parse(std::env::args().skip(1)) {
        Ok(Wish::Run(options)) => options,
        Ok(Wish::Explain) => {
            print!("{}", options::help());
            return ExitCode::SUCCESS;
        }
        Err(reason) => {
            eprintln!("suite: {reason}\n{}", options::help());
            return ExitCode::FAILURE;
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("suite: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// As many open files as there may be, for this process and all it starts: a fleet and a sentinel
/// over it have thousands of sockets.
fn raise_files() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Runs the rows; false when one could not be measured (a missed goal is a result, not a failure).
fn run(options: &Options) -> Result<bool, String> {
    let mut facts = Facts::gather()?;
    println!("{facts}");
    let mut results = Vec::new();
    for row in options.rows() {
        println!("\n== {}: {}", row.key, row.about);
        let began = std::time::Instant::now();
        let outcome = turns::guarded(|| (row.run)(options)).and_then(|result| result);
        match &outcome {
            Ok(findings) => findings.iter().for_each(report::print_finding),
            Err(reason) => println!("   NOT MEASURED: {reason}"),
        }
        println!("   ({:.0} s)", began.elapsed().as_secs_f64());
        results.push((row, outcome));
    }
    facts.load_after = machine::load();
    report::print_table(&results);
    if let Some(path) = &options.json {
        write(path, &report::json(&facts, &results))?;
    }
    if let Some(path) = &options.markdown {
        write(path, &report::markdown(&facts, &results))?;
    }
    Ok(results.iter().all(|(_, outcome)| outcome.is_ok()))
}

/// Writes a file of results, and says so.
fn write(path: &std::path::Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    println!("Written: {}", path.display());
    Ok(())
}
