//! Elections: asking peers, voting, counting, and when to become a candidate.

mod ask;
mod burst;
mod candidacy;
mod count;
mod reassert;
mod void;
mod vote;

pub(super) use burst::Burst;
pub(super) use count::votes_for;
pub(super) use reassert::Reassertion;
pub(super) use void::is_void;
pub(super) use vote::PendingVote;
