//! `SENTINEL SIMULATE-FAILURE mode …`.

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::is;
use crate::core::event::Instruction;
use crate::resp::Reply;

const AFTER_ELECTION: &str = "crash-after-election";
const AFTER_PROMOTION: &str = "crash-after-promotion";

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[Argument::one_of(
    "mode",
    &[
        Argument::word(AFTER_ELECTION, "CRASH-AFTER-ELECTION"),
        Argument::word(AFTER_PROMOTION, "CRASH-AFTER-PROMOTION"),
        Argument::word("help", "HELP"),
    ],
)
.optional()
.multiple()];

/// Replaces the armed failures by those named. HELP and an unknown mode end the reading: what
/// was named before stays armed, and what had been armed earlier no longer is.
pub fn run(request: Request<'_>) -> Next {
    let (mut crash_after_election, mut crash_after_promotion) = (false, false);
    let mut answer = Reply::OK;
    for mode in request.args() {
        if is(mode, AFTER_ELECTION) {
            crash_after_election = true;
        } else if is(mode, AFTER_PROMOTION) {
            crash_after_promotion = true;
        } else if is(mode, "help") {
            answer = Reply::Array(vec![
                Reply::bulk(AFTER_ELECTION),
                Reply::bulk(AFTER_PROMOTION),
            ]);
            break;
        } else {
            answer = Reply::error("ERR Unknown failure simulation specified");
            break;
        }
    }
    Next::InstructThen(
        Instruction::SimulateFailure {
            crash_after_election,
            crash_after_promotion,
        },
        answer,
    )
}
