//! Tables for people.

use super::cell::Cell;
use super::options::Measurement;
use super::outcome::Outcome;
use super::spread::{NEVER, Spread};

/// Columns of one figure.
#[derive(Clone, Copy)]
enum Column {
    /// p50, p90, p99 and the greatest of a time.
    Times(&'static str, &'static str),
    /// The median and p99 of a time.
    Middle(&'static str, &'static str),
    /// A share in a hundred.
    Share(&'static str, &'static str),
    /// A mean of counts.
    Mean(&'static str, &'static str),
}

fn columns(what: Measurement, steps: bool) -> Vec<Column> {
    use Column::{Mean, Middle, Share, Times};
    if steps {
        return vec![
            Middle("sdown", "sdown"),
            Middle("quorum", "quorum"),
            Middle("odown", "odown"),
            Middle("stood", "stood"),
            Middle("elected", "elected"),
            Middle("ordered", "ordered"),
            Middle("proved", "proved"),
            Middle("first", "first"),
            Middle("all", "all"),
        ];
    }
    match what {
        Measurement::Death => vec![
            Times("first", "first"),
            Times("all", "all"),
            Middle("acted", "acted"),
            Share("split", "split"),
            Share("lost", "lost"),
            Share("again", "again"),
        ],
        Measurement::Split => vec![
            Share("split", "split"),
            Share("lost", "lost"),
            Times("all", "all"),
            Times("after a loss", "after loss"),
            Mean("elections", "epochs"),
        ],
        Measurement::LeaderDies => vec![
            Times("recovered", "recovered"),
            Middle("agreed", "agreed"),
            Middle("no master", "no-master"),
            Middle("replica", "replica"),
            Middle("two masters", "2-masters"),
            Mean("failovers", "failovers"),
            Mean("needless", "needless"),
            Share("by reference", "by ref"),
            Share("void", "void"),
        ],
        Measurement::Restored => vec![
            Times("replica", "replica"),
            Middle("replica each", "each"),
            Times("agreed", "agreed"),
            Middle("lasting", "lasting"),
            Middle("two masters", "2-masters"),
            Mean("failovers", "failovers"),
            Mean("needless", "needless"),
            Share("void", "void"),
        ],
    }
}

/// What the figures of a measurement mean.
pub fn legend(what: Measurement) -> &'static str {
    match what {
        Measurement::Death => {
            "ms beyond down-after, counted from the death: `first` sentinel that publishes the new \
             master, and `all`; acted: `all`, counted from the moment when a quorum of sentinels had \
             found it down.\nsplit: several candidates in one epoch; lost: nobody elected in the \
             first epoch; again: another failover right after.\ngoal: p99 of `all` (and of `acted`) below \
             10 round trips and 2 writes, both taken by their mean and by their greatest.\n"
        }
        Measurement::Split => {
            "ms beyond down-after, counted from the death, until all publish the new master; `after \
             loss`: of those rounds whose first epoch elected nobody.\nlate-votes: vote requests take \
             400..600 ms longer; slow: packets between sentinels take 250..500 ms; slow-3s: until 3 s \
             after somebody stood.\n"
        }
        Measurement::LeaderDies => {
            "ms. recovered: until all live sentinels publish one serving master, beyond down-after \
             (master alive: since the leader's death); agreed: from its return until they do so for good.\n\
             no-master: time during which any live sentinel published a server that is no serving \
             master, from the master's death on; replica: one that is a living replica;\n2-masters: \
             two servers of the group were masters; failovers: elections won after the leader's \
             death; needless: after its return.\n"
        }
        Measurement::Restored => {
            "ms. The leader dies when the promotion is on its disk and nobody has heard of it. replica: \
             time during which any live sentinel published a living replica; each: the same on the average of all sentinels; agreed: from its return \
             until all publish one serving master for good;\nlasting: the same from the master's \
             down-after (master alive: the leader's death); failovers: elections won after its death; \
             needless: after its return.\n"
        }
    }
}

/// One row for each cell.
pub fn show(what: Measurement, steps: bool, results: &[(Cell, Outcome)]) -> String {
    let columns = columns(what, steps);
    let judged = !steps && results.iter().any(|(cell, _)| !cell.bounds.is_empty());
    let mut rows = vec![heading(&columns, results, judged)];
    for (cell, outcome) in results {
        let mut row: Vec<String> = cell.labels.iter().map(|(_, value)| value.clone()).collect();
        row.push(outcome.rounds.len().to_string());
        for column in &columns {
            cells_of(*column, outcome, &mut row);
        }
        if judged {
            for by in ["mean", "greatest"] {
                row.push(verdict(cell, outcome, by));
            }
        }
        if outcome.violations().count() > 0 {
            row.push(format!("{} VIOLATIONS", outcome.violations().count()));
        }
        rows.push(row);
    }
    aligned(&rows)
}

fn heading(columns: &[Column], results: &[(Cell, Outcome)], judged: bool) -> Vec<String> {
    let mut row: Vec<String> = results.first().map_or(Vec::new(), |(cell, _)| {
        cell.labels.iter().map(|(n, _)| (*n).to_owned()).collect()
    });
    row.push("rounds".to_owned());
    for column in columns {
        match column {
            Column::Times(_, title) => {
                row.push(format!("{title}:p50"));
                row.extend(["p90", "p99", "max"].map(str::to_owned));
            }
            Column::Middle(_, title) => {
                row.push(format!("{title}:p50"));
                row.push("p99".to_owned());
            }
            Column::Share(_, title) => row.push(format!("{title}%")),
            Column::Mean(_, title) => row.push((*title).to_owned()),
        }
    }
    if judged {
        row.push("goal(mean)".to_owned());
        row.push("goal(greatest)".to_owned());
    }
    row
}

fn cells_of(column: Column, outcome: &Outcome, row: &mut Vec<String>) {
    match column {
        Column::Times(name, _) | Column::Middle(name, _) => {
            let spread = outcome.spread(name);
            let percents: &[usize] = match column {
                Column::Times(..) => &[50, 90, 99, 100],
                _ => &[50, 99],
            };
            for percent in percents {
                row.push(
                    spread
                        .quantile(*percent)
                        .map_or("-".to_owned(), |(us, _)| ms(us)),
                );
            }
        }
        Column::Share(name, _) => row.push(match outcome.spread(name) {
            Spread::Marks(so, of) => format!("{:.1}", so as f64 * 100.0 / of as f64),
            _ => "-".to_owned(),
        }),
        Column::Mean(name, _) => row.push(
            outcome
                .spread(name)
                .mean()
                .map_or("-".to_owned(), |mean| format!("{mean:.2}")),
        ),
    }
}

fn verdict(cell: &Cell, outcome: &Outcome, by: &str) -> String {
    let Some(bound) = cell.bounds.iter().find(|b| b.by == by) else {
        return "-".to_owned();
    };
    let judge = |name| match outcome.spread(name).quantile(99) {
        Some((p99, _)) if p99 < bound.us as i64 => "pass",
        Some(_) => "FAIL",
        None => "-",
    };
    let bound = ms(bound.us as i64);
    format!("{bound} {} {}", judge("all"), judge("acted"))
}

/// Milliseconds, with as many digits as mean something.
pub fn ms(us: i64) -> String {
    match us {
        NEVER => "never".to_owned(),
        us if us.abs() < 100_000 => format!("{:.1}", us as f64 / 1_000.0),
        us => format!("{:.0}", us as f64 / 1_000.0),
    }
}

fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|c| {
            rows.iter()
                .filter_map(|r| r.get(c))
                .map(String::len)
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(value, width)| format!("{value:>width$}"))
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}
