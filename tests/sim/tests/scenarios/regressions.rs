//! Every fault that the simulator has found in the core, reduced.

use rsentinel::core::event::{FailoverHow, Instruction};
use rsentinel::core::notice::EventName;
use rsentinel::types::MasterName;
use sim::plan::{Act, Setting, set};
use sim::server::Restart;
use sim::shape::Shape;
use sim::world::World;
use sim::world::effect::Effect;

use super::cluster::Cluster;

fn failover() -> Instruction {
    Instruction::Failover {
        name: MasterName::new("m0"),
        how: FailoverHow::Forced,
    }
}

/// Slow disks: a hello can carry a config epoch that its sender's current epoch is still behind.
/// The receiver took only the config epoch over, and could have taken the same epoch once more for
/// a failover of its own (S15, S6).
#[test]
fn a_config_epoch_heard_of_is_never_taken_again_by_an_own_failover() {
    let mut shape = Shape::plain(5, 1);
    shape.write = (20_000, 400_000);
    let faults = [
        (EventName::ElectedLeader, Act::OtherFailover),
        (EventName::StateWaitPromotion, Act::CutFromPeers(40_000)),
    ];
    let mut cluster = Cluster::armed(shape, &faults);
    cluster.act(Effect::PowerOff(0));
    cluster.run(4_000);
    cluster.act(Effect::StartServer(0, Restart::Same, 500));
    cluster.run(45_000);
    cluster.settles(120_000);
}

/// RESET at a leader whose promotion was already public went back to the old address, and
/// published it under the new epoch (S6, S10).
#[test]
fn a_reset_does_not_take_back_a_promotion_that_is_public() {
    let mut cluster = Cluster::armed(Shape::plain(3, 2), &[]);
    cluster.act(Effect::Instruct(0, failover()));
    cluster.until(3_000, "a promotion", |w| {
        w.tally.count(EventName::PromotedSlave) > 0
    });
    let pattern = "*".to_owned();
    cluster.act(Effect::Instruct(0, Instruction::Reset { pattern }));
    cluster.run(10_000);
    let named = cluster.world.agreed_master(0);
    assert!(named.is_some_and(|m| m != 0), "named: {named:?}");
    cluster.settles(60_000);
}

/// An attempt whose epoch never reached a failing disk left that epoch to be shared by the next
/// one, though another sentinel had meanwhile won and published it (S6, S7).
#[test]
fn an_epoch_that_another_has_published_is_not_shared_by_a_later_attempt() {
    let mut cluster = Cluster::armed(Shape::plain(3, 2), &[]);
    cluster.act(Effect::DiskFails(2, true));
    cluster.act(Effect::Instruct(2, failover()));
    cluster.act(Effect::Instruct(0, failover()));
    cluster.run(12_000);
    cluster.act(Effect::DiskFails(2, false));
    cluster.act(Effect::Instruct(2, failover()));
    cluster.run(10_000);
    cluster.settles(90_000);
}

/// When all servers follow each other, every replication outage grows without end, and the limit
/// of ten times down-after forbade the only way out (L6).
#[test]
fn a_circle_of_replicas_with_a_short_down_after_is_broken_up() {
    let mut shape = Shape::plain(3, 1);
    shape.down_after = 1_000;
    let mut cluster = Cluster::settled(shape);
    cluster.act(Effect::Slaveof(0, Some(1)));
    cluster.settles(90_000);
    let master = cluster.world.agreed_master(0);
    assert!(master.is_some_and(|m| cluster.world.servers[m].is_master()));
}

/// A leader that crashed with a promotion on its disk that nobody had heard of came back to a
/// cluster that had demoted the promoted server. It neither published its greater epoch nor
/// adopted the smaller one of the others: they disagreed for ever (L1).
#[test]
fn an_unpublished_configuration_whose_master_was_demoted_does_not_split_the_cluster() {
    let mut cluster = Cluster::armed(Shape::plain(3, 2), &[]);
    let config_epoch = |w: &World, node: usize| w.nodes[node].disk.durable.masters[0].config_epoch;
    let crash = Instruction::SimulateFailure {
        crash_after_election: false,
        crash_after_promotion: true,
    };
    cluster.act(Effect::Instruct(0, crash));
    cluster.act(Effect::Instruct(0, failover()));
    cluster.until(3_000, "the crash", |w| w.nodes[0].brain.is_none());
    let promoted = cluster.world.servers.iter().rposition(|s| s.is_master());
    assert!(promoted.is_some_and(|s| s != 0), "promoted: {promoted:?}");
    let (own, others) = (
        config_epoch(&cluster.world, 0),
        config_epoch(&cluster.world, 1),
    );
    assert!(own > others, "on disk: {own}, at the others: {others}");
    cluster.run(40_000);
    assert_eq!(cluster.world.agreed_master(0), Some(0), "nobody was told");
    assert!(!cluster.world.servers[promoted.unwrap_or(0)].is_master());
    cluster.act(Effect::Start(0));
    cluster.settles(120_000);
}

/// A leader that was stopped while its SLAVEOF NO ONE was refused chose and instructed the next
/// replica at once when it continued, in TILT (S11).
#[test]
fn a_refusal_heard_in_tilt_instructs_nobody_before_tilt_is_over() {
    let faults = [(EventName::ElectedLeader, Act::Pause(4_000))];
    let mut cluster = Cluster::armed(Shape::plain(3, 3), &faults);
    for server in 1..4 {
        cluster.act(Effect::RefuseSlaveof(server, true));
    }
    cluster.act(Effect::KillServer(0));
    cluster.run(20_000);
    for server in 1..4 {
        cluster.act(Effect::RefuseSlaveof(server, false));
    }
    cluster.act(Effect::StartServer(0, Restart::Same, 0));
    cluster.settles(120_000);
}

/// A peer's hello that arrived while a MONITOR was still being written made the peer known, but it
/// was never connected to (L5).
#[test]
fn a_peer_heard_of_while_monitor_is_being_written_is_connected_to() {
    let mut cluster = Cluster::armed(Shape::plain(3, 1), &[]);
    cluster.act(Effect::DiskSpeed(2, 5_000_000, 5_000_000));
    let name = MasterName::new("m0");
    cluster.act(Effect::Instruct(2, Instruction::Remove { name }));
    cluster.run(12_000);
    cluster.act(Effect::MonitorAgain(2, 0));
    cluster.run(4_900);
    cluster.act(Effect::DiskSpeed(2, 1_000, 4_000));
    cluster.settles(30_000);
}

/// A sentinel that stood still counted a report that had expired meanwhile together with a down
/// that came due meanwhile (ODOWN).
#[test]
fn a_report_that_expired_while_a_sentinel_stood_still_is_not_counted() {
    let mut shape = Shape::plain(3, 0);
    shape.down_after = 1_000;
    let mut cluster = Cluster::armed(shape, &[]);
    cluster.act(Effect::Hang(0, true));
    cluster.until(3_000, "an agreed down", |w| {
        w.tally.count(EventName::Odown) == 3
    });
    // Nobody says anything newer to the first sentinel.
    let first = cluster.world.shape.servers();
    for peer in [first + 1, first + 2] {
        cluster.act(Effect::Block(peer, first, true));
        cluster.act(Effect::Block(first, peer, true));
    }
    cluster.act(Effect::Hang(0, false));
    cluster.run(3_300);
    let before = cluster.count(EventName::Sdown);
    cluster.act(Effect::Hang(0, true));
    cluster.run(900);
    cluster.act(Effect::Pause(0, true));
    cluster.run(1_500);
    cluster.act(Effect::Pause(0, false));
    cluster.run(100);
    // All three see it down; the other two agree with each other.
    assert_eq!(cluster.count(EventName::Sdown), before + 3);
    assert_eq!(cluster.count(EventName::Odown), 3 + 2);
}

/// A leader that came out of TILT chose a replica before it had looked at another one that had come
/// back meanwhile and was to be preferred (S14).
#[test]
fn after_tilt_a_leader_looks_at_every_replica_before_it_chooses() {
    let faults = [(EventName::StateSelectSlave, Act::Pause(3_000))];
    let mut cluster = Cluster::armed(Shape::plain(3, 2), &faults);
    cluster.act(Effect::Priority(2, 10));
    cluster.run(12_000);
    cluster.act(Effect::KillServer(2));
    cluster.until(5_000, "a replica down everywhere", |w| {
        w.tally.count(EventName::Sdown) == 3
    });
    cluster.act(Effect::KillServer(0));
    // The other replica hangs before it can say how far it got, so the leader waits for it.
    cluster.run(1_700);
    cluster.act(Effect::Hang(1, true));
    cluster.until(5_000, "a leader that chooses", |w| {
        w.tally.count(EventName::StateSelectSlave) > 0
    });
    cluster.run(1_500);
    cluster.act(Effect::Hang(1, false));
    cluster.act(Effect::StartServer(2, Restart::Same, 0));
    cluster.act(Effect::StartServer(0, Restart::Same, 0));
    cluster.settles(120_000);
    assert_eq!(cluster.world.agreed_master(0), Some(2));
}

/// A master hands over as ordered, and the leader is cut off in the moment in which that is proved.
/// It waited twice `failover-timeout` for the followers of the server it had proved (L3).
#[test]
fn a_leader_cut_off_as_a_handover_is_proved_ends_within_failover_timeout() {
    let mut shape = Shape::plain(3, 3);
    shape.failover_timeout = 5_000;
    shape.down_after = 30_000;
    let faults = [(EventName::PromotedSlave, Act::Isolate(12_000))];
    let mut cluster = Cluster::armed(shape, &faults);
    for server in &mut cluster.world.servers {
        server.knows_failover = true;
    }
    cluster.run(15_000);
    let how = FailoverHow::Coordinated;
    let name = MasterName::new("m0");
    cluster.act(Effect::Instruct(0, Instruction::Failover { name, how }));
    cluster.until(5_000, "a proved handover", |w| {
        w.tally.count(EventName::PromotedSlave) > 0
    });
    let took = cluster.until(20_000, "the end of the failover", |w| {
        w.tally.count(EventName::SwitchMaster) > 0
    });
    assert!(took <= 5_100, "{took} ms");
    cluster.settles(120_000);
}

/// A sentinel that had been RESET and had met two of its four peers again held an election to be
/// void that a candidate had won with the votes of the other two (VOID).
#[test]
fn after_a_reset_no_election_is_void_that_unmet_voters_may_decide() {
    let mut shape = Shape::plain(5, 1);
    shape.quorum = 2;
    let mut cluster = Cluster::armed(shape, &[]);
    // They know each other for long.
    cluster.run(25_000);
    for node in [3, 4] {
        // They vote, late, and never stand; the one that is RESET does not hear of them again.
        let never = set(MasterName::new("m0"), &[Setting::Quorum(100)]);
        cluster.act(Effect::Instruct(node, never));
        cluster.run(100);
        cluster.act(Effect::DiskSpeed(node, 400_000, 500_000));
        let there = cluster.world.host_of_node(node);
        for here in [0, 1, cluster.world.host_of_node(0)] {
            cluster.act(Effect::Block(here, there, true));
            cluster.act(Effect::Block(there, here, true));
        }
    }
    let pattern = "*".to_owned();
    cluster.act(Effect::Instruct(0, Instruction::Reset { pattern }));
    cluster.run(4_000);
    cluster.world.network.late_votes = Some((200_000, 300_000));
    cluster.act(Effect::KillServer(0));
    cluster.new_master(0, 10_000);
    assert_eq!(cluster.count(EventName::ElectedLeader), 1);
    assert_eq!(cluster.count(EventName::AbortNotElected), 0);
    // The three candidates had voted for themselves, as the one that was RESET had heard.
    assert_eq!(cluster.count(EventName::TryFailover), 3);
}

/// A sentinel that knew nobody to promote, because it had been RESET when the master was dead, went
/// on to try first and to take the votes of those who knew a replica (L6, seeds 3200394, 3206897).
#[test]
fn who_has_led_in_vain_lets_others_try_first() {
    for begin in 0..6 {
        let mut shape = Shape::plain(3, 1);
        shape.failover_timeout = 3_000;
        let mut cluster = Cluster::armed(shape, &[]);
        cluster.run(1_000 + 137 * begin);
        let quorum = |quorum| set(MasterName::new("m0"), &[Setting::Quorum(quorum)]);
        for node in [1, 2] {
            cluster.act(Effect::Instruct(node, quorum(100)));
        }
        cluster.act(Effect::KillServer(0));
        let pattern = "*".to_owned();
        cluster.act(Effect::Instruct(0, Instruction::Reset { pattern }));
        cluster.until(20_000, "an attempt in vain", |w| {
            w.tally.count(EventName::AbortNoGoodSlave) == 1
        });
        for node in [1, 2] {
            cluster.act(Effect::Instruct(node, quorum(2)));
        }
        cluster.new_master(0, 9_000);
        assert_eq!(cluster.count(EventName::AbortNoGoodSlave), 1);
    }
}
