//! SENTINEL FAILOVER name `[COORDINATED]`.

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::{is, wrong_arity};
use crate::core::event::{FailoverHow, Instruction};

use super::named_master;

/// Its arguments.
pub const ARGUMENTS: &[Argument] = &[
    Argument::string("master-name"),
    Argument::word("coordinated", "COORDINATED")
        .since("9.0.0")
        .optional(),
];

/// Starts a failover; the core refuses when there is nobody to promote. Whether a word behind the
/// name is one we know is said only of a master that we know.
pub fn run(request: Request<'_>) -> Next {
    let how = match request.args() {
        [] | [_] => FailoverHow::Forced,
        [_, word] if is(word, "COORDINATED") => FailoverHow::Coordinated,
        [_, _] => FailoverHow::Unknown,
        _ => return Next::Reply(wrong_arity("sentinel|failover")),
    };
    match named_master::name(&request) {
        Some(name) => Next::Instruct(Instruction::Failover { name, how }),
        None => named_master::unknown(),
    }
}
