//! S8: no server is ever told to replicate from itself, and the server named by a sentinel's
//! effective configuration is never demoted by it.

use rsentinel::core::Ask;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};
use crate::shape::server_of_host;

/// The judge.
#[derive(Default)]
pub struct NoSelfHarm {
    exercised: u64,
}

impl Oracle for NoSelfHarm {
    fn name(&self) -> &'static str {
        "S8"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::SentSlaveof]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        let Fact::Sent {
            host,
            ask:
                Ask::Replicate {
                    target: Some((target, _)),
                    ..
                },
        } = fact
        else {
            return Ok(());
        };
        self.exercised += 1;
        if server_of_host(target) == Some(*host) {
            return Err(format!("tells server {host} to replicate from itself"));
        }
        let Some(view) = scene.view() else {
            return Ok(());
        };
        let group = scene.shape.group_of(*host);
        let named = said::master(view, group).and_then(|m| server_of_host(&m.effective.0));
        if named == Some(*host) {
            return Err(format!(
                "demotes server {host}, which it names as the master"
            ));
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}
