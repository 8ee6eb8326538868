//! Whatever state is written reads back as the same state, and writing it again changes nothing.

mod memory_files;

use memory_files::{conf, rewritten};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use rsentinel::config::{KnownPeer, MasterConf, SentinelConf, ServerConf};
use rsentinel::types::{Address, Epoch, MasterName, RunId, Secret};

/// Words as operators and attackers choose them: plain, or full of quotes, blanks and hashes.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9.-]{1,12}",
        "[ -~]{1,12}",
        "[\\x00-\\x7fé]{1,8}",
        Just("#".to_owned()),
        Just("\"".to_owned()),
    ]
}

fn secret() -> impl Strategy<Value = Secret> {
    vec(any::<u8>(), 1..12).prop_map(|bytes| Secret::new(&bytes))
}

fn address() -> impl Strategy<Value = Address> {
    let host = prop_oneof![
        any::<std::net::Ipv4Addr>().prop_map(|ip| ip.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|ip| ip.to_string()),
        "[a-z]{1,8}\\.example",
    ];
    (host, any::<u16>()).prop_map(|(host, port)| Address::new(&host, port))
}

fn epoch() -> impl Strategy<Value = Epoch> {
    prop_oneof![0..20u64, Just(Epoch::MAX.get())].prop_map(|n| Epoch::new(n).unwrap())
}

fn milliseconds() -> impl Strategy<Value = u64> {
    prop_oneof![Just(30_000), Just(180_000), 1..=i32::MAX as u64]
}

prop_compose! {
    fn master()(
        name in word(), address in address(), quorum in 1..=i32::MAX as u32,
        times in (milliseconds(), milliseconds(), 0..=i32::MAX as u64),
        parallel_syncs in any::<i32>(),
        auth in (of(secret()), of(word())),
        script in of("/[a-z ]{1,6}\\.sh"),
        epochs in (epoch(), epoch()),
        voted_for in of(word()),
        known_replicas in vec(address(), 0..4),
        peers in vec((address(), word()), 0..4),
        renames in btree_map("[A-Z \"]{1,8}", word(), 0..3),
    ) -> MasterConf {
        let mut master = MasterConf::new(MasterName::new(&name), address, quorum);
        (master.down_after, master.failover_timeout, master.master_reboot_down_after) = times;
        master.parallel_syncs = parallel_syncs.into();
        (master.auth_pass, master.auth_user) = auth;
        master.notification_script = script;
        (master.config_epoch, master.leader_epoch) = epochs;
        master.voted_for = voted_for.map(|id| RunId::new(&id));
        for replica in known_replicas {
            let known = master.known_replicas.iter().any(|r| r.same_as(&replica));
            if !known && !master.address.same_as(&replica) {
                master.known_replicas.push(replica);
            }
        }
        for (address, id) in peers {
            let id = RunId::new(&id);
            if master.known_peers.iter().all(|peer| peer.id != id) {
                master.known_peers.push(KnownPeer { address, id });
            }
        }
        master.renames = renames;
        master
    }
}

prop_compose! {
    fn state()(
        my_id in "[0-9a-f]{40}",
        current_epoch in epoch(),
        announce in (of(word()), any::<u16>()),
        allow_scripts_reconfig in any::<bool>(),
        sentinel_auth in (of(word()), of(secret())),
        masters in vec(master(), 0..3),
    ) -> SentinelConf {
        let mut state = SentinelConf {
            my_id: Some(RunId::new(&my_id)),
            current_epoch,
            announce_ip: announce.0,
            announce_port: announce.1,
            allow_scripts_reconfig,
            // Names stay names only when they are both resolved and announced.
            resolve_hostnames: true,
            announce_hostnames: true,
            sentinel_user: sentinel_auth.0,
            sentinel_pass: sentinel_auth.1,
            ..SentinelConf::default()
        };
        for master in masters {
            state.current_epoch = state.current_epoch.max(master.config_epoch);
            if state.masters.iter().all(|other| other.name != master.name) {
                state.masters.push(master);
            }
        }
        state
    }
}

/// What may already be in the file: lines that must go, that must stay, and junk.
fn old_line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("# remark".to_owned()),
        Just("sentinel monitor gone 127.0.0.1 1 1".to_owned()),
        Just("sentinel auth-pass gone x".to_owned()),
        Just("sentinel announce-port 7".to_owned()),
        Just("# rsentinel voted-for gone 1 x".to_owned()),
        Just("port 5".to_owned()),
        Just("user default off".to_owned()),
        Just("maxmemory 1mb".to_owned()),
        "[ -~]{0,20}".prop_map(|junk| format!("# {junk}")),
        "[ -~]{0,20}".prop_map(|junk| format!("zz{junk}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_state_written_over_any_file_reads_back_and_is_stable(
        state in state(),
        old in vec(old_line(), 0..12),
        final_newline in any::<bool>(),
    ) {
        let server = conf("").server;
        let old = old.join("\n") + if final_newline { "\n" } else { "" };
        let once = rewritten(&old, &server, &state);
        let read = conf(&once);
        prop_assert_eq!(&read.sentinel, &state, "from\n{}", once);
        // The first rewriting of a text that ends with its batch leaves a blank line behind it.
        let twice = rewritten(&once, &server, &state);
        prop_assert_eq!(once.trim_end(), twice.trim_end());
        let thrice = rewritten(&twice, &server, &read.sentinel);
        prop_assert_eq!(&twice, &thrice);
        let reread = rewritten(&twice, &read.server, &read.sentinel);
        prop_assert_eq!(rewritten(&reread, &read.server, &read.sentinel), reread);
    }

    #[test]
    fn any_text_is_read_or_refused_but_never_a_panic(text in "[ -~\n\t\"'#\\\\]{0,200}") {
        let _either = memory_files::read(&text);
    }

    #[test]
    fn any_sentinel_line_is_read_or_refused_but_never_a_panic(
        sub in prop_oneof![
            Just("monitor"), Just("known-replica"), Just("known-sentinel"), Just("auth-pass"),
            Just("current-epoch"), Just("config-epoch"), Just("announce-port"), Just("myid"),
        ],
        words in vec(word(), 0..5),
    ) {
        let line = format!("sentinel {sub} {}\n", words.join(" "));
        let _either = memory_files::read(&format!("sentinel monitor m 1.1.1.1 1 1\n{line}"));
    }

    #[test]
    fn rewriting_survives_any_bytes(old in vec(any::<u8>(), 0..200)) {
        let facts = rsentinel::config::RewriteFacts { current_dir: "/tmp".to_owned() };
        let (server, state) = (ServerConf::default(), SentinelConf::default());
        let once = rsentinel::config::rewrite(&old, &server, &state, &facts);
        let twice = rsentinel::config::rewrite(&once, &server, &state, &facts);
        let thrice = rsentinel::config::rewrite(&twice, &server, &state, &facts);
        prop_assert_eq!(twice, thrice);
    }
}
