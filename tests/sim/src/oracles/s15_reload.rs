//! S15: the file on disk always reloads to the same masters, epochs, peers and replicas. Every
//! file that a restart reads is checked, and a sample of all others.

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
    exercised: u64,
}

/// What must survive.
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
                .map(|r| format!("replica {}:{}", r.host(), r.port())),
        );
        lines.extend(
            m.known_peers
                .iter()
                .map(|p| format!("peer {} {}:{}", p.id, p.address.host(), p.address.port())),
        );
    }
    lines
}

impl Oracle for Reload {
    fn name(&self) -> &'static str {
        "S15"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Born, Kind::Durable]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        let conf = match fact {
            Fact::Born(conf) if scene.now > 1_000 => conf,
            Fact::Durable(conf) => {
                self.seen += 1;
                if !self.seen.is_multiple_of(SAMPLE) {
                    return Ok(());
                }
                conf
            }
            _ => return Ok(()),
        };
        if scene.is_reference() {
            return Ok(());
        }
        self.exercised += 1;
        let facts = RewriteFacts {
            current_dir: "/".into(),
        };
        let text = rewrite(b"", &ServerConf::default(), conf, &facts);
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
