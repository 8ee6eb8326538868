//! The `sentinel …` lines.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::page::{Key, Page};
use crate::config::quoting;
use crate::config::sentinel_conf::{MasterConf, SentinelConf};
use crate::config::sub_directives::Sub;
use crate::config::voted_for::VotedFor;
use crate::types::{Address, quote};

/// Writes those of the process, and of each master that is `wanted`.
pub fn put(page: &mut Page, state: &SentinelConf, wanted: impl Fn(&MasterConf) -> bool) {
    if let Some(id) = &state.my_id {
        put_process(page, Sub::MyId, id.as_str().as_bytes());
    }
    put_switch(
        page,
        Sub::DenyScriptsReconfig,
        !state.allow_scripts_reconfig,
        true,
    );
    put_switch(page, Sub::ResolveHostnames, state.resolve_hostnames, false);
    put_switch(
        page,
        Sub::AnnounceHostnames,
        state.announce_hostnames,
        false,
    );
    // A name in the file of a sentinel that resolves none would keep it from starting.
    let write_names = state.announce_hostnames && state.resolve_hostnames;
    for master in state.masters.iter().filter(|master| wanted(master)) {
        MasterLines {
            page,
            master,
            write_names,
            resolves: state.resolve_hostnames,
        }
        .put();
    }
    put_process(
        page,
        Sub::CurrentEpoch,
        state.current_epoch.to_string().as_bytes(),
    );
    if let Some(ip) = state.announce_ip.as_ref().filter(|ip| !ip.is_empty()) {
        let line = [b"sentinel announce-ip ", quote(ip.as_bytes()).as_slice()].concat();
        page.put(Key::Process(Sub::AnnounceIp), line);
    }
    if state.announce_port != 0 {
        put_process(
            page,
            Sub::AnnouncePort,
            state.announce_port.to_string().as_bytes(),
        );
    }
    if let Some(user) = state.sentinel_user.as_ref().filter(|user| !user.is_empty()) {
        put_process(page, Sub::SentinelUser, user.as_bytes());
    }
    if let Some(pass) = state
        .sentinel_pass
        .as_ref()
        .filter(|pass| !pass.reveal().is_empty())
    {
        put_process(page, Sub::SentinelPass, pass.reveal());
    }
}

fn put_process(page: &mut Page, sub: Sub, value: &[u8]) {
    page.put(Key::Process(sub), sentinel_line(sub, &[value]));
}

fn put_switch(page: &mut Page, sub: Sub, value: bool, default: bool) {
    let word: &[u8] = if value { b"yes" } else { b"no" };
    let line = sentinel_line(sub, &[word]);
    if value == default {
        page.put_if_present(Key::Process(sub), line);
    } else {
        page.put(Key::Process(sub), line);
    }
}

fn sentinel_line(sub: Sub, words: &[&[u8]]) -> Vec<u8> {
    let head = [b"sentinel".as_slice(), sub.as_str().as_bytes()];
    quoting::words(head.into_iter().chain(words.iter().copied()))
}

struct MasterLines<'a> {
    page: &'a mut Page,
    master: &'a MasterConf,
    write_names: bool,
    /// `resolve-hostnames`: whether a name can be read back.
    resolves: bool,
}

impl MasterLines<'_> {
    /// Values at their default get no line: the one they may have disappears.
    fn put(mut self) {
        let master = self.master;
        let default = MasterConf::new(master.name.clone(), master.address.clone(), master.quorum);
        let (host, port) = self.shown(&master.address);
        self.line(Sub::Monitor, &[&host, &port, &master.quorum.to_string()]);
        self.unless_equal(Sub::DownAfter, master.down_after, default.down_after);
        self.unless_equal(
            Sub::FailoverTimeout,
            master.failover_timeout,
            default.failover_timeout,
        );
        self.unless_equal(
            Sub::ParallelSyncs,
            master.parallel_syncs,
            default.parallel_syncs,
        );
        self.if_set(
            Sub::NotificationScript,
            master.notification_script.as_deref(),
        );
        self.if_set(
            Sub::ReconfigScript,
            master.client_reconfig_script.as_deref(),
        );
        // An empty password or user would have to be written as an empty word, which
        // redis-sentinel loses when it rewrites the file; it then refuses to start.
        if let Some(pass) = master
            .auth_pass
            .as_ref()
            .filter(|pass| !pass.reveal().is_empty())
        {
            self.bytes_line(Sub::AuthPass, &[pass.reveal()]);
        }
        let auth_user = master.auth_user.as_deref();
        self.if_set(Sub::AuthUser, auth_user.filter(|user| !user.is_empty()));
        self.unless_equal(
            Sub::RebootDownAfter,
            master.master_reboot_down_after,
            default.master_reboot_down_after,
        );
        self.line(Sub::ConfigEpoch, &[&master.config_epoch.to_string()]);
        self.line(Sub::LeaderEpoch, &[&master.leader_epoch.to_string()]);
        self.vote();
        self.replicas();
        self.peers();
        for (command, word) in &master.renames {
            self.line(Sub::RenameCommand, &[command, word]);
        }
    }

    fn vote(&mut self) {
        let Some(id) = &self.master.voted_for else {
            return;
        };
        let (master, epoch) = (self.master.name.clone(), self.master.leader_epoch);
        let line = VotedFor {
            master,
            epoch,
            id: id.clone(),
        }
        .write();
        self.page.put(Key::VotedFor(self.name().to_vec()), line);
    }

    fn replicas(&mut self) {
        // redis-sentinel refuses a file that lists a replica twice.
        let mut written = BTreeSet::from([self.shown(&self.master.address)]);
        for replica in &self.master.known_replicas {
            let (host, port) = self.shown(replica);
            if self.reads_back(replica) && written.insert((host.clone(), port.clone())) {
                self.line(Sub::KnownReplica, &[&host, &port]);
            }
        }
    }

    fn peers(&mut self) {
        let mut written = BTreeSet::new();
        for peer in &self.master.known_peers {
            let id = peer.id.as_str();
            if !id.is_empty() && self.reads_back(&peer.address) && written.insert(id) {
                let (host, port) = self.shown(&peer.address);
                self.line(Sub::KnownSentinel, &[&host, &port, id]);
            }
        }
    }

    /// A name that has no address yet is lost when names are not resolved any more: the next start
    /// would end at it.
    fn reads_back(&self, address: &Address) -> bool {
        self.resolves || address.ip().is_some()
    }

    fn shown(&self, address: &Address) -> (String, String) {
        (
            address.announced(self.write_names),
            address.port().to_string(),
        )
    }

    fn unless_equal<T: PartialEq + Display>(&mut self, sub: Sub, value: T, default: T) {
        if value != default {
            self.line(sub, &[&value.to_string()]);
        }
    }

    fn if_set(&mut self, sub: Sub, value: Option<&str>) {
        if let Some(value) = value {
            self.line(sub, &[value]);
        }
    }

    fn line(&mut self, sub: Sub, values: &[&str]) {
        let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
        self.bytes_line(sub, &values);
    }

    fn bytes_line(&mut self, sub: Sub, values: &[&[u8]]) {
        let words = [&[self.name()], values].concat();
        let line = sentinel_line(sub, &words);
        self.page
            .put(Key::OfMaster(sub, self.name().to_vec()), line);
    }

    fn name(&self) -> &[u8] {
        self.master.name.as_str().as_bytes()
    }
}
