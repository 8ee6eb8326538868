//! Floor 1: rsentinel.toml -> values. Pure: text in, values out, no files.
//!
//! The one place for settings that redis-sentinel does not know, so that sentinel.conf stays
//! interchangeable. [`keys`] has all of them: whoever adds one adds it there, and to
//! `docs/rsentinel-toml.md`.

mod fault;
pub mod keys;

use std::ops::Range;

use toml::de::{DeTable, DeValue};

pub use fault::Fault;
pub use keys::{Ext, KEYS, Log, LogFormat, Outgoing, Tls};

/// A key at most this many typing errors away from an unknown one is what was meant.
const NEAR: usize = 3;

/// Reads the text of an rsentinel.toml.
///
/// # Errors
/// Everything that is wrong: a text that is no TOML or a value of the wrong kind is one fault,
/// and each unknown key is one, which names the nearest known key.
pub fn read(text: &str) -> Result<Ext, Vec<Fault>> {
    let of_toml = |error: toml::de::Error| {
        let at = error.span().unwrap_or(0..0);
        vec![Fault::at(text, at, error.message())]
    };
    let table = DeTable::parse(text).map_err(of_toml)?;
    let mut unknown = Vec::new();
    unknown_keys(table.get_ref(), "", &mut unknown);
    if !unknown.is_empty() {
        let fault = |(key, at): (String, Range<usize>)| Fault::at(text, at, &unknown_text(&key));
        return Err(unknown.into_iter().map(fault).collect());
    }
    let ext: Ext = toml::from_str(text).map_err(of_toml)?;
    match ext.contradiction() {
        Some(message) => Err(vec![Fault::of_the_whole(message)]),
        None => Ok(ext),
    }
}

/// The keys that are not in the table, by their full names, in the order of the text.
fn unknown_keys(table: &DeTable<'_>, prefix: &str, found: &mut Vec<(String, Range<usize>)>) {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let name = format!("{prefix}{}", key.get_ref());
        let inner = format!("{name}.");
        let has_inner = KEYS.iter().any(|known| known.name.starts_with(&inner));
        match value.get_ref() {
            DeValue::Table(table) if has_inner => unknown_keys(table, &inner, found),
            // A value in the place of a table is found to be of the wrong kind later.
            _ if has_inner || KEYS.iter().any(|known| known.name == name) => {}
            _ => found.push((name, key.span())),
        }
    }
}

fn unknown_text(key: &str) -> String {
    let last = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
    let distance = |name: &'static str| {
        // Right word, wrong table: also near.
        let whole = strsim::osa_distance(key, name);
        let own = key.rsplit('.').next().unwrap_or(key);
        whole.min(strsim::osa_distance(own, last(name)) + 1)
    };
    let nearest = KEYS
        .iter()
        .map(|known| (distance(known.name), known.name))
        .min();
    match nearest {
        Some((distance, name)) if distance <= NEAR => {
            format!("unknown key '{key}'; the nearest known key is '{name}'")
        }
        Some((_, name)) => format!(
            "unknown key '{key}'; the nearest known key is '{name}', but it is not close: \
             docs/rsentinel-toml.md lists all keys"
        ),
        None => format!("unknown key '{key}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        match read(text) {
            Ok(ext) => panic!("{text} was accepted: {ext:?}"),
            Err(faults) => faults.iter().map(Fault::to_string).collect(),
        }
    }

    #[test]
    fn an_empty_text_is_every_default() {
        assert_eq!(read("# nothing\n").unwrap(), Ext::default());
    }

    #[test]
    fn every_key_of_the_table_is_known_to_the_reader() {
        for key in KEYS {
            let read = read(key.example);
            assert!(read.is_ok(), "{}: {read:?}", key.name);
            assert_ne!(
                read.unwrap(),
                Ext::default(),
                "the example of {} changes nothing",
                key.name
            );
        }
    }

    #[test]
    fn values_are_taken() {
        let ext = read(
            "state-file = 'state.conf'\nlog.format = 'json'\n\
             [tls.to-sentinels]\nenabled = false\nverify-name = true\nserver-name = 'x'\n",
        )
        .unwrap();
        assert_eq!(ext.state_file.as_deref(), Some("state.conf"));
        assert_eq!(ext.log.format, LogFormat::Json);
        assert_eq!(ext.tls.to_servers, Outgoing::default());
        let to_sentinels = Outgoing {
            enabled: Some(false),
            verify_name: true,
            server_name: Some("x".to_owned()),
        };
        assert_eq!(ext.tls.to_sentinels, to_sentinels);
    }

    #[test]
    fn unknown_keys_are_errors_that_name_the_nearest_known_one() {
        let table: &[(&str, &[&str])] = &[
            (
                "# x\nstat-file = 'a'\n",
                &["line 2: unknown key 'stat-file'; the nearest known key is 'state-file'"],
            ),
            (
                "state-file = 'a'\n[log]\nfromat = 'json'\n[tsl]\nx = 1\n",
                &[
                    "line 3: unknown key 'log.fromat'; the nearest known key is 'log.format'",
                    "line 4: unknown key 'tsl'; the nearest known key is",
                ],
            ),
            (
                "format = 'json'\n",
                &["line 1: unknown key 'format'; the nearest known key is 'log.format'"],
            ),
            (
                "tls.to-servers.verify_name = true\n",
                &["nearest known key is 'tls.to-servers.verify-name'"],
            ),
        ];
        for (text, expected) in table {
            let found = faults(text);
            assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
            for (fault, part) in found.iter().zip(*expected) {
                assert!(fault.contains(part), "{text}: {fault}");
            }
        }
    }

    #[test]
    fn a_wrong_value_or_broken_toml_is_an_error_with_its_line() {
        for (text, line, part) in [
            ("\nstate-file = 1\n", "line 2:", "string"),
            ("log = 'json'\n", "line 1:", "Log"),
            ("[log]\nformat = 'xml'\n", "line 2:", "`json`"),
            ("[log\n", "line 1:", ""),
            (
                "state-file = 'a'\nstate-file = 'b'\n",
                "line 2:",
                "duplicate key",
            ),
            ("state-file = ''\n", "", "state-file"),
        ] {
            let found = faults(text);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(line), "{text}: {found:?}");
            assert!(found[0].contains(part), "{text}: {found:?}");
        }
    }
}
