//! SENTINEL IS-MASTER-DOWN-BY-ADDR ip port current-epoch runid, and its alias
//! IS-PRIMARY-DOWN-BY-ADDR: other sentinels ask for an opinion, or for a vote.

use bytes::Bytes;

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::{NOT_AN_INTEGER, integer, wrong_arity};
use crate::core::event::DownQuestion;
use crate::resp::Reply;
use crate::types::{Epoch, RunId};
use crate::wire::hello::MAX_PAYLOAD;

/// The run id that asks for no vote.
const NO_VOTE: &[u8] = b"*";

/// Hands the question to the core. A negative epoch is refused: taken as an unsigned number it
/// would be greater than all others and no election could ever succeed again.
pub fn run(request: Request<'_>) -> Next {
    let [host, port, epoch, run_id] = request.args() else {
        return Next::Reply(wrong_arity("sentinel|is-master-down-by-addr"));
    };
    let Some(port) = integer(port) else {
        return Next::Reply(Reply::error(NOT_AN_INTEGER));
    };
    let Some(epoch) = epoch_of(epoch) else {
        return Next::Reply(Reply::error(NOT_AN_INTEGER));
    };
    // No vote goes to an id that is too long to be anybody's: it would be kept, and told to all.
    let asks_for_vote = run_id.as_ref() != NO_VOTE && run_id.len() <= MAX_PAYLOAD;
    let candidate = asks_for_vote.then(|| RunId::new(&String::from_utf8_lossy(run_id)));
    Next::AskDown(DownQuestion {
        host: String::from_utf8_lossy(host).into_owned(),
        port,
        epoch,
        candidate,
    })
}

fn epoch_of(word: &Bytes) -> Option<Epoch> {
    integer(word)
        .and_then(|n| u64::try_from(n).ok())
        .and_then(Epoch::new)
}
