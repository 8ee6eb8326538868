//! Masters of included files, and what the main file says of them after it was rewritten.

mod memory_files;

use memory_files::{MemoryFiles, rewritten, with_users};
use rsentinel::config::parse;
use rsentinel::types::Address;

const INCLUDED: &str = "sentinel monitor m 10.0.0.1 6379 2\nsentinel rename-command m CONFIG x\n\
                        sentinel known-sentinel m 10.0.0.9 1 39030f527a8d1f2b71b50dea1908d85dbc264b69\n";

#[test]
fn a_failover_of_an_included_master_is_remembered_in_the_main_file_and_the_next_start_finds_it() {
    let mut files = MemoryFiles::with(&[("masters", INCLUDED)]);
    let text = "include masters\n";
    let (mut conf, ..) = with_users(text, &mut files);
    conf.sentinel.masters[0].address = Address::new("10.0.0.2", 6379);
    conf.sentinel.masters[0].quorum = 3;
    let once = rewritten(text, &conf.server, &conf.sentinel);
    let (again, ..) = with_users(&once, &mut files);
    assert_eq!(again.sentinel, conf.sentinel, "from\n{once}");
    assert_eq!(again.warnings.len(), 1, "{:?}", again.warnings);
    // The order of the two does not matter.
    let (last, ..) = with_users(
        &format!("{}\ninclude masters\n", once.replace(text, "")),
        &mut files,
    );
    assert_eq!(last.sentinel, conf.sentinel);
}

#[test]
fn two_lines_of_one_file_that_differ_are_still_an_error() {
    let different = "sentinel monitor m 10.0.0.1 6379 2\nsentinel monitor m 10.0.0.2 6379 2\n";
    let mut files = MemoryFiles::with(&[("masters", different)]);
    for text in [different, "include masters\n"] {
        let error = parse(text.as_bytes(), &mut files).unwrap_err().to_string();
        assert!(error.ends_with("Duplicate master name."), "{error}");
    }
}
