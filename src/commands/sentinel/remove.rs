//! SENTINEL REMOVE name.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::core::event::Instruction;

use super::named_master;

/// Forgets the master.
pub fn run(request: Request<'_>) -> Next {
    match named_master::name(&request) {
        Some(name) => Next::Instruct(Instruction::Remove { name }),
        None => named_master::unknown(),
    }
}
