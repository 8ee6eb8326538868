//! The table, the JSON, and the tables of docs/benchmarks.md.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::finding::Finding;
use crate::machine::Facts;
use crate::quantiles::Quantile;
use crate::rows::Row;

/// A row and what came of it.
pub type Outcome = (&'static Row, Result<Vec<Finding>, String>);

const PLACES: [Quantile; 4] = [
    Quantile::Median,
    Quantile::P90,
    Quantile::P99,
    Quantile::Max,
];

/// A figure with as many digits as it is worth.
fn figure(value: f64) -> String {
    match value.abs() {
        _ if value.is_nan() => "-".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn figures(rounds: &[Vec<f64>]) -> [String; 4] {
    let samples = rounds.concat();
    PLACES.map(|place| figure(place.of(&samples)))
}

fn advantage(finding: &Finding) -> String {
    let ratio = finding.advantage();
    if !ratio.whole.is_finite() {
        return "-".to_owned();
    }
    format!(
        "{} ({} to {})",
        figure(ratio.whole),
        figure(ratio.least),
        figure(ratio.greatest)
    )
}

/// One finding, as soon as it is there.
pub fn print_finding(finding: &Finding) {
    println!("   {} [{}]", finding.title, finding.unit);
    let line = |name: &str, rounds: &[Vec<f64>]| {
        if rounds.is_empty() {
            return;
        }
        let [median, p90, p99, max] = figures(rounds);
        let count = rounds.iter().map(Vec::len).sum::<usize>();
        println!(
            "      {name:<15} p50 {median:>9}  p90 {p90:>9}  p99 {p99:>9}  max {max:>9}  n {count}"
        );
    };
    line("rsentinel", &finding.ours);
    line("redis-sentinel", &finding.reference);
    println!("      better by       {}", advantage(finding));
    for verdict in finding.verdicts() {
        let word = if verdict.met { "met" } else { "MISSED" };
        println!("      {word}: {}", verdict.text);
    }
    for note in &finding.notes {
        println!("      note: {note}");
    }
}

/// All findings at the end, a line each.
pub fn print_table(results: &[Outcome]) {
    println!("\np50 / p90 / max of rsentinel | of redis-sentinel | times better (spread) | goals");
    for (row, outcome) in results {
        match outcome {
            Ok(findings) => findings.iter().for_each(|finding| {
                let cell = |rounds: &[Vec<f64>]| {
                    let [median, p90, _, max] = figures(rounds);
                    format!("{median} / {p90} / {max}")
                };
                println!(
                    "{} [{}] | {} | {} | {} | {}",
                    finding.title,
                    finding.unit,
                    cell(&finding.ours),
                    cell(&finding.reference),
                    advantage(finding),
                    verdict_cell(finding)
                );
            }),
            Err(reason) => println!("{}: NOT MEASURED: {reason}", row.key),
        }
    }
}

fn verdict_cell(finding: &Finding) -> String {
    let verdicts = finding.verdicts().into_iter();
    let words: Vec<String> = verdicts
        .map(|verdict| {
            let word = if verdict.met { "met" } else { "**missed**" };
            format!("{word}: {}", verdict.text)
        })
        .collect();
    words.join("; ")
}

/// The tables of docs/benchmarks.md.
pub fn markdown(facts: &Facts, results: &[Outcome]) -> String {
    let mut text = String::new();
    for line in facts.to_string().lines() {
        let _ = writeln!(text, "* {line}");
    }
    for (row, outcome) in results {
        let _ = writeln!(text, "\n### {}\n", row.about);
        let _ = writeln!(text, "`cargo bench --bench suite -- --only {}`\n", row.key);
        let findings = match outcome {
            Ok(findings) => findings,
            Err(reason) => {
                let _ = writeln!(text, "Not measured: {reason}");
                continue;
            }
        };
        text += "| | rsentinel p50 / p90 / p99 / max | redis-sentinel p50 / p90 / p99 / max | times better (spread) | goal |\n|---|---|---|---|---|\n";
        for finding in findings {
            let _ = writeln!(
                text,
                "| {} ({}) | {} | {} | {} | {} |",
                finding.title,
                finding.unit,
                figures(&finding.ours).join(" / "),
                figures(&finding.reference).join(" / "),
                advantage(finding),
                verdict_cell(finding)
            );
        }
        for finding in findings {
            for note in &finding.notes {
                let _ = writeln!(text, "\n{}: {note}", finding.title);
            }
        }
    }
    text
}

/// All samples.
pub fn json(facts: &Facts, results: &[Outcome]) -> String {
    let rows: Vec<Value> = results
        .iter()
        .map(|(row, outcome)| match outcome {
            Ok(findings) => json!({
                "row": row.key,
                "about": row.about,
                "findings": findings.iter().map(finding_json).collect::<Vec<_>>(),
            }),
            Err(reason) => json!({ "row": row.key, "about": row.about, "not_measured": reason }),
        })
        .collect();
    let all = json!({
        "machine": facts.to_string().lines().collect::<Vec<_>>(),
        "load_after": facts.load_after,
        "rows": rows,
    });
    format!("{all:#}\n")
}

fn finding_json(finding: &Finding) -> Value {
    let verdicts: Vec<Value> = finding
        .verdicts()
        .iter()
        .map(|verdict| json!({ "met": verdict.met, "text": verdict.text }))
        .collect();
    json!({
        "title": finding.title,
        "unit": finding.unit,
        "rsentinel": finding.ours,
        "redis_sentinel": finding.reference,
        "goals": verdicts,
        "notes": finding.notes,
    })
}
