//! A sentinel dies at a chosen point of a failover and starts again from the file it wrote: it
//! is the same sentinel, keeps its vote, and ends with the same view as the others.

use crate::harness::{Cluster, Daemon, LONG, Plan, SHORT, Sentinel, Voice};

const OURS: Daemon = Daemon::Rsentinel;
/// An identity no sentinel has.
const STRANGER: &str = "feedfacefeedfacefeedfacefeedfacefeedface";
/// Another one.
const OTHER_STRANGER: &str = "0123456789012345678901234567890123456789";

/// What a sentinel knows of its master group.
#[derive(Debug, PartialEq, Eq)]
pub struct Knowledge {
    pub id: String,
    pub master: u16,
    pub config_epoch: u64,
    pub replicas: Vec<String>,
    pub peers: Vec<String>,
}

/// Asks a sentinel for all it knows.
pub fn knowledge(sentinel: &Sentinel) -> Option<Knowledge> {
    Some(Knowledge {
        id: sentinel.id()?,
        master: sentinel.master_port()?,
        config_epoch: sentinel.number("config-epoch")?,
        replicas: sentinel.fields_of("REPLICAS", "port"),
        peers: sentinel.fields_of("SENTINELS", "runid"),
    })
}

/// The second number of the last `+vote-for-leader <id> <epoch>`.
fn last_vote_epoch(sentinel: &Sentinel) -> u64 {
    let votes = sentinel.log().events("+vote-for-leader");
    let epoch = votes
        .last()
        .and_then(|line| line.rest.split(' ').nth(1)?.parse().ok());
    epoch.expect("the sentinel has voted")
}

/// Nobody else gets a vote in an epoch in which this sentinel has voted.
fn assert_vote_is_kept(sentinel: &Sentinel, epoch: u64, masters: &[u16]) {
    for master in masters {
        let (leader, _) = sentinel
            .vote(*master, epoch, STRANGER)
            .expect("the sentinel answers peers");
        assert_ne!(leader, STRANGER, "a second vote in epoch {epoch}");
    }
}

fn assert_same_view(cluster: &Cluster, master: u16) {
    cluster.until("all sentinels have the same view", LONG, || {
        let views: Vec<_> = cluster.sentinels.iter().filter_map(knowledge).collect();
        views.len() == cluster.sentinels.len()
            && views.iter().all(|view| {
                view.master == master
                    && view.config_epoch == views[0].config_epoch
                    && view.replicas == views[0].replicas
                    && view.peers.len() + 1 == views.len()
            })
    });
}

#[test]
fn a_vote_outlives_a_kill_and_is_not_given_again() {
    let mut plan = Plan::of(&[OURS]);
    plan.sentinels = vec![(OURS, Voice::OnlyVotes)];
    plan.replicas.clear();
    let mut cluster = Cluster::start(&plan);
    let master = cluster.servers[0].port();
    let sentinel = &mut cluster.sentinels[0];
    let id = sentinel.id();
    assert_eq!(
        sentinel.vote(master, 7, OTHER_STRANGER),
        Some((OTHER_STRANGER.to_owned(), 7))
    );
    sentinel.restart();
    assert_eq!(sentinel.id(), id);
    let (leader, epoch) = sentinel
        .vote(master, 7, STRANGER)
        .expect("the sentinel answers peers");
    assert_ne!(leader, STRANGER);
    assert_eq!(epoch, 7);
    assert_eq!(
        sentinel.vote(master, 8, STRANGER),
        Some((STRANGER.to_owned(), 8))
    );
}

#[test]
fn a_leader_that_dies_elected_comes_back_as_itself_and_finishes_the_work() {
    let mut plan = Plan::of(&[OURS; 3]).led_by(0);
    plan.failover_timeout = 4000;
    let mut cluster = Cluster::start(&plan);
    let old = cluster.servers[0].port();
    let before = knowledge(&cluster.sentinels[0]).expect("the leader answers");
    let armed = cluster.sentinels[0].ask(&["SENTINEL", "SIMULATE-FAILURE", "CRASH-AFTER-ELECTION"]);
    assert_eq!(armed.map(|reply| reply.text()).as_deref(), Some("OK"));
    cluster.servers[0].process().kill();
    assert_eq!(cluster.sentinels[0].wait_end().code(), Some(99));
    let epoch = last_vote_epoch(&cluster.sentinels[0]);

    cluster.sentinels[0].restart();
    assert_vote_is_kept(&cluster.sentinels[0], epoch, &[old]);
    assert_eq!(cluster.sentinels[0].id(), Some(before.id));
    let new = cluster.wait_new_master(old, LONG);
    cluster.wait_followers(new, &cluster.ports_without(&[old, new]), LONG);
    assert_same_view(&cluster, new);
}

#[test]
fn a_leader_that_dies_after_the_promotion_comes_back_and_publishes_it() {
    let mut cluster = Cluster::start(&Plan::of(&[OURS; 3]).led_by(0));
    let old = cluster.servers[0].port();
    let id = cluster.sentinels[0].id();
    cluster.sentinels[0].ask(&["SENTINEL", "SIMULATE-FAILURE", "CRASH-AFTER-PROMOTION"]);
    cluster.servers[0].process().kill();
    assert_eq!(cluster.sentinels[0].wait_end().code(), Some(99));
    let promoted = cluster.sentinels[0].log().events("+promoted-slave");
    assert_eq!(promoted.len(), 1);

    cluster.sentinels[0].restart();
    assert_eq!(cluster.sentinels[0].id(), id);
    let new = cluster.wait_new_master(old, LONG);
    assert!(
        promoted[0].rest.contains(&format!(":{new} ")),
        "{promoted:?}"
    );
    assert_same_view(&cluster, new);
    assert_eq!(cluster.leaders().len(), 1);
}

#[test]
fn an_observer_killed_as_it_votes_comes_back_with_its_vote_and_follows() {
    let mut cluster = Cluster::start(&Plan::of(&[OURS; 3]).led_by(0));
    let old = cluster.servers[0].port();
    let id = cluster.sentinels[1].id();
    cluster.servers[0].process().kill();
    cluster.until("the observer votes", SHORT, || {
        cluster.sentinels[1].log().count("+vote-for-leader") > 0
    });
    cluster.sentinels[1].process().kill();
    let epoch = last_vote_epoch(&cluster.sentinels[1]);

    cluster.sentinels[1].restart();
    let replicas = cluster.ports_without(&[]);
    assert_vote_is_kept(&cluster.sentinels[1], epoch, &replicas);
    assert_eq!(cluster.sentinels[1].id(), id);
    let new = cluster.wait_new_master(old, LONG);
    assert_vote_is_kept(&cluster.sentinels[1], epoch, &replicas);
    assert_same_view(&cluster, new);
    assert_eq!(cluster.leaders(), [0]);
}
