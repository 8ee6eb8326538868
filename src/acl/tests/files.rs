//! The ACL file.

use super::*;
use crate::acl::{NO_CHANGE, Users, read_file, write_file};

fn faults(text: &str) -> String {
    read_file("/f", text.as_bytes(), &book()).expect_err("it has faults")
}

fn shown(users: &Users) -> String {
    String::from_utf8(write_file(users)).expect("text")
}

#[test]
fn a_file_is_read_and_written_back_in_canonical_form_and_order() {
    let text = "\n  \nuser bob on +ping (~x  +info) \r\nuser al off ~\"a\" &b";
    let users = read_file("/f", text.as_bytes(), &book()).expect("right");
    let written = "user al off sanitize-payload ~\"a\" resetchannels &b -@all\n\
                   user bob on sanitize-payload resetchannels -@all +ping (~x resetchannels -@all +info)\n\
                   user default on nopass sanitize-payload ~* &* +@all\n";
    assert_eq!(shown(&users), written);
    let again = read_file("/f", written.as_bytes(), &book()).expect("right");
    assert_eq!(shown(&again), written);
}

#[test]
fn a_user_default_of_the_file_starts_from_nothing() {
    let users = read_file("/f", b"user default on >x +ping", &book()).expect("right");
    assert!(shown(&users).ends_with(" resetchannels -@all +ping\n"));
    assert!(!users.let_everybody_in());
}

#[test]
fn all_faults_are_told_at_once() {
    for (text, report) in [
        (
            "bogus line",
            "/f:1 should start with user keyword followed by the username. ",
        ),
        (
            "user",
            "/f:1 should start with user keyword followed by the username. ",
        ),
        (
            "# c",
            "/f:1 should start with user keyword followed by the username. ",
        ),
        (
            "USER u on",
            "/f:1 should start with user keyword followed by the username. ",
        ),
        ("user  bob on", "/f:1: Syntax error. "),
        ("user bob \"on\"", "/f:1: Syntax error. "),
        (
            "\nuser u on\nuser u on",
            "WARNING: Duplicate user 'u' found on line 3. ",
        ),
        (
            "user a on >a b\nuser b +zork\nuser c ~* ~y\nfoo",
            "/f:1: Syntax error. /f:2: Error in applying operation '+zork': Unknown command or category name in \
             ACL. /f:3: Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have \
             any effect. Try 'resetkeys' to start with an empty list of patterns. /f:4 should start with user \
             keyword followed by the username. ",
        ),
    ] {
        assert_eq!(faults(text), format!("{report}{NO_CHANGE}"), "{text}");
    }
}

#[test]
fn no_fault_shows_a_password() {
    for text in [
        "user u >s3cr3t bogus",
        "user u <s3cr3t",
        "user u (>s3cr3t",
        "user u #s3cr3t",
        "user u (+get >s3cr3t)",
        "user u (+get \">s3cr3t\" '#s3cr3t')",
    ] {
        assert!(!faults(text).contains("s3cr3t"), "{text}");
    }
}
