//! All figures, for programs.

use serde_json::{Map, Value, json};

use super::cell::Cell;
use super::options::Options;
use super::outcome::Outcome;
use super::spread::{NEVER, Spread};

/// Everything that was measured. Times are in ms; `null` = it never came.
pub fn all(options: &Options, results: &[(Cell, Outcome)]) -> Value {
    let cells: Vec<Value> = results.iter().map(|(c, o)| one(c, o)).collect();
    json!({
        "measurement": options.what.name(),
        "first_seed": options.seed,
        "rounds": options.rounds,
        "cells": cells,
    })
}

fn one(cell: &Cell, outcome: &Outcome) -> Value {
    let labels: Map<String, Value> = cell
        .labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let mut names: Vec<&str> = Vec::new();
    for round in &outcome.rounds {
        for (name, _) in &round.figures {
            if !names.contains(name) {
                names.push(name);
            }
        }
    }
    let figures: Map<String, Value> = names
        .into_iter()
        .map(|name| (name.to_owned(), figure(outcome, name)))
        .collect();
    let bounds: Map<String, Value> = cell
        .bounds
        .iter()
        .map(|b| (b.by.to_owned(), json!(b.us as f64 / 1_000.0)))
        .collect();
    let violations: Vec<Value> = outcome
        .violations()
        .map(
            |(seed, v)| json!({"seed": seed, "invariant": v.invariant, "at": v.at, "text": v.text}),
        )
        .collect();
    json!({
        "labels": labels,
        "down_after": cell.shape.down_after,
        "failover_timeout": cell.shape.failover_timeout,
        "goal_ms": bounds,
        "figures": figures,
        "violations": violations,
    })
}

/// Seeds of rounds in which something was so: so many are shown.
const SEEDS: usize = 10;

fn figure(outcome: &Outcome, name: &str) -> Value {
    let spread = outcome.spread(name);
    let (n, never) = spread.size();
    let ms = |us: i64| (us != NEVER).then_some(us as f64 / 1_000.0);
    match &spread {
        Spread::Nothing => Value::Null,
        Spread::Marks(so, of) => {
            let seeds: Vec<u64> = outcome
                .rounds
                .iter()
                .filter(|r| r.mark(name))
                .map(|r| r.seed)
                .take(SEEDS)
                .collect();
            json!({"of": of, "so": so, "seeds": seeds})
        }
        Spread::Counts(sum, of) => json!({"of": of, "sum": sum}),
        Spread::Times(_) => {
            let at = |percent| spread.quantile(percent).map(|(us, _)| ms(us));
            json!({
                "of": n,
                "never": never,
                "mean": spread.mean().map(|us| us / 1_000.0),
                "p50": at(50),
                "p90": at(90),
                "p99": at(99),
                "max": at(100),
                "worst_seed": spread.quantile(100).map(|(_, seed)| seed),
            })
        }
    }
}
