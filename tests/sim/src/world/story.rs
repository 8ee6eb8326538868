//! Which messages the trace tells of: questions and answers about masters, SLAVEOF, hellos that say
//! something new, connections lost. PINGs, INFO and repeated hellos would hide them.

use std::collections::BTreeMap;

use rsentinel::core::Ask;
use rsentinel::wire::Hello;

use super::World;

/// What each sentinel told each host last of each group: current epoch, address, config epoch.
pub(super) type ToldHellos = BTreeMap<(usize, usize, String), (u64, String, i64, u64)>;

impl World {
    /// A sentinel sends something.
    pub(super) fn tell_of_sending(&mut self, node: usize, host: usize, ask: &Ask) {
        if self.trace.is_none() {
            return;
        }
        let what = match ask {
            Ask::MasterDown {
                host: master,
                port,
                epoch,
                candidate,
                ..
            } => match candidate {
                Some(_) => format!("asks for its vote in epoch {epoch} about {master}:{port}"),
                None => format!("asks whether {master}:{port} is down, epoch {epoch}"),
            },
            Ask::Replicate { target, .. } => match target {
                Some((master, port)) => format!("SLAVEOF {master} {port}"),
                None => "SLAVEOF NO ONE".to_owned(),
            },
            Ask::HandOver { host, ms, .. } => format!("FAILOVER TO {host} TIMEOUT {ms}"),
            Ask::Release => "release of its clients".to_owned(),
            Ask::Unpause => "CLIENT UNPAUSE".to_owned(),
            Ask::ScriptKill => "SCRIPT KILL".to_owned(),
            Ask::Hello { text, .. } => match self.news_of_hello(node, host, text) {
                Some(news) => news,
                None => return,
            },
            _ => return,
        };
        self.note(|w| format!("sentinel {node} -> {}: {what}", w.host_name(host)));
    }

    fn news_of_hello(&mut self, node: usize, host: usize, text: &str) -> Option<String> {
        let hello = Hello::parse(text)?;
        let said = (
            hello.current_epoch.get(),
            hello.master_host.clone(),
            hello.master_port,
            hello.config_epoch.get(),
        );
        let key = (node, host, hello.master.as_str().to_owned());
        if self.told_hellos.get(&key) == Some(&said) {
            return None;
        }
        let news = format!(
            "hello, {} is {}:{} by config epoch {}, epoch {}",
            hello.master, said.1, said.2, said.3, said.0
        );
        self.told_hellos.insert(key, said);
        Some(news)
    }

    /// A connection of a sentinel ended.
    pub(super) fn tell_of_loss(&mut self, node: usize, far: usize, reason: &str) {
        self.note(|w| {
            format!(
                "sentinel {node}: connection to {} ends: {reason}",
                w.host_name(far)
            )
        });
    }
}
