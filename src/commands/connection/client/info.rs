//! CLIENT INFO.

use crate::commands::next::{ClientsQuery, Next};
use crate::commands::row::Request;

/// The line of this connection.
pub fn run(_: Request<'_>) -> Next {
    Next::Clients(ClientsQuery::Own)
}
