//! redis-py, blocking and for asyncio.

use std::path::Path;

use crate::access::Access;
use crate::failover::{Cause, Client, Library, Story, through_a_failover};
use crate::harness::Daemon;
use crate::libraries;
use crate::script::Script;

fn redis_py(daemon: Daemon, access: Access, cause: Cause) {
    let Some(place) = libraries::of("python") else {
        return;
    };
    let python = place.join("bin/python").display().to_string();
    let begin = |file: &str, directory: &Path, story: &Story| -> Box<dyn Client> {
        // -B: no compiled files among the sources.
        let command = [python.as_str(), "-B", &libraries::script(file)];
        Script::start(&command, directory, story, ("library", "redis-py"))
    };
    let blocking = |directory: &Path, story: &Story| begin("python/blocking.py", directory, story);
    let asyncio =
        |directory: &Path, story: &Story| begin("python/asyncio_client.py", directory, story);
    through_a_failover(
        daemon,
        access,
        cause,
        &[
            Library::new("redis-py", 2, &blocking),
            Library::new("redis-py", 3, &blocking),
            Library::new("redis-py-asyncio", 2, &asyncio),
            Library::new("redis-py-asyncio", 3, &asyncio),
        ],
    );
}

#[test]
fn redis_py_comes_back_by_itself() {
    redis_py(Daemon::Rsentinel, Access::Open, Cause::Death);
}

#[test]
fn redis_py_comes_back_by_itself_with_passwords() {
    redis_py(Daemon::Rsentinel, Access::Password, Cause::Death);
}

#[test]
fn redis_py_comes_back_by_itself_as_a_user_with_few_rights() {
    redis_py(Daemon::Rsentinel, Access::Users, Cause::Death);
}

#[test]
fn redis_py_moves_to_the_new_master_at_an_ordered_failover() {
    redis_py(Daemon::Rsentinel, Access::Open, Cause::Order);
}

#[test]
fn the_reference_gets_redis_py_through_the_same_story() {
    redis_py(Daemon::Reference, Access::Users, Cause::Death);
}
