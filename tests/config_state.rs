//! The state in a file of its own: what is written reads back, and at a later start an operator's
//! changes of sentinel.conf count, while everything else is as the state says.

mod memory_files;

use memory_files::{MemoryFiles, conf, with_users};
use rsentinel::config::state_file::{Configured, Refused, Stored, merge, read, write};
use rsentinel::config::{Conf, KnownPeer, RewriteFacts};
use rsentinel::types::{Address, Epoch, RunId};

const ID: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER_ID: &str = "39030f527a8d1f2b71b50dea1908d85dbc264b69";
const M: &str = "sentinel monitor m 10.0.0.1 6379 2\n";

fn epoch(number: u64) -> Epoch {
    Epoch::new(number).unwrap()
}

/// What a process that runs on `conf` and is changed by `change` leaves behind.
fn left_behind(configured: &Conf, change: impl FnOnce(&mut Conf)) -> Stored {
    let lines = Configured::of(&configured.server, &configured.sentinel);
    let mut state = configured.clone();
    state.sentinel.my_id.get_or_insert_with(|| RunId::new(ID));
    change(&mut state);
    let facts = RewriteFacts {
        current_dir: "/tmp".to_owned(),
    };
    let text = write(&state.server, &state.sentinel, &lines, &facts);
    let stored = read(&text).unwrap().expect("it is not empty");
    let shown = String::from_utf8_lossy(&text);
    assert_eq!(stored.state.sentinel, state.sentinel, "from\n{shown}");
    assert_eq!(stored.configured.sentinel, configured.sentinel, "{shown}");
    assert_eq!(stored.lines, lines);
    stored
}

fn failed_over(state: &mut Conf) {
    let master = &mut state.sentinel.masters[0];
    master.known_replicas = vec![master.address.clone()];
    master.address = Address::new("10.0.0.2", 6379);
    master.config_epoch = epoch(3);
    master.leader_epoch = epoch(3);
    master.voted_for = Some(RunId::new(OTHER_ID));
    state.sentinel.current_epoch = epoch(3);
}

#[test]
fn without_changes_of_the_configuration_a_start_continues_from_the_state() {
    let text = format!(
        "loglevel verbose\nuser bob on >pw +ping\n{M}sentinel auth-pass m \"a b\"\n\
         sentinel known-replica m 10.0.0.9 1\nsentinel rename-command m CONFIG x\n"
    );
    let configured = conf(&text);
    let stored = left_behind(&configured, |state| {
        failed_over(state);
        state.sentinel.masters[0].down_after = 5;
        state.sentinel.announce_port = 7;
    });
    let merged = merge(conf(&text), stored.clone());
    assert_eq!(merged.sentinel, stored.state.sentinel);
    assert_eq!(merged.server.users, configured.server.users);
}

#[test]
fn an_operators_change_counts_and_the_rest_stays_as_it_was_left() {
    let before =
        format!("{M}sentinel down-after-milliseconds m 1000\nsentinel parallel-syncs m 2\n");
    let stored = left_behind(&conf(&before), |state| {
        failed_over(state);
        let master = &mut state.sentinel.masters[0];
        (master.down_after, master.parallel_syncs) = (77, 5);
    });
    let now = before.replace("1000", "2000");
    let merged = merge(conf(&now), stored);
    let master = &merged.sentinel.masters[0];
    assert_eq!(master.down_after, 2000, "the operator's");
    assert_eq!(master.parallel_syncs, 5, "what SENTINEL SET said");
    assert_eq!(master.address, Address::new("10.0.0.2", 6379));
    assert_eq!(
        (master.config_epoch, master.leader_epoch),
        (epoch(3), epoch(3))
    );
    assert_eq!(master.voted_for, Some(RunId::new(OTHER_ID)));
    assert_eq!(merged.sentinel.my_id, Some(RunId::new(ID)));
}

#[test]
fn epochs_never_go_back_whatever_is_taken_out_of_the_configuration() {
    let before = format!(
        "{M}sentinel myid {ID}\nsentinel current-epoch 9\nsentinel config-epoch m 8\nsentinel leader-epoch m 9\n"
    );
    let stored = left_behind(&conf(&before), |_| {});
    let merged = merge(conf(M), stored.clone()).sentinel;
    assert_eq!(merged, stored.state.sentinel);
    // Another daemon ran on the configuration file meanwhile.
    let now = format!(
        "sentinel monitor m 10.0.0.3 6379 2\nsentinel myid {ID}\nsentinel current-epoch 12\n\
         sentinel config-epoch m 11\nsentinel leader-epoch m 12\nsentinel known-sentinel m 10.1.0.1 1 {OTHER_ID}\n"
    );
    let merged = merge(conf(&now), stored).sentinel;
    let master = &merged.masters[0];
    assert_eq!(merged.current_epoch, epoch(12));
    assert_eq!(
        (master.config_epoch, master.leader_epoch),
        (epoch(11), epoch(12))
    );
    assert_eq!(master.address, Address::new("10.0.0.3", 6379));
    assert_eq!(master.known_peers.len(), 1);
}

#[test]
fn masters_come_and_go_on_either_side() {
    let of = |names: &[&str]| -> String {
        let line = |name: &&str| format!("sentinel monitor {name} 10.0.0.1 6379 2\n");
        names.iter().map(line).collect()
    };
    let stored = left_behind(
        &conf(&of(&["kept", "removed-here", "removed-there"])),
        |state| {
            let masters = &mut state.sentinel.masters;
            masters.retain(|master| master.name.as_str() != "removed-there");
            let added = conf(&of(&["added-there"])).sentinel.masters;
            masters.extend(added);
        },
    );
    let merged = merge(conf(&of(&["kept", "removed-there", "added-here"])), stored);
    let masters = merged.sentinel.masters.iter();
    let names: Vec<&str> = masters.map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["kept", "added-here", "added-there"]);
}

#[test]
fn known_servers_and_sentinels_are_kept_and_added_to() {
    let before = format!("{M}sentinel known-replica m 10.0.0.5 1\n");
    let stored = left_behind(&conf(&before), |state| {
        let master = &mut state.sentinel.masters[0];
        // One was reset and another learned.
        master.known_replicas = vec![Address::new("10.0.0.6", 1)];
        master.known_peers = vec![KnownPeer {
            address: Address::new("10.1.0.1", 1),
            id: RunId::new(OTHER_ID),
        }];
    });
    let now = format!(
        "{before}sentinel known-replica m 10.0.0.7 1\nsentinel known-sentinel m 10.1.0.2 1 {OTHER_ID}\n"
    );
    let merged = merge(conf(&now), stored).sentinel;
    let master = &merged.masters[0];
    let known = [Address::new("10.0.0.6", 1), Address::new("10.0.0.7", 1)];
    assert_eq!(master.known_replicas, known);
    assert_eq!(master.known_peers.len(), 1);
    assert_eq!(master.known_peers[0].address, Address::new("10.1.0.2", 1));
}

#[test]
fn users_and_the_log_level_are_state_as_well() {
    let users = |text: &str| with_users(text, &mut MemoryFiles::default()).0;
    let before = users("user bob on +ping\nuser carol on +ping\nloglevel notice\n");
    let stored = left_behind(&before, |state| {
        let changed = users("user bob on +info\nuser dave on +ping\nloglevel debug\n").server;
        state.server.users = changed.users;
        state.server.loglevel = changed.loglevel;
    });
    let merged = merge(before.clone(), stored.clone()).server;
    assert_eq!(merged.users, stored.state.server.users);
    assert_eq!(merged.loglevel.as_str(), "debug");
    let now = users("user bob on +subscribe\nuser carol on +ping\nloglevel warning\n");
    let merged = merge(now, stored).server;
    let names: Vec<_> = merged.users.iter().map(|u| u.name.as_slice()).collect();
    assert_eq!(names, [b"bob".as_slice(), b"dave", b"default"]);
    let of_bob = users("user bob on +subscribe\n").server.users;
    assert_eq!(merged.users[0], of_bob[0]);
    assert_eq!(merged.loglevel.as_str(), "warning");
}

#[test]
fn a_name_stays_a_name_and_goes_when_names_are_not_allowed_any_more() {
    let before = "sentinel monitor m db.example 6379 2\nsentinel resolve-hostnames yes\n";
    let configured = conf(before);
    let lines = Configured::of(&configured.server, &configured.sentinel);
    let mut state = configured.sentinel.clone();
    let master = &mut state.masters[0];
    master.address.set_ip("10.0.0.1".parse().unwrap());
    master.known_replicas = vec![Address::new("10.0.0.2", 1), Address::new("r.example", 1)];
    let text = write(&configured.server, &state, &lines, &RewriteFacts::default());
    let stored = read(&text).unwrap().unwrap();
    let restored = &stored.state.sentinel.masters[0];
    assert_eq!(restored.address, Address::new("db.example", 6379));
    let merged = merge(conf("sentinel monitor m 10.0.0.1 6379 2\n"), stored.clone());
    let master = &merged.sentinel.masters[0];
    assert_eq!(master.address, Address::new("10.0.0.1", 6379));
    assert_eq!(master.known_replicas, [Address::new("10.0.0.2", 1)]);
}

#[test]
fn only_a_state_file_is_taken_for_one() {
    assert_eq!(read(b""), Ok(None));
    assert_eq!(read(b" \n\n"), Ok(None));
    assert_eq!(read(b"port 1\n"), Err(Refused::Foreign));
    assert_eq!(read(b"# rsentinel state 2\n"), Err(Refused::Newer));
    let broken = b"# rsentinel state 1\n\nport 1\nsentinel monitor m\n";
    let Err(Refused::Faulty(error)) = read(broken) else {
        panic!("it was taken");
    };
    assert!(error.to_string().contains("at line 4"), "{error}");
}
