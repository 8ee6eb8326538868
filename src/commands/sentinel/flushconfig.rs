//! SENTINEL FLUSHCONFIG.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::core::event::Instruction;

/// Writes the configuration file.
pub fn run(_: Request<'_>) -> Next {
    Next::Instruct(Instruction::FlushConfig)
}
