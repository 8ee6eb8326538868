//! SENTINEL GET-MASTER-ADDR-BY-NAME name, and its alias GET-PRIMARY-ADDR-BY-NAME: the question
//! that every client library asks.

use bytes::{Bytes, BytesMut};

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::text;
use crate::core::view::AddressTable;
use crate::resp::{self, Decimal, Reply};

/// Host and port from the address table, which needs no round trip to the monitor; unlike its
/// siblings an unknown name gives a null array and no error.
pub fn run(request: Request<'_>) -> Next {
    let name = request.args().first().cloned().unwrap_or_else(Bytes::new);
    Next::Addresses(Box::new(move |table| {
        match text(&name).and_then(|name| table.get(name)) {
            Some(row) => Reply::Array(vec![Reply::bulk(&row.host), Reply::number(row.port)]),
            None => Reply::NullArray,
        }
    }))
}

/// The same for a master that is known.
pub fn at_once(args: &[&[u8]], table: &AddressTable, out: &mut BytesMut) -> bool {
    let [name] = args else {
        return false;
    };
    let Some(row) = text(name).and_then(|name| table.get(name)) else {
        return false;
    };
    resp::array(out, 2);
    resp::bulk(out, row.host.as_bytes());
    resp::bulk(out, Decimal::of(row.port).as_bytes());
    true
}
