//! A client in another language, as a process.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::failover::{Cause, Client, Story};
use crate::harness::{MASTER, Process};

/// A running script. What it says is in its log, a line each.
pub struct Script(Process);

impl Script {
    /// Starts a command with the story as its last argument. `extra` is told besides.
    pub fn start(
        command: &[&str],
        directory: &Path,
        story: &Story,
        extra: (&str, &str),
    ) -> Box<dyn Client> {
        let told = json!({
            "sentinels": story.sentinels,
            "name": MASTER,
            "key": story.key,
            "protocol": story.protocol,
            "user": story.credentials.user,
            "password": story.credentials.password,
            "sentinel_user": story.credentials.sentinel_user,
            "sentinel_password": story.credentials.sentinel_password,
            "is_ordered": story.cause == Cause::Order,
            extra.0: extra.1,
        });
        let mut arguments: Vec<String> = command[1..].iter().map(|word| (*word).into()).collect();
        arguments.push(told.to_string());
        let log = directory.join(format!("{}.log", story.key));
        let process = Process::start(Path::new(command[0]), &arguments, directory, &log);
        Box::new(Script(process))
    }

    fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.0.log()).unwrap_or_default()).into_owned()
    }
}

impl Client for Script {
    fn said(&mut self, word: &str) -> Option<String> {
        let failed = self.0.ended().filter(|status| !status.success());
        let output = self.output();
        assert!(failed.is_none(), "{failed:?}:\n{output}");
        let mut lines = output.split_inclusive('\n');
        let said = lines.find_map(|line| {
            let line = line.strip_suffix('\n')?;
            line.strip_prefix(word)?
                .strip_prefix(' ')
                .map(str::to_owned)
        });
        // It may have said something and ended between the two looks.
        assert!(
            said.is_some() || self.0.ended().is_none() || self.output() != output,
            "it ended without `{word}`:\n{output}"
        );
        said
    }

    fn has_ended(&mut self) -> bool {
        let status = self.0.ended();
        if let Some(status) = status {
            assert!(status.success(), "{status}:\n{}", self.output());
        }
        status.is_some()
    }
}
