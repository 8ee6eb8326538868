//! S12: nothing is SDOWN (by silence) sooner than `down-after` after its last valid reply was
//! received, and never without an unanswered PING or a disconnected link.

use rsentinel::core::notice::EventName;
use rsentinel::core::view::InstanceView;
use rsentinel::wire::PingVerdict;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};
use crate::shape::{node_of, server_of_host};

/// The judge.
#[derive(Default)]
pub struct DownLate {
    last_valid: said::OfPair<u64>,
    exercised: u64,
}

impl Oracle for DownLate {
    fn name(&self) -> &'static str {
        "S12"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Born, Kind::HeardPing, Kind::Announced]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::Born(_) => {
                self.last_valid.forget(scene.node);
                Ok(())
            }
            Fact::HeardPing { host, verdict } => {
                let valid = matches!(
                    verdict,
                    PingVerdict::Pong | PingVerdict::Loading | PingVerdict::MasterDown
                );
                if valid {
                    self.last_valid.set(scene.node, *host, Some(scene.now));
                }
                Ok(())
            }
            Fact::Announced(notice) if notice.name == EventName::Sdown => {
                let (Some(view), Some(group)) = (scene.view(), said::group(notice)) else {
                    return Ok(());
                };
                let Some(master) = said::master(view, group) else {
                    return Ok(());
                };
                let mut words = notice.text.split(' ');
                let (kind, name, host) = (words.next(), words.next(), words.next());
                let host = host.unwrap_or_default();
                let of = |i: &InstanceView| Some(i.name.as_str()) == name;
                let record = match kind {
                    Some("master") => Some(&master.instance),
                    Some("slave") => master.replicas.iter().map(|r| &r.instance).find(|i| of(i)),
                    _ => master.peers.iter().map(|p| &p.instance).find(|i| of(i)),
                };
                let Some(record) = record else {
                    return Ok(());
                };
                if !record.flags.contains("s_down") {
                    // Its death ended a failover in the same turn: this is the record's successor.
                    return Ok(());
                }
                self.exercised += 1;
                let mismatch = kind == Some("master")
                    && master.server.role_reported == "slave"
                    && master.server.role_reported_time > record.down_after + 20_000;
                if mismatch {
                    return Ok(());
                }
                let index = server_of_host(host).or_else(|| {
                    let ip = host.parse().ok()?;
                    node_of(std::net::SocketAddr::new(ip, 26379)).map(|n| scene.shape.servers() + n)
                });
                let heard = index.and_then(|i| self.last_valid.get(scene.node, i));
                if let Some(at) = heard
                    && scene.now - at < record.down_after
                {
                    return Err(format!(
                        "{} is down {} ms after its last valid reply, down-after is {}",
                        notice.text,
                        scene.now - at,
                        record.down_after
                    ));
                }
                let silent = record.last_ping_sent > 0 || record.flags.contains("disconnected");
                if !silent {
                    return Err(format!(
                        "{} is down though no PING is unanswered",
                        notice.text
                    ));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}
