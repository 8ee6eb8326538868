//! SENTINEL FAILOVER name.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::core::event::Instruction;

use super::named_master;

/// Starts a failover without an election; the core refuses when there is nobody to promote.
pub fn run(request: Request<'_>) -> Next {
    match named_master::name(&request) {
        Some(name) => Next::Instruct(Instruction::Failover { name }),
        None => named_master::unknown(),
    }
}
