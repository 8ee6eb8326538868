//! `SENTINEL SET name option value …`.

use bytes::Bytes;

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::settings::Settings;
use crate::commands::words::{has_control, integer, is, shown, text};
use crate::core::event::{Instruction, SetChange, SetOption};
use crate::types::Secret;

use super::named_master;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[
    Argument::string("master-name"),
    Argument::block(
        "data",
        &[Argument::string("option"), Argument::string("value")],
    )
    .multiple(),
];

const SCRIPTS_DENIED: &str = "ERR Reconfiguration of scripts path is denied for security reasons. Check the \
                              deny-scripts-reconfig configuration directive in your Sentinel configuration";

/// The greatest value of the options that are signed 32-bit numbers in the file.
const MAX_SMALL: i64 = 0x7fff_ffff;

/// Reads the options up to the first bad one; the core applies what was read, unless there is
/// no such master, and then answers with that error.
pub fn run(request: Request<'_>) -> Next {
    let Some(name) = named_master::name(&request) else {
        return named_master::unknown();
    };
    let mut rest = request.args().get(1..).unwrap_or(&[]);
    let mut changes = Vec::new();
    let mut then_error = None;
    while !rest.is_empty() {
        match read_one(rest, request.settings) {
            Ok((change, more)) => {
                changes.push(change);
                rest = more;
            }
            Err(error) => {
                then_error = Some(error);
                break;
            }
        }
    }
    Next::Instruct(Instruction::Set {
        name,
        changes,
        then_error,
    })
}

/// The options, by what their values are.
enum Kind {
    Milliseconds(fn(u64) -> SetOption),
    MillisecondsOrZero(fn(u64) -> SetOption),
    Count(fn(u32) -> SetOption),
    Script {
        set: fn(Option<String>) -> SetOption,
        not_executable: &'static str,
    },
    AuthPass,
    AuthUser,
    Rename,
}

fn kind_of(option: &[u8]) -> Option<Kind> {
    let kinds = [
        (
            "down-after-milliseconds",
            Kind::Milliseconds(SetOption::DownAfter),
        ),
        (
            "failover-timeout",
            Kind::Milliseconds(SetOption::FailoverTimeout),
        ),
        ("parallel-syncs", Kind::Count(SetOption::ParallelSyncs)),
        ("quorum", Kind::Count(SetOption::Quorum)),
        (
            "notification-script",
            Kind::Script {
                set: SetOption::NotificationScript,
                not_executable: "ERR Notification script seems non existing or non executable",
            },
        ),
        (
            "client-reconfig-script",
            Kind::Script {
                set: SetOption::ClientReconfigScript,
                not_executable: "ERR Client reconfiguration script seems non existing or non executable",
            },
        ),
        ("auth-pass", Kind::AuthPass),
        ("auth-user", Kind::AuthUser),
        ("rename-command", Kind::Rename),
        (
            "master-reboot-down-after-period",
            Kind::MillisecondsOrZero(SetOption::MasterRebootDownAfter),
        ),
        (
            "primary-reboot-down-after-period",
            Kind::MillisecondsOrZero(SetOption::MasterRebootDownAfter),
        ),
    ];
    kinds
        .into_iter()
        .find(|(name, _)| is(option, name))
        .map(|(_, kind)| kind)
}

/// One option from the front, and what is left.
fn read_one<'a>(
    words: &'a [Bytes],
    settings: &Settings,
) -> Result<(SetChange, &'a [Bytes]), String> {
    let (option, values) = match words {
        [option, values @ ..] => (option, values),
        [] => return Err(unknown(b"")),
    };
    let (kind, first) = match (kind_of(option), values) {
        (Some(kind), [first, ..]) => (kind, first),
        _ => return Err(unknown(option)),
    };
    let mut used = 1;
    let mut shown_value = String::from_utf8_lossy(first);
    let bad = |value: &Bytes| {
        format!(
            "ERR Invalid argument '{}' for SENTINEL SET '{}'",
            shown(value),
            shown(option)
        )
    };
    let option_set = match kind {
        Kind::Milliseconds(set) => set(number(first, 1, i64::MAX).ok_or_else(|| bad(first))?),
        Kind::MillisecondsOrZero(set) => set(number(first, 0, i64::MAX).ok_or_else(|| bad(first))?),
        Kind::Count(set) => {
            let count = number(first, 1, MAX_SMALL).and_then(|n| u32::try_from(n).ok());
            set(count.ok_or_else(|| bad(first))?)
        }
        Kind::Script {
            set,
            not_executable,
        } => set(script(option, first, not_executable, settings)?),
        Kind::AuthPass => {
            shown_value = "******".into();
            SetOption::AuthPass((!first.is_empty()).then(|| Secret::new(first)))
        }
        Kind::AuthUser => SetOption::AuthUser(unless_empty(text(first).ok_or_else(|| bad(first))?)),
        Kind::Rename => {
            let [old, new, ..] = values else {
                return Err(unknown(option));
            };
            used = 2;
            shown_value = format!(
                "{} {}",
                String::from_utf8_lossy(old),
                String::from_utf8_lossy(new)
            )
            .into();
            SetOption::RenameCommand(
                command_word(option, old)?.ok_or_else(|| bad(old))?,
                command_word(option, new)?.ok_or_else(|| bad(new))?,
            )
        }
    };
    let shown = format!("{} {shown_value}", String::from_utf8_lossy(option));
    Ok((
        SetChange {
            shown,
            option: option_set,
        },
        &values[used..],
    ))
}

fn unknown(option: &[u8]) -> String {
    format!(
        "ERR Unknown option or number of arguments for SENTINEL SET '{}'",
        shown(option)
    )
}

fn number(word: &[u8], least: i64, most: i64) -> Option<u64> {
    integer(word)
        .filter(|n| (least..=most).contains(n))
        .and_then(|n| u64::try_from(n).ok())
}

/// A script path, `None` when empty. The ban comes first, also for an empty path.
fn script(
    option: &[u8],
    path: &[u8],
    not_executable: &str,
    settings: &Settings,
) -> Result<Option<String>, String> {
    if !settings.allow_scripts_reconfig {
        return Err(SCRIPTS_DENIED.to_owned());
    }
    refuse_control(option, path)?;
    let path = text(path).ok_or(not_executable)?;
    if !path.is_empty() && !(settings.is_executable)(path) {
        return Err(not_executable.to_owned());
    }
    Ok(unless_empty(path))
}

/// A command's name for `rename-command`; `None` when it is empty or not text.
fn command_word(option: &[u8], word: &[u8]) -> Result<Option<String>, String> {
    refuse_control(option, word)?;
    Ok(text(word).and_then(unless_empty))
}

/// Control characters would end up in the configuration file. Clients look for the words from
/// "must" on.
fn refuse_control(option: &[u8], value: &[u8]) -> Result<(), String> {
    if has_control(value) {
        return Err(format!(
            "ERR {} must not contain control characters",
            shown(option).to_ascii_lowercase()
        ));
    }
    Ok(())
}

fn unless_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
