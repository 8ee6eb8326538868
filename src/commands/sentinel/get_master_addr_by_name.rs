//! SENTINEL GET-MASTER-ADDR-BY-NAME name, and its alias GET-PRIMARY-ADDR-BY-NAME: the question
//! that every client library asks.

use bytes::Bytes;

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::text;
use crate::resp::Reply;

/// Host and port from the address table, which needs no round trip to the monitor; unlike its
/// siblings an unknown name gives a null array and no error.
pub fn run(request: Request<'_>) -> Next {
    let name = request.args().first().cloned().unwrap_or_else(Bytes::new);
    Next::Addresses(Box::new(move |table| {
        match text(&name).and_then(|name| table.rows.get(name)) {
            Some(row) => Reply::Array(vec![Reply::bulk(&row.host), Reply::number(row.port)]),
            None => Reply::NullArray,
        }
    }))
}
