//! SENTINEL CKQUORUM name.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::core::view::MasterView;
use crate::resp::Reply;

use super::named_master;

const QUORUM: &str = "Not enough available Sentinels to reach the specified quorum for this master";
const MAJORITY: &str =
    "Not enough available Sentinels to reach the majority and authorize a failover";

/// Whether the usable sentinels suffice for the quorum and for the majority.
pub fn run(request: Request<'_>) -> Next {
    named_master::show(request, verdict)
}

/// We count ourselves; a sentinel that is merely disconnected still counts as usable.
fn verdict(master: &MasterView) -> Reply {
    let voters = 1 + master.peers.len();
    let usable = 1 + master.peers.iter().filter(|peer| peer.usable).count();
    let quorum = usize::try_from(master.quorum).unwrap_or(usize::MAX);
    let missing: Vec<&str> = [
        (usable < quorum, QUORUM),
        (usable < voters / 2 + 1, MAJORITY),
    ]
    .into_iter()
    .filter_map(|(missing, text)| missing.then_some(text))
    .collect();
    if missing.is_empty() {
        return Reply::Simple(
            format!(
                "OK {usable} usable Sentinels. Quorum and failover authorization can be reached"
            )
            .into(),
        );
    }
    Reply::error(format!(
        "NOQUORUM {usable} usable Sentinels. {}",
        missing.join(". ")
    ))
}
