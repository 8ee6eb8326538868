//! How long each property may take, in ms, and why.

use crate::shape::Shape;

use super::Aim;

/// Sentinels say hello this often.
const PUBLISH: u64 = 2_000;
/// Servers in good order are asked for INFO this often.
const INFO: u64 = 10_000;
/// TILT lasts so long.
const TILT: u64 = 30_000;
/// The longest pause between repeats of an unanswered connect, and of reconnects.
const CONNECT: u64 = 8_000 + 1_000;
/// What was lost on the way is sent again within this time.
const SENT_AGAIN: u64 = 900;
/// The longest election.
const ELECTION: u64 = 10_000 + 1_000;
/// How long a full resynchronisation of the modelled servers takes, with its next attempt.
const RESYNC: u64 = 3_200;
/// The cluster is looked at this often.
pub const SAMPLE: u64 = 500;

/// The bound of a property in a cluster of this shape.
pub fn of(aim: Aim, shape: &Shape) -> u64 {
    let bound = match aim {
        Aim::SameEpoch => same_epoch(shape),
        Aim::Following => following(shape),
        Aim::Awake => awake(),
        Aim::InTouch => in_touch(shape),
        Aim::Acquainted => acquainted(shape),
        Aim::Led => led(shape),
    };
    bound + SAMPLE
}

/// The longest round trip.
fn round_trip(shape: &Shape) -> u64 {
    2 * shape.latency.1 / 1_000
}

/// L1: the next hello tells. It goes out one publish period after the last one was answered, and
/// once more where a name has to be looked up first.
fn same_epoch(shape: &Shape) -> u64 {
    let hellos = if shape.names { 2 } else { 1 };
    hellos * (PUBLISH + 2 * round_trip(shape))
}

/// L4: an INFO shows that a server goes astray, it has to have done so for 8000 ms or
/// `failover-timeout`, and the next INFO has it corrected: 2 × INFO period + `failover-timeout`. Then
/// it resynchronises.
fn following(shape: &Shape) -> u64 {
    2 * INFO + shape.failover_timeout + RESYNC + 2 * round_trip(shape)
}

/// L5: TILT ends by itself.
fn awake() -> u64 {
    TILT + 1_000
}

/// L5: the next repeat of a connect gets through, and half-open connections are reset by what is sent
/// on them next. Who is connected answers a PING (the period is at most a second), and who is not
/// known is heard of on the hello channel, once the servers have been subscribed to.
fn in_touch(shape: &Shape) -> u64 {
    CONNECT + SENT_AGAIN + 1_000 + 2 * PUBLISH + 4 * round_trip(shape)
}

/// L5: the master's next INFO lists all that follow it; a name is looked up for the one after.
fn acquainted(shape: &Shape) -> u64 {
    let infos = if shape.names { 2 } else { 1 };
    infos * INFO + 1_000 + 2 * round_trip(shape)
}

/// L6. The longest way: each of two addresses has its servers demoted by the sentinels of the other
/// (an INFO, and a wait of 8 s before the next), the master's role is found wrong (an INFO, and
/// `down-after` + 2 × INFO period), votes given to others hold every attempt back for twice
/// `failover-timeout`, and the attempt itself takes an election, and `failover-timeout` for a
/// promotion that fails. One such attempt may fail. In a mixed quorum references stand at the same
/// time again and again, and where the quorum is more than a majority one vote amiss is enough.
fn led(shape: &Shape) -> u64 {
    let demoted = 2 * INFO;
    let mismatch = INFO + shape.down_after + 2 * INFO;
    let attempt = 2 * shape.failover_timeout + ELECTION + shape.failover_timeout;
    let majority = shape.nodes as u32 / 2 + 1;
    let lonely = shape.references > 0 && shape.quorum > majority;
    let attempts = if lonely { 6 } else { 2 };
    demoted + mismatch + attempts * attempt
}

/// All of them, one after the other: a cluster that is always disturbed anew ends here.
pub fn in_all(shape: &Shape) -> u64 {
    Aim::ALL.iter().map(|aim| of(*aim, shape)).sum()
}
