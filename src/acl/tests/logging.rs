//! The ACL log, and passwords out of random bytes.

use crate::acl::{AclLog, Denial, GENPASS_BYTES, Reason, genpass};
use crate::types::Wall;

fn denial(object: &str) -> Denial {
    Denial::new(Reason::Command, object.as_bytes(), b"bob")
}

fn objects(log: &AclLog) -> Vec<String> {
    let text = |bytes: &bytes::Bytes| String::from_utf8_lossy(bytes).into_owned();
    log.newest(usize::MAX)
        .map(|entry| text(&entry.denial.object))
        .collect()
}

#[test]
fn a_repeat_is_counted_and_moves_to_the_front() {
    let mut log = AclLog::new(128);
    log.record(denial("a"), "one".into(), Wall(1000));
    log.record(denial("b"), "one".into(), Wall(2000));
    log.record(denial("a"), "two".into(), Wall(61_000));
    let first = log.newest(1).next().expect("an entry");
    assert_eq!(
        (first.id, first.count, first.client.as_str()),
        (0, 2, "two")
    );
    assert_eq!((first.created, first.updated), (Wall(1000), Wall(61_000)));
    assert_eq!(objects(&log), ["a", "b"]);
}

#[test]
fn late_far_and_different_denials_are_entries_of_their_own() {
    let mut log = AclLog::new(128);
    log.record(denial("a"), String::new(), Wall(0));
    log.record(denial("a"), String::new(), Wall(60_001));
    let auth = Denial::new(Reason::Auth, b"a", b"bob");
    log.record(auth, String::new(), Wall(60_002));
    assert_eq!(objects(&log).len(), 3);
    for n in 0..10 {
        log.record(denial(&n.to_string()), String::new(), Wall(60_003));
    }
    log.record(denial("a"), String::new(), Wall(60_004));
    assert_eq!(
        objects(&log).len(),
        14,
        "the tenth newest is the last that is looked at"
    );
}

#[test]
fn an_entry_keeps_only_so_much_of_what_a_client_chose() {
    let mut log = AclLog::new(128);
    let long = "é".repeat(1_000_000);
    log.record(denial(&long), format!("id=1 name={long}"), Wall(0));
    let entry = log.newest(1).next().expect("an entry");
    assert!(entry.client.starts_with("id=1 name=éé"));
    assert!(entry.client.len() <= 1024 && entry.client.capacity() <= 1024);
    assert_eq!(entry.denial.object.len(), 1024);
}

#[test]
fn the_log_keeps_the_newest_and_forgets_on_demand() {
    let mut log = AclLog::new(2);
    for object in ["a", "b", "c"] {
        log.record(denial(object), String::new(), Wall(0));
    }
    assert_eq!(objects(&log), ["c", "b"]);
    log.clear();
    assert!(objects(&log).is_empty());
    let mut none = AclLog::new(0);
    none.record(denial("a"), String::new(), Wall(0));
    assert!(objects(&none).is_empty());
}

#[test]
fn what_clients_choose_is_kept_only_in_part() {
    let long = "x".repeat(1 << 20);
    assert_eq!(denial(&long).object.len(), 1024);
}

#[test]
fn a_password_has_a_digit_for_every_four_bits_begun() {
    let random = [0xa5; GENPASS_BYTES];
    for (bits, digits) in [(1, 1), (4, 1), (5, 2), (256, 64), (4096, 1024)] {
        let password = genpass(bits, &random);
        assert_eq!(password.len(), digits);
        assert!(password.starts_with('a') && "a5".repeat(512).starts_with(&password));
    }
}
