//! What client libraries rely on beyond the documentation, one test each, seen on a group of
//! rsentinels around a failover.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::OnceLock;

use crate::harness::{Cluster, Daemon, LONG, MASTER, Plan, SHORT, ServerOptions, Value};

/// What was seen of a failover.
struct Story {
    /// MASTER, MASTERS, REPLICAS, SENTINELS while all were up.
    master: Value,
    masters: Value,
    replicas: Value,
    sentinels: Value,
    /// REPLICAS when the old master was a dead replica of the new one.
    replicas_after: Value,
    /// What each sentinel announced, as (name, text).
    events: Vec<Vec<(String, String)>>,
    /// The ports of the old and the new master.
    switch: (u16, u16),
}

impl Story {
    fn all_events(&self) -> impl Iterator<Item = &(String, String)> {
        self.events.iter().flatten()
    }

    /// The texts of one event.
    fn texts(&self, name: &str) -> Vec<&str> {
        self.all_events()
            .filter(|(one, _)| one == name)
            .map(|(_, text)| text.as_str())
            .collect()
    }

    /// Every record of every listing.
    fn records(&self) -> Vec<&Value> {
        let lists = [
            &self.masters,
            &self.replicas,
            &self.sentinels,
            &self.replicas_after,
        ];
        let listed = lists.into_iter().flat_map(|list| list.items());
        listed.chain([&self.master]).collect()
    }
}

fn story() -> &'static Story {
    static STORY: OnceLock<Story> = OnceLock::new();
    STORY.get_or_init(|| {
        let mut cluster = Cluster::start(&Plan::of(&[Daemon::Rsentinel; 3]));
        cluster.subscribe();
        let ask = |words: &[&str]| cluster.sentinels[0].ask(words).expect("an answer");
        let master = ask(&["SENTINEL", "MASTER", MASTER]);
        let masters = ask(&["SENTINEL", "MASTERS"]);
        let replicas = ask(&["SENTINEL", "REPLICAS", MASTER]);
        let sentinels = ask(&["SENTINEL", "SENTINELS", MASTER]);
        let old = cluster.servers[0].port();
        cluster.servers[0].process().kill();
        let new = cluster.wait_new_master(old, LONG);
        let others = cluster.ports_without(&[old, new]);
        cluster.wait_followers(new, &others, LONG);
        cluster.until("everyone calls the old master down", LONG, || {
            cluster.subscribers.iter().all(|subscriber| {
                let own = format!("slave 127.0.0.1:{old} ");
                let down = subscriber.on("+sdown");
                down.iter().any(|heard| heard.payload.starts_with(&own))
            })
        });
        cluster.until("the leader has ended the failover", LONG, || {
            let mut all = cluster.subscribers.iter();
            all.any(|subscriber| !subscriber.on("+failover-end").is_empty())
        });
        let replicas_after = cluster.sentinels[0]
            .ask(&["SENTINEL", "REPLICAS", MASTER])
            .expect("an answer");
        let events = cluster.subscribers.iter().map(|subscriber| {
            let heard = subscriber.heard().into_iter();
            heard.map(|one| (one.channel, one.payload)).collect()
        });
        let events = events.collect();
        Story {
            master,
            masters,
            replicas,
            sentinels,
            replicas_after,
            events,
            switch: (old, new),
        }
    })
}

/// The bytes of the first reply to a line.
fn raw(port: u16, line: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("listening");
    stream.set_read_timeout(Some(SHORT)).expect("a socket");
    write!(stream, "{line}\r\nPING the-end\r\n").expect("open");
    let mut text = String::new();
    while !text.ends_with("$7\r\nthe-end\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("more");
        text.push(char::from(byte[0]));
    }
    text.replace("$7\r\nthe-end\r\n", "")
}

fn one_sentinel() -> Cluster {
    Cluster::start(&Plan::of(&[Daemon::Rsentinel]))
}

#[test]
fn every_value_in_a_listing_is_a_bulk_string_numbers_too() {
    for record in story().records() {
        assert!(record.items().len() >= 28, "{record}");
        for item in record.items() {
            assert!(matches!(item, Value::Bulk(_)), "{item:?} in {record}");
        }
    }
}

#[test]
fn a_healthy_record_has_the_fields_that_clients_count_on_and_no_more() {
    let fields = |record: &Value| record.items().len() / 2;
    let story = story();
    assert_eq!(fields(&story.master), 20);
    assert_eq!(fields(&story.replicas.items()[0]), 21);
    assert_eq!(fields(&story.sentinels.items()[0]), 14);
}

#[test]
fn s_down_time_is_there_exactly_while_the_flag_is() {
    let mut seen = BTreeSet::new();
    for record in story().records() {
        let flags = record.field("flags").expect("flags");
        let is_down = flags.split(',').any(|flag| flag == "s_down");
        assert_eq!(record.field("s-down-time").is_some(), is_down, "{record}");
        seen.insert(is_down);
    }
    assert_eq!(seen.len(), 2, "records that are up and one that is down");
}

#[test]
fn flags_come_from_the_known_vocabulary_and_in_its_order() {
    const VOCABULARY: [&str; 16] = [
        "s_down",
        "o_down",
        "master",
        "slave",
        "sentinel",
        "disconnected",
        "master_down",
        "failover_in_progress",
        "promoted",
        "reconf_sent",
        "reconf_inprog",
        "reconf_done",
        "force_failover",
        "coordinated_failover",
        "script_kill_sent",
        "master_reboot",
    ];
    for record in story().records() {
        let flags = record.field("flags").expect("flags");
        let places: Vec<usize> = flags
            .split(',')
            .map(|flag| VOCABULARY.iter().position(|one| *one == flag))
            .map(|place| place.unwrap_or_else(|| panic!("{flags}")))
            .collect();
        assert!(places.is_sorted(), "{flags}");
    }
}

#[test]
fn payloads_have_single_spaces_and_as_many_words_as_clients_split_them_into() {
    let mut kinds = BTreeSet::new();
    for (name, text) in story().all_events() {
        assert!(
            !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  "),
            "{name}: {text:?}"
        );
        let words: Vec<&str> = text.split(' ').collect();
        let wanted = match (name.as_str(), words[0]) {
            ("+switch-master", _) => 5,
            ("+tilt" | "-tilt", _) => 3,
            ("+new-epoch", _) => 1,
            ("+vote-for-leader", _) => 2,
            ("+odown", "master") => 6,
            ("+role-change" | "-role-change", "slave") => 13,
            (_, "master") => 4,
            (_, "slave" | "sentinel") => 8,
            other => panic!("{other:?}: {text}"),
        };
        assert_eq!(words.len(), wanted, "{name} {text}");
        if matches!(words[0], "slave" | "sentinel") {
            assert_eq!((words[4], words[5]), ("@", MASTER), "{name} {text}");
        }
        kinds.insert(name);
    }
    assert!(kinds.len() > 12, "{kinds:?}");
}

#[test]
fn the_name_of_the_master_is_always_followed_by_a_space() {
    // Lettuce looks for `<name> ` at the start of +switch-master and for `@ <name> ` elsewhere.
    let story = story();
    for text in story.texts("+switch-master") {
        assert!(text.starts_with(&format!("{MASTER} ")), "{text}");
    }
    for name in ["+slave", "+sdown", "+slave-reconf-done", "+selected-slave"] {
        let texts = story.texts(name);
        assert!(!texts.is_empty(), "{name}");
        for text in texts.iter().filter(|text| !text.starts_with("master ")) {
            assert!(text.contains(&format!(" @ {MASTER} ")), "{name} {text}");
        }
    }
    for text in story.texts("+odown") {
        assert!(text.starts_with(&format!("master {MASTER} ")), "{text}");
    }
}

#[test]
fn every_sentinel_says_switch_master_once_with_old_and_new_address() {
    let story = story();
    let (old, new) = story.switch;
    let wanted = format!("{MASTER} 127.0.0.1 {old} 127.0.0.1 {new}");
    assert_eq!(story.texts("+switch-master"), [wanted.as_str(); 3]);
}

#[test]
fn replicas_are_announced_anew_with_the_new_master_after_the_switch() {
    let story = story();
    let (old, new) = story.switch;
    for events in &story.events {
        let at = |name: &str, part: &str| {
            let mut places = events.iter();
            places.position(|(one, text)| one == name && text.contains(part))
        };
        let switch = at("+switch-master", "").expect("a switch");
        let known = at(
            "+slave",
            &format!("slave 127.0.0.1:{old} 127.0.0.1 {old} @ {MASTER} 127.0.0.1 {new}"),
        );
        assert!(
            known.expect("the old master as a replica") > switch,
            "{events:?}"
        );
    }
}

#[test]
fn the_leader_says_when_each_replica_follows_the_new_master() {
    let story = story();
    let (old, _) = story.switch;
    let done = story.texts("+slave-reconf-done");
    assert_eq!(done.len(), 1, "{done:?}");
    // Announced before the switch, so still with the old master's address.
    assert!(
        done[0].ends_with(&format!(" @ {MASTER} 127.0.0.1 {old}")),
        "{}",
        done[0]
    );
}

#[test]
fn a_master_that_comes_back_is_said_to_be_no_longer_down() {
    let mut plan = Plan::of(&[Daemon::Rsentinel; 3]);
    // Nobody can be promoted, so it stays the master.
    plan.replicas = vec![
        ServerOptions {
            priority: Some(0),
            ..ServerOptions::default()
        };
        1
    ];
    let mut cluster = Cluster::start(&plan);
    cluster.subscribe();
    cluster.servers[0].process().signal("STOP");
    let heard = |name: &'static str| {
        move |cluster: &Cluster| {
            let mut all = cluster.subscribers.iter();
            all.any(|subscriber| !subscriber.on(name).is_empty())
        }
    };
    cluster.until("it is objectively down", LONG, || heard("+odown")(&cluster));
    cluster.servers[0].process().signal("CONT");
    cluster.until("it no longer is", LONG, || heard("-odown")(&cluster));
    let port = cluster.servers[0].port();
    let wanted = format!("master {MASTER} 127.0.0.1 {port}");
    for subscriber in &cluster.subscribers {
        for event in subscriber.on("-odown") {
            assert_eq!(event.payload, wanted);
        }
    }
}

#[test]
fn an_unknown_master_is_a_null_array_and_no_error() {
    let cluster = one_sentinel();
    let port = cluster.sentinels[0].port();
    let line = "SENTINEL GET-MASTER-ADDR-BY-NAME nosuch";
    assert_eq!(raw(port, line), "*-1\r\n");
    let resp3 = raw(port, &format!("HELLO 3\r\n{line}"));
    assert!(resp3.ends_with("*0\r\n_\r\n"), "{resp3:?}");
}

#[test]
fn reset_answers_an_integer() {
    let cluster = one_sentinel();
    let port = cluster.sentinels[0].port();
    assert_eq!(raw(port, "SENTINEL RESET nosuch*"), ":0\r\n");
    assert_eq!(raw(port, "SENTINEL RESET my*"), ":1\r\n");
}

#[test]
fn role_says_that_this_is_a_sentinel_and_of_which_masters() {
    let cluster = one_sentinel();
    let port = cluster.sentinels[0].port();
    let wanted = "*2\r\n$8\r\nsentinel\r\n*1\r\n$8\r\nmymaster\r\n";
    assert_eq!(raw(port, "ROLE"), wanted);
}
