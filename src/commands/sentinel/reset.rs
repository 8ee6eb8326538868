//! SENTINEL RESET pattern.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::core::event::Instruction;

/// Forgets what was learnt about the matching masters; answers how many there were.
pub fn run(request: Request<'_>) -> Next {
    let pattern = request
        .args()
        .first()
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .unwrap_or_default();
    Next::Instruct(Instruction::Reset { pattern })
}
