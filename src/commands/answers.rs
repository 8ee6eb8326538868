//! How the core's answers are said to a client.

use crate::core;
use crate::resp::Reply;

/// The answer to IS-MASTER-DOWN-BY-ADDR: opinion, leader (`*` for none), epoch of that vote.
/// Anything but an opinion is answered as [`instruct_reply`] would.
pub fn down_reply(reply: core::Reply) -> Reply {
    let core::Reply::Down(opinion) = reply else {
        return instruct_reply(reply);
    };
    let leader = opinion.leader.as_ref().map_or("*", |id| id.as_str());
    Reply::Array(vec![
        Reply::Int(i64::from(opinion.down)),
        Reply::bulk(leader),
        Reply::Int(i64::try_from(opinion.epoch.get()).unwrap_or(i64::MAX)),
    ])
}

/// The answer to an instruction: `+OK`, a number, or the core's error.
pub fn instruct_reply(reply: core::Reply) -> Reply {
    match reply {
        core::Reply::Ok => Reply::OK,
        core::Reply::Count(n) => Reply::Int(i64::try_from(n).unwrap_or(i64::MAX)),
        core::Reply::Error(text) => Reply::error(text),
        core::Reply::Down(_) => down_reply(reply),
    }
}

/// The answer to a published hello: always one receiver.
pub fn hello_reply() -> Reply {
    Reply::Int(1)
}
