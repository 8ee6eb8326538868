//! How a sentinel comes into the world: from its configuration and a seed.

use std::collections::BTreeMap;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use crate::config::{MasterConf, SentinelConf};
use crate::types::{Address, Epoch, MasterName, Now, RunId, Secret};
use crate::wire::Role;

use super::deadlines::{Deadline, Deadlines};
use super::instances::{Health, Master, MasterSettings, Server};
use super::notice::{EventName, Level, LogLine};
use super::persist::Ledger;
use super::{Action, Features, HEARTBEAT_MS, MasterId, Party, Sentinel, Simulate, Timings};

/// What a sentinel is born from.
#[derive(Clone, Debug)]
pub struct Birth {
    /// The configuration; `my_id` must be set, and is on disk already.
    pub conf: SentinelConf,
    /// The port this process listens on, announced unless `announce-port` says otherwise.
    pub port: u16,
    /// Own `requirepass`: shown to peers while `sentinel-pass` is not set.
    pub requirepass: Option<Secret>,
    /// The timings; their defaults in production.
    pub timings: Timings,
    /// Which optional behaviours it has.
    pub features: Features,
    /// Seeds the one generator.
    pub seed: u64,
}

/// Process-wide settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `announce-ip`.
    pub announce_ip: Option<String>,
    /// `announce-port`, 0 = unset.
    pub announce_port: u16,
    /// The port this process listens on.
    pub port: u16,
    /// `deny-scripts-reconfig no`.
    pub allow_scripts_reconfig: bool,
    /// `resolve-hostnames`.
    pub resolve_hostnames: bool,
    /// `announce-hostnames`.
    pub announce_hostnames: bool,
    /// `sentinel-user`.
    pub sentinel_user: Option<String>,
    /// `sentinel-pass`.
    pub sentinel_pass: Option<Secret>,
    /// Own `requirepass`.
    pub requirepass: Option<Secret>,
    /// The log level, when it was changed at run time.
    pub loglevel: Option<String>,
}

impl Sentinel {
    /// A sentinel that is about to connect to everything it knows of.
    pub fn new(now: Now, birth: Birth) -> Sentinel {
        let Birth {
            conf,
            port,
            requirepass,
            timings,
            features,
            seed,
        } = birth;
        let my_id = conf.my_id.clone().unwrap_or_else(|| RunId::new(""));
        let on_disk = epoch_on_disk(&conf);
        let mut sentinel = Sentinel {
            my_id,
            settings: Settings {
                announce_ip: conf.announce_ip,
                announce_port: conf.announce_port,
                port,
                allow_scripts_reconfig: conf.allow_scripts_reconfig,
                resolve_hostnames: conf.resolve_hostnames,
                announce_hostnames: conf.announce_hostnames,
                sentinel_user: conf.sentinel_user,
                sentinel_pass: conf.sentinel_pass,
                requirepass,
                loglevel: conf.loglevel,
            },
            timings,
            features,
            current_epoch: conf.current_epoch,
            tilt: Default::default(),
            simulate: Simulate::default(),
            crashing: false,
            rng: Xoshiro256PlusPlus::seed_from_u64(seed),
            masters: BTreeMap::new(),
            names: BTreeMap::new(),
            links: BTreeMap::new(),
            conns: BTreeMap::new(),
            local_ips: BTreeMap::new(),
            deadlines: Deadlines::default(),
            ledger: Ledger::restored(on_disk),
            burst: None,
            lookups: Default::default(),
            no_renames: Arc::default(),
            scripts: Default::default(),
            addresses: Default::default(),
            places: Default::default(),
            greet_now: BTreeSet::new(),
            last_turn: now.mono,
            next_master: 0,
            next_link: 0,
            new_links: Default::default(),
            next_conn: 0,
            out: VecDeque::new(),
        };
        let text = format!("Sentinel ID is {}", sentinel.my_id);
        sentinel.out.push_back(Action::Log(LogLine {
            level: Level::Notice,
            text,
            when: None,
        }));
        for master in conf.masters {
            sentinel.restore_master(master, now);
        }
        sentinel
            .deadlines
            .set(Deadline::Heartbeat, Some(now.mono.plus(HEARTBEAT_MS)));
        sentinel.publish_addresses();
        sentinel.tend_scripts(now);
        sentinel
    }

    fn restore_master(&mut self, conf: MasterConf, now: Now) {
        let quorum = conf.quorum;
        let id = self.add_master(
            conf.name.clone(),
            conf.address.clone(),
            settings_of(&conf),
            now,
        );
        self.current_epoch = self
            .current_epoch
            .max(conf.config_epoch)
            .max(conf.leader_epoch);
        let unconfirmed = self.features.confirm_restored && conf.config_epoch > Epoch::ZERO;
        if let Some(master) = self.masters.get_mut(&id) {
            master.config_epoch = conf.config_epoch;
            master.leader_epoch = conf.leader_epoch;
            master.voted_for = conf.voted_for;
            master.unconfirmed_since = unconfirmed.then_some(now.mono);
        }
        for address in conf.known_replicas {
            let known = self
                .masters
                .get(&id)
                .is_none_or(|m| m.replica_at(&address).is_some() || m.address.same_as(&address));
            if !known {
                self.add_replica(id, address, now);
            }
        }
        for peer in conf.known_peers {
            let known = self
                .masters
                .get(&id)
                .is_none_or(|m| m.peers.values().any(|p| p.id == peer.id));
            if !known && peer.id != self.my_id {
                self.add_peer(id, peer.id, peer.address, now);
            }
        }
        if let Some(master) = self.masters.get_mut(&id)
            && !master.peers.is_empty()
        {
            // A record that has lived before: whom it had met stands in the file.
            master.meeting_voters_since = None;
        }
        let text = format!("{} quorum {quorum}", self.describe(Party::master(id)));
        self.announce(EventName::Monitor, id, text);
    }

    /// Creates a master record; its link connects at once.
    pub(super) fn add_master(
        &mut self,
        name: MasterName,
        address: Address,
        settings: MasterSettings,
        now: Now,
    ) -> MasterId {
        self.next_master += 1;
        let id = MasterId(self.next_master);
        let link = self.create_link(Party::master(id), now);
        let master = Master {
            id,
            name: name.clone(),
            address,
            settings,
            server: Server {
                health: Health::default(),
                ..Server::new(link, Role::Master, now.mono)
            },
            config_epoch: Epoch::ZERO,
            leader_epoch: Epoch::ZERO,
            voted_for: None,
            pending_vote: None,
            odown_since: None,
            last_odown_start: None,
            rebooted_at: None,
            failover: None,
            attempt_stamp: None,
            yielded_at: None,
            void_epoch: Epoch::ZERO,
            logged_stamp: None,
            candidacy: None,
            unconfirmed_since: None,
            reassertion: None,
            reasserted_at: None,
            replicas: BTreeMap::new(),
            peers: BTreeMap::new(),
            meeting_voters_since: Some(now.mono),
            crowded: false,
            next_key: 0,
        };
        self.places.moved(id, &master.address);
        self.masters.insert(id, master);
        self.names.insert(name, id);
        self.addresses.changed(id);
        self.tend_down(Party::master(id), now);
        id
    }
}

fn settings_of(conf: &MasterConf) -> MasterSettings {
    MasterSettings {
        quorum: conf.quorum,
        down_after: conf.down_after,
        failover_timeout: conf.failover_timeout,
        parallel_syncs: conf.parallel_syncs,
        notification_script: conf.notification_script.clone(),
        client_reconfig_script: conf.client_reconfig_script.clone(),
        auth_pass: conf.auth_pass.clone(),
        auth_user: conf.auth_user.clone(),
        reboot_down_after: conf.master_reboot_down_after,
        renames: Arc::new(conf.renames.clone()),
    }
}

/// The current epoch that follows from a file: its own line, and every epoch that a group has in
/// it. Whoever reads the file again finds the same.
fn epoch_on_disk(conf: &SentinelConf) -> Epoch {
    conf.masters
        .iter()
        .flat_map(|master| [master.config_epoch, master.leader_epoch])
        .fold(conf.current_epoch, Epoch::max)
}
