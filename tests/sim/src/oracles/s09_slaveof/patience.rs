//! Corrections: no `+convert-to-slave` less than 8000 ms after the first contrary INFO, no
//! `+fix-slave-config` earlier than `failover-timeout`, neither so soon after the server was down,
//! and none while the master is not sane. All of them name the effective master.

use std::collections::BTreeMap;

use rsentinel::core::notice::{EventName, Notice};
use rsentinel::wire::{InfoReport, Role, ServerFailover};

use crate::facts::Scene;
use crate::oracles::said;
use crate::shape::server_of_host;

/// How long a server must have reported itself a master before it is demoted.
const CONTRARY: u64 = 8_000;
/// How old the last INFO of a sane master may be.
const SANE: u64 = 20_000;

#[derive(Default, Clone)]
struct Seen {
    master_since: Option<u64>,
    follows: Option<(Option<String>, Option<u16>)>,
    follows_since: u64,
    last_info: Option<(u64, bool)>,
    /// It says that it is handing over to another.
    handing_over_since: Option<u64>,
    /// When it was last found down.
    down_at: Option<u64>,
}

/// What each sentinel has seen of each server.
#[derive(Default)]
pub struct Patience(BTreeMap<(usize, usize), Seen>);

impl Patience {
    /// The process has begun anew.
    pub fn forget(&mut self, node: usize) {
        self.0.retain(|(of, _), _| *of != node);
    }

    /// An INFO reply is about to be handled.
    pub fn heard(&mut self, scene: &Scene<'_>, server: usize, report: &InfoReport) {
        let seen = self.0.entry((scene.node, server)).or_default();
        seen.last_info = Some((scene.now, report.role == Role::Master));
        if report.role == Role::Master {
            seen.master_since.get_or_insert(scene.now);
        } else {
            seen.master_since = None;
        }
        seen.handing_over_since = match report.failover {
            Some(ServerFailover::Running) => seen.handing_over_since.or(Some(scene.now)),
            _ => None,
        };
        let fields = &report.replica;
        if report.role == Role::Replica {
            let follows = Some((fields.master_host.clone(), fields.master_port));
            if seen.follows != follows {
                seen.follows = follows;
                seen.follows_since = scene.now;
            }
        } else {
            seen.follows = None;
        }
    }

    /// Takes an event in.
    pub fn note(&mut self, scene: &Scene<'_>, notice: &Notice) {
        if !matches!(notice.name, EventName::Slave | EventName::Sdown) {
            return;
        }
        let Some(server) = said::server(notice) else {
            return;
        };
        let seen = self.0.entry((scene.node, server)).or_default();
        if notice.name == EventName::Sdown {
            seen.down_at = Some(scene.now);
        } else {
            // A new record: the waits begin anew.
            seen.master_since = None;
            seen.follows = None;
            seen.follows_since = scene.now;
            seen.down_at = None;
        }
    }

    /// A server that calls itself a master was told to follow.
    pub fn demotes(
        &self,
        scene: &Scene<'_>,
        group: usize,
        server: usize,
        target: &(String, u16),
    ) -> Result<(), String> {
        let seen = self.seen(scene.node, server);
        let Some(since) = seen.master_since else {
            return Err(format!(
                "demotes server {server}, which does not call itself a master"
            ));
        };
        let waited = scene.now - since;
        if waited < CONTRARY {
            return Err(format!(
                "demotes server {server} {waited} ms after its first contrary INFO"
            ));
        }
        self.calm(scene, server, CONTRARY)?;
        self.follows_sane_master(scene, group, server, target)
    }

    /// A replica of another server was told to follow.
    pub fn redirects(
        &self,
        scene: &Scene<'_>,
        group: usize,
        server: usize,
        target: &(String, u16),
    ) -> Result<(), String> {
        let Some(master) = scene.view().and_then(|v| said::master(v, group)) else {
            return Ok(());
        };
        let seen = self.seen(scene.node, server);
        let Some((Some(host), port)) = &seen.follows else {
            return Err(format!(
                "redirects server {server}, which does not call itself a replica"
            ));
        };
        let follows = server_of_host(host) == server_of_host(&target.0) && *port == Some(target.1);
        let since = match (follows, seen.handing_over_since) {
            (false, _) => seen.follows_since,
            // Stuck in handing over to the right one.
            (true, Some(since)) => since,
            (true, None) => return Err(format!("redirects server {server} to whom it follows")),
        };
        let waited = scene.now - since;
        if waited < master.failover_timeout {
            return Err(format!(
                "redirects server {server} {waited} ms after its configuration changed"
            ));
        }
        self.calm(scene, server, master.failover_timeout)?;
        self.follows_sane_master(scene, group, server, target)
    }

    fn seen(&self, node: usize, server: usize) -> Seen {
        self.0.get(&(node, server)).cloned().unwrap_or_default()
    }

    /// The server has not gone down lately.
    fn calm(&self, scene: &Scene<'_>, server: usize, wait: u64) -> Result<(), String> {
        let down_at = self.seen(scene.node, server).down_at;
        match down_at.map(|at| scene.now - at).filter(|ago| *ago < wait) {
            Some(ago) => Err(format!(
                "corrects server {server} {ago} ms after it went down"
            )),
            None => Ok(()),
        }
    }

    fn follows_sane_master(
        &self,
        scene: &Scene<'_>,
        group: usize,
        server: usize,
        target: &(String, u16),
    ) -> Result<(), String> {
        let Some(master) = scene.view().and_then(|v| said::master(v, group)) else {
            return Ok(());
        };
        if *target != master.effective {
            return Err(format!(
                "has server {server} follow {target:?}, its master is {:?}",
                master.effective
            ));
        }
        let sane = server_of_host(&target.0)
            .and_then(|s| self.0.get(&(scene.node, s)))
            .and_then(|s| s.last_info)
            .is_some_and(|(at, is_master)| is_master && scene.now - at <= SANE);
        if sane && master.status == "ok" {
            Ok(())
        } else {
            Err(format!(
                "corrects server {server} though its master is not sane"
            ))
        }
    }
}
