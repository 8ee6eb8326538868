//! S15: the file on disk always reloads to the same masters, epochs, peers and replicas. Every
//! file that a restart reads is checked, and a sample of all others, each rewritten over the one
//! before it; and a core that is born from one knows what is in it.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::config::{IncludeReader, RewriteFacts, SentinelConf, ServerConf, parse, rewrite};

use super::Oracle;
use crate::facts::{Fact, Kind, Scene};

/// One in so many durable states is written out as a file and read again.
const SAMPLE: u64 = 8;

struct NoIncludes;

impl IncludeReader for NoIncludes {
    fn read(&mut self, _path: &str) -> Result<Vec<u8>, String> {
        Err("none".into())
    }
    fn glob(&mut self, _pattern: &str) -> Vec<String> {
        Vec::new()
    }
    fn change_dir(&mut self, _dir: &str) -> Result<(), String> {
        Ok(())
    }
    fn check_log_file(&mut self, _path: &str) -> Result<(), String> {
        Ok(())
    }
    fn is_executable(&mut self, _path: &str) -> bool {
        false
    }
}

/// The judge.
#[derive(Default)]
pub struct Reload {
    seen: u64,
    /// The last text written, by id: a rewrite keeps what it does not own.
    texts: BTreeMap<String, Vec<u8>>,
    /// From what a core was born whose first turn is not over.
    newborn: BTreeMap<usize, SentinelConf>,
    exercised: u64,
}

/// What a newborn core lacks of its configuration.
fn missing(scene: &Scene<'_>, conf: &SentinelConf) -> Option<String> {
    let view = scene.view()?;
    for m in &conf.masters {
        let Some(master) = view.master(m.name.as_str()) else {
            return Some(format!("group {}", m.name));
        };
        if master.config_epoch != m.config_epoch {
            return Some(format!("config epoch {} of {}", m.config_epoch, m.name));
        }
        let ports = |at: &rsentinel::types::Address| (at.host().to_owned(), at.port());
        let shown = |i: &rsentinel::core::view::InstanceView| (i.ip.clone(), i.port);
        let resolved = !m.address.is_name();
        let replicas: BTreeSet<_> = master.replicas.iter().map(|r| shown(&r.instance)).collect();
        let lost = m
            .known_replicas
            .iter()
            .filter(|r| resolved && ports(r) != ports(&m.address))
            .find(|r| !replicas.contains(&ports(r)));
        if let Some(lost) = lost {
            return Some(format!("replica {}:{}", lost.host(), lost.port()));
        }
        let peers: BTreeSet<_> = master.peers.iter().map(|p| &p.instance.run_id).collect();
        let lost = m
            .known_peers
            .iter()
            .find(|p| !peers.contains(&p.id.to_string()));
        if let Some(lost) = lost {
            return Some(format!("peer {}", lost.id));
        }
    }
    None
}

/// What must survive; lines of a rewritten file may stand in another order.
fn essence(conf: &SentinelConf) -> Vec<String> {
    let mut lines = vec![format!("{:?} {}", conf.my_id, conf.current_epoch)];
    for m in &conf.masters {
        lines.push(format!(
            "{} {}:{} quorum {} config {} leader {} voted {:?} D {} FT {}",
            m.name,
            m.address.host(),
            m.address.port(),
            m.quorum,
            m.config_epoch,
            m.leader_epoch,
            m.voted_for,
            m.down_after,
            m.failover_timeout
        ));
        lines.extend(
            m.known_replicas
                .iter()
                .map(|r| format!("{} replica {}:{}", m.name, r.host(), r.port())),
        );
        lines.extend(m.known_peers.iter().map(|p| {
            let at = &p.address;
            format!("{} peer {} {}:{}", m.name, p.id, at.host(), at.port())
        }));
    }
    lines.sort_unstable();
    lines
}

impl Oracle for Reload {
    fn name(&self) -> &'static str {
        "S15"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Born, Kind::Durable, Kind::TurnEnded]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        let conf = match fact {
            Fact::Born(conf) if scene.now > 1_000 => {
                self.newborn.insert(scene.node, SentinelConf::clone(conf));
                conf
            }
            Fact::TurnEnded if !self.newborn.is_empty() => {
                let lacks = self
                    .newborn
                    .remove(&scene.node)
                    .and_then(|conf| missing(scene, &conf));
                return match lacks {
                    Some(what) => Err(format!("restarts without {what} of its file")),
                    None => Ok(()),
                };
            }
            Fact::Durable(conf) => {
                let greatest = conf.masters.iter().map(|m| m.config_epoch);
                let greatest = greatest.max().unwrap_or_default();
                if greatest > conf.current_epoch {
                    // Whoever loads it raises the current epoch.
                    return Err(format!(
                        "its file has current epoch {} and config epoch {greatest}",
                        conf.current_epoch
                    ));
                }
                self.seen += 1;
                if !self.seen.is_multiple_of(SAMPLE) {
                    return Ok(());
                }
                conf
            }
            _ => return Ok(()),
        };
        self.exercised += 1;
        let facts = RewriteFacts {
            current_dir: "/".into(),
        };
        let before = self
            .texts
            .entry(scene.at.id.as_str().to_owned())
            .or_default();
        let text = rewrite(before, &ServerConf::default(), conf, &facts);
        before.clone_from(&text);
        let read = parse(&text, &mut NoIncludes)
            .map_err(|e| format!("its file does not load: {e:?}"))?
            .sentinel;
        let (written, read) = (essence(conf), essence(&read));
        if written != read {
            return Err(format!(
                "its file loads as {read:?}, written was {written:?}"
            ));
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}
