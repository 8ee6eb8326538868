//! Snapshots for those who ask: the address table, and everything that listings show.

use std::sync::Arc;

use bytes::Bytes;

use crate::types::{Address, Mono, Now};
use crate::wire::Role;

use super::Sentinel;
use super::failover::Failover;
use super::instances::{Health, Master, Peer, Reconf, Replica, Server};
use super::links::Link;
use super::view::{
    InstanceView, MasterView, PeerView, ReplicaView, ServerView, SettingsView, View,
};

impl Sentinel {
    /// Everything that listings show, as it is now.
    pub fn view(&self, now: Now) -> View {
        let mut masters: Vec<Arc<MasterView>> = self
            .masters
            .values()
            .map(|m| Arc::new(self.master_view(m, now.mono)))
            .collect();
        masters.sort_by(|a, b| a.instance.name.cmp(&b.instance.name));
        View {
            taken: now,
            my_id: self.my_id.clone(),
            tilt: self.tilt.is_on(),
            tilt_since: self.tilt.since().map(|at| now.mono.since(at)),
            total_tilt: self.tilt.entered,
            simulate_failure_flags: u8::from(self.simulate.crash_after_election)
                | u8::from(self.simulate.crash_after_promotion) << 1,
            settings: SettingsView {
                resolve_hostnames: self.settings.resolve_hostnames,
                announce_hostnames: self.settings.announce_hostnames,
                announce_ip: self.settings.announce_ip.clone().unwrap_or_default(),
                announce_port: self.settings.announce_port,
                sentinel_user: self.settings.sentinel_user.clone().unwrap_or_default(),
                sentinel_pass: self
                    .settings
                    .sentinel_pass
                    .as_ref()
                    .map_or_else(Bytes::new, |p| Bytes::copy_from_slice(p.reveal())),
            },
            timings: self.timings.listing(),
            scripts: self.scripts_view(now),
            masters,
        }
    }

    fn master_view(&self, master: &Master, now: Mono) -> MasterView {
        let announce = self.settings.announce_hostnames;
        let effective = master.effective_address();
        let mut flags = Flags::of(&master.server.health, now);
        flags.add(master.is_odown(), "o_down");
        flags.add(true, "master");
        flags.add(self.is_disconnected(master.server.link), "disconnected");
        flags.add(master.failover.is_some(), "failover_in_progress");
        flags.add(
            master.failover.as_ref().is_some_and(Failover::is_forced),
            "force_failover",
        );
        flags.add(
            master
                .failover
                .as_ref()
                .is_some_and(Failover::is_coordinated),
            "coordinated_failover",
        );
        flags.add(master.server.health.script_kill_sent, "script_kill_sent");
        flags.add(master.rebooted_at.is_some(), "master_reboot");
        let status = match (master.is_odown(), master.is_sdown()) {
            (true, _) => "odown",
            (false, true) => "sdown",
            (false, false) => "ok",
        };
        let mut instance = self.instance_view(
            master,
            &master.address,
            master.server.link,
            &master.server.health,
            now,
        );
        instance.name = master.name.to_string();
        instance.run_id = run_id(&master.server);
        instance.flags = flags.text();
        instance.o_down_time = master.odown_since.map(|at| now.since(at));
        MasterView {
            instance,
            server: server_view(&master.server, now),
            failover_state: master.failover.as_ref().map(Failover::state_name),
            effective: (effective.announced(announce), effective.port()),
            config_epoch: master.config_epoch,
            quorum: master.settings.quorum,
            failover_timeout: master.settings.failover_timeout,
            parallel_syncs: master.settings.parallel_syncs,
            notification_script: master.settings.notification_script.clone(),
            client_reconfig_script: master.settings.client_reconfig_script.clone(),
            status,
            replicas: master
                .replicas
                .iter()
                .map(|(key, r)| self.replica_view(master, *key, r, now))
                .collect(),
            peers: master
                .peers
                .values()
                .map(|p| self.peer_view(master, p, now))
                .collect(),
        }
    }

    fn replica_view(&self, master: &Master, key: u32, replica: &Replica, now: Mono) -> ReplicaView {
        let server = &replica.server;
        let mut flags = Flags::of(&server.health, now);
        flags.add(true, "slave");
        flags.add(self.is_disconnected(server.link), "disconnected");
        flags.add(
            master.failover.as_ref().and_then(Failover::chosen) == Some(key),
            "promoted",
        );
        flags.add(matches!(replica.reconf, Reconf::Sent(_)), "reconf_sent");
        flags.add(replica.reconf == Reconf::InProgress, "reconf_inprog");
        flags.add(replica.reconf == Reconf::Done, "reconf_done");
        flags.add(server.health.script_kill_sent, "script_kill_sent");
        let mut instance =
            self.instance_view(master, &replica.address, server.link, &server.health, now);
        instance.name = replica.name.clone();
        instance.run_id = run_id(server);
        instance.flags = flags.text();
        ReplicaView {
            instance,
            server: server_view(server, now),
            master_link_down_time: replica.link_down_ms,
            master_link_up: replica.link_up,
            master_host: replica.master_host.clone().unwrap_or_else(|| "?".into()),
            master_port: replica.master_port,
            priority: replica.priority,
            repl_offset: replica.repl_offset,
            announced: replica.announced,
        }
    }

    fn peer_view(&self, master: &Master, peer: &Peer, now: Mono) -> PeerView {
        let mut flags = Flags::of(&peer.health, now);
        flags.add(true, "sentinel");
        flags.add(self.is_disconnected(peer.link), "disconnected");
        flags.add(peer.reports_down, "master_down");
        flags.add(peer.health.script_kill_sent, "script_kill_sent");
        let mut instance = self.instance_view(master, &peer.address, peer.link, &peer.health, now);
        instance.name = peer.id.to_string();
        instance.run_id = peer.id.to_string();
        instance.flags = flags.text();
        PeerView {
            instance,
            last_hello_message: now.since(peer.hello_received),
            voted_leader: peer
                .vote
                .leader
                .as_ref()
                .map_or_else(|| "?".into(), |id| id.to_string()),
            voted_leader_epoch: peer.vote.epoch,
            usable: !peer.health.is_down(),
        }
    }

    fn instance_view(
        &self,
        master: &Master,
        address: &Address,
        link: super::links::LinkId,
        health: &Health,
        now: Mono,
    ) -> InstanceView {
        let link = self.links.get(&link);
        let age = |at: fn(&Link) -> Mono| link.map_or(0, |l| now.since(at(l)));
        InstanceView {
            name: String::new(),
            ip: address.announced(self.settings.announce_hostnames),
            port: address.port(),
            run_id: String::new(),
            flags: String::new(),
            link_pending_commands: link.map_or(0, Link::pending),
            link_refcount: link.map_or(1, |l| l.users.len()),
            last_ping_sent: link
                .and_then(|l| l.ping_pending_since)
                .map_or(0, |at| now.since(at)),
            last_ok_ping_reply: age(|l| l.last_valid_reply),
            last_ping_reply: age(|l| l.last_any_reply),
            s_down_time: health.down_since.map(|at| now.since(at)),
            o_down_time: None,
            down_after: master.settings.down_after,
        }
    }

    fn is_disconnected(&self, link: super::links::LinkId) -> bool {
        self.links.get(&link).is_none_or(Link::is_disconnected)
    }
}

fn server_view(server: &Server, now: Mono) -> ServerView {
    ServerView {
        info_refresh: server.info_time.map_or(0, |at| now.since(at)),
        role_reported: if server.role == Role::Master {
            "master"
        } else {
            "slave"
        },
        role_reported_time: now.since(server.role_since),
        info: server.info_text.clone(),
    }
}

fn run_id(server: &Server) -> String {
    server
        .run_id
        .as_ref()
        .map_or_else(String::new, |id| id.to_string())
}

/// The `flags` text, built in its documented order.
struct Flags(Vec<&'static str>);

impl Flags {
    fn of(health: &Health, _now: Mono) -> Self {
        let mut flags = Flags(Vec::new());
        flags.add(health.is_down(), "s_down");
        flags
    }

    fn add(&mut self, set: bool, name: &'static str) {
        if set {
            self.0.push(name);
        }
    }

    fn text(&self) -> String {
        self.0.join(",")
    }
}
