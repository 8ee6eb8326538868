//! sentinel.conf as it is now, as it was when the state was written, and the state: together
//! they are the configuration to start with.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::read::Conf;
use crate::config::sentinel_conf::{KnownPeer, MasterConf, SentinelConf};
use crate::config::users::UserLine;
use crate::types::Address;

use super::Stored;

/// For each matter: what an operator has changed in sentinel.conf counts; else the state does.
/// Epochs and votes only grow, whatever the files say. `conf` must hold the `user` lines as they
/// are written.
pub fn merge(mut conf: Conf, stored: Stored) -> Conf {
    let Stored {
        state,
        configured: then,
        ..
    } = stored;
    let server = &mut conf.server;
    server.loglevel = newer(
        server.loglevel,
        &then.server.loglevel,
        state.server.loglevel,
    );
    if server.aclfile.is_none() {
        server.users = users(
            std::mem::take(&mut server.users),
            &then.server.users,
            state.server.users,
        );
    }
    conf.sentinel = sentinel(conf.sentinel, &then.sentinel, state.sentinel);
    if !conf.sentinel.resolve_hostnames {
        drop_names(&mut conf);
    }
    conf
}

/// Names were allowed when the state was written and are not now.
fn drop_names(conf: &mut Conf) {
    let warnings = &mut conf.warnings;
    conf.sentinel.masters.retain_mut(|master| {
        master.known_replicas.retain(|address| !address.is_name());
        master.known_peers.retain(|peer| !peer.address.is_name());
        let stays = !master.address.is_name();
        if !stays {
            warnings.push(format!(
                "master {} of the state file is at '{}', which is a name, and resolve-hostnames is \
                 'no': it is not monitored any more",
                master.name,
                master.address.host()
            ));
        }
        stays
    });
}

/// What is written now if it is something else than it was then, else what the state says.
fn newer<T: PartialEq>(now: T, then: &T, state: T) -> T {
    if now == *then { state } else { now }
}

/// The same for each entry of a collection: entries come, go and change on either side.
fn newer_entries<K: Ord, V: PartialEq>(
    now: BTreeMap<K, V>,
    then: &BTreeMap<K, V>,
    state: BTreeMap<K, V>,
) -> BTreeMap<K, V> {
    let is_old = |key: &K, value: Option<&V>| then.get(key) == value;
    let mut merged: BTreeMap<K, V> = state
        .into_iter()
        .filter(|(key, _)| is_old(key, now.get(key)))
        .collect();
    let changed = now
        .into_iter()
        .filter(|(key, value)| !is_old(key, Some(value)));
    merged.extend(changed);
    merged
}

fn users(now: Vec<UserLine>, then: &[UserLine], state: Vec<UserLine>) -> Vec<UserLine> {
    let by_name = |lines: Vec<UserLine>| -> BTreeMap<Vec<u8>, UserLine> {
        lines
            .into_iter()
            .map(|line| (line.name.clone(), line))
            .collect()
    };
    newer_entries(by_name(now), &by_name(then.to_vec()), by_name(state))
        .into_values()
        .collect()
}

fn sentinel(now: SentinelConf, then: &SentinelConf, state: SentinelConf) -> SentinelConf {
    let resolve_hostnames = newer(
        now.resolve_hostnames,
        &then.resolve_hostnames,
        state.resolve_hostnames,
    );
    // A line that was only taken out does not take the identity.
    let my_id = match now.my_id {
        Some(id) if then.my_id.as_ref() != Some(&id) => Some(id),
        other => state.my_id.or(other),
    };
    SentinelConf {
        my_id,
        current_epoch: now.current_epoch.max(state.current_epoch),
        announce_ip: newer(now.announce_ip, &then.announce_ip, state.announce_ip),
        announce_port: newer(now.announce_port, &then.announce_port, state.announce_port),
        allow_scripts_reconfig: newer(
            now.allow_scripts_reconfig,
            &then.allow_scripts_reconfig,
            state.allow_scripts_reconfig,
        ),
        resolve_hostnames,
        announce_hostnames: newer(
            now.announce_hostnames,
            &then.announce_hostnames,
            state.announce_hostnames,
        ),
        sentinel_user: newer(now.sentinel_user, &then.sentinel_user, state.sentinel_user),
        sentinel_pass: newer(now.sentinel_pass, &then.sentinel_pass, state.sentinel_pass),
        loglevel: now.loglevel,
        masters: masters(now.masters, &then.masters, state.masters, resolve_hostnames),
    }
}

fn masters(
    now: Vec<MasterConf>,
    then: &[MasterConf],
    state: Vec<MasterConf>,
    resolve_hostnames: bool,
) -> Vec<MasterConf> {
    let mut of_state: Vec<Option<MasterConf>> = state.into_iter().map(Some).collect();
    let mut take = |name| {
        let slot = of_state
            .iter_mut()
            .find(|slot| slot.as_ref().is_some_and(|m: &MasterConf| m.name == name));
        slot.and_then(Option::take)
    };
    let mut merged = Vec::new();
    for now in now {
        let then = then.iter().find(|then| then.name == now.name);
        match (then, take(now.name.clone())) {
            (Some(then), Some(state)) => merged.push(master(now, then, state, resolve_hostnames)),
            // The same master, added at run time first and to the file later.
            (None, Some(state)) => {
                let nothing = MasterConf::new(now.name.clone(), now.address.clone(), 0);
                merged.push(master(now, &nothing, state, resolve_hostnames));
            }
            (None, None) => merged.push(now),
            // Removed at run time, unless it was written anew since.
            (Some(then), None) => merged.extend((*then != now).then_some(now)),
        }
    }
    // Added at run time; what was in the file and is not any more is gone.
    let added = of_state.into_iter().flatten();
    merged.extend(added.filter(|master| then.iter().all(|then| then.name != master.name)));
    merged
}

fn master(
    now: MasterConf,
    then: &MasterConf,
    state: MasterConf,
    resolve_hostnames: bool,
) -> MasterConf {
    // An operator has moved the master by hand; or another daemon ran on sentinel.conf meanwhile
    // and it knows of a later failover; or the state has a name where none may be.
    let moved = now.address != then.address
        || now.config_epoch > state.config_epoch
        || (state.address.is_name() && !resolve_hostnames);
    let address = if moved { now.address } else { state.address };
    let (leader_epoch, voted_for) = if now.leader_epoch > state.leader_epoch {
        (now.leader_epoch, now.voted_for)
    } else {
        (state.leader_epoch, state.voted_for)
    };
    MasterConf {
        known_replicas: replicas(
            &address,
            now.known_replicas,
            &then.known_replicas,
            state.known_replicas,
        ),
        known_peers: peers(now.known_peers, &then.known_peers, state.known_peers),
        address,
        quorum: newer(now.quorum, &then.quorum, state.quorum),
        down_after: newer(now.down_after, &then.down_after, state.down_after),
        failover_timeout: newer(
            now.failover_timeout,
            &then.failover_timeout,
            state.failover_timeout,
        ),
        parallel_syncs: newer(
            now.parallel_syncs,
            &then.parallel_syncs,
            state.parallel_syncs,
        ),
        notification_script: newer(
            now.notification_script,
            &then.notification_script,
            state.notification_script,
        ),
        client_reconfig_script: newer(
            now.client_reconfig_script,
            &then.client_reconfig_script,
            state.client_reconfig_script,
        ),
        auth_pass: newer(now.auth_pass, &then.auth_pass, state.auth_pass),
        auth_user: newer(now.auth_user, &then.auth_user, state.auth_user),
        master_reboot_down_after: newer(
            now.master_reboot_down_after,
            &then.master_reboot_down_after,
            state.master_reboot_down_after,
        ),
        config_epoch: now.config_epoch.max(state.config_epoch),
        leader_epoch,
        voted_for,
        renames: newer_entries(now.renames, &then.renames, state.renames),
        name: now.name,
    }
}

/// Those of the state, and those that were added to sentinel.conf since.
fn replicas(
    master: &Address,
    now: Vec<Address>,
    then: &[Address],
    state: Vec<Address>,
) -> Vec<Address> {
    let added = now.into_iter().filter(|address| !then.contains(address));
    let mut merged: Vec<Address> = Vec::new();
    for address in state.into_iter().chain(added) {
        let known = merged.iter().any(|known| known.same_as(&address));
        if !known && !address.same_as(master) {
            merged.push(address);
        }
    }
    merged
}

fn peers(now: Vec<KnownPeer>, then: &[KnownPeer], state: Vec<KnownPeer>) -> Vec<KnownPeer> {
    let added: Vec<KnownPeer> = now
        .into_iter()
        .filter(|peer| !then.contains(peer))
        .collect();
    let replaced: BTreeSet<_> = added.iter().map(|peer| peer.id.clone()).collect();
    let state = state
        .into_iter()
        .filter(|peer| !replaced.contains(&peer.id));
    state.chain(added.iter().cloned()).collect()
}
