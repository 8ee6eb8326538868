//! SENTINEL PENDING-SCRIPTS.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::core::view::{ScriptState, ScriptView};
use crate::resp::Reply;

/// The scripts that run or wait, oldest first.
pub fn run(_: Request<'_>) -> Next {
    Next::View(Box::new(|view| {
        Reply::Array(view.scripts.iter().map(script).collect())
    }))
}

fn script(script: &ScriptView) -> Reply {
    let argv = script.argv.iter().map(|word| Reply::bulk(word)).collect();
    let (flags, time, ms) = match script.state {
        ScriptState::Running { for_ms } => ("running", "run-time", for_ms),
        ScriptState::Scheduled { delay_ms } => ("scheduled", "run-delay", delay_ms),
    };
    let fields = [
        ("argv", Reply::Array(argv)),
        ("flags", Reply::bulk(flags)),
        ("pid", Reply::number(script.pid)),
        (time, Reply::number(ms)),
        ("retry-num", Reply::number(script.runs)),
    ];
    let named = fields.map(|(name, value)| (Reply::bulk(name), value));
    Reply::Map(named.into())
}
