//! `PING [message]`.

use bytes::{Bytes, BytesMut};

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::wrong_arity;
use crate::core::view::AddressTable;
use crate::resp::{Proto, Reply};

/// `PONG` or an echo; as a pub/sub element on a subscribed RESP2 connection, whose client
/// reads nothing else. Too many arguments are refused here, after authentication, and not by
/// the arity of the row.
pub fn run(request: Request<'_>) -> Next {
    let message = match request.args() {
        [] => None,
        [message] => Some(message.clone()),
        _ => return Next::Reply(wrong_arity("ping")),
    };
    let session = request.session;
    let as_element = session.proto == Proto::Resp2 && session.subscriptions() > 0;
    Next::Reply(match message {
        message if as_element => Reply::Array(vec![
            Reply::bulk("pong"),
            Reply::Bulk(message.unwrap_or_else(Bytes::new)),
        ]),
        Some(message) => Reply::Bulk(message),
        None => Reply::Simple("PONG".into()),
    })
}

/// `PONG`.
pub fn at_once(args: &[&[u8]], _: &AddressTable, out: &mut BytesMut) -> bool {
    if args.is_empty() {
        out.extend_from_slice(b"+PONG\r\n");
    }
    args.is_empty()
}
