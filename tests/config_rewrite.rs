//! What the rewritten file looks like: files captured from redis-sentinel 7.2, then the places
//! where we write better than it does.

mod memory_files;

use memory_files::{MemoryFiles, conf, rewritten, with_users};
use rsentinel::config::{KnownPeer, MasterConf, SentinelConf};
use rsentinel::types::{Address, Epoch, MasterName, RunId, Secret};

fn epoch(number: u64) -> Epoch {
    Epoch::new(number).unwrap()
}

fn master<'a>(state: &'a mut SentinelConf, name: &str) -> &'a mut MasterConf {
    state
        .masters
        .iter_mut()
        .find(|m| m.name.as_str() == name)
        .unwrap()
}

#[test]
fn two_sentinels_and_a_failover_leave_the_file_that_the_reference_leaves() {
    let old = include_str!("config_files/failover_before.conf");
    let read = conf(old);
    let mut state = read.sentinel;
    state.my_id = Some(RunId::new("f60b2dc2c5b70892e09262a4c39b3ab415da9341"));
    let first = rewritten(old, &read.server, &state);
    master(&mut state, "mymaster").known_replicas = vec![Address::new("127.0.0.1", 33111)];
    let second = rewritten(&first, &read.server, &state);
    let id = RunId::new("39030f527a8d1f2b71b50dea1908d85dbc264b69");
    master(&mut state, "mymaster").known_peers = vec![KnownPeer {
        address: Address::new("127.0.0.1", 33312),
        id,
    }];
    let third = rewritten(&second, &read.server, &state);
    state.current_epoch = epoch(1);
    let group = master(&mut state, "mymaster");
    group.config_epoch = epoch(1);
    group.leader_epoch = epoch(1);
    group.address = Address::new("127.0.0.1", 33111);
    group.known_replicas = vec![Address::new("127.0.0.1", 33110)];
    group.parallel_syncs = 2;
    let fourth = rewritten(&third, &read.server, &state);
    assert_eq!(fourth, include_str!("config_files/failover_after.conf"));
}

/// The captured file differs in one respect: the reference lets the lines of several masters
/// swap places, here each keeps its own.
#[test]
fn a_kubernetes_style_file_with_options_is_rewritten_as_the_reference_does() {
    let old = include_str!("config_files/kubernetes_before.conf");
    let options = "\nport \"33320\"\nbind \"127.0.0.1\"\nloglevel \"verbose\"";
    let read = conf(&format!("{old}{options}"));
    let mut state = read.sentinel;
    let local = "127.0.0.1".parse().unwrap();
    let group = master(&mut state, "mymaster");
    group.address = Address::resolved("localhost", local, 33111);
    group.known_replicas = vec![
        Address::new("127.0.0.1", 33110),
        Address::resolved("localhost", local, 33110),
    ];
    let discovered = rewritten(old, &read.server, &state);
    let group = master(&mut state, "mymaster");
    group.quorum = 1;
    group.failover_timeout = 60_000;
    let set = rewritten(&discovered, &read.server, &state);
    let second = Address::resolved("localhost", local, 33110);
    state
        .masters
        .push(MasterConf::new(MasterName::new("second"), second, 1));
    let monitored = rewritten(&set, &read.server, &state);
    state.loglevel = Some("notice".to_owned());
    state.announce_port = 0;
    let changed = rewritten(&monitored, &read.server, &state);
    // We leave out the default user while it is what requirepass makes of it.
    let captured = include_str!("config_files/kubernetes_after.conf");
    let is_kept = |line: &&str| !line.starts_with("user default ");
    let expected: String = captured.split_inclusive('\n').filter(is_kept).collect();
    assert_ne!(expected, captured);
    assert_eq!(changed, expected);
}

fn one_master(lines: &str) -> (SentinelConf, rsentinel::config::ServerConf) {
    let read = conf(&format!("sentinel monitor m 127.0.0.1 6379 2\n{lines}"));
    (read.sentinel, read.server)
}

#[test]
fn words_that_would_not_read_back_bare_are_quoted() {
    let (mut state, server) = one_master("");
    state.masters[0].name = MasterName::new("my m");
    state.masters[0].auth_pass = Some(Secret::new(b"a \"b\" c"));
    state.masters[0].auth_user = Some("plain".to_owned());
    state.sentinel_pass = Some(Secret::new(b"x y"));
    let text = rewritten("", &server, &state);
    for line in [
        "sentinel monitor \"my m\" 127.0.0.1 6379 2\n",
        "sentinel auth-pass \"my m\" \"a \\\"b\\\" c\"\n",
        "sentinel auth-user \"my m\" plain\n",
        "sentinel sentinel-pass \"x y\"\n",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    assert_eq!(conf(&text).sentinel, state);
}

#[test]
fn a_host_without_ip_an_empty_password_and_a_repeated_replica_do_no_harm() {
    let (mut state, server) = one_master("sentinel resolve-hostnames yes\n");
    let master = &mut state.masters[0];
    master.address = Address::new("node.example", 6379);
    master.auth_pass = Some(Secret::new(b""));
    state.announce_ip = Some(String::new());
    let replica = Address::new("10.0.0.1", 6379);
    master.known_replicas = vec![replica.clone(), master.address.clone(), replica];
    let text = rewritten("", &server, &state);
    assert!(
        text.contains("sentinel monitor m node.example 6379 2\n"),
        "{text}"
    );
    assert_eq!(text.matches("known-replica").count(), 1, "{text}");
    assert!(
        !text.contains("auth-pass") && !text.contains("announce-ip"),
        "{text}"
    );
}

#[test]
fn names_become_addresses_in_the_file_unless_names_are_announced() {
    let (mut state, server) = one_master("sentinel resolve-hostnames yes\n");
    state.masters[0].address = Address::resolved("node.example", "10.0.0.9".parse().unwrap(), 1);
    assert!(rewritten("", &server, &state).contains("monitor m 10.0.0.9 1 2"));
    state.announce_hostnames = true;
    assert!(rewritten("", &server, &state).contains("monitor m node.example 1 2"));
}

#[test]
fn names_without_an_address_go_when_names_are_not_read_any_more() {
    let (mut state, server) = one_master(
        "sentinel resolve-hostnames yes\nsentinel known-replica m gone.example 1\n\
         sentinel known-sentinel m gone.example 2 abc\n",
    );
    let text = rewritten("", &server, &state);
    assert_eq!(text.matches("gone.example").count(), 2, "{text}");
    // SENTINEL CONFIG SET resolve-hostnames no
    state.resolve_hostnames = false;
    let read = conf(&rewritten(&text, &server, &state)).sentinel;
    assert!(read.masters[0].known_replicas.is_empty() && read.masters[0].known_peers.is_empty());
}

#[test]
fn the_lines_of_two_masters_keep_their_places() {
    let old = "# one\nsentinel monitor b 127.0.0.1 1 1\nsentinel config-epoch b 1\n\
               # two\nsentinel monitor a 127.0.0.1 2 1\nsentinel config-epoch a 2\n";
    let mut read = conf(old);
    read.sentinel.masters.reverse();
    let text = rewritten(old, &read.server, &read.sentinel);
    assert!(text.starts_with(old), "{text}");
}

#[test]
fn the_vote_is_a_comment_kept_up_to_date_in_place_and_removed_when_it_no_longer_holds() {
    let (mut state, server) = one_master("sentinel leader-epoch m 3\n");
    state.masters[0].voted_for = Some(RunId::new("abc"));
    let text = rewritten("", &server, &state);
    assert!(text.contains("\n# rsentinel voted-for m 3 abc\n"), "{text}");
    assert_eq!(
        conf(&text).sentinel.masters[0].voted_for,
        state.masters[0].voted_for
    );
    state.masters[0].leader_epoch = epoch(4);
    state.masters[0].voted_for = Some(RunId::new("def"));
    let next = rewritten(&text, &server, &state);
    let expected = text
        .replace("m 3 abc", "m 4 def")
        .replace("leader-epoch m 3", "leader-epoch m 4");
    assert_eq!(next.trim_end(), expected.trim_end());
    state.masters[0].voted_for = None;
    assert!(!rewritten(&next, &server, &state).contains("voted-for"));
}

#[test]
fn lines_of_a_removed_master_and_of_values_back_at_their_default_disappear() {
    let old = "sentinel monitor a 127.0.0.1 1 1\nsentinel auth-pass a x\n\
               sentinel monitor b 127.0.0.1 2 1\nsentinel known-sentinel b 1.1.1.1 1\n\
               sentinel down-after-milliseconds b 30000\nsave 1 1\nloadmodule x\npidfile \"\"\n";
    let mut read = conf(old);
    read.sentinel.masters.remove(0);
    let text = rewritten(old, &read.server, &read.sentinel);
    for gone in [
        " a ",
        "known-sentinel",
        "down-after",
        "save",
        "loadmodule",
        "pidfile",
    ] {
        assert!(!text.contains(gone), "{gone} in\n{text}");
    }
}

#[test]
fn old_names_become_new_ones_and_edits_of_known_values_are_overwritten() {
    let read = conf("port 5\nslave-priority 7\nappendonly no\n");
    let edited = "port 6\ntimeout 9\nslave-priority 8\n# mine\nmaxmemory 1gb\nlfu-decay-time 3\n";
    let text = rewritten(edited, &read.server, &read.sentinel);
    assert!(
        text.starts_with("port 5\ntimeout 0\nreplica-priority 7\n# mine\n"),
        "{text}"
    );
    assert!(text.contains("maxmemory 1gb\nlfu-decay-time 3\n"), "{text}");
}

#[test]
fn every_class_of_output_limits_keeps_its_own_line() {
    let old = "client-output-buffer-limit pubsub 1000 0 5\n\
               client-output-buffer-limit slave 1gb 0 0 normal 1mb 1000 0\n";
    let read = conf(old);
    let text = rewritten(old, &read.server, &read.sentinel);
    let start =
        "client-output-buffer-limit pubsub 1000 0 5\nclient-output-buffer-limit replica 1gb 0 0\n";
    assert!(text.starts_with(start), "{text}");
    assert!(
        text.contains("\nclient-output-buffer-limit normal 1mb 1000 0\n"),
        "{text}"
    );
    assert_eq!(conf(&text).server.output_limits, read.server.output_limits);
}

#[test]
fn users_are_written_in_place_unless_an_acl_file_is_set() {
    let old = "user bob on >x ~a\nuser default on nopass ~* &* +@all\n";
    let read = conf(old);
    let text = rewritten(old, &read.server, &read.sentinel);
    let new = "user bob on sanitize-payload \
               #2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 ~a resetchannels -@all\n\
               user default on nopass sanitize-payload ~* &* +@all\n";
    assert!(text.starts_with(new), "{text}");
    let mut files = MemoryFiles::with(&[("/x", "user default on >s3cr3t ~* &* +@all\n")]);
    let (file, ..) = with_users("aclfile /x\n", &mut files);
    assert!(!rewritten("aclfile /x\n", &file.server, &file.sentinel).contains("user "));
}
