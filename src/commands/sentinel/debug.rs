//! `SENTINEL DEBUG [param value …]`.

use bytes::Bytes;

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::{integer, is, shown};
use crate::core::event::{Instruction, TimingKey};
use crate::resp::Reply;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[Argument::block(
    "data",
    &[Argument::string("parameter"), Argument::string("value")],
)
.optional()
.multiple()];

/// The names, in the order of the listing.
const NAMES: [(&str, TimingKey); 13] = [
    ("info-period", TimingKey::InfoPeriod),
    ("ping-period", TimingKey::PingPeriod),
    ("ask-period", TimingKey::AskPeriod),
    ("publish-period", TimingKey::PublishPeriod),
    ("default-down-after", TimingKey::DefaultDownAfter),
    (
        "default-failover-timeout",
        TimingKey::DefaultFailoverTimeout,
    ),
    ("tilt-trigger", TimingKey::TiltTrigger),
    ("tilt-period", TimingKey::TiltPeriod),
    ("slave-reconf-timeout", TimingKey::SlaveReconfTimeout),
    (
        "min-link-reconnect-period",
        TimingKey::MinLinkReconnectPeriod,
    ),
    ("election-timeout", TimingKey::ElectionTimeout),
    ("script-max-runtime", TimingKey::ScriptMaxRuntime),
    ("script-retry-delay", TimingKey::ScriptRetryDelay),
];

/// Lists the timings, or changes them one by one up to the first bad pair.
pub fn run(request: Request<'_>) -> Next {
    if request.args().is_empty() {
        return Next::View(Box::new(|view| {
            let timings = view.timings.iter();
            Reply::Map(
                timings
                    .map(|(name, ms)| (Reply::bulk(&name.to_ascii_uppercase()), Reply::number(ms)))
                    .collect(),
            )
        }));
    }
    let (changes, then_error) = read(request.args());
    match then_error {
        Some(error) if changes.is_empty() => Next::Reply(Reply::error(error)),
        then_error => Next::Instruct(Instruction::Debug {
            changes,
            then_error,
        }),
    }
}

fn read(mut rest: &[Bytes]) -> (Vec<(TimingKey, u64)>, Option<String>) {
    let mut changes = Vec::new();
    while let [option, more @ ..] = rest {
        let key = NAMES
            .iter()
            .find(|(name, _)| is(option, name))
            .map(|(_, key)| *key);
        let (Some(key), [value, more @ ..]) = (key, more) else {
            let error = format!(
                "ERR Unknown option or number of arguments for SENTINEL DEBUG '{}'",
                shown(option)
            );
            return (changes, Some(error));
        };
        let Some(ms) = integer(value)
            .and_then(|n| u64::try_from(n).ok())
            .filter(|n| *n > 0)
        else {
            let error = format!(
                "ERR Invalid argument '{}' for SENTINEL DEBUG '{}'",
                shown(value),
                shown(option)
            );
            return (changes, Some(error));
        };
        changes.push((key, ms));
        rest = more;
    }
    (changes, None)
}
