//! `SENTINEL CONFIG SET param value …`: all or nothing.

use bytes::Bytes;

use crate::commands::next::Next;
use crate::commands::words::{has_control, integer, is, shown, text, yes_no};
use crate::core::event::{ConfigChange, Instruction};
use crate::resp::Reply;
use crate::types::Secret;

use super::NAMES;

const LOG_LEVELS: [&str; 5] = ["debug", "verbose", "notice", "warning", "nothing"];

/// Hands all the changes to the core, or none.
pub fn run(pairs: &[Bytes]) -> Next {
    match read(pairs) {
        Ok(changes) => Next::Instruct(Instruction::ConfigSet(changes)),
        Err(text) => Next::Reply(Reply::error(text)),
    }
}

fn read(mut rest: &[Bytes]) -> Result<Vec<ConfigChange>, String> {
    let mut seen: Vec<&str> = Vec::new();
    let mut changes = Vec::new();
    while let [param, more @ ..] = rest {
        let shown_param = shown(param);
        let Some(name) = NAMES.into_iter().find(|name| is(param, name)) else {
            return Err(format!(
                "ERR Invalid argument '{shown_param}' to SENTINEL CONFIG SET"
            ));
        };
        if seen.contains(&name) {
            return Err(format!(
                "ERR Duplicate argument '{shown_param}' to SENTINEL CONFIG SET"
            ));
        }
        let [value, more @ ..] = more else {
            return Err(format!("ERR Missing argument '{shown_param}' value"));
        };
        if name == "announce-ip" && has_control(value) {
            // Clients look for the words from "must" on.
            return Err("ERR announce-ip must not contain control characters".to_owned());
        }
        let Some(change) = change(name, value) else {
            return Err(format!(
                "ERR Invalid value '{}' to SENTINEL CONFIG SET '{shown_param}'",
                shown(value)
            ));
        };
        seen.push(name);
        changes.push(change);
        rest = more;
    }
    Ok(changes)
}

/// The change, if the value is good; an empty text unsets.
fn change(name: &str, value: &Bytes) -> Option<ConfigChange> {
    let optional_text = || text(value).map(|value| (!value.is_empty()).then(|| value.to_owned()));
    match name {
        "resolve-hostnames" => yes_no(value).map(ConfigChange::ResolveHostnames),
        "announce-hostnames" => yes_no(value).map(ConfigChange::AnnounceHostnames),
        "announce-ip" => optional_text().map(ConfigChange::AnnounceIp),
        "announce-port" => integer(value)
            .and_then(|port| u16::try_from(port).ok())
            .map(ConfigChange::AnnouncePort),
        "sentinel-user" => optional_text().map(ConfigChange::SentinelUser),
        "sentinel-pass" => Some(ConfigChange::SentinelPass(
            (!value.is_empty()).then(|| Secret::new(value)),
        )),
        _ => {
            let level = LOG_LEVELS.into_iter().find(|level| is(value, level))?;
            Some(ConfigChange::LogLevel(level.to_owned()))
        }
    }
}
