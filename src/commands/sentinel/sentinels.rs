//! SENTINEL SENTINELS name.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

use super::{instance_fields, named_master};

/// The fields of every other sentinel of the master.
pub fn run(request: Request<'_>) -> Next {
    named_master::show(request, |master| {
        Reply::Array(master.peers.iter().map(instance_fields::peer).collect())
    })
}
