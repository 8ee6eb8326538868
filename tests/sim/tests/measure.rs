//! Measurements measure what they say.

use sim::measure::cell::{Cell, cells};
use sim::measure::grounds::Quorum;
use sim::measure::options::{Measurement, Options};
use sim::measure::outcome::Outcome;
use sim::measure::round::Round;

/// The cells of a measurement of three real cores with these labels.
fn grid(what: Measurement, only: &[(&str, &str)]) -> Vec<Cell> {
    let mut options = Options::of(what);
    options.quorums = vec![Quorum::pure(3)];
    options.only = only
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let cells = cells(&options);
    assert!(!cells.is_empty(), "no cell has {only:?}");
    cells
}

/// So many rounds of each cell, none of which breaks an invariant.
fn rounds(cell: &Cell, rounds: u64) -> Outcome {
    let outcome = Outcome::of(cell, 0, rounds, 2);
    if let Some((seed, violation)) = outcome.violations().next() {
        panic!("{}, seed {seed}: {violation:?}", cell.place());
    }
    outcome
}

fn all_so(outcome: &Outcome, mark: &str) -> bool {
    outcome.rounds.iter().all(|r| r.mark(mark))
}

fn none_so(outcome: &Outcome, mark: &str) -> bool {
    !outcome.rounds.iter().any(|r| r.mark(mark))
}

#[test]
fn without_further_faults_every_death_is_recovered_from_and_never_before_down_after() {
    for cell in grid(
        Measurement::Death,
        &[("disk", "quick"), ("manner", "killed")],
    ) {
        for round in &rounds(&cell, 8).rounds {
            let time = |name| round.time(name).unwrap_or(i64::MIN);
            let steps = [
                "quorum", "stood", "elected", "ordered", "proved", "first", "all",
            ];
            let times = steps.map(time);
            assert!(times[0] >= 0, "{}: {round:?}", cell.place());
            assert!(times.is_sorted(), "{}: {round:?}", cell.place());
        }
    }
}

#[test]
fn a_slower_network_and_a_slower_disk_make_a_death_last_longer() {
    let median = |network, disk| {
        let only = [("network", network), ("disk", disk), ("manner", "killed")];
        let cell = grid(Measurement::Death, &only).remove(0);
        rounds(&cell, 10)
            .spread("all")
            .quantile(50)
            .map(|(us, _)| us)
    };
    let fast = median("lan", "quick");
    assert!(fast < median("wan", "quick"));
    assert!(fast < median("lan", "slow"));
}

#[test]
fn a_black_holed_master_is_noticed_by_its_silence_only() {
    let only = [
        ("network", "lan"),
        ("disk", "quick"),
        ("manner", "black-holed"),
    ];
    let cell = grid(Measurement::Death, &only).remove(0);
    let outcome = rounds(&cell, 20);
    let times: Vec<i64> = outcome
        .rounds
        .iter()
        .filter_map(|r| r.time("all"))
        .collect();
    assert_eq!(times.len(), 20);
    // The next PING leaves at any moment of the tenth of down-after that follows.
    let interval = cell.shape.down_after as i64 * 100;
    assert!(times.iter().any(|us| *us > interval / 4), "{times:?}");
}

#[test]
fn late_vote_requests_split_every_first_election() {
    let only = [("plan", "late-votes"), ("network", "lan")];
    let cell = grid(Measurement::Split, &only).remove(0);
    let outcome = rounds(&cell, 10);
    assert!(all_so(&outcome, "split and lost"), "{:?}", outcome.rounds);
    assert!(outcome.rounds.iter().all(|r| r.time("all").is_some()));
}

#[test]
fn slow_links_between_sentinels_split_some_elections() {
    let cell = grid(Measurement::Split, &[("plan", "slow"), ("network", "lan")]).remove(0);
    let outcome = rounds(&cell, 20);
    let split = |r: &&Round| r.mark("split and lost");
    assert!(outcome.rounds.iter().filter(split).count() >= 3);
}

/// What had happened when the leader died, at each point: elected, ordered, proved, told.
const REACHED: [(&str, [bool; 4]); 5] = [
    ("asked", [false, false, false, false]),
    ("elected", [true, false, false, false]),
    ("ordered", [true, true, false, false]),
    ("proved", [true, true, true, false]),
    ("telling", [true, true, true, true]),
];

#[test]
fn the_leader_dies_at_the_point_that_is_named() {
    for (point, reached) in REACHED {
        let only = [("point", point), ("returns", "never"), ("master", "dead")];
        let cell = grid(Measurement::LeaderDies, &only).remove(0);
        let outcome = rounds(&cell, 6);
        assert!(none_so(&outcome, "void"), "{point}: {:?}", outcome.rounds);
        assert!(
            none_so(&outcome, "was over"),
            "{point}: {:?}",
            outcome.rounds
        );
        let marks = ["was elected", "was ordered", "was proved", "was told"];
        for (mark, so) in marks.into_iter().zip(reached) {
            let right = if so {
                all_so(&outcome, mark)
            } else {
                none_so(&outcome, mark)
            };
            assert!(right, "{point}: {mark}: {:?}", outcome.rounds);
        }
        assert!(outcome.rounds.iter().all(|r| r.time("recovered").is_some()));
    }
}

#[test]
fn a_restored_leader_had_its_promotion_on_disk_and_had_told_nobody() {
    let only = [("returns", "40s"), ("master", "alive")];
    let mut cell = grid(Measurement::Restored, &only).remove(0);
    cell.shape.features.confirm_restored = false;
    cell.shape.features.reassert = false;
    let outcome = rounds(&cell, 6);
    assert!(all_so(&outcome, "was stored") && all_so(&outcome, "was proved"));
    assert!(none_so(&outcome, "was told"));
    // The others have demoted its master meanwhile; it publishes it all the same.
    let misled = |r: &Round| r.time("replica").is_some_and(|us| us > 1_000_000);
    assert!(outcome.rounds.iter().all(misled), "{:?}", outcome.rounds);
}

#[test]
fn references_can_be_measured_alone_and_in_company() {
    for (nodes, references) in [(3, 3), (3, 1), (3, 2)] {
        let mut options = Options::of(Measurement::Death);
        options.quorums = vec![Quorum { nodes, references }];
        options.networks = Some(vec!["lan".to_owned()]);
        options.disks = Some(vec!["quick".to_owned()]);
        for cell in cells(&options) {
            let outcome = rounds(&cell, 4);
            let recovered = outcome.rounds.iter().all(|r| r.time("all").is_some());
            assert!(recovered, "{}: {:?}", cell.place(), outcome.rounds);
        }
    }
}

#[test]
fn figures_do_not_depend_on_the_number_of_threads() {
    let cell = grid(Measurement::Split, &[("plan", "slow"), ("network", "wan")]).remove(0);
    let figures = |jobs| -> Vec<_> {
        let outcome = Outcome::of(&cell, 5, 6, jobs);
        outcome
            .rounds
            .into_iter()
            .map(|r| (r.seed, r.figures))
            .collect()
    };
    assert_eq!(figures(1), figures(3));
}

#[test]
fn a_command_line_asks_for_the_cells_that_it_names() {
    let parse = |line: &str| Options::parse(line.split(' ').map(str::to_owned));
    let options = parse(
        "restored --quorums 2+1 --only master=alive,returns=1s|5s --compare confirm-restored",
    );
    let cells = cells(&options.expect("a command line that makes sense"));
    let places: Vec<String> = cells.iter().map(Cell::place).collect();
    assert_eq!(places.len(), 4, "{places:?}");
    assert!(
        places
            .iter()
            .all(|p| p.contains("sentinels=2+1") && p.contains("master=alive"))
    );
    assert!(
        places[0].ends_with("switches=-confirm-restored"),
        "{places:?}"
    );
    assert!(!cells[0].shape.features.confirm_restored && cells[1].shape.features.confirm_restored);
    let options = parse(
        "split --nodes 3 --network lan --disk quick --compare early-retry+reassert,confirm-restored",
    );
    let combined = cells_of_plan(&options.expect("sense"));
    assert_eq!(
        combined,
        [
            "-early-retry+reassert -confirm-restored",
            "-early-retry+reassert +confirm-restored",
            "+early-retry+reassert -confirm-restored",
            "+early-retry+reassert +confirm-restored",
        ]
    );
    for nonsense in [
        "",
        "birth",
        "death --network mars",
        "death --rounds 0",
        "split --with wings",
    ] {
        assert!(parse(nonsense).is_none(), "{nonsense}");
    }
}

/// The switches of all cells whose votes are late.
fn cells_of_plan(options: &Options) -> Vec<String> {
    let labels = cells(options).into_iter().map(|c| c.labels);
    labels
        .filter(|l| l.contains(&("plan", "late-votes".to_owned())))
        .filter_map(|l| Some(l.last()?.1.clone()))
        .collect()
}
