//! Elections: asking peers, voting, counting, and when to become a candidate.

mod ask;
mod candidacy;
mod count;
mod vote;

pub(super) use count::votes_for;
pub(super) use vote::PendingVote;
