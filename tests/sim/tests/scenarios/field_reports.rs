//! What operators have reported, over the years, of clusters watched by sentinels.

use rsentinel::core::event::{FailoverHow, Instruction};
use rsentinel::core::notice::EventName;
use rsentinel::types::{Address, MasterName};
use sim::disk::Disk;
use sim::plan::Act;
use sim::server::Restart;
use sim::shape::{Shape, server_at};
use sim::world::What;
use sim::world::effect::Effect;
use sim::world::first_conf;

use super::cluster::Cluster;

fn m0() -> MasterName {
    MasterName::new("m0")
}

#[test]
fn slow_and_failing_name_look_ups_do_not_delay_a_failover() {
    let mut shape = Shape::plain(3, 2);
    shape.names = true;
    let down_after = shape.down_after;
    let mut cluster = Cluster::settled(shape);
    cluster.act(Effect::Resolver(5_000, 50));
    cluster.act(Effect::KillServer(0));
    let took = cluster.new_master(0, 10_000);
    assert!(took < down_after + 1_500, "took {took} ms");
    assert_eq!(cluster.count(EventName::Tilt), 0);
}

#[test]
fn a_black_holed_master_is_replaced_shortly_after_down_after() {
    let shape = Shape::plain(3, 2);
    let down_after = shape.down_after;
    let mut cluster = Cluster::settled(shape);
    cluster.act(Effect::PowerOff(0));
    let took = cluster.new_master(0, 10_000);
    assert!(
        took < down_after + down_after / 10 + 1_000,
        "took {took} ms"
    );
    cluster.act(Effect::StartServer(0, Restart::Stale, 0));
    cluster.settles(40_000);
}

#[test]
fn a_master_reborn_empty_within_down_after_is_not_failed_over() {
    let shape = Shape::plain(3, 2);
    let half = shape.down_after / 2;
    let mut cluster = Cluster::settled(shape);
    cluster.act(Effect::KillServer(0));
    cluster.run(half);
    cluster.act(Effect::StartServer(0, Restart::EmptyMaster, 0));
    cluster.run(30_000);
    assert_eq!(cluster.count(EventName::Odown), 0);
    cluster.settles(15_000);
    assert_eq!(cluster.world.agreed_master(0), Some(0));
}

#[test]
fn a_group_in_which_every_server_follows_another_gets_a_master_again() {
    for down_after in [1_000, 5_000] {
        let mut shape = Shape::plain(3, 2);
        shape.down_after = down_after;
        let mut cluster = Cluster::settled(shape);
        cluster.act(Effect::Slaveof(0, Some(1)));
        cluster.settles(90_000);
    }
}

#[test]
fn a_master_whose_address_was_given_to_a_replica_of_another_group_is_replaced_from_its_own_group() {
    let mut shape = Shape::plain(3, 2);
    shape.masters = 2;
    let mut cluster = Cluster::settled(shape);
    // Server 0 now is a replica in the second group, whose master is server 3.
    cluster.act(Effect::Slaveof(0, Some(3)));
    cluster.until(60_000, "a new master of the first group", |w| {
        w.agreed_master(0)
            .is_some_and(|m| (1..3).contains(&m) && w.servers[m].is_master())
    });
    assert_eq!(cluster.world.agreed_master(1), Some(3));
}

#[test]
fn sentinels_configured_with_different_masters_agree_after_a_forced_failover() {
    let shape = Shape::plain(3, 2);
    let mut cluster = Cluster::unsettled(shape.clone());
    for node in 1..3 {
        let mut conf = first_conf(&shape, node, 0);
        conf.masters[0].address = Address::new(&server_at(1).ip().to_string(), 6379);
        cluster.world.nodes[node].disk = Disk::new(conf, shape.write);
    }
    cluster.run(20_000);
    assert_eq!(cluster.world.agreed_master(0), None);
    cluster.act(Effect::Instruct(
        0,
        Instruction::Failover {
            name: m0(),
            how: FailoverHow::Forced,
        },
    ));
    cluster.settles(60_000);
}

#[test]
fn a_sentinel_restarted_with_an_old_file_learns_the_present_master() {
    let shape = Shape::plain(3, 2);
    let mut cluster = Cluster::settled(shape.clone());
    let old = cluster.world.nodes[2].disk.durable.clone();
    cluster.act(Effect::Crash(2));
    cluster.act(Effect::KillServer(0));
    cluster.run(6_000);
    // It had not voted: nothing it promised is forgotten.
    cluster.world.nodes[2].disk = Disk::new((*old).clone(), shape.write);
    cluster.act(Effect::Start(2));
    let took = cluster.new_master(0, 10_000);
    assert!(took < 3_000, "took {took} ms");
}

#[test]
fn two_sentinels_that_see_different_servers_do_not_fail_over_faster_than_down_after() {
    let mut shape = Shape::plain(2, 1);
    shape.quorum = 1;
    let down_after = shape.down_after * 1_000;
    let mut cluster = Cluster::settled(shape);
    cluster.world.said = Some(Vec::new());
    let (first, second) = (cluster.world.host_of_node(0), cluster.world.host_of_node(1));
    for (a, b) in [(first, 0), (0, first), (second, 1), (1, second)] {
        cluster.act(Effect::Block(a, b, true));
    }
    cluster.run(60_000);
    // Each new master is given the whole of down-after by a sentinel that has never reached it.
    let (mut switched, mut waits) = ([None; 2], Vec::new());
    for said in cluster.world.said.take().unwrap_or_default() {
        match said.what {
            What::Notice(EventName::SwitchMaster, _) => switched[said.node] = Some(said.at),
            What::Notice(EventName::TryFailover, _) => {
                waits.extend(switched[said.node].map(|at| said.at - at));
            }
            _ => {}
        }
    }
    assert!(waits.len() > 5, "they do not take turns: {waits:?}");
    let hasty: Vec<_> = waits.iter().filter(|wait| **wait < down_after).collect();
    assert!(
        hasty.is_empty(),
        "µs from a switch to the next attempt: {waits:?}"
    );
    for (a, b) in [(first, 0), (0, first), (second, 1), (1, second)] {
        cluster.act(Effect::Block(a, b, false));
    }
    cluster.settles(60_000);
}

#[test]
fn a_sentinel_stopped_for_forty_seconds_judges_nobody_when_it_continues() {
    let mut cluster = Cluster::settled(Shape::plain(3, 2));
    cluster.act(Effect::Pause(0, true));
    cluster.run(40_000);
    cluster.act(Effect::Pause(0, false));
    cluster.run(20_000);
    assert_eq!(cluster.count(EventName::Tilt), 1);
    assert_eq!(cluster.count(EventName::TryFailover), 0);
    cluster.settles(30_000);
}

#[test]
fn a_leader_stopped_for_forty_seconds_in_mid_failover_does_not_undo_what_others_did() {
    let faults = [(EventName::StateWaitPromotion, Act::Pause(40_000))];
    let mut cluster = Cluster::armed(Shape::plain(3, 2), &faults);
    cluster.act(Effect::KillServer(0));
    cluster.run(60_000);
    cluster.act(Effect::StartServer(0, Restart::Same, 0));
    cluster.settles(90_000);
}

#[test]
fn a_forced_failover_whose_connections_are_lost_ends_within_failover_timeout() {
    let faults = [(EventName::StateWaitPromotion, Act::ResetServer)];
    let mut cluster = Cluster::armed(Shape::plain(3, 2), &faults);
    cluster.act(Effect::Instruct(
        0,
        Instruction::Failover {
            name: m0(),
            how: FailoverHow::Forced,
        },
    ));
    // Whether SLAVEOF NO ONE arrived is unknown: no other replica may be tried meanwhile.
    cluster.run(11_000);
    cluster.settles(1_000);
}

#[test]
fn sentinels_replaced_one_by_one_and_then_reset_still_fail_over() {
    let mut cluster = Cluster::settled(Shape::plain(3, 2));
    for node in 0..3 {
        cluster.act(Effect::Replace(node));
        cluster.run(5_000);
    }
    for node in 0..3 {
        let pattern = "*".to_owned();
        cluster.act(Effect::Instruct(node, Instruction::Reset { pattern }));
        cluster.run(15_000);
    }
    cluster.settles(15_000);
    cluster.act(Effect::KillServer(0));
    cluster.new_master(0, 6_000);
}

#[test]
fn all_processes_restarted_at_once_come_back_to_the_same_master() {
    let mut cluster = Cluster::settled(Shape::plain(5, 2));
    for server in 0..3 {
        cluster.act(Effect::KillServer(server));
    }
    for node in 0..5 {
        cluster.act(Effect::Crash(node));
    }
    cluster.run(1_000);
    for server in 0..3 {
        cluster.act(Effect::StartServer(server, Restart::Same, 300));
    }
    for node in 0..5 {
        cluster.act(Effect::Start(node));
        cluster.run(200);
    }
    cluster.settles(30_000);
    assert_eq!(cluster.world.agreed_master(0), Some(0));
    assert_eq!(cluster.count(EventName::PromotedSlave), 0);
}

#[test]
fn a_replica_that_returns_under_its_name_with_another_address_is_followed() {
    let mut shape = Shape::plain(3, 2);
    shape.names = true;
    let mut cluster = Cluster::settled(shape);
    // Young links are not given up for being silent.
    cluster.run(16_000);
    cluster.act(Effect::Move(1, 500));
    cluster.run(10_000);
    cluster.settles(20_000);
    // It is watched at its new address: when the master dies, it can take over.
    cluster.act(Effect::KillServer(2));
    cluster.act(Effect::KillServer(0));
    cluster.new_master(0, 10_000);
    assert_eq!(cluster.world.agreed_master(0), Some(1));
}

#[test]
fn a_master_that_returns_within_down_after_with_another_address_is_not_failed_over() {
    let mut shape = Shape::plain(3, 2);
    shape.names = true;
    shape.down_after = 5_000;
    let mut cluster = Cluster::settled(shape);
    cluster.run(16_000);
    cluster.act(Effect::Move(0, 500));
    cluster.run(20_000);
    assert_eq!(cluster.count(EventName::TryFailover), 0);
    cluster.settles(15_000);
    assert_eq!(cluster.world.agreed_master(0), Some(0));
}
