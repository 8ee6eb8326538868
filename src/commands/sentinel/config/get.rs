//! `SENTINEL CONFIG GET pattern …`.

use bytes::Bytes;

use crate::commands::next::Next;
use crate::commands::settings::LogLevel;
use crate::core::view::SettingsView;
use crate::resp::Reply;
use crate::types::glob_matches;

use super::NAMES;

/// Every setting that one of the patterns names, in the order of the patterns.
pub fn run(patterns: &[Bytes], log_level: &LogLevel) -> Next {
    let names = matching(patterns);
    let log_level = log_level();
    Next::View(Box::new(move |view| {
        Reply::Map(
            names
                .iter()
                .map(|name| (Reply::bulk(name), value(name, &view.settings, log_level)))
                .collect(),
        )
    }))
}

fn matching(patterns: &[Bytes]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for pattern in patterns {
        for name in NAMES {
            if !names.contains(&name) && glob_matches(pattern, name.as_bytes(), true) {
                names.push(name);
            }
        }
    }
    names
}

fn value(name: &str, settings: &SettingsView, log_level: &str) -> Reply {
    match name {
        "resolve-hostnames" => yes_no(settings.resolve_hostnames),
        "announce-hostnames" => yes_no(settings.announce_hostnames),
        "announce-ip" => Reply::bulk(&settings.announce_ip),
        "announce-port" => Reply::number(settings.announce_port),
        "sentinel-user" => Reply::bulk(&settings.sentinel_user),
        "sentinel-pass" => Reply::Bulk(settings.sentinel_pass.clone()),
        _ => Reply::bulk(log_level),
    }
}

fn yes_no(value: bool) -> Reply {
    Reply::bulk(if value { "yes" } else { "no" })
}
