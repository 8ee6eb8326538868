//! One config epoch with two addresses, or a configuration that stayed alone: what re-assertion
//! elections heal, and what becomes of it without them.

use rsentinel::core::event::{FailoverHow, Instruction};
use rsentinel::core::notice::EventName;
use rsentinel::types::MasterName;
use sim::plan::Act;
use sim::shape::Shape;
use sim::world::effect::Effect;
use sim::world::{Unsettled, World};

use super::cluster::Cluster;

fn failover() -> Instruction {
    Instruction::Failover {
        name: MasterName::new("m0"),
        how: FailoverHow::Forced,
    }
}

fn shape(reassert: bool) -> Shape {
    let mut shape = Shape::plain(3, 2);
    shape.features.reassert = reassert;
    shape
}

/// A partition, on each side of which an operator orders a failover: one epoch, two addresses.
fn two_addresses(shape: Shape) -> Cluster {
    let mut cluster = Cluster::armed(shape, &[]);
    let host = |node: usize| cluster.world.host_of_node(node);
    let (here, there) = ([0, 1, host(0), host(1)], [2, host(2)]);
    let cut = |cluster: &mut Cluster, there: &[usize], blocked: bool| {
        for (a, b) in here
            .iter()
            .flat_map(|a| there.iter().map(move |b| (*a, *b)))
        {
            cluster.act(Effect::Block(a, b, blocked));
            cluster.act(Effect::Block(b, a, blocked));
        }
    };
    // First the server, so that it is not chosen here; the sentinel must still know its master.
    cut(&mut cluster, &there[..1], true);
    cluster.run(4_000);
    cut(&mut cluster, &there[1..], true);
    cluster.run(100);
    cluster.act(Effect::Instruct(0, failover()));
    cluster.act(Effect::Instruct(2, failover()));
    cluster.run(3_000);
    cut(&mut cluster, &there, false);
    for (node, master) in [(0, "10.0.0.2"), (2, "10.0.0.3")] {
        let named = cluster.world.published(node, 0);
        assert_eq!(named.map(|(host, _)| host.as_str()), Some(master));
    }
    cluster
}

/// A leader that nobody hears promotes a replica, dies, and is started again when the others have
/// demoted that replica.
fn alone_with_its_promotion(shape: Shape) -> Cluster {
    let faults = [(EventName::StateReconfSlaves, Act::Mute(2_500))];
    let mut cluster = Cluster::armed(shape, &faults);
    cluster.act(Effect::Instruct(0, failover()));
    cluster.run(2_000);
    cluster.act(Effect::Crash(0));
    cluster.run(30_000);
    cluster.act(Effect::Start(0));
    cluster
}

/// The sentinels still disagree after so many ms: what is then still to be expected of them.
fn stays_split(mut cluster: Cluster, ms: u64) -> Option<Unsettled> {
    cluster.run(ms);
    assert_eq!(cluster.world.agreed_master(0), None);
    cluster.world.unsettled()
}

/// Before anybody demotes the server on which they agree.
#[test]
fn two_addresses_under_one_epoch_are_healed_within_seconds() {
    let mut cluster = two_addresses(shape(true));
    cluster.until(5_000, "one address", |w| w.agreed_master(0).is_some());
    let master = cluster.world.agreed_master(0);
    cluster.settles(30_000);
    assert_eq!(cluster.world.agreed_master(0), master);
}

/// Each side demotes the other's master; that both are replicas ends it at last.
#[test]
fn two_addresses_under_one_epoch_stay_without_it_until_all_servers_are_replicas() {
    let expected = stays_split(two_addresses(shape(false)), 38_000);
    assert_eq!(expected, Some(Unsettled::Disagreement(0)));
}

/// The votes arrive while the sentinel that asked for them stands still: it is in TILT when it
/// counts them.
#[test]
fn a_sentinel_in_tilt_re_asserts_nothing() {
    let mut cluster = two_addresses(shape(true));
    for node in 0..3 {
        cluster.act(Effect::DiskSpeed(node, 300_000, 400_000));
    }
    let judged = |w: &World, part: &str| {
        let all = w.oracles.exercised();
        all.iter().find(|(name, _)| *name == part).map(|(_, n)| *n)
    };
    let begun = |w: &World| judged(w, "TARGET").is_some_and(|n| n > 0);
    cluster.until(5_000, "a re-assertion", begun);
    let trace = cluster.world.trace.as_deref().unwrap_or_default();
    let asks = |n: &usize| {
        let line = format!("sentinel {n}: log: Asking for epoch");
        trace.iter().any(|l| l.contains(&line))
    };
    let asker = (0..3).find(asks).expect("a sentinel that asks");
    cluster.act(Effect::Pause(asker, true));
    cluster.run(4_000);
    cluster.act(Effect::Pause(asker, false));
    cluster.run(1_000);
    assert_eq!(judged(&cluster.world, "S11 of re-assertions"), Some(1));
    cluster.settles(120_000);
}

#[test]
fn two_addresses_of_which_a_reference_holds_one_are_healed_within_seconds() {
    let mut shape = shape(true);
    shape.references = 1;
    let mut cluster = two_addresses(shape);
    cluster.until(5_000, "one address", |w| w.split_off_references() == 0);
    cluster.settles(30_000);
}

#[test]
fn two_addresses_of_which_a_reference_holds_one_stay_without_it() {
    let mut shape = shape(false);
    shape.references = 1;
    let mut cluster = two_addresses(shape);
    cluster.run(30_000);
    assert!(cluster.world.split_off_references() > 0);
}

#[test]
fn a_promotion_that_stayed_alone_is_given_up() {
    alone_with_its_promotion(shape(true)).settles(60_000);
}

/// Nobody else sees a master that is down, so there are no elections (L6, seed 829).
#[test]
fn a_promotion_that_stayed_alone_stays_so_without_it() {
    let expected = stays_split(alone_with_its_promotion(shape(false)), 120_000);
    assert_eq!(expected, None);
}
