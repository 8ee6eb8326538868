//! One kind stops, the other kind starts on the same file, and nobody notices.

use std::fs;

use crate::harness::{Cluster, Daemon, LONG, Plan, SHORT};
use crate::restart::knowledge;

/// The sentinel that is exchanged, and leads.
const SWAPPED: usize = 1;

fn swap(cluster: &mut Cluster) {
    let before = knowledge(&cluster.sentinels[SWAPPED]).expect("it answers");
    let met = |cluster: &Cluster| {
        cluster.events("+sentinel").len() + cluster.events("+sentinel-address-switch").len()
    };
    let met_before = met(cluster);
    let sentinel = &mut cluster.sentinels[SWAPPED];
    assert_eq!(sentinel.end_by("TERM").code(), Some(0));
    let next = sentinel.daemon().other();
    sentinel.restart_as(next);
    let after = knowledge(sentinel).expect("it answers");
    assert_eq!(after, before, "after the swap to {next:?}");
    cluster.wait_discovered(LONG);
    assert_eq!(
        met(cluster),
        met_before,
        "a sentinel was taken for a new one"
    );
    let file = fs::read_to_string(cluster.sentinels[SWAPPED].file()).expect("the file is there");
    assert!(
        file.contains("# The master we watch\n"),
        "the operator's comment is gone:\n{file}"
    );
}

fn fail_over(cluster: &mut Cluster) -> u16 {
    let old = cluster.sentinels[SWAPPED]
        .master_port()
        .expect("it answers");
    let index = cluster
        .servers
        .iter()
        .position(|server| server.port() == old)
        .expect("a server of ours");
    cluster.servers[index].process().kill();
    let new = cluster.wait_new_master(old, LONG);
    cluster.servers[index].restart();
    cluster.wait_followers(new, &cluster.ports_without(&[new]), LONG);
    cluster.wait_discovered(LONG);
    new
}

fn swap_there_and_back(first: Daemon) {
    let mut cluster = Cluster::start(&Plan::of(&[first, first, first.other()]).led_by(SWAPPED));
    swap(&mut cluster);
    fail_over(&mut cluster);
    assert_eq!(cluster.leaders(), [SWAPPED]);
    swap(&mut cluster);
    let master = fail_over(&mut cluster);
    assert_eq!(cluster.leaders(), [SWAPPED; 2]);
    cluster.until("all agree after both swaps", SHORT, || {
        cluster.sentinels.iter().all(|sentinel| {
            sentinel.master_port() == Some(master)
                && sentinel.number("config-epoch")
                    == cluster.sentinels[SWAPPED].number("config-epoch")
        })
    });
}

#[test]
fn one_of_ours_gives_its_file_to_the_reference_and_takes_it_back() {
    swap_there_and_back(Daemon::Rsentinel);
}

#[test]
fn the_reference_gives_its_file_to_one_of_ours_and_takes_it_back() {
    swap_there_and_back(Daemon::Reference);
}
