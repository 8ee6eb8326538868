//! Links: sockets, reconnects, PING cadence, half-open detection, credentials, sharing.

use rsentinel::config::MasterConf;
use rsentinel::core::action::{Action, Socket};
use rsentinel::core::event::{ConfigChange, Instruction, SetChange, SetOption};
use rsentinel::core::{Ask, Event};
use rsentinel::types::{MasterName, Secret};
use rsentinel::wire::PingVerdict;

use super::cluster::*;
use super::hosts::{HelloReply, InfoReply, Reach};
use super::world::World;

pub fn is_ping(ask: &Ask) -> bool {
    *ask == Ask::Ping
}

fn first_asks(w: &World, to: &str, socket: Socket) -> Vec<Ask> {
    let conn = w
        .done
        .iter()
        .find_map(|d| match &d.action {
            Action::Connect {
                conn,
                to: at,
                socket: s,
                ..
            } if at.to_string() == to && *s == socket => Some(*conn),
            _ => None,
        })
        .expect("a connect");
    let asks = w.done.iter().filter_map(|d| match &d.action {
        Action::Send { conn: c, ask, .. } if *c == conn => Some(ask.clone()),
        _ => None,
    });
    asks.take(4).collect()
}

pub fn gaps(times: &[u64]) -> Vec<u64> {
    times.windows(2).map(|w| w[1] - w[0]).collect()
}

#[test]
fn a_fresh_command_socket_says_its_name_pings_and_asks_info() {
    let w = plan(1, 0, 2).settled();
    for server in [M, R[0]] {
        let asks = first_asks(&w, server, Socket::Command);
        assert_eq!(
            asks[..3],
            [
                Ask::SetName("sentinel-aaaaaaaa-cmd".into()),
                Ask::Ping,
                Ask::Info
            ]
        );
        let asks = first_asks(&w, server, Socket::Pubsub);
        assert_eq!(
            asks[..],
            [
                Ask::SetName("sentinel-aaaaaaaa-pubsub".into()),
                Ask::Subscribe
            ]
        );
    }
}

#[test]
fn a_peer_has_only_a_command_socket_and_is_never_asked_info() {
    let w = plan(0, 1, 2).settled();
    assert!(w.connects_to(P[0], Socket::Pubsub).is_empty());
    assert!(w.times_of(P[0], |a| *a == Ask::Info).is_empty());
    let asks = first_asks(&w, P[0], Socket::Command);
    assert_eq!(
        asks[..2],
        [Ask::SetName("sentinel-aaaaaaaa-cmd".into()), Ask::Ping]
    );
}

fn auth(user: Option<&str>, pass: &str) -> Ask {
    Ask::Auth {
        user: user.map(str::to_owned),
        pass: Secret::new(pass.as_bytes()),
    }
}

#[test]
fn auth_comes_first_on_both_sockets_of_servers_with_a_password() {
    let w = plan(1, 1, 2)
        .with(|m| {
            m.auth_pass = Some(Secret::new(b"pw"));
            m.auth_user = Some("watcher".into());
        })
        .settled();
    for socket in [Socket::Command, Socket::Pubsub] {
        assert_eq!(first_asks(&w, R[0], socket)[0], auth(Some("watcher"), "pw"));
    }
    assert_ne!(
        first_asks(&w, P[0], Socket::Command)[0],
        auth(Some("watcher"), "pw")
    );
}

#[test]
fn an_auth_user_without_a_password_sends_no_auth() {
    let w = plan(0, 0, 2)
        .with(|m| m.auth_user = Some("watcher".into()))
        .settled();
    assert!(w.times_of(M, |a| matches!(a, Ask::Auth { .. })).is_empty());
}

#[test]
fn peers_get_sentinel_pass_and_without_it_the_own_requirepass_without_a_user() {
    let with_pass = plan(0, 1, 2).process(|c| {
        c.sentinel_pass = Some(Secret::new(b"sp"));
        c.sentinel_user = Some("su".into());
    });
    let w = with_pass.settled();
    assert_eq!(
        first_asks(&w, P[0], Socket::Command)[0],
        auth(Some("su"), "sp")
    );
    let mut plan = plan(0, 1, 2).process(|c| c.sentinel_user = Some("su".into()));
    plan.requirepass = Some(Secret::new(b"rp"));
    let w = plan.settled();
    assert_eq!(first_asks(&w, P[0], Socket::Command)[0], auth(None, "rp"));
}

#[test]
fn a_lost_working_socket_is_reopened_in_the_same_turn() {
    let mut w = plan(0, 0, 2).settled();
    let before = w.connects_to(M, Socket::Command).len();
    w.reset_sockets(M, Some(Socket::Command));
    let connects = w.connects_to(M, Socket::Command);
    assert_eq!(connects[before..], [w.now]);
}

#[test]
fn refused_connects_back_off_50_100_200_400_800_and_then_1000() {
    let mut w = plan(0, 0, 2).settled();
    let before = w.connects_to(M, Socket::Command).len();
    w.kill(M);
    w.run(6_000);
    let connects = w.connects_to(M, Socket::Command);
    // The refusal itself takes a millisecond.
    assert_eq!(
        gaps(&connects[before..])[..7],
        [51, 101, 201, 401, 801, 1_001, 1_001]
    );
}

#[test]
fn a_working_connection_resets_the_back_off() {
    let mut w = plan(0, 0, 2).settled();
    w.kill(M);
    w.run(6_000);
    w.revive(M);
    w.run(3_000);
    w.kill(M);
    let again = w.now;
    w.run(100);
    let connects = w.connects_to(M, Socket::Command);
    let fresh: Vec<u64> = connects.into_iter().filter(|t| *t >= again).collect();
    assert_eq!(fresh, [again, again + 51]);
}

#[test]
fn a_server_that_accepts_and_hangs_up_is_not_hammered() {
    let mut w = plan(0, 0, 2).settled();
    w.host(M).ping = None;
    let start = w.now;
    for _ in 0..10_000 {
        if w.now > start + 10_000 {
            break;
        }
        w.run(2);
        w.reset_sockets(M, None);
    }
    let connects = w.connects_to(M, Socket::Command);
    let tried = connects.iter().filter(|t| **t > start).count();
    assert!(tried < 25, "{tried} attempts in ten seconds");
}

#[test]
fn a_connect_that_nothing_answers_is_given_up_after_three_seconds_and_begun_anew() {
    let mut w = plan(0, 0, 2).start();
    w.black_hole(M);
    w.run(20_000);
    let connects = w.connects_to(M, Socket::Command);
    assert!(connects.len() >= 5, "{connects:?}");
    assert!(gaps(&connects).iter().all(|g| *g >= 3_001));
}

#[test]
fn a_connect_that_nothing_answers_looks_connected() {
    let mut w = plan(0, 0, 2).start();
    w.black_hole(M);
    w.run(2_500);
    assert!(!w.view().masters[0].instance.flags.contains("disconnected"));
}

#[test]
fn an_answering_server_is_pinged_every_tenth_of_down_after_within_50_and_1000() {
    for (down_after, interval) in [(400, 50), (1_000, 100), (5_000, 500), (30_000, 1_000)] {
        let mut w = plan(0, 0, 2).with(|m| m.down_after = down_after).start();
        w.run(10_000);
        for gap in gaps(&w.times_of(M, is_ping)) {
            // Sent one millisecond after the interval since the reply, two after the PING.
            assert_eq!(gap, interval + 3, "down-after {down_after}");
        }
    }
}

#[test]
fn a_silent_server_has_one_ping_per_ping_period_outstanding_and_no_flood() {
    let mut w = plan(1, 1, 2).with(|m| m.down_after = 10_000).settled();
    for at in [M, R[0], P[0]] {
        w.freeze(at);
    }
    let frozen = w.now;
    w.run(9_000);
    for at in [M, R[0], P[0]] {
        let pings = w.times_of(at, is_ping);
        let unanswered = pings.iter().filter(|t| **t > frozen).count();
        assert!((8..=11).contains(&unanswered), "{unanswered} to {at}");
    }
}

#[test]
fn a_server_that_answers_pings_with_errors_is_pinged_at_the_normal_interval() {
    let mut w = plan(0, 0, 2).with(|m| m.down_after = 5_000).settled();
    w.host(M).ping = Some(PingVerdict::Other("NOAUTH".into()));
    let start = w.now;
    w.run(5_000);
    let pings = w.times_of(M, is_ping);
    let times: Vec<u64> = pings.into_iter().filter(|t| *t > start + 600).collect();
    assert!(gaps(&times).iter().all(|g| *g == 503), "{:?}", gaps(&times));
}

#[test]
fn a_half_open_command_socket_is_replaced_after_half_of_down_after_without_a_reply() {
    let mut w = plan(0, 0, 2).with(|m| m.down_after = 10_000).start();
    w.run(16_000);
    w.freeze(M);
    let frozen = w.now;
    let before = w.connects_to(M, Socket::Command).len();
    w.run_until(10_000, "a reconnect", |w| {
        w.connects_to(M, Socket::Command).len() > before
    });
    let pings = w.times_of(M, is_ping);
    let first = *pings.iter().find(|t| **t >= frozen).unwrap();
    assert_eq!(w.now, first + 5_001);
    let replaced = w.now;
    w.run_until(30_000, "a second reconnect", |w| {
        w.connects_to(M, Socket::Command).len() > before + 1
    });
    assert!(w.now - replaced > 15_000);
}

#[test]
fn a_command_socket_younger_than_15_seconds_is_not_suspected() {
    let mut w = plan(0, 0, 2).with(|m| m.down_after = 4_000).start();
    w.run(1_000);
    w.freeze(M);
    let before = w.connects_to(M, Socket::Command).len();
    w.run(13_900);
    assert_eq!(w.connects_to(M, Socket::Command).len(), before);
    w.run(300);
    assert_eq!(w.connects_to(M, Socket::Command).len(), before + 1);
}

#[test]
fn a_pubsub_socket_on_which_nothing_arrives_is_replaced_after_15_seconds() {
    let mut w = plan(0, 0, 2).start();
    w.host(M).echoes = false;
    w.run(47_000);
    let connects = w.connects_to(M, Socket::Pubsub);
    assert_eq!(connects.len(), 4, "{connects:?}");
    assert!(gaps(&connects).iter().all(|g| (15_001..16_100).contains(g)));
}

#[test]
fn a_pubsub_socket_that_carries_hellos_is_kept() {
    let mut w = plan(1, 0, 2).start();
    w.run(120_000);
    assert_eq!(w.connects_to(M, Socket::Pubsub).len(), 1);
    assert_eq!(w.connects_to(R[0], Socket::Pubsub).len(), 1);
    assert_eq!(w.connects_to(M, Socket::Command).len(), 1);
}

#[test]
fn a_pubsub_socket_refused_for_minutes_does_not_silence_the_command_socket() {
    let mut w = plan(0, 0, 2).settled();
    w.host(M).pubsub_reach = Some(Reach::Refused);
    w.reset_sockets(M, Some(Socket::Pubsub));
    w.run(300_000);
    let pending = w.view().masters[0].instance.link_pending_commands;
    assert!(pending < 10, "{pending} commands counted as pending");
    w.freeze(M);
    w.until("+sdown", 3_000);
}

#[test]
fn unanswered_info_and_hellos_are_repeated_once_a_period_not_once_a_turn() {
    let mut w = plan(1, 0, 2).settled();
    w.server(M).info = InfoReply::Silent;
    w.host(M).hello = HelloReply::Silent;
    w.server(R[0]).info = InfoReply::Error;
    w.host(R[0]).hello = HelloReply::Refused;
    let start = w.now;
    w.run(60_000);
    let count = |at: &str, which: fn(&Ask) -> bool| {
        let times = w.times_of(at, which);
        times.into_iter().filter(|t| *t > start).count()
    };
    for at in [M, R[0]] {
        let infos = count(at, |a| *a == Ask::Info);
        assert!((5..=7).contains(&infos), "{infos} INFOs to {at}");
        let hellos = count(at, |a| matches!(a, Ask::Hello { .. }));
        assert!((28..=31).contains(&hellos), "{hellos} hellos to {at}");
    }
}

#[test]
fn hellos_go_out_two_seconds_after_the_last_accepted_one() {
    let mut w = plan(0, 1, 2).start();
    w.run(20_000);
    for to in [M, P[0]] {
        let times: Vec<u64> = w.hellos_to(to).into_iter().map(|(at, _)| at).collect();
        assert!(
            gaps(&times).iter().all(|g| (2_001..=2_010).contains(g)),
            "{times:?}"
        );
    }
}

#[test]
fn info_is_asked_every_ten_seconds_and_every_second_of_a_replica_with_a_broken_link() {
    let mut w = plan(2, 0, 2).settled();
    w.server(R[1]).link_down_ms = -1_000;
    w.run(30_000);
    let start = w.now;
    w.run(30_000);
    let count = |at: &str| {
        let infos = w.times_of(at, |a| *a == Ask::Info);
        infos.into_iter().filter(|t| *t > start).count()
    };
    assert!((2..=4).contains(&count(M)));
    assert!((2..=4).contains(&count(R[0])));
    assert!((28..=31).contains(&count(R[1])), "{}", count(R[1]));
}

#[test]
fn a_changed_password_reopens_both_sockets_of_master_and_replicas() {
    let mut w = plan(1, 1, 2).settled();
    w.instruct(Instruction::Set {
        name: name(),
        changes: vec![SetChange {
            shown: "auth-pass ******".into(),
            option: SetOption::AuthPass(Some(Secret::new(b"new"))),
        }],
        then_error: None,
    });
    let at = w.now;
    for server in [M, R[0]] {
        for socket in [Socket::Command, Socket::Pubsub] {
            assert_eq!(w.connects_to(server, socket).last(), Some(&at));
        }
        let auths = w.times_of(server, |a| *a == auth(None, "new"));
        assert_eq!(auths, [at, at]);
    }
    assert_eq!(w.connects_to(P[0], Socket::Command).len(), 1);
}

#[test]
fn a_changed_sentinel_password_reopens_the_sockets_of_peers_only() {
    let mut w = plan(1, 1, 2).settled();
    w.instruct(Instruction::ConfigSet(vec![ConfigChange::SentinelPass(
        Some(Secret::new(b"new")),
    )]));
    let at = w.now;
    assert_eq!(w.connects_to(P[0], Socket::Command).last(), Some(&at));
    assert_eq!(w.times_of(P[0], |a| *a == auth(None, "new")), [at]);
    assert_eq!(w.connects_to(M, Socket::Command).len(), 1);
}

#[test]
fn renamed_commands_are_used_for_servers_and_not_for_peers() {
    let w = plan(1, 1, 2)
        .with(|m| {
            m.renames.insert("PUBLISH".into(), "pub-42".into());
        })
        .settled();
    let words = |to: &str| {
        w.done
            .iter()
            .filter(|d| d.to.is_some_and(|t| t.to_string() == to))
            .find_map(|d| match &d.action {
                Action::Send { words, .. } => Some(words.get("PUBLISH").cloned()),
                _ => None,
            })
            .unwrap()
    };
    assert_eq!(words(M).as_deref(), Some("pub-42"));
    assert_eq!(words(R[0]).as_deref(), Some("pub-42"));
    assert_eq!(words(P[0]), None);
}

#[test]
fn facts_about_a_closed_socket_change_nothing() {
    let mut w = plan(1, 0, 2).settled();
    let old = w.sockets_to(M);
    w.reset_sockets(M, None);
    w.run(100);
    for (conn, _) in old {
        w.tell(Event::Closed {
            conn,
            reason: "again".into(),
        });
        w.tell(Event::Connected {
            conn,
            local_ip: None,
        });
        w.tell(Event::Heard { conn, hello: None });
    }
    w.run(100);
    assert_eq!(w.sockets_to(M).len(), 2);
    assert!(!w.view().masters[0].instance.flags.contains("disconnected"));
}

#[test]
fn a_quiet_group_costs_few_turns() {
    let mut w = plan(3, 4, 2).with(|m| m.down_after = 30_000).settled();
    let before = w.turns;
    w.run(60_000);
    let per_second = (w.turns - before) / 60;
    // 8 links: PING and its answer, hellos and theirs, the heartbeat.
    assert!(per_second < 80, "{per_second} turns a second");
}

/// A start with thousands of servers is no storm of connects.
#[test]
fn new_links_begin_to_connect_at_most_eight_in_a_millisecond() {
    let mut plan = plan(0, 0, 1);
    for i in 0..99 {
        let name = MasterName::new(&format!("m{i:02}"));
        let host = format!("10.1.0.{i}:6379");
        plan = plan.process(|c| {
            c.masters
                .push(MasterConf::new(name.clone(), address(&host), 1));
        });
    }
    let mut w = plan.start();
    w.run(20);
    let mut begun = std::collections::BTreeMap::new();
    for done in &w.done {
        if let Action::Connect { socket, .. } = &done.action
            && *socket == Socket::Command
        {
            *begun.entry(done.at).or_insert(0) += 1;
        }
    }
    assert_eq!(begun.values().sum::<i32>(), 100, "{begun:?}");
    assert!(begun.values().all(|count| *count <= 8), "{begun:?}");
    assert_eq!(begun.len(), 13, "{begun:?}");
}
