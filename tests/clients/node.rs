//! ioredis and node-redis.

use std::path::Path;

use crate::access::Access;
use crate::failover::{Cause, Client, Library, Story, through_a_failover};
use crate::harness::Daemon;
use crate::libraries;
use crate::script::Script;

fn node(daemon: Daemon, access: Access, cause: Cause) {
    let Some(place) = libraries::of("node") else {
        return;
    };
    let modules = format!("NODE_PATH={}", place.join("node_modules").display());
    let begin = |file: &str, library: &str, directory: &Path, story: &Story| -> Box<dyn Client> {
        let command = ["env", &modules, "node", &libraries::script(file)];
        Script::start(&command, directory, story, ("library", library))
    };
    let ioredis =
        |directory: &Path, story: &Story| begin("node/ioredis.cjs", "ioredis", directory, story);
    let ioredis5 =
        |directory: &Path, story: &Story| begin("node/ioredis.cjs", "ioredis5", directory, story);
    let node_redis = |directory: &Path, story: &Story| {
        begin("node/node_redis.cjs", "@redis/client", directory, story)
    };
    through_a_failover(
        daemon,
        access,
        cause,
        &[
            Library::new("ioredis5", 2, &ioredis5),
            Library::new("ioredis", 2, &ioredis),
            Library::new("ioredis", 3, &ioredis),
            Library::new("node-redis", 2, &node_redis),
            Library::new("node-redis", 3, &node_redis),
        ],
    );
}

#[test]
fn ioredis_and_node_redis_come_back_by_themselves() {
    node(Daemon::Rsentinel, Access::Open, Cause::Death);
}

#[test]
fn ioredis_and_node_redis_come_back_by_themselves_with_passwords() {
    node(Daemon::Rsentinel, Access::Password, Cause::Death);
}

#[test]
fn ioredis_and_node_redis_come_back_by_themselves_as_users_with_few_rights() {
    node(Daemon::Rsentinel, Access::Users, Cause::Death);
}

#[test]
fn ioredis_and_node_redis_move_to_the_new_master_at_an_ordered_failover() {
    node(Daemon::Rsentinel, Access::Open, Cause::Order);
}

#[test]
fn the_reference_gets_ioredis_and_node_redis_through_the_same_story() {
    node(Daemon::Reference, Access::Users, Cause::Death);
}
