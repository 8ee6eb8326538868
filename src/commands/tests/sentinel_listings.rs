//! What SENTINEL shows: MASTER(S), REPLICAS, SENTINELS, addresses, quorum, cached INFO.

use super::*;
use crate::core::view::{ScriptState, ScriptView};

const COMMON: [&str; 4] = ["ip=10.0.0.1", "port=6379", "runid=r1", "flags=master"];

#[test]
fn a_healthy_master_has_its_twenty_fields_in_order() {
    let fields = pairs(&Stage::new().say("sentinel master mymaster"));
    let mut expected = vec!["name=mymaster"];
    expected.extend(COMMON);
    expected.extend([
        "link-pending-commands=1",
        "link-refcount=2",
        "last-ping-sent=3",
        "last-ok-ping-reply=4",
        "last-ping-reply=5",
        "down-after-milliseconds=30000",
        "info-refresh=6",
        "role-reported=master",
        "role-reported-time=7",
        "config-epoch=0",
        "num-slaves=0",
        "num-other-sentinels=0",
        "quorum=2",
        "failover-timeout=180000",
        "parallel-syncs=1",
    ]);
    assert_eq!(fields, expected);
}

#[test]
fn conditional_fields_appear_in_their_places() {
    let mut one = master("mymaster");
    one.failover_state = Some("wait_start");
    one.instance.s_down_time = Some(10);
    one.instance.o_down_time = Some(11);
    one.notification_script = Some("/n".into());
    one.client_reconfig_script = Some("/c".into());
    let mut stage = Stage {
        view: view(vec![one]),
        ..Stage::new()
    };
    let fields = pairs(&stage.say("SENTINEL MASTER mymaster"));
    assert_eq!(fields.len(), 25);
    assert_eq!(
        fields[6..9],
        [
            "link-refcount=2",
            "failover-state=wait_start",
            "last-ping-sent=3"
        ]
    );
    assert_eq!(
        fields[10..14],
        [
            "last-ping-reply=5",
            "s-down-time=10",
            "o-down-time=11",
            "down-after-milliseconds=30000"
        ]
    );
    assert_eq!(
        fields[23..],
        ["notification-script=/n", "client-reconfig-script=/c"]
    );
}

#[test]
fn replicas_show_their_fields_and_hide_the_unannounced() {
    let mut one = master("mymaster");
    one.replicas = vec![replica(1, true), replica(2, false)];
    let mut stage = Stage {
        view: view(vec![one]),
        ..Stage::new()
    };
    for line in ["sentinel replicas mymaster", "sentinel slaves mymaster"] {
        let listed = elements(stage.say(line));
        assert_eq!(listed.len(), 1, "{line}");
        let fields = pairs(&listed[0]);
        assert_eq!(fields.len(), 21);
        assert_eq!(fields[0], "name=10.0.0.1:1");
        assert_eq!(
            fields[13..],
            [
                "role-reported-time=7",
                "master-link-down-time=-1000",
                "master-link-status=ok",
                "master-host=10.0.0.9",
                "master-port=6379",
                "slave-priority=100",
                "slave-repl-offset=42",
                "replica-announced=1"
            ]
        );
    }
    let fields = pairs(&stage.say("sentinel master mymaster"));
    assert!(
        fields.contains(&"num-slaves=2".to_owned()),
        "the count includes the hidden one"
    );
}

#[test]
fn sentinels_show_fourteen_fields() {
    let mut one = master("mymaster");
    one.peers = vec![peer(true)];
    let mut stage = Stage {
        view: view(vec![one]),
        ..Stage::new()
    };
    let listed = elements(stage.say("sentinel sentinels mymaster"));
    let fields = pairs(&listed[0]);
    assert_eq!(fields.len(), 14);
    assert_eq!(
        fields[10..],
        [
            "down-after-milliseconds=30000",
            "last-hello-message=8",
            "voted-leader=?",
            "voted-leader-epoch=0"
        ]
    );
}

#[test]
fn masters_lists_all_and_its_alias_too() {
    let mut stage = Stage {
        view: view(vec![master("a"), master("b")]),
        ..Stage::new()
    };
    let listed = stage.say("sentinel masters");
    assert_eq!(listed, stage.say("sentinel primaries"));
    assert_eq!(elements(listed).len(), 2);
    assert_eq!(
        stage.say("sentinel primary b"),
        stage.say("sentinel master b")
    );
}

#[test]
fn an_unknown_master_is_an_error_everywhere_but_in_the_address_question() {
    let mut stage = Stage::new();
    for sub in [
        "master",
        "primary",
        "replicas",
        "slaves",
        "sentinels",
        "ckquorum",
    ] {
        assert_eq!(
            stage.error(&format!("sentinel {sub} nope")),
            "ERR No such master with that name",
            "{sub}"
        );
    }
    assert_eq!(
        stage.say("sentinel get-master-addr-by-name nope"),
        Reply::NullArray
    );
    assert_eq!(
        stage.say("sentinel MASTER MyMaster"),
        Reply::error("ERR No such master with that name")
    );
}

#[test]
fn the_address_comes_from_the_address_table() {
    let mut stage = Stage::new();
    stage.addresses.set(row("mymaster", "10.0.0.7", 6380));
    let expected = Reply::Array(vec![Reply::bulk("10.0.0.7"), Reply::bulk("6380")]);
    assert_eq!(
        stage.say("sentinel get-master-addr-by-name mymaster"),
        expected
    );
    assert_eq!(
        stage.say("sentinel get-primary-addr-by-name mymaster"),
        expected
    );
}

#[test]
fn ckquorum_counts_us_and_the_usable_others() {
    let quorum = "Not enough available Sentinels to reach the specified quorum for this master";
    let majority = "Not enough available Sentinels to reach the majority and authorize a failover";
    let ask = |needed: u32, usable: &[bool]| {
        let mut one = master("mymaster");
        one.quorum = needed;
        one.peers = usable.iter().map(|usable| peer(*usable)).collect();
        Stage {
            view: view(vec![one]),
            ..Stage::new()
        }
        .say("sentinel ckquorum mymaster")
    };
    assert_eq!(
        ask(2, &[true, false]),
        Reply::Simple(
            "OK 2 usable Sentinels. Quorum and failover authorization can be reached".into()
        )
    );
    assert_eq!(
        ask(3, &[true, false]),
        Reply::error(format!("NOQUORUM 2 usable Sentinels. {quorum}"))
    );
    assert_eq!(
        ask(1, &[false, false]),
        Reply::error(format!("NOQUORUM 1 usable Sentinels. {majority}"))
    );
    assert_eq!(
        ask(2, &[false]),
        Reply::error(format!("NOQUORUM 1 usable Sentinels. {quorum}. {majority}"))
    );
}

#[test]
fn info_cache_shows_each_known_master_once_with_its_replicas() {
    let mut one = master("mymaster");
    one.server.info = Some(Bytes::from_static(b"role:master"));
    one.replicas = vec![replica(1, false)];
    let mut never = master("never");
    never.server.info_refresh = 0;
    never.replicas = vec![replica(2, true)];
    never.replicas[0].server.info = Some(Bytes::from_static(b"role:slave"));
    let mut stage = Stage {
        view: view(vec![one, never]),
        ..Stage::new()
    };
    let entry = |age, info| Reply::Array(vec![Reply::Int(age), info]);
    assert_eq!(
        stage.say("sentinel info-cache nope mymaster mymaster"),
        Reply::Array(vec![
            Reply::bulk("mymaster"),
            Reply::Array(vec![
                entry(6, Reply::bulk("role:master")),
                entry(0, Reply::Null)
            ])
        ])
    );
    assert_eq!(
        stage.say("sentinel info-cache never"),
        Reply::Array(vec![
            Reply::bulk("never"),
            Reply::Array(vec![
                entry(0, Reply::Null),
                entry(0, Reply::bulk("role:slave"))
            ])
        ])
    );
    assert_eq!(stage.say("sentinel info-cache nope"), Reply::Array(vec![]));
}

#[test]
fn the_small_questions_have_their_shapes() {
    let mut stage = Stage::new();
    assert_eq!(stage.say("sentinel myid"), Reply::bulk(&"a".repeat(40)));
    assert_eq!(stage.say("sentinel pending-scripts"), Reply::Array(vec![]));
    assert_eq!(
        stage.say("role"),
        Reply::Array(vec![
            Reply::bulk("sentinel"),
            Reply::Array(vec![Reply::bulk("mymaster")])
        ])
    );
    assert_eq!(
        pairs(&stage.say("sentinel debug")),
        ["INFO-PERIOD=10000", "PING-PERIOD=1000"]
    );
}

#[test]
fn pending_scripts_are_maps_with_a_run_time_or_a_run_delay() {
    let script = |pid, state, runs| ScriptView {
        argv: ["/n".to_owned(), "+sdown".to_owned(), "a b".to_owned()].into(),
        pid,
        state,
        runs,
    };
    let mut stage = Stage::new();
    stage.view.scripts = [
        script(77, ScriptState::Running { for_ms: 5 }, 2),
        script(0, ScriptState::Scheduled { delay_ms: 6 }, 1),
    ]
    .into();
    let listed = elements(stage.say("sentinel pending-scripts"));
    let argv = Reply::Array(["/n", "+sdown", "a b"].map(Reply::bulk).into());
    let rest = |map: &Reply| {
        let Reply::Map(pairs) = map else {
            panic!("{map:?} is no map")
        };
        assert_eq!(pairs[0], (Reply::bulk("argv"), argv.clone()));
        crate::commands::tests::pairs(&Reply::Map(pairs[1..].to_vec()))
    };
    assert_eq!(listed.len(), 2);
    let running = ["flags=running", "pid=77", "run-time=5", "retry-num=2"];
    assert_eq!(rest(&listed[0]), running);
    let scheduled = ["flags=scheduled", "pid=0", "run-delay=6", "retry-num=1"];
    assert_eq!(rest(&listed[1]), scheduled);

    let page = text(&stage.say("info sentinel"));
    let counts = "sentinel_running_scripts:1\r\nsentinel_scripts_queue_length:2\r\n";
    assert!(page.contains(counts), "{page}");
}
