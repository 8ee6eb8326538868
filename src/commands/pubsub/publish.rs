//! PUBLISH channel message: how other sentinels greet us.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

/// The only channel that is accepted.
const HELLO_CHANNEL: &[u8] = b"__sentinel__:hello";

const NOT_A_HELLO: &str = "ERR Only HELLO messages are accepted by Sentinel instances.";

/// Publishes nothing: the message is taken as a hello, and even rubbish is answered with 1.
pub fn run(request: Request<'_>) -> Next {
    match request.args() {
        [channel, message] if channel.as_ref() == HELLO_CHANNEL => {
            Next::Hello(String::from_utf8_lossy(message).into_owned())
        }
        _ => Next::Reply(Reply::error(NOT_A_HELLO)),
    }
}
